package auth

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// Frame types, flags and error codes of RFC 9113.
const (
	frameData, frameHeaders, frameReset, frameSettings, frameGoAway = 0, 1, 3, 4, 7

	flagEndStream, flagAck = 1, 1

	noError, protocolError, internalError, refusedStream, canceled = 0, 1, 2, 7, 8
)

func frame(kind, flags byte, stream uint32, payload ...uint32) string {
	b := []byte{0, 0, byte(4 * len(payload)), kind, flags}
	b = binary.BigEndian.AppendUint32(b, stream)
	for _, word := range payload {
		b = binary.BigEndian.AppendUint32(b, word)
	}
	return string(b)
}

// http2Server answers each whole request with the frames that answer makes for
// its stream. It counts the requests.
func http2Server(t *testing.T, answer func(stream uint32) string) (origin string, requests *atomic.Int32) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	requests = new(atomic.Int32)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serveHTTP2(conn, answer, requests)
		}
	}()
	return "http://" + ln.Addr().String(), requests
}

func serveHTTP2(conn net.Conn, answer func(stream uint32) string, requests *atomic.Int32) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	_, _ = r.Discard(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	_, _ = io.WriteString(conn, frame(frameSettings, 0, 0))
	for {
		var head [9]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		length := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
		_, _ = r.Discard(length)
		switch kind, flags := head[3], head[4]; {
		case kind == frameSettings && flags&flagAck == 0:
			_, _ = io.WriteString(conn, frame(frameSettings, flagAck, 0))
		case (kind == frameData || kind == frameHeaders) && flags&flagEndStream != 0:
			requests.Add(1)
			_, _ = io.WriteString(conn, answer(binary.BigEndian.Uint32(head[5:])))
		}
	}
}

// B-05, T-02: one request, also if a server of HTTP/2 invites net/http to send
// it again and again.
func TestTokenEndpointGetsOneRequestUnderHTTP2(t *testing.T) {
	reset := func(code uint32) func(uint32) string {
		return func(stream uint32) string { return frame(frameReset, 0, stream, code) }
	}
	for name, answer := range map[string]func(stream uint32) string{
		"reset, protocol error": reset(protocolError),
		"reset, refused":        reset(refusedStream),
		"reset, canceled":       reset(canceled),
		"reset, internal error": reset(internalError),
		"reset, no error":       reset(noError),
		"going away, as if never seen": func(uint32) string {
			return frame(frameGoAway, 0, 0, 0, noError)
		},
		"going away": func(stream uint32) string {
			return frame(frameGoAway, 0, 0, stream, noError) + frame(frameReset, 0, stream, refusedStream)
		},
		"going away, protocol error": func(uint32) string {
			return frame(frameGoAway, 0, 0, 0, protocolError)
		},
	} {
		t.Run(name, func(t *testing.T) {
			origin, requests := http2Server(t, answer)
			transport := &http.Transport{Protocols: new(http.Protocols)}
			transport.Protocols.SetUnencryptedHTTP2(true)
			defer transport.CloseIdleConnections()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := Client{Origin: origin, ID: testID, Transport: transport}.Refresh(ctx, secret.New(sent))
			if !isNetwork(err) || strings.Contains(err.Error(), sent) {
				t.Errorf("error %v", err)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}
