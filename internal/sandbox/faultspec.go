package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// FaultHelp is the grammar of Options.Faults, for people.
const FaultHelp = `A fault is PLACE:WHAT, for example page=3:502*2 or page=1:429,retry-after=2

PLACE is one of
  page=N      the Nth page of followed artists
  following   every page          me         who is signed in
  api         all of the Web API  authorize  the consent page
  callback    the redirect back   exchange   of a code
  refresh     of a token          token      exchange and refresh
  *           every request

WHAT is an answer instead of the right one
  a status from 200 to 599, with Spotify's body for it
  401-missing 401-invalid 403-scope 403-premium 403-user 429-text 429-quota
  502-html html redirect=URL
  invalid_grant invalid_client revoked expired (token endpoint)
or the right answer, badly delivered
  delay=DURATION   hang
  reset            before anything is done; Go and others then repeat a GET
  lost             done, then reset
  cut              half of it     cut-quiet  half, and no length given
  drip             byte by byte, every=DURATION (1s)
  huge             behind 16 MiB of white space
  bomb             behind 200 MiB of it, in gzip
or the right answer, changed
  FIELD=VALUE (JSON, or else text) or no-FIELD, where FIELD is
    pages     artists items total next limit after
    me        id display_name account_id images email product
    token     access_token token_type scope expires_in refresh_token
    callback  code state error error_description iss
  empty            no items, but a cursor that leads to them
  repeat-cursor    the cursor that was asked with

*N after WHAT makes N requests meet it instead of one, * alone all of them.
Then ,retry-after=TEXT ,type=TEXT ,location=URL and ,body=TEXT change the answer.
Faults for the same request are met in the order given.

Without a PLACE, for good and of the list itself
  null             an item of the first page is null
  duplicate        the second page has an artist of the first
  total+N total-N  total is off
  escapes          names hold terminal escape sequences`

// fault is one parsed fault; nil means that nothing goes wrong.
type fault struct {
	place string
	what  string // the word, status or field
	arg   string // behind its "="
	with  map[string]string
	left  int // how many more requests meet it; negative: all
}

var (
	faultParts = pattern(`,(retry-after|type|location|body|every)=`)
	timesPart  = pattern(`\*([0-9]*)$`)
	pagePlace  = pattern(`^page=[1-9][0-9]{0,5}$`)
	totalPart  = pattern(`^total([+-][0-9]{1,6})$`)
)

// parseFaults reads Options.Faults; an error says what would be allowed.
func parseFaults(specs []string) ([]*fault, oddities, error) {
	var all []*fault
	var odd oddities
	for _, spec := range specs {
		if odd.set(spec) {
			continue
		}
		f, problem := parseFault(spec)
		if problem != "" {
			return nil, odd, fmt.Errorf("fault %q: %s", spec, problem)
		}
		all = append(all, f)
	}
	return all, odd, nil
}

func (o *oddities) set(spec string) bool {
	switch spec {
	case "null":
		o.null = true
	case "duplicate":
		o.duplicate = true
	case "escapes":
		o.escapes = true
	default:
		m := totalPart().FindStringSubmatch(spec)
		if m == nil {
			return false
		}
		o.total, _ = strconv.Atoi(m[1])
	}
	return true
}

func parseFault(spec string) (f *fault, problem string) {
	place, rest, found := strings.Cut(spec, ":")
	switch {
	case !found:
		return nil, "want PLACE:WHAT, null, duplicate, escapes, total+N or total-N"
	case !pagePlace().MatchString(place) && !slices.Contains(places, place):
		return nil, "the place is one of page=N, " + strings.Join(places, ", ")
	}
	f = &fault{place: place, left: 1, with: map[string]string{}}
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
	f.what, f.arg, _ = strings.Cut(what, "=")
	if problem := f.check(strings.Contains(what, "=")); problem != "" {
		return nil, problem
	}
	return f, ""
}

// cutWith takes the ",NAME=VALUE" parts off text. A comma that does not begin
// such a part belongs to the value before it: dates and JSON have commas.
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

var (
	places     = []string{"following", "me", "api", "authorize", "callback", "exchange", "refresh", "token", "*"}
	deliveries = []string{"delay", "hang", "reset", "lost", "cut", "cut-quiet", "drip", "huge", "bomb"}
)

// check says what is wrong with what a fault does.
func (f *fault) check(hasArg bool) string {
	if text, given := f.with["every"]; given && !duration(text) {
		return "every wants a duration such as 200ms"
	}
	if timesPart().MatchString(f.with["retry-after"]) {
		return "the * stands before the comma, as in 429*,retry-after=1"
	}
	switch {
	case f.what == "delay" && !duration(f.arg):
		return "delay wants a duration such as 200ms"
	case f.what == "redirect" && f.arg == "":
		return "redirect wants a value, as in redirect=http://example.com"
	case f.what == "delay" || f.what == "redirect":
		return ""
	case slices.Contains(deliveries, f.what) || f.cannedAnswer(true) != nil:
		if hasArg {
			return f.what + " takes no value"
		}
		return ""
	}
	fields := fieldsOf(f.place)
	if (f.what == "empty" || f.what == "repeat-cursor") && slices.Contains(fields, "after") && !hasArg {
		return ""
	}
	field, without := strings.CutPrefix(f.what, "no-")
	if slices.Contains(fields, field) && without != hasArg {
		return ""
	}
	known := "a status, an answer, a delivery"
	if fields != nil {
		known += " or FIELD=VALUE with one of " + strings.Join(fields, ", ")
	}
	return fmt.Sprintf("%q is not %s; see the help of --fault", f.what, known)
}

func duration(text string) bool {
	d, err := time.ParseDuration(text)
	return err == nil && d >= 0
}

// fieldsOf names what FIELD=VALUE can change at a place.
func fieldsOf(place string) []string {
	switch {
	case place == "following" || strings.HasPrefix(place, "page="):
		return []string{"artists", "items", "total", "next", "limit", "after"}
	case place == "me":
		return []string{"id", "display_name", "account_id", "images", "email", "product"}
	case place == "token" || place == "exchange" || place == "refresh":
		return []string{"access_token", "token_type", "scope", "expires_in", "refresh_token"}
	case place == "callback":
		return []string{"code", "state", "error", "error_description", "iss"}
	}
	return nil
}

// meet finds the first fault that lies in the way of r, and counts it.
func (s *Server) meet(r *http.Request) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return nil
	}
	here := s.placesOf(r)
	for _, f := range s.faults {
		if f.left != 0 && slices.Contains(here, f.place) {
			f.left--
			return f
		}
	}
	return nil
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
	case path == "/v1/me":
		return []string{"me", "api", "*"}
	case path == "/v1/me/following":
		p, _ := s.parsePage(r)
		return []string{fmt.Sprintf("page=%d", p.number), "following", "api", "*"}
	case strings.HasPrefix(path, "/v1/"):
		return []string{"api", "*"}
	}
	return []string{"*"}
}

// pattern compiles a regular expression at its first use.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
