module sink

go 1.19
