// The backend of large bodies: reads a body to its end before it answers, as a function does. nginx's own `return`
// answers at once, and a proxy must close both connections when a response is complete before its request.
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
