// Package spotify is a client of Spotify's Web API for one account. It returns the account,
// lists and follows artists, and calls any other path. It hides pages and cursors, retries,
// rate limits, refused tokens and error bodies.
//
// It never follows a redirect or a URL that an answer names, and sends the
// access token to Spotify's API origin (or a stand-in on a loopback address)
// and nowhere else.
package spotify

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// Origin is the origin of the Web API.
const Origin = "https://api.spotify.com"

// Client calls the Web API for one account. Within a call its requests go out
// one at a time. Its functions may run in another goroutine than the call, but
// never two at once.
type Client struct {
	// Origin is "" for the constant [Origin], or "http://127.0.0.1:PORT" for a
	// stand-in. No other origin gets the token.
	Origin string

	// Transport carries the requests. It is used directly, so that nothing
	// follows redirects.
	Transport http.RoundTripper

	// Token returns a valid access token. refused is the one that Spotify has
	// just answered with 401, or empty. Its errors come back as they are.
	Token func(ctx context.Context, refused secret.String) (secret.String, error)

	// CheckToken refuses a token that must not be sent to Origin. Its errors come
	// back as they are. It may be nil.
	CheckToken func(secret.String) error

	// MaxWait is the longest single wait that a 429 may ask for; a longer one
	// ends the call at once with an [Error] of kind [RateLimited]. Zero obeys none.
	MaxWait time.Duration

	// CoolDown says how long a limit that an earlier process met still lasts:
	// for [APIGroup], or for one [Group] of it. It may be nil.
	CoolDown func(group string) time.Duration

	// Waiting is called before each pause with its reason and its length. It
	// may be nil.
	Waiting func(why *Error, pause time.Duration)
}

// User is the account that a token stands for, as GET /v1/me describes it.
// https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile
type User struct {
	ID          string // always present
	AccountID   string // immutable, preferred over ID as a key; "" from a server older than May 2026
	DisplayName string // "" if the person has set none
	Email       string // "" unless its scope was granted and Spotify still sends it
}

// Me returns the account that is signed in.
func (c *Client) Me(ctx context.Context) (User, error) {
	r := run{client: c}
	var user User
	err := r.do(ctx, get("/v1/me", ""), readJSON(func(body []byte) (err error) {
		user, err = decodeUser(body)
		return err
	}))
	return user, err
}

// decodeUser reads a user object.
func decodeUser(body []byte) (User, error) {
	d := newDecoder(body)
	var u User
	d.object(func(name []byte) {
		switch string(name) {
		case "id":
			u.ID = d.text()
		case "account_id":
			u.AccountID = d.text()
		case "display_name":
			u.DisplayName = d.text()
		case "email":
			u.Email = d.text()
		default:
			d.skip()
		}
	})
	d.end()
	if u.ID == "" {
		d.fail(errors.New("the answer holds no user id"))
	}
	if d.err != nil {
		return User{}, d.err
	}
	return u, nil
}
