// Command standin serves the stand-in Spotify in a process of its own, at a
// distance. It prints its address; for each line on stdin it prints how many
// requests came since the last; and it ends with stdin.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

func main() {
	artists := flag.Int("artists", 0, "how many are followed")
	tracks := flag.Int("tracks", 0, "how many are saved (0: as many as the stand-in has by itself)")
	latency := flag.Duration("latency", 0, "from a request for a page to its answer")
	refresh := flag.Duration("refresh", 0, "from a request for a token to its answer; each login then has to be refreshed")
	flag.Parse()
	if err := serve(*artists, *tracks, *latency, *refresh); err != nil {
		log.Fatal(err)
	}
}

func serve(artists, tracks int, latency, refresh time.Duration) error {
	options := sandbox.Options{Artists: artists, Tracks: tracks, Seed: 1, Consent: sandbox.ConsentAgree}
	if refresh > 0 {
		options.Faults = []string{"exchange:expires_in=1*"}
	}
	standIn, err := sandbox.New(options)
	if err != nil {
		return err
	}
	defer standIn.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var requests atomic.Int64
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			if r.URL.Path == "/api/token" {
				time.Sleep(refresh)
			}
			if strings.HasPrefix(r.URL.Path, "/v1/") {
				w = lateWriter{w, time.Now().Add(latency)}
			}
			standIn.ServeHTTP(w, r)
		}))
	}()
	fmt.Printf("http://%s\n", listener.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(requests.Swap(0))
	}
	return nil
}

// A lateWriter sends an answer when it is due. It is as exact as the system, while time.Sleep
// in a program that is otherwise idle counts in milliseconds, and gave 51 for 50.
type lateWriter struct {
	http.ResponseWriter
	due time.Time
}

func (w lateWriter) WriteHeader(status int) {
	for rest := time.Until(w.due); rest > 0; rest = time.Until(w.due) {
		t := syscall.NsecToTimespec(int64(rest))
		_ = syscall.Nanosleep(&t, nil) // a signal may end it early
	}
	w.ResponseWriter.WriteHeader(status)
}
