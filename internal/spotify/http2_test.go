package spotify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// B-05: Go's HTTP/2 transport sends a request again by itself, without a pause, if the server refuses it.
// It counts as a try all the same.
func TestRefusedOverHTTP2(t *testing.T) {
	t.Parallel()
	for name, answer := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newHTTP2(t, answer)
			_, err := client(s.transport(t)).Me(t.Context())
			if kindOf(err) != Unreachable {
				t.Errorf("got %v", err)
			}
			if n := s.requests.Load(); n < 2 || n > maxTries {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// refusals are frames that tell the client that a request was not answered.
var refusals = map[string]func(stream uint32) []byte{
	"reset":          func(stream uint32) []byte { return frame(0x3, stream, 0, 0, 0, 1) }, // RST_STREAM, PROTOCOL_ERROR
	"refused stream": func(stream uint32) []byte { return frame(0x3, stream, 0, 0, 0, 7) },
	"cancelled":      func(stream uint32) []byte { return frame(0x3, stream, 0, 0, 0, 8) },
	"going away":     func(uint32) []byte { return frame(0x7, 0, 0, 0, 0, 0, 0, 0, 0, 0) }, // GOAWAY, no stream was processed
}

// http2 is a server that answers every request with one frame.
type http2 struct {
	listener net.Listener
	trust    authority
	answer   func(stream uint32) []byte
	requests atomic.Int32
}

func newHTTP2(t *testing.T, answer func(stream uint32) []byte) *http2 {
	trust := newAuthority(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: trust.issue(t, "api.spotify.com", time.Hour), NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &http2{listener: l, trust: trust, answer: answer}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

func (s *http2) serve(c net.Conn) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	_, _ = c.Write(frame(0x4, 0)) // SETTINGS
	head := make([]byte, 9)
	for {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err := io.CopyN(io.Discard, c, length); err != nil {
			return
		}
		if head[3] == 0x1 { // HEADERS
			s.requests.Add(1)
			_, _ = c.Write(s.answer(binary.BigEndian.Uint32(head[5:])))
		}
	}
}

// frame is one HTTP/2 frame without flags (RFC 9113, section 4.1).
func frame(kind byte, stream uint32, payload ...byte) []byte {
	var b bytes.Buffer
	b.Write([]byte{0, 0, byte(len(payload)), kind, 0})
	_ = binary.Write(&b, binary.BigEndian, stream)
	b.Write(payload)
	return b.Bytes()
}

func (s *http2) transport(t *testing.T) *http.Transport {
	transport := &http.Transport{
		ForceAttemptHTTP2: true, MaxConnsPerHost: 1,
		TLSClientConfig: &tls.Config{RootCAs: s.trust.pool(), MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}
