package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// instead returns the answer that a fault puts in the place of the right one,
// or nil when the request is to be answered first.
func (f *fault) instead(r *http.Request) *answer {
	if f == nil {
		return nil
	}
	if f.what == "hang" || f.what == "reset" {
		return &answer{}
	}
	a := f.cannedAnswer(strings.HasPrefix(r.URL.Path, "/v1"))
	if a != nil {
		f.change(a)
	}
	return a
}

// cannedAnswer is what Spotify has been seen to send.
func (f *fault) cannedAnswer(api bool) *answer {
	switch f.what {
	case "401-missing":
		return apiError(401, "Access token missing")
	case "401-invalid":
		return apiError(401, "Invalid access token")
	case "403-scope":
		return apiError(403, "Insufficient client scope")
	case "403-premium":
		return newAnswer(403, typeText, []byte("Active premium subscription required for the owner of the app. When the subscription status changes, it can take a few hours before requests are allowed again."))
	case "403-user":
		return newAnswer(403, typeText, []byte("Check settings on developer.spotify.com/dashboard, the user may not be registered."))
	case "429-text":
		return newAnswer(429, typeText, []byte("Too many requests"))
	case "429-quota":
		return jsonAnswer(429, map[string]any{"error": map[string]any{"status": 429, "message": "Too many requests", "reason": "QUOTA_EXCEEDED"}})
	case "502-html":
		return newAnswer(502, typeHTML, []byte("<html><head><title>502 Server Error</title></head><body><h1>Error: Server Error</h1></body></html>\n"))
	case "html":
		return newAnswer(200, typeHTML, []byte("<!DOCTYPE html><title>Welcome</title><p>Accept the terms of this network to go on.</p>\n"))
	case "invalid_grant":
		return oauthError("invalid_grant", "Invalid refresh token")
	case "revoked":
		return oauthError("invalid_grant", "Refresh token revoked")
	case "expired":
		return oauthError("invalid_grant", "Refresh token expired")
	case "invalid_client":
		return oauthError("invalid_client", "Invalid client")
	case "redirect":
		return &answer{http.StatusTemporaryRedirect, http.Header{"Location": {f.arg}}, nil}
	}
	if status, err := strconv.Atoi(f.what); err == nil && status >= 200 && status <= 599 {
		return statusAnswer(status, api)
	}
	return nil
}

func statusAnswer(status int, api bool) *answer {
	message := map[int]string{
		401: "The access token expired", 403: "Forbidden", 404: "Resource not found",
		429: "API rate limit exceeded", 502: "Failed to get followed artists",
	}[status]
	switch {
	case message == "":
		message = http.StatusText(status)
	case !api:
		return newAnswer(status, typeText, []byte(http.StatusText(status)))
	}
	switch {
	case status < 400 || status == http.StatusProxyAuthRequired:
		return newAnswer(status, typeText, []byte(message))
	case api:
		return apiError(status, message)
	}
	a := oauthError("server_error", message)
	if status < 500 {
		a = oauthError("invalid_request", message)
	}
	a.status = status
	return a
}

// edit changes the right answer as the fault says. An answer that is already
// an error stays as it is.
func (f *fault) edit(s *Server, r *http.Request, a *answer) {
	if f == nil || a.status >= 400 {
		return
	}
	switch {
	case f.what == "huge":
		a.body = append(bytes.Repeat([]byte(" "), 16<<20), a.body...)
	case f.what == "bomb":
		a.body = bomb(a.body)
		a.header.Set("Content-Encoding", "gzip")
	case f.place == "callback":
		f.editRedirect(a)
	case a.header.Get("Content-Type") == typeJSON:
		f.editJSON(s, r, a)
	}
	f.change(a)
}

// change puts in what ",NAME=VALUE" says.
func (f *fault) change(a *answer) {
	for part, header := range map[string]string{"retry-after": "Retry-After", "type": "Content-Type", "location": "Location"} {
		if value, given := f.with[part]; given {
			a.header[header] = []string{value}
		}
	}
	if body, given := f.with["body"]; given {
		a.body = []byte(body)
	}
}

// editRedirect changes the parameters of the callback. An error takes the
// code's place.
func (f *fault) editRedirect(a *answer) {
	target, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.header.Get("Location") == "" {
		return
	}
	q := target.Query()
	name, without := strings.CutPrefix(f.what, "no-")
	q.Set(name, f.arg)
	if without {
		q.Del(name)
	} else if name == "error" {
		q.Del("code")
	}
	target.RawQuery = q.Encode()
	a.header.Set("Location", target.String())
}

func (f *fault) editJSON(s *Server, r *http.Request, a *answer) {
	body := map[string]any{}
	if json.Unmarshal(a.body, &body) != nil {
		return
	}
	object := body
	if list, ok := body["artists"].(map[string]any); ok && f.what != "artists" && f.what != "no-artists" {
		object = list
	}
	p, _ := s.parsePage(r)
	switch f.what {
	case "empty":
		object["items"] = []any{}
		f.setAfter(object, p, detourTo(p.start, len(s.Requests())))
	case "repeat-cursor":
		f.setAfter(object, p, p.after)
	case "after", "no-after":
		f.setAfter(object, p, f.value())
	default:
		if name, without := strings.CutPrefix(f.what, "no-"); without {
			delete(object, name)
		} else if f.field() {
			object[name] = f.value()
		}
	}
	a.body = encode(body)
}

// field says whether the fault gives a field a value.
func (f *fault) field() bool {
	for _, name := range fieldsOf(f.place) {
		if name == f.what {
			return true
		}
	}
	return false
}

func (f *fault) value() any {
	var v any
	if json.Unmarshal([]byte(f.arg), &v) != nil {
		return f.arg
	}
	return v
}

func (f *fault) setAfter(list map[string]any, p pageRequest, after any) {
	list["cursors"] = map[string]any{"after": after}
	list["next"] = p.url(fmt.Sprint(after))
	if f.what == "no-after" {
		list["cursors"] = map[string]any{}
	}
}

// bomb is body behind 200 MiB of white space. A gzip file may be a row of gzip
// files (RFC 1952, section 2.2), so it takes no time to make.
func bomb(body []byte) []byte {
	pack := func(text []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(text)
		_ = z.Close()
		return b.Bytes()
	}
	return append(bytes.Repeat(pack(bytes.Repeat([]byte(" "), 1<<20)), 200), pack(body)...)
}

// deliver sends the answer, or as much of it as the fault lets through.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, f *fault, a *answer, record *Request) {
	what := ""
	if f != nil {
		what = f.what
	}
	s.mu.Lock()
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	s.mu.Unlock()
	switch what {
	case "hang":
		s.wait(r.Context(), 1<<62)
		panic(http.ErrAbortHandler)
	case "reset", "lost":
		reset(w)
	case "cut-quiet":
		cutQuietly(w, a)
	case "delay":
		d, _ := time.ParseDuration(f.arg)
		s.wait(r.Context(), d)
	}
	a.compress(r)
	a.writeHead(w)
	switch what {
	case "cut":
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "drip":
		s.drip(w, r, f, a.body)
	default:
		_, _ = w.Write(a.body)
	}
	s.answered(record, a.status)
}

// reset ends the connection in the rudest way that it allows: RST for plain
// TCP, an end without an answer otherwise.
func reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// cutQuietly sends half of a body whose end is the end of the connection, so
// that only the JSON tells that something is missing (RFC 9112, section 6.3).
func cutQuietly(w http.ResponseWriter, a *answer) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nConnection: close\r\n", a.status, http.StatusText(a.status))
		_ = a.header.Write(conn)
		_, _ = io.WriteString(conn, "\r\n"+string(a.body[:len(a.body)/2]))
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

func (s *Server) drip(w http.ResponseWriter, r *http.Request, f *fault, body []byte) {
	every, err := time.ParseDuration(f.with["every"])
	if err != nil {
		every = time.Second
	}
	for i := range body {
		_, _ = w.Write(body[i : i+1])
		_ = http.NewResponseController(w).Flush()
		s.wait(r.Context(), every)
		if r.Context().Err() != nil {
			return
		}
	}
}
