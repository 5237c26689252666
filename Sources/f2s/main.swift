print("f2s")
