package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// answer is a response before it is sent, so that a fault can still edit it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

const (
	typeJSON = "application/json; charset=utf-8"
	typeHTML = "text/html; charset=utf-8"
	typeText = "text/plain; charset=utf-8"
)

func newAnswer(status int, contentType string, body []byte) *answer {
	return &answer{status, http.Header{"Content-Type": {contentType}}, body}
}

func jsonAnswer(status int, v any) *answer { return newAnswer(status, typeJSON, encode(v)) }

// apiError is the Web API's error object,
// https://developer.spotify.com/documentation/web-api/concepts/api-calls.
func apiError(status int, message string) *answer {
	type object struct {
		Status  int    `json:"status"`
		Message string `json:"message"`
	}
	a := jsonAnswer(status, map[string]object{"error": {status, message}})
	if status == http.StatusUnauthorized { // RFC 6750, section 3
		a.header.Set("WWW-Authenticate", fmt.Sprintf("Bearer realm=\"spotify\", error=\"invalid_token\", error_description=%q", message))
	}
	return a
}

// oauthError is the token endpoint's error object (RFC 6749, section 5.2).
// Spotify sends 400 for all of them, invalid_client included.
func oauthError(code, description string) *answer {
	type object struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	a := jsonAnswer(http.StatusBadRequest, object{code, description})
	a.header.Set("Cache-Control", "no-store")
	return a
}

func (a *answer) withStatus(status int) *answer {
	a.status = status
	return a
}

// wrongMethod names the allowed methods (RFC 9110, section 15.5.6).
func wrongMethod(allowed string) *answer {
	a := apiError(http.StatusMethodNotAllowed, "Method not allowed")
	a.header.Set("Allow", allowed)
	return a
}

// encode leaves <, > and & as they are, as Spotify does. It panics if v cannot be
// encoded, which would be a bug.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// compress turns the body into gzip if the client accepts it and it is worth it.
func (s *Server) compress(r *http.Request, a *answer) {
	if len(a.body) < 512 || a.header.Get("Content-Encoding") != "" || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return
	}
	z, ok := s.gzips.Get().(*gzip.Writer)
	if !ok {
		z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a good one
	}
	defer s.gzips.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	_, _ = z.Write(a.body)
	_ = z.Close()
	a.body = b.Bytes()
	a.header.Set("Content-Encoding", "gzip")
	a.header.Set("Vary", "Accept-Encoding")
}

// writeHead sends everything before the body, with the full length of the body.
func (a *answer) writeHead(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
}
