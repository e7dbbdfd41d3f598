package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// effect is one thing that a fault can do. Parser, checks and help are derived from
// the table of effects, so a new fault is a new row.
type effect struct {
	word    string
	at      string // the place, or the heading of its fields, that it is limited to; "": any
	value   string // what the help calls its value; "" if it takes none
	wants   string // what the value must be
	allowed func(string) bool
	about   string // for the help; "" if the word says it all

	// An effect answers instead of the server, edits its answer, or delivers it in
	// another way. Some take two of these.
	instead func(*Server, *fault, *http.Request) *answer
	edit    func(*Server, *fault, *http.Request, *answer)
	deliver func(*Server, delivery)
}

// effects returns the table, in the order of the help.
func effects() []effect {
	return append(append(answers(), deliveries()...), edits()...)
}

// answers replace the right answer. Spotify has been seen to send each of them.
func answers() []effect {
	fixed := func(word, at string, make func() *answer) effect {
		return effect{word: word, at: at, instead: func(*Server, *fault, *http.Request) *answer { return make() }}
	}
	api := func(word string, status int, message string) effect {
		return fixed(word, "", func() *answer { return apiError(status, message) })
	}
	text := func(word string, status int, kind, body string) effect {
		return fixed(word, "", func() *answer { return newAnswer(status, kind, []byte(body)) })
	}
	oauth := func(word, code, description string) effect {
		return fixed(word, "", func() *answer { return oauthError(code, description) })
	}
	return []effect{
		api("401-missing", 401, "Access token missing"),
		api("401-invalid", 401, "Invalid access token"),
		api("403-scope", 403, "Insufficient client scope"),
		text("403-premium", 403, typeText, "Active premium subscription required for the owner of the app. When the subscription status changes, it can take a few hours before requests are allowed again."),
		text("403-user", 403, typeText, "Check settings on developer.spotify.com/dashboard, the user may not be registered."),
		text("429-text", 429, typeText, "Too many requests"),
		text("429-quota", 429, typeJSON, `{"error":{"status":429,"message":"Too many requests","reason":"QUOTA_EXCEEDED"}}`),
		text("502-html", 502, typeHTML, "<html><head><title>502 Server Error</title></head><body><h1>Error: Server Error</h1></body></html>\n"),
		text("html", 200, typeHTML, "<!DOCTYPE html><title>Welcome</title><p>Accept the terms of this network to go on.</p>\n"),
		{word: "redirect", value: "URL", wants: "a value, as in redirect=http://example.com",
			allowed: func(v string) bool { return v != "" },
			instead: func(_ *Server, f *fault, _ *http.Request) *answer {
				return &answer{http.StatusTemporaryRedirect, http.Header{"Location": {f.arg}}, nil}
			}},
		oauth("invalid_grant", "invalid_grant", "Invalid refresh token"),
		oauth("invalid_client", "invalid_client", "Invalid client"),
		oauth("revoked", "invalid_grant", "Refresh token revoked"),
		oauth("expired", "invalid_grant", "Refresh token expired"),
	}
}

// deliveries send the right answer, but badly.
func deliveries() []effect {
	nothing := func(*Server, *fault, *http.Request) *answer { return &answer{} }
	return []effect{
		{word: "delay", value: "DURATION", wants: "a duration such as 200ms", allowed: isDuration, about: "late", deliver: (*Server).delay},
		{word: "hang", about: "never", instead: nothing, deliver: (*Server).hang},
		{word: "reset", about: "reset before anything is done; Go then repeats a GET", instead: nothing, deliver: (*Server).reset},
		{word: "lost", about: "done, then reset", deliver: (*Server).reset},
		{word: "cut", about: "half of it", deliver: (*Server).cut},
		{word: "cut-quiet", about: "half of it, without a length", deliver: (*Server).cutQuietly},
		{word: "drip", about: "byte by byte, every=DURATION (1s)", deliver: (*Server).drip},
		{word: "huge", about: "after 16 MiB of white space", edit: editHuge},
		{word: "bomb", about: "after 200 MiB of it, in gzip", edit: editBomb},
	}
}

// edits change what the right answer says, or what a request does.
func edits() []effect {
	return []effect{
		{word: "empty", at: "pages", about: "no items, but a cursor that leads to them", edit: editEmpty},
		{word: "repeat-cursor", at: "pages", about: "the cursor of the request again", edit: editRepeat},
		{word: "bare", at: "me", about: "no country, email, explicit_content, followers or product", edit: editBare},
		{word: "half", at: "follow", about: "only half of a batch is followed, despite a 200", instead: followHalf},
		{word: "half-502", at: "follow", about: "half of a batch is followed, but the answer is 502", instead: followHalfAndFail},
	}
}

// FaultHelp explains the grammar of Options.Faults. No line is longer than 78 columns.
func FaultHelp() string {
	var b strings.Builder
	b.WriteString("A fault is PLACE:WHAT, for example page=3:502*2 or page=1:429,retry-after=2\n\nPLACE is one of\n")
	for _, p := range places() {
		fmt.Fprintf(&b, "  %-12s %s\n", p[0], p[1])
	}
	b.WriteString("  /PATH        a path of the Web API, such as /me/tracks or /artists/*/albums\n" +
		"PLACE=N waits for the Nth request there, whatever its method.\n\n" +
		"WHAT is an answer instead of the right one\n  a status from 200 to 599, with Spotify's body for it\n")
	writeWords(&b, answers())
	b.WriteString("or the right answer, badly delivered\n")
	writeRows(&b, deliveries())
	b.WriteString("or the right answer, changed\n" +
		"  FIELD=VALUE (JSON, otherwise text) or no-FIELD, with a FIELD of\n")
	for _, place := range []string{"page", "me", "token", "callback"} {
		heading, fields := fieldsOf(place)
		fmt.Fprintf(&b, "    %-9s %s\n", heading, strings.Join(fields, " "))
	}
	writeRows(&b, edits())
	b.WriteString("\nAdd *N to affect N matching requests instead of one, or * to affect all of\nthem. " +
		"Then ,retry-after=TEXT ,type=TEXT ,location=URL and ,body=TEXT change\n" +
		"the answer. If several faults match a request, the first of them that is left\napplies, so put a fault with * last.\n\n" +
		"Faults without a PLACE change the account itself, permanently.\n")
	for _, o := range accountFaults() {
		fmt.Fprintf(&b, "  %-16s %s\n", o.usage, o.about)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// FaultWords offers what can be typed next after begun, the beginning of one of Options.Faults.
// Each offer has a tab and then what it does. Statuses and paths are left out.
func FaultWords(begun string) (words []string) {
	add := func(word, about string) {
		if word != begun {
			words = append(words, word+"\t"+about)
		}
	}
	place, _, found := strings.Cut(begun, ":")
	if !found {
		for _, p := range places() {
			add(strings.TrimSuffix(p[0]+":", "N:"), p[1])
		}
		for _, o := range accountFaults() {
			for usage := range strings.FieldsSeq(o.usage) {
				add(strings.TrimRightFunc(usage, unicode.IsUpper), o.about)
			}
		}
		return words
	}
	name, _, _ := strings.Cut(place, "=")
	heading, fields := fieldsOf(name)
	for _, e := range effects() {
		if e.canBeAt(name, heading) {
			add(place+":"+strings.TrimSuffix(e.usage(), e.value), cmp.Or(e.about, "instead of the right answer"))
		}
	}
	for _, field := range fields {
		add(place+":"+field+"=", "with another value")
		add(place+":no-"+field, "left out")
	}
	return words
}

// writeWords lists words, as many on a line as fit.
func writeWords(b *strings.Builder, all []effect) {
	line := " "
	for _, e := range all {
		word := " " + e.usage()
		if len(line+word) > 78 {
			b.WriteString(line + "\n")
			line = " "
		}
		line += word
	}
	b.WriteString(line + "\n")
}

func writeRows(b *strings.Builder, all []effect) {
	for _, e := range all {
		fmt.Fprintf(b, "  %-16s %s\n", e.usage(), e.about)
	}
}

func (e effect) canBeAt(place, heading string) bool {
	return e.at == "" || e.at == place || e.at == heading
}

func (e effect) usage() string {
	if e.value == "" {
		return e.word
	}
	return e.word + "=" + e.value
}

// oddities are the faults without a place. They last.
type oddities struct {
	null      bool          // one item of the first page is null
	duplicate bool          // the second page has an item of the first again
	escapes   bool          // names hold terminal escape sequences
	total     int           // how far off total is
	poison    map[int]bool  // the artists, from 1, that can't be followed
	lag       time.Duration // until contains shows that an artist is followed
}

// accountFault is a row of the table of oddities.
type accountFault struct {
	usage, about string
	set          func(o *oddities, text string) bool // false if text is something else
}

func accountFaults() []accountFault {
	word := func(word, about string, set func(*oddities)) accountFault {
		return accountFault{word, about, func(o *oddities, text string) bool {
			if text == word {
				set(o)
			}
			return text == word
		}}
	}
	return []accountFault{
		word("null", "an item of the first page of followed artists is null", func(o *oddities) { o.null = true }),
		word("duplicate", "the second page has an artist of the first", func(o *oddities) { o.duplicate = true }),
		{"total+N total-N", "the reported total is off by N", func(o *oddities, text string) bool {
			m := totalForm().FindStringSubmatch(text)
			if m != nil {
				o.total, _ = strconv.Atoi(m[1])
			}
			return m != nil
		}},
		{"poison=N", "following the Nth artist fails, and its whole batch with it", func(o *oddities, text string) bool {
			m := poisonForm().FindStringSubmatch(text)
			if m == nil {
				return false
			}
			n, _ := strconv.Atoi(m[1])
			if o.poison == nil {
				o.poison = map[int]bool{}
			}
			o.poison[n] = true
			return true
		}},
		{"lag=DURATION", "time until /me/library/contains shows a followed artist", func(o *oddities, text string) bool {
			by, found := strings.CutPrefix(text, "lag=")
			if !found || !isDuration(by) {
				return false
			}
			o.lag, _ = time.ParseDuration(by)
			return true
		}},
		word("escapes", "names hold terminal escape sequences", func(o *oddities) { o.escapes = true }),
	}
}

func (o *oddities) set(spec string) (problem string) {
	var known []string
	for _, f := range accountFaults() {
		if f.set(o, spec) {
			return ""
		}
		known = append(known, strings.ReplaceAll(f.usage, " ", ", "))
	}
	return "use PLACE:WHAT, or one of " + strings.Join(known, ", ")
}
