// The HTTP server of Go's standard library.
package main

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello\n") })
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		digest := md5.New()
		count, err := io.Copy(digest, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%d %x\n", count, digest.Sum(nil))
	})
	http.HandleFunc("/download", func(w http.ResponseWriter, r *http.Request) {
		part := bytes.Repeat([]byte("x"), 1<<16)
		for number := 0; number < 320; number++ {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	})
	http.HandleFunc("/cookies", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2; Path=/")
		io.WriteString(w, "two\n")
	})
	http.HandleFunc("/status/", func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Path[len("/status/"):])
		w.WriteHeader(status)
		if status != 204 && status != 304 {
			io.WriteString(w, "status\n")
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
