// The backend for large bodies. It reads the whole body before it responds, as a function does. nginx's own `return`
// responds at once, and a proxy must close both connections if a response is complete before its request.
package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	handler := http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if _, err := io.Copy(io.Discard, request.Body); err == nil {
			answer.Write([]byte("ok"))
		}
	})
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), handler); err != nil {
		panic(err)
	}
}
