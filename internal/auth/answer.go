package auth

import (
	"net/url"
	"strings"

	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/wire"
)

const (
	maxQuery = 4 << 10
	maxCode  = 2 << 10
)

// answer is the authorization response of RFC 6749 section 4.1.2: a code or a refusal.
type answer struct {
	code        secret.String
	refusal     string
	description string
}

// readAnswer checks the state before anything else, because RFC 6749 requires it
// in success and error responses alike.
func (p Pending) readAnswer(query string) (answer, error) {
	if len(query) > maxQuery {
		return answer{}, ErrAnswer
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return answer{}, ErrAnswer
	}
	if len(q["state"]) != 1 || !p.state.Equal(secret.New(q.Get("state"))) {
		return answer{}, ErrForeign
	}
	for _, name := range []string{"code", "error", "iss"} {
		if len(q[name]) > 1 {
			return answer{}, ErrAnswer
		}
	}
	// RFC 9207 section 2.4; an empty parameter counts as none (RFC 6749 section 3.1).
	if iss := q.Get("iss"); iss != "" && iss != p.origin {
		return answer{}, ErrIssuer
	}
	a := answer{refusal: wire.Line(q.Get("error")), description: wire.Line(q.Get("error_description"))}
	if a.refusal != "" {
		return a, nil
	}
	if code := q.Get("code"); len(code) <= maxCode && isToken(code) {
		return answer{code: secret.New(code)}, nil
	}
	return answer{}, ErrAnswer
}

// readPasted is readAnswer for a pasted URL. Browsers hide the scheme, and some
// copy the URL without it.
func (p Pending) readPasted(address string) (answer, error) {
	address = strings.TrimSpace(address)
	address, _, _ = strings.Cut(address, "#")
	base, query, _ := strings.Cut(address, "?")
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	if withoutPort80(base) != withoutPort80(p.RedirectURI) {
		return answer{}, ErrAnswer
	}
	return p.readAnswer(query)
}

// err returns the refusal as an error, or nil.
func (a answer) err() error {
	switch a.refusal {
	case "":
		return nil
	case "access_denied":
		return ErrDenied
	}
	return &Error{Endpoint: "authorization", Code: a.refusal, Description: a.description}
}

func (a answer) equal(b answer) bool {
	return a.code.Equal(b.code) && a.refusal == b.refusal && a.description == b.description
}

// isToken reports whether text can be a code or token.
func isToken(text string) bool { return text != "" && secret.IsVisible(text) }
