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

// answer is the authorization response of RFC 6749, section 4.1.2: a code, or
// the words of a refusal.
type answer struct {
	code        secret.String
	refusal     string
	description string
}

// readAnswer checks that query answers p, before anything else in it counts:
// RFC 6749 has the state in success and error responses alike.
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
	if code := q.Get("code"); len(code) <= maxCode && isVisible(code) {
		return answer{code: secret.New(code)}, nil
	}
	return answer{}, ErrAnswer
}

// readAddress is readAnswer for the address that a person pasted. Browsers
// hide the scheme, and some copy without it.
func (p Pending) readAddress(address string) (answer, error) {
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

// err is the refusal that a stands for, or nil.
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

// isVisible says whether text is made of visible ASCII, at least one.
func isVisible(text string) bool {
	return text != "" && strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
