// A plain reverse proxy as Go's library has it, for comparison: round robin over its backends.
package main

import (
	"net/http"
	"net/http/httputil"
	"os"
	"sync/atomic"
)

func main() {
	backends := os.Args[2:]
	var next atomic.Uint64
	transport := &http.Transport{MaxIdleConnsPerHost: 512, MaxIdleConns: 8192}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Director: func(request *http.Request) {
			backend := backends[next.Add(1)%uint64(len(backends))]
			request.URL.Scheme, request.URL.Host = "http", "127.0.0.1:"+backend
			request.Header.Set("X-Forwarded-Host", request.Host)
			request.Header.Set("X-Forwarded-Proto", "http")
		},
	}
	if err := http.ListenAndServe("127.0.0.1:"+os.Args[1], proxy); err != nil {
		panic(err)
	}
}
