package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// B-50: net/http has words of its own for a server that goes on after its answer. They stay
// off stderr.
func TestNoLibraryWritesToStderr(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.env[sandboxVar] = "http://" + chattyServer(t)
	m.env["SPOTIFY_ACCESS_TOKEN"] = sandbox.TokenPrefix + "access"
	r := m.run("artists", "--format", "csv", "--fields", "id")
	if want := "id\nafV0cwh6NuqNh3dQwYtppt\njuPB0FmJ6UjsPTwmZX51Jz\n"; r.status != 0 || r.stdout != want || strings.Contains(r.stderr, "Unsolicited") {
		t.Errorf("status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
	}
}

// chattyServer answers with two pages of one artist each, and writes on after the first.
func chattyServer(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	page := func(id, after string) string {
		body := fmt.Sprintf(`{"artists":{"items":[{"id":%q,"name":"x","uri":"spotify:artist:%s","type":"artist"}],"total":2,"cursors":{"after":%s},"next":null}}`, id, id, after)
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				if r.URL.Query().Get("after") != "" {
					time.Sleep(200 * time.Millisecond) // for the words about the first page
					_, _ = io.WriteString(conn, page("juPB0FmJ6UjsPTwmZX51Jz", "null"))
					return
				}
				_, _ = io.WriteString(conn, page("afV0cwh6NuqNh3dQwYtppt", `"afV0cwh6NuqNh3dQwYtppt"`)+"and another thing")
				time.Sleep(time.Second)
			}()
		}
	}()
	return listener.Addr().String()
}
