// A plain reverse proxy of Go's library, for comparison, with round robin over its backends. The library sets
// X-Forwarded-For; this program sets the other fields, as the other proxies do.
package main

import (
	"fmt"
	"math/rand"
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
			request.Header.Set("X-Request-Id", fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()))
		},
	}
	if err := http.ListenAndServe("127.0.0.1:"+os.Args[1], proxy); err != nil {
		panic(err)
	}
}
