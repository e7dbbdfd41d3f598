package sandbox

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// library is what the account follows: each artist's JSON made once, so that a
// page is little more than a copy.
type library struct {
	artists  []Artist
	objects  [][]byte
	index    map[string]int // of an id in artists
	oddities oddities
}

func newLibrary(o Options, odd oddities) library {
	l := library{index: make(map[string]int, o.Artists), oddities: odd}
	r := rand.New(rand.NewPCG(o.Seed, 2))
	for i, a := range newArtists(r, o.Artists, o.Legacy, odd.escapes) {
		l.artists = append(l.artists, Artist{a.ID, a.Name})
		l.objects = append(l.objects, encode(a))
		l.index[a.ID] = i
	}
	return l
}

// pageRequest is what a client asked of /v1/me/following.
type pageRequest struct {
	origin string // of the Web API, as the client reached it
	after  string
	locale string // "" when no Accept-Language came
	limit  int
	start  int // index of the first artist of the page
	number int // of the page, from 1, by where it starts: asked for again, it keeps its number
}

// parsePage reads the query; problem is "" when it is in order. A cursor that
// names no followed artist leads behind the end.
func (s *Server) parsePage(r *http.Request) (p pageRequest, problem string) {
	defer func() { p.number = s.library.number(p) }()
	q := r.URL.Query()
	p = pageRequest{origin: originOf(r), after: q.Get("after"), locale: r.Header.Get("Accept-Language"), limit: 20}
	if p.after != "" {
		p.start = len(s.library.artists)
		if i, found := s.library.index[p.after]; found {
			p.start = i + 1
		} else if start, found := detour(p.after); found {
			p.start = min(start, len(s.library.artists))
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

// followingPage reads what r asks for, if it asks for a page of followed artists.
func (s *Server) followingPage(r *http.Request) (p pageRequest, ok bool) {
	if strings.TrimSuffix(r.URL.Path, "/") != "/v1/me/following" || r.Method != http.MethodGet {
		return p, false
	}
	p, _ = s.parsePage(r)
	return p, true
}

// pageNumber is the number of the page that r asks for, or 0.
func (s *Server) pageNumber(r *http.Request) int {
	p, _ := s.followingPage(r)
	return p.number
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

// detour reads a cursor that detourTo made: another name for the page that
// starts at that index. The fault "empty" needs cursors that are new and lose
// nothing. Made ids are never all digits.
func detour(after string) (start int, found bool) {
	if len(after) != 22 {
		return 0, false
	}
	start, err := strconv.Atoi(after[:11])
	return start, err == nil
}

func detourTo(start, serial int) string { return fmt.Sprintf("%011d%011d", start, serial) }

// following is GET /v1/me/following,
// https://developer.spotify.com/documentation/web-api/reference/get-followed.
func (s *Server) following(r *http.Request) *answer {
	p, problem := s.parsePage(r)
	if problem != "" {
		return apiError(http.StatusBadRequest, problem)
	}
	items, end := s.library.page(p)
	type cursors struct {
		After *string `json:"after"`
	}
	head := struct {
		Href    string  `json:"href"`
		Limit   int     `json:"limit"`
		Next    *string `json:"next"`
		Cursors cursors `json:"cursors"`
		Total   int     `json:"total"`
	}{Href: p.url(p.after), Limit: p.limit, Total: max(0, len(s.library.artists)+s.library.oddities.total)}
	if end < len(s.library.artists) {
		last := s.library.artists[end-1].ID
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

// page returns the items of a page and the index behind its last artist.
func (l library) page(p pageRequest) (items [][]byte, end int) {
	end = min(p.start+l.room(p.number, p.limit), len(l.objects))
	items = l.objects[p.start:end]
	if odd := l.odd(p.number, p.limit); odd != nil && len(items) > 0 {
		items = append([][]byte{odd}, items...)
	}
	return items, end
}

// odd is the item of a page that is no artist of its own. It takes the place
// of an artist, who moves to the next page, and stands first, for the last
// item's id is the cursor.
func (l library) odd(page, limit int) []byte {
	switch {
	case limit == 1:
		return nil
	case l.oddities.null && page == 1:
		return []byte("null")
	case l.oddities.duplicate && page == 2:
		return l.objects[0]
	}
	return nil
}

// room is how many artists fit on a page.
func (l library) room(page, limit int) int {
	if l.odd(page, limit) != nil {
		return limit - 1
	}
	return limit
}

func (l library) number(p pageRequest) int {
	number := 1
	for at := 0; at < p.start; number++ {
		at += l.room(number, p.limit)
	}
	return number
}
