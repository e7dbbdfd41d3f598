package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/spotauth/spotauth/internal/spotify"
)

// An apiRequest is what the command line asks for.
type apiRequest struct {
	method      string
	path, query string // encoded
	body        []byte // JSON; nil is none

	isDone bool // it has had its effect, and would have it twice if it were sent again
}

// request reads the arguments of api, and the body if there is one.
func (a *app) request(ctx context.Context, o apiOptions, text string) (r apiRequest, err error) {
	standIn, err := a.sandboxAddress()
	if err != nil {
		return r, err
	}
	path, query, err := parsePath(text, standIn)
	if err != nil {
		return r, usageError{err}
	}
	for _, pair := range o.query {
		name, value, hasValue := strings.Cut(pair, "=")
		if name == "" || !hasValue {
			return r, usageError{fmt.Errorf("--query takes KEY=VALUE, not %q", pair)}
		}
		query.Add(name, value)
	}
	r = apiRequest{method: o.method, path: path, query: query.Encode()}
	if o.input != "" {
		r.body, err = a.readBody(ctx, o.input)
	}
	return r, err
}

// parsePath reads PATH with its query. standIn is the origin of a stand-in, or "".
func parsePath(text, standIn string) (path string, query url.Values, err error) {
	if isRewritten(text) {
		return "", nil, withHint(fmt.Errorf("Git Bash replaced the slash at the beginning of PATH: %s", text),
			"leave the first slash out: "+originalPath(text))
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return "", nil, errors.New("PATH must be a path of the Web API such as me/tracks")
	}
	path = strings.TrimPrefix(u.EscapedPath(), "/")
	switch origin := strings.ToLower(u.Scheme + "://" + u.Host); {
	case u.User != nil:
		return "", nil, errors.New("PATH must not have a user name or a password")
	case origin == "://":
		path = strings.TrimPrefix(path, "v1/")
	case u.Scheme == "": // "//v1/me" keeps Git Bash from replacing the slash, but begins with a host
		return "", nil, withHint(fmt.Errorf("the access token is only sent to %s, not to //%s", cmp.Or(standIn, spotify.Origin), u.Host),
			"if you mean a path, leave out the slashes at its beginning")
	case origin != spotify.Origin && (standIn == "" || origin != standIn):
		return "", nil, fmt.Errorf("the access token is only sent to %s, not to %s", cmp.Or(standIn, spotify.Origin), origin)
	case !strings.HasPrefix(path, "v1/"):
		return "", nil, fmt.Errorf("PATH must begin with %s/v1/", spotify.Origin)
	default:
		path = strings.TrimPrefix(path, "v1/")
	}
	if path = strings.TrimRight(path, "/"); path == "" || path == "v1" {
		return "", nil, errors.New("PATH is empty; it is a path of the Web API such as me/tracks")
	}
	if err := checkPath(u); err != nil {
		return "", nil, err
	}
	if query, err = url.ParseQuery(u.RawQuery); err != nil {
		return "", nil, errors.New("the query of PATH is malformed; --query encodes a value for you")
	}
	return "/v1/" + path, query, nil
}

// checkPath refuses what a server could take for another path.
func checkPath(u *url.URL) error {
	parts := strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' || r == '\\' })
	switch {
	case slices.Contains(parts, ".."), slices.Contains(parts, "."):
		return errors.New("PATH must not have . or .. in it")
	case u.Fragment != "":
		return errors.New("PATH must not have a # in it; write %23, or use --query")
	}
	return nil
}

// advise adds to the error of a request what only the command knows.
func (l *activeLogin) advise(err error, r apiRequest) error {
	var e *spotify.Error
	switch {
	case err != nil && r.isDone:
		return withHint(err, "Spotify made the change anyway; running the command again would repeat it")
	case !errors.As(err, &e):
	case e.Kind == spotify.ScopeMissing:
		return scopedError{err, l.Current().Scopes}
	case e.MayBeDone:
		return withHint(err, "Spotify may have made the change anyway; check before you run it again")
	case isLibrary(r.path) && (e.Status == http.StatusBadRequest || e.Status == http.StatusRequestURITooLong):
		return withHint(err, strings.TrimPrefix(r.path, "/v1/")+" takes --query uris=LIST: at most 40 URIs such as spotify:album:ID, with commas between them")
	case e.Status == http.StatusBadRequest && r.body == nil && r.method != http.MethodGet:
		return withHint(err, "if the request needs a body, give its JSON with --input")
	}
	return err
}

// adviseRest adds to the error of a page what to do about the rest of the list. A search ends
// after 1000 items, whatever its total is. "fields" can leave out how a list goes on.
func adviseRest(err error, r apiRequest, items int) error {
	var e *spotify.Error
	if !errors.As(err, &e) {
		return err
	}
	query, _ := url.ParseQuery(r.query) // which is encoded
	switch {
	case items > 0 && e.Status == http.StatusBadRequest:
		return withHint(err, fmt.Sprintf("Spotify sent %d %s and refuses the rest; to stop there, add --limit %d", items, plural(items, "item"), items))
	case e.Kind == spotify.BadAnswer && query.Has("fields"):
		return withHint(err, "fields in the query must include items, next, total, offset and limit")
	}
	return err
}

// isRewritten reports whether Git Bash took PATH for one of its own files, which it does to
// arguments that begin with a slash: https://www.msys2.org/docs/filesystem-paths/.
func isRewritten(text string) bool { return regexp.MustCompile(`^[A-Za-z]:[/\\]`).MatchString(text) }

// originalPath is what was probably typed, without the slash at its beginning.
func originalPath(text string) string {
	if m := regexp.MustCompile(`(?i)^.*[/\\](?:v1|git|msys[0-9]*)[/\\](.+)$`).FindStringSubmatch(text); m != nil {
		return strings.ReplaceAll(m[1], `\`, "/")
	}
	return "me/tracks"
}

// maxBody is the longest body that --input sends, in bytes.
const maxBody = 1 << 20

// readBody reads the JSON that --input names.
func (a *app) readBody(ctx context.Context, name string) ([]byte, error) {
	body, err := readInput(ctx, a, name, func(in io.Reader) ([]byte, error) {
		body, err := io.ReadAll(io.LimitReader(in, maxBody+1))
		text := bytes.TrimPrefix(body, []byte("\ufeff")) // Windows PowerShell writes one
		switch {
		case err == nil && len(body) > maxBody:
			err = errors.New("longer than 1 MiB")
		case err == nil && !json.Valid(text):
			err = errors.New("not JSON")
		}
		return text, err
	})
	if errors.As(err, new(*fs.PathError)) && strings.IndexAny(strings.TrimSpace(name), "{[") == 0 {
		err = withHint(err, "--input takes the name of a file; use --input - for JSON on stdin")
	}
	return body, err
}

// methods are those of the Web API.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}
