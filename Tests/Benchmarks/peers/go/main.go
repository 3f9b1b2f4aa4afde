// Go's net/http as a contender: the same requests as EngineBenchmark's, with all of httptrace's hooks or with none, on
// the same kinds of connections.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	if len(os.Args) < 5 || (os.Args[4] != "unwatched" && os.Args[4] != "hooks") {
		fmt.Fprintln(os.Stderr, "usage: peer URL REQUESTS CONNECTIONS unwatched|hooks [kept|new|h2]")
		os.Exit(2)
	}
	carrier := "kept"
	if len(os.Args) > 5 {
		carrier = os.Args[5]
	}
	url := os.Args[1]
	requests, _ := strconv.ParseInt(os.Args[2], 10, 64)
	connections, _ := strconv.Atoi(os.Args[3])

	// Settings that favour speed: as many idle connections as workers, no decompression.
	// The certificate isn't verified: one handshake doesn't count, and the engine does the same.
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: carrier == "h2",
		DisableKeepAlives: carrier == "new",
		MaxIdleConns:      connections, MaxIdleConnsPerHost: connections, DisableCompression: true}}
	ctx := context.Background()
	var seen int64
	if os.Args[4] == "hooks" {
		ctx = httptrace.WithClientTrace(ctx, countingTrace(&seen))
	}

	unsent := requests
	var failures int64
	var workers sync.WaitGroup
	start := time.Now()
	for i := 0; i < connections; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for atomic.AddInt64(&unsent, -1) >= 0 {
				if !get(ctx, client, url, carrier) {
					atomic.AddInt64(&failures, 1)
				}
			}
		}()
	}
	workers.Wait()
	fmt.Printf("{\"requests\": %d, \"failures\": %d, \"seconds\": %f, \"seen\": %d}\n",
		requests, failures, time.Since(start).Seconds(), seen)
}

func get(ctx context.Context, client *http.Client, url string, carrier string) bool {
	request, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode == 200 && (carrier == "h2") == (response.ProtoMajor == 2)
}

func countingTrace(seen *int64) *httptrace.ClientTrace {
	note := func() { atomic.AddInt64(seen, 1) }
	return &httptrace.ClientTrace{
		GetConn:              func(string) { note() },
		GotConn:              func(httptrace.GotConnInfo) { note() },
		PutIdleConn:          func(error) { note() },
		GotFirstResponseByte: note,
		Got100Continue:       note,
		Got1xxResponse:       func(int, textproto.MIMEHeader) error { note(); return nil },
		DNSStart:             func(httptrace.DNSStartInfo) { note() },
		DNSDone:              func(httptrace.DNSDoneInfo) { note() },
		ConnectStart:         func(string, string) { note() },
		ConnectDone:          func(string, string, error) { note() },
		TLSHandshakeStart:    note,
		TLSHandshakeDone:     func(tls.ConnectionState, error) { note() },
		WroteHeaderField:     func(string, []string) { note() },
		WroteHeaders:         note,
		Wait100Continue:      note,
		WroteRequest:         func(httptrace.WroteRequestInfo) { note() },
	}
}
