package spotify

import (
	"bytes"
	"context"
	"net/http"
)

// Call sends one request to any path of the Web API, such as "/v1/me/tracks".
// The query is encoded; body is JSON, or nil for none. GET, PUT and DELETE are
// sent again after failures that may pass, because doing them twice changes
// nothing (RFC 9110, section 9.2.2). Another method is only sent again if it
// certainly had no effect: after a 401, after a 429, or if there was no
// connection.
func (c *Client) Call(ctx context.Context, method, path, query string, body []byte) (*Answer, error) {
	r := run{client: c}
	q := request{method: method, path: path, query: query, body: body}
	switch method {
	case http.MethodGet, http.MethodPut, http.MethodDelete:
	default:
		q.once = true
	}
	var answer Answer
	err := r.do(ctx, q, func(a *Answer) error {
		answer = *a
		answer.Body = bytes.Clone(a.Body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &answer, nil
}
