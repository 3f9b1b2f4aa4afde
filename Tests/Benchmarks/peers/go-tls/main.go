// Go's net/http over TLS as a contender: the same requests as TLSBenchmark's, on connections that are kept, or on a new
// one each, whole or resumed.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: peer URL CA-FILE REQUESTS CONNECTIONS kept|new|resumed")
		os.Exit(2)
	}
	url, kind := os.Args[1], os.Args[5]
	requests, _ := strconv.ParseInt(os.Args[3], 10, 64)
	connections, _ := strconv.Atoi(os.Args[4])
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(os.Args[2])
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		fmt.Fprintln(os.Stderr, "no certificates in", os.Args[2])
		os.Exit(2)
	}
	configuration := &tls.Config{RootCAs: roots}
	if kind == "resumed" {
		configuration.ClientSessionCache = tls.NewLRUClientSessionCache(64)
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: configuration, MaxIdleConns: connections, MaxIdleConnsPerHost: connections,
		DisableKeepAlives: kind != "kept", DisableCompression: true}}

	unsent := requests
	var failures int64
	var workers sync.WaitGroup
	start := time.Now()
	for i := 0; i < connections; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for atomic.AddInt64(&unsent, -1) >= 0 {
				response, err := client.Get(url)
				if err != nil {
					atomic.AddInt64(&failures, 1)
					continue
				}
				_, err = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != 200 {
					atomic.AddInt64(&failures, 1)
				}
			}
		}()
	}
	workers.Wait()
	fmt.Printf("{\"requests\": %d, \"failures\": %d, \"seconds\": %f}\n",
		requests, failures, time.Since(start).Seconds())
}
