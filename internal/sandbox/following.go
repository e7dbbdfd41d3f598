package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// pageRequest is a request for a page of /v1/me/following.
type pageRequest struct {
	shelf  *shelf
	origin string // of the Web API, as the client reached it
	after  string
	locale string // "" when no Accept-Language came
	limit  int
	start  int // index of the first artist of the page
	number int // of the page, from 1, by where it starts: asked for again, it keeps its number
}

// parsePage reads the query. problem is "" if it is in order. A cursor that names no
// followed artist leads to the end of the list. The caller holds s.mu.
func (s *Server) parsePage(r *http.Request) (p pageRequest, problem string) {
	defer func() { p.number = s.oddities.numberOf(p) }()
	q := r.URL.Query()
	p = pageRequest{shelf: s.shelf(s.holder(r), "artist"), origin: originOf(r), after: q.Get("after"), locale: r.Header.Get("Accept-Language"), limit: 20}
	if p.after != "" {
		p.start = len(p.shelf.since)
		if at, found := p.shelf.find(p.after); found {
			p.start = at + 1
		} else if start, found := parseDetour(p.after); found {
			p.start = min(start, len(p.shelf.since))
		}
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 50 {
			return p, "Invalid limit"
		}
		p.limit = n
	}
	switch kind := q.Get("type"); kind {
	case "artist":
	case "":
		return p, "No type given"
	default:
		return p, "Invalid type: " + kind
	}
	return p, ""
}

// followingPage reads what r asks for, if it asks for a page of followed
// artists. The caller holds s.mu.
func (s *Server) followingPage(r *http.Request) (p pageRequest, ok bool) {
	if strings.TrimSuffix(r.URL.Path, "/") != "/v1/me/following" || r.Method != http.MethodGet {
		return p, false
	}
	p, _ = s.parsePage(r)
	return p, true
}

// pageNumber is the number of the page that r asks for, or 0. The caller holds s.mu.
func (s *Server) pageNumber(r *http.Request) int {
	if p, ok := s.followingPage(r); ok {
		return p.number
	}
	e, _, _ := findEndpoint(r)
	if e.paging.most == 0 {
		return 0
	}
	page, _ := e.parseOffset(r)
	if e.pattern == "/me/player/recently-played" {
		page.offset = page.playedFrom(s.options)
	}
	return page.offset/page.limit + 1
}

// url is the page's address as Spotify writes it, with the Accept-Language of
// the request as locale.
func (p pageRequest) url(after string) string {
	text := fmt.Sprintf("%s/v1/me/following?type=artist&limit=%d", p.origin, p.limit)
	if p.locale != "" {
		text += "&locale=" + strings.NewReplacer("%2C", ",", "%3B", ";").Replace(url.QueryEscape(p.locale))
	}
	if after != "" {
		text += "&after=" + url.QueryEscape(after)
	}
	return text
}

// parseDetour reads a cursor that detour made. It is another name for the page that
// starts at an index: the fault "empty" needs cursors that are new and lose nothing.
// No artist's ID consists of digits only.
func parseDetour(after string) (start int, found bool) {
	if len(after) != 22 {
		return 0, false
	}
	start, err := strconv.Atoi(after[:11])
	return start, err == nil
}

func detour(start, serial int) string { return fmt.Sprintf("%011d%011d", start, serial) }

// following is GET /v1/me/following,
// https://developer.spotify.com/documentation/web-api/reference/get-followed.
func (s *Server) following(r *http.Request, _ *grant, _ string) *answer {
	p, problem := s.parsePage(r)
	if problem != "" {
		return apiError(http.StatusBadRequest, problem)
	}
	items, end := s.oddities.itemsOf(p)
	type cursors struct {
		After *string `json:"after"`
	}
	head := struct {
		Href    string  `json:"href"`
		Limit   int     `json:"limit"`
		Next    *string `json:"next"`
		Cursors cursors `json:"cursors"`
		Total   int     `json:"total"`
	}{Href: p.url(p.after), Limit: p.limit, Total: max(0, p.shelf.total(s.now())+s.oddities.total)}
	if end < len(p.shelf.since) {
		last := p.shelf.thing(end - 1).id
		next := p.url(last)
		head.Cursors.After, head.Next = &last, &next
	}
	var b bytes.Buffer
	b.WriteString(`{"artists":`)
	b.Write(bytes.TrimSuffix(encode(head), []byte("}")))
	b.WriteString(`,"items":[`)
	b.Write(bytes.Join(items, []byte(",")))
	b.WriteString("]}}")
	return newAnswer(http.StatusOK, typeJSON, b.Bytes())
}

// itemsOf returns the items of a page and the index after its last artist.
func (o oddities) itemsOf(p pageRequest) (items [][]byte, end int) {
	end = min(p.start+o.artistsOn(p.number, p.limit), len(p.shelf.since))
	if odd := o.oddItem(p); odd != nil && p.start < end {
		items = append(items, odd)
	}
	for at := p.start; at < end; at++ {
		items = append(items, p.shelf.thing(at).json)
	}
	return items, end
}

// oddItem returns the null or repeated item of a page, if it has one. That item takes
// the place of an artist, which moves to the next page. It comes first, because the
// last item's ID is the cursor.
func (o oddities) oddItem(p pageRequest) []byte {
	switch {
	case !o.hasOddItem(p.number, p.limit):
		return nil
	case p.number == 1:
		return []byte("null")
	}
	return p.shelf.thing(0).json
}

func (o oddities) hasOddItem(page, limit int) bool {
	return limit > 1 && (o.null && page == 1 || o.duplicate && page == 2)
}

// artistsOn is how many artists fit on a page.
func (o oddities) artistsOn(page, limit int) int {
	if o.hasOddItem(page, limit) {
		return limit - 1
	}
	return limit
}

func (o oddities) numberOf(p pageRequest) int {
	number := 1
	for at := 0; at < p.start; number++ {
		at += o.artistsOn(number, p.limit)
	}
	return number
}
