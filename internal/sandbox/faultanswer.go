package sandbox

import (
	"net/http"
	"strconv"
	"strings"
)

// answerInstead returns the answer that replaces the right one, or nil if the
// request is handled first.
func (f *fault) answerInstead(s *Server, r *http.Request) *answer {
	if f == nil || f.instead == nil {
		return nil
	}
	a := f.instead(s, f, r)
	f.override(a)
	return a
}

// plainStatus answers with a status and Spotify's body for it.
func plainStatus(_ *Server, f *fault, r *http.Request) *answer {
	status, _ := strconv.Atoi(f.what)
	api, message := strings.HasPrefix(r.URL.Path, "/v1"), http.StatusText(status)
	switch {
	case status == http.StatusNoContent || status == http.StatusNotModified:
		return &answer{status, http.Header{}, nil}
	case status < 400 || status == http.StatusProxyAuthRequired || status == http.StatusTooManyRequests && !api:
		return newAnswer(status, typeText, []byte(message))
	case !api && status < 500:
		return oauthError("invalid_request", message).withStatus(status)
	case !api:
		return oauthError("server_error", message).withStatus(status)
	}
	return apiError(status, apiMessage(status, r))
}

// apiMessage returns the message of the Web API for a status.
func apiMessage(status int, r *http.Request) string {
	switch {
	case status == 401:
		return "The access token expired"
	case status == 404:
		return "Resource not found"
	case status == 429:
		return "API rate limit exceeded"
	case status == 502 && r.Method == http.MethodPut:
		return "Failed to follow artists"
	case status == 502 && strings.HasPrefix(r.URL.Path, "/v1/me/following"):
		return "Failed to get followed artists"
	}
	return http.StatusText(status)
}

// followHalf applies only the first half of a batch.
func followHalf(s *Server, _ *fault, r *http.Request) *answer {
	half := r.Clone(r.Context())
	q := half.URL.Query()
	for _, name := range []string{"uris", "ids"} {
		if all := strings.Split(q.Get(name), ","); q.Has(name) {
			q.Set(name, strings.Join(all[:(len(all)+1)/2], ","))
		}
	}
	half.URL.RawQuery = q.Encode()
	return s.respond(half)
}

// followHalfAndFail also answers that it failed.
func followHalfAndFail(s *Server, f *fault, r *http.Request) *answer {
	if a := followHalf(s, f, r); a.status >= 300 {
		return a
	}
	return apiError(http.StatusBadGateway, "Failed to follow artists")
}
