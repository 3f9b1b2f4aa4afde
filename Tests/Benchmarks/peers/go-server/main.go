// Go's server as a contender: net/http with a small answer, until it is ended. With "states" it is watched by a
// ConnState callback. With a certificate and its key it speaks TLS, and HTTP/2 to those who want it. It says its port on
// a line of its own.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var count atomic.Int64
	answer := []byte("hello\n")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write(answer)
	})}
	if len(os.Args) > 1 && os.Args[1] == "states" {
		server.ConnState = func(net.Conn, http.ConnState) { count.Add(1) }
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if len(os.Args) > 3 {
		err = server.ServeTLS(listener, os.Args[2], os.Args[3])
	} else {
		err = server.Serve(listener)
	}
	fmt.Fprintln(os.Stderr, err)
}
