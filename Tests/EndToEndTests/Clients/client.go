// usage: client get|post URL
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	verb, url := os.Args[1], os.Args[2]
	var answer *http.Response
	var err error
	if verb == "get" {
		answer, err = http.Get(url)
	} else {
		answer, err = http.Post(url, "text/plain", strings.NewReader(strings.Repeat("x", 100000)))
	}
	if err != nil {
		log.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	if answer.StatusCode != 200 {
		log.Fatal(answer.Status)
	}
	if verb == "get" {
		fmt.Print(len(content))
	} else {
		fmt.Print(string(content))
	}
}
