package sandbox

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is a request as it arrived, including secrets.
type Request struct {
	Time   time.Time // by the stand-in's clock
	Method string
	Host   string // as asked for: a loopback address, or one of Spotify's names
	Path   string
	Query  url.Values
	Header http.Header
	Form   url.Values // of the body alone
	Body   []byte     // unless it is a form
	Status int        // of the answer; 0 when none was sent whole
}

func (s *Server) record(r *http.Request) *Request {
	body, _ := io.ReadAll(r.Body) // what cannot be read is answered as if it were absent
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	record := &Request{
		Time: s.now(), Method: r.Method, Host: r.Host, Path: r.URL.Path,
		Query: r.URL.Query(), Header: r.Header.Clone(), Form: maps.Clone(r.PostForm), Body: body,
	}
	s.requests = append(s.requests, record)
	for _, name := range []string{"code", "code_verifier", "refresh_token", "client_secret"} {
		s.noteSecret(r.PostForm.Get(name))
	}
	_, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s.noteSecret(credentials)
	return record
}

func (s *Server) setStatus(record *Request, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record.Status = status
}

// noteSecret keeps text for Secrets. The caller holds s.mu.
func (s *Server) noteSecret(text string) {
	if text != "" && !slices.Contains(s.secrets, text) {
		s.secrets = append(s.secrets, text)
	}
}
