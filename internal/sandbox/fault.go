package sandbox

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fault is a parsed fault. nil means that nothing goes wrong.
type fault struct {
	place string // without "=N"
	nth   int    // the page, or the first matching request, that meets it; 0: every one
	effect
	what string // the word, status or field
	arg  string // after its "="
	with map[string]string
	left int // how many more requests meet it; negative: all
}

// places returns the names of places with their descriptions for the help. A path
// of the Web API is a place too.
func places() [][2]string {
	return [][2]string{
		{"page=N", "the Nth page of a list"},
		{"following", "a page of followed artists"},
		{"follow", "PUT /me/library"},
		{"unfollow", "DELETE /me/library"},
		{"contains", "GET /me/library/contains"},
		{"me", "the account that is signed in"},
		{"api", "the whole Web API"},
		{"authorize", "the consent page"},
		{"callback", "the redirect back to the client"},
		{"exchange", "a code for tokens"},
		{"refresh", "a refresh token for an access token"},
		{"token", "exchange and refresh"},
		{"*", "every request"},
	}
}

// fieldsOf returns the fields that FIELD=VALUE can change at a place, and their
// heading in the help.
func fieldsOf(place string) (heading string, fields []string) {
	switch {
	case place == "page" || place == "following" || strings.HasPrefix(place, "/"):
		return "pages", []string{"artists", "items", "total", "next", "limit", "offset", "after", "before"}
	case place == "me":
		return "me", []string{"id", "display_name", "account_id", "images", "email", "country", "product"}
	case place == "token" || place == "exchange" || place == "refresh":
		return "token", []string{"access_token", "token_type", "scope", "expires_in", "refresh_token"}
	case place == "callback":
		return "callback", []string{"code", "state", "error", "error_description", "iss"}
	}
	return "", nil
}

var (
	faultParts = pattern(`,(retry-after|type|location|body|every)=`)
	timesPart  = pattern(`\*([0-9]*)$`)
	placeForm  = pattern(`^([a-z]+|\*|/[a-z0-9A-Z/*-]*)(?:=([1-9][0-9]{0,5}))?$`)
	statusForm = pattern(`^[2-5][0-9][0-9]$`)
	poisonForm = pattern(`^poison=([1-9][0-9]{0,5})$`)
	totalForm  = pattern(`^total([+-][0-9]{1,6})$`)
)

// parseFaults reads Options.Faults. An error says what would be allowed.
func parseFaults(specs []string) ([]*fault, oddities, error) {
	var all []*fault
	var odd oddities
	for _, spec := range specs {
		f, problem := parseFault(spec, &odd)
		if problem != "" {
			return nil, odd, fmt.Errorf("fault %q: %s", spec, problem)
		}
		if f != nil {
			all = append(all, f)
		}
	}
	return all, odd, nil
}

// parseFault reads one fault. If it has no place, it sets odd and returns nil.
func parseFault(spec string, odd *oddities) (f *fault, problem string) {
	place, rest, found := strings.Cut(spec, ":")
	if !found {
		return nil, odd.set(spec)
	}
	f = &fault{left: 1, with: map[string]string{}}
	if !f.setPlace(place) {
		return nil, "the place is one of " + strings.Join(firsts(places()), ", ") + ", or a path such as /me/tracks"
	}
	what := f.cutWith(rest)
	if m := timesPart().FindStringSubmatchIndex(what); m != nil {
		n, err := strconv.Atoi(what[m[2]:m[3]])
		switch {
		case m[2] == m[3]:
			n = -1
		case err != nil || n == 0:
			return nil, "the number after * is at least 1"
		}
		f.left, what = n, what[:m[0]]
	}
	f.what, f.arg, found = strings.Cut(what, "=")
	return f, f.setEffect(found)
}

// setPlace reads PLACE or PLACE=N.
func (f *fault) setPlace(text string) bool {
	m := placeForm().FindStringSubmatch(text)
	if m == nil {
		return false
	}
	f.place = m[1]
	f.nth, _ = strconv.Atoi(m[2])
	if f.place == "page" {
		return f.nth > 0
	}
	return f.place[0] == '/' || slices.Contains(firsts(places()), f.place)
}

// cutWith takes the ",NAME=VALUE" parts off text. Any other comma belongs to a
// value: dates and JSON have commas.
func (f *fault) cutWith(text string) (what string) {
	at := faultParts().FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		f.with[text[m[2]:m[3]]] = text[m[1]:end]
	}
	if len(at) > 0 {
		return text[:at[0][0]]
	}
	return text
}

// setEffect finds what the fault does, and says what is wrong with it.
func (f *fault) setEffect(hasArg bool) (problem string) {
	if text, given := f.with["every"]; given && !isDuration(text) {
		return "every wants a duration such as 200ms"
	}
	if timesPart().MatchString(f.with["retry-after"]) {
		return "the * stands before the comma, as in 429*,retry-after=1"
	}
	heading, fields := fieldsOf(f.place)
	for _, e := range effects() {
		if e.word != f.what || !e.canBeAt(f.place, heading) {
			continue
		}
		f.effect = e
		switch {
		case e.value == "" && hasArg:
			return f.what + " takes no value"
		case e.value != "" && !e.allowed(f.arg):
			return f.what + " wants " + e.wants
		}
		return ""
	}
	field, without := strings.CutPrefix(f.what, "no-")
	switch {
	case statusForm().MatchString(f.what) && !hasArg:
		f.effect = effect{instead: plainStatus}
		return ""
	case slices.Contains(fields, field) && without != hasArg:
		f.effect = effect{edit: editField}
		return ""
	}
	known := "a status, an answer, a delivery"
	if fields != nil {
		known += " or FIELD=VALUE with one of " + strings.Join(fields, ", ")
	}
	return fmt.Sprintf("%q is not %s; see the help of --fault", f.what, known)
}

func isDuration(text string) bool {
	d, err := time.ParseDuration(text)
	return err == nil && d >= 0
}

// faultFor finds the first fault that applies to r, and counts it.
func (s *Server) faultFor(r *http.Request) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return nil
	}
	here, page := s.placesOf(r), s.pageNumber(r)
	for _, f := range s.faults {
		if f.place == "page" && f.nth != page || f.place != "page" && !f.matches(here, r) {
			continue
		}
		if f.left != 0 {
			f.left--
			return f
		}
	}
	return nil
}

// matches reports whether the fault applies to r, and counts down to the Nth request
// at its place.
func (f *fault) matches(here []string, r *http.Request) bool {
	if f.place[0] == '/' {
		if ok, _ := path.Match("/v1"+f.place, strings.TrimSuffix(r.URL.Path, "/")); !ok {
			return false
		}
	} else if !slices.Contains(here, f.place) {
		return false
	}
	f.nth--
	return f.nth <= 0
}

func (s *Server) placesOf(r *http.Request) []string {
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch {
	case path == "/authorize" && r.Method == http.MethodPost:
		return []string{"callback", "*"}
	case path == "/authorize" && s.options.Consent == ConsentAsk:
		return []string{"authorize", "*"}
	case path == "/authorize":
		return []string{"authorize", "callback", "*"}
	case path == "/api/token" && r.PostForm.Get("grant_type") == "refresh_token":
		return []string{"refresh", "token", "*"}
	case path == "/api/token":
		return []string{"exchange", "token", "*"}
	case !strings.HasPrefix(path, "/v1/"):
		return []string{"*"}
	}
	switch r.Method + " " + path {
	case "GET /v1/me":
		return []string{"me", "api", "*"}
	case "GET /v1/me/following":
		return []string{"following", "api", "*"}
	case "PUT /v1/me/library", "PUT /v1/me/following":
		return []string{"follow", "api", "*"}
	case "DELETE /v1/me/library", "DELETE /v1/me/following":
		return []string{"unfollow", "api", "*"}
	case "GET /v1/me/library/contains", "GET /v1/me/following/contains":
		return []string{"contains", "api", "*"}
	}
	return []string{"api", "*"}
}

func firsts(pairs [][2]string) []string {
	var all []string
	for _, p := range pairs {
		all = append(all, p[0])
	}
	return all
}

// pattern compiles a regular expression at its first use.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
