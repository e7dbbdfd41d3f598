package sandbox

import (
	"net/http"
	"strconv"
	"strings"
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
		return newAnswer(429, typeJSON, []byte(`{"error":{"status":429,"message":"Too many requests","reason":"QUOTA_EXCEEDED"}}`))
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
	message := http.StatusText(status)
	switch {
	case status == http.StatusNoContent || status == http.StatusNotModified:
		return &answer{status, http.Header{}, nil}
	case status < 400 || status == http.StatusProxyAuthRequired || status == http.StatusTooManyRequests && !api:
		return newAnswer(status, typeText, []byte(message))
	case !api && status < 500:
		return oauthError("invalid_request", message).as(status)
	case !api:
		return oauthError("server_error", message).as(status)
	}
	switch status {
	case 401:
		message = "The access token expired"
	case 404:
		message = "Resource not found"
	case 429:
		message = "API rate limit exceeded"
	case 502:
		message = "Failed to get followed artists"
	}
	return apiError(status, message)
}
