package sandbox

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// offsetPage is a request for a page of a list that is paged by offset.
type offsetPage struct {
	path          string // with the scheme and host of Spotify
	query         url.Values
	limit, offset int
}

func (e endpoint) parseOffset(r *http.Request) (page offsetPage, refusal *answer) {
	page = offsetPage{path: "https://" + apiHost + strings.TrimSuffix(r.URL.Path, "/"), query: r.URL.Query(), limit: e.paging.usual}
	if text := page.query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > e.paging.most {
			return page, apiError(http.StatusBadRequest, "Invalid limit")
		}
		page.limit = n
	}
	if text := page.query.Get("offset"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return page, apiError(http.StatusBadRequest, "Invalid offset")
		}
		page.offset = n
	}
	return page, nil
}

// at returns the URL of the page at an offset, or nil if there is none.
func (p offsetPage) at(offset int, exists bool) any {
	if !exists {
		return nil
	}
	q := url.Values{}
	for name, values := range p.query {
		q[name] = values
	}
	q.Set("offset", strconv.Itoa(offset))
	q.Set("limit", strconv.Itoa(p.limit))
	return p.path + "?" + q.Encode()
}

// object makes the page with its part of n rows.
func (p offsetPage) object(n int, row func(i int) []byte) rawObject {
	items := [][]byte{}
	for i := p.offset; i < min(p.offset+p.limit, n); i++ {
		items = append(items, row(i))
	}
	return rawObject{fields{
		"href": p.at(p.offset, true), "limit": p.limit, "offset": p.offset, "total": n,
		"next": p.at(p.offset+p.limit, p.offset+p.limit < n), "previous": p.at(max(0, p.offset-p.limit), p.offset > 0),
	}, items}
}

// rawObject is an object whose items are JSON already.
type rawObject struct {
	head  fields
	items [][]byte
}

// encode copies the items. encoding/json would check each of them again.
func (o rawObject) encode() []byte {
	var b bytes.Buffer
	b.Write(bytes.TrimSuffix(encode(o.head), []byte("}")))
	b.WriteString(`,"items":[`)
	b.Write(bytes.Join(o.items, []byte(",")))
	b.WriteString("]}")
	return b.Bytes()
}

// listRows answers with the page of n rows that r requests.
func listRows(r *http.Request, n int, row func(i int) []byte) *answer {
	e, _, _ := findEndpoint(r)
	page, refusal := e.parseOffset(r)
	if refusal != nil {
		return refusal
	}
	return newAnswer(http.StatusOK, typeJSON, page.object(n, row).encode())
}

type answerFunc = func(s *Server, r *http.Request, g *grant, id string) *answer

// savedOf lists what the account has saved of a type.
func savedOf(kind string) answerFunc {
	return func(s *Server, r *http.Request, g *grant, _ string) *answer {
		shelf := s.shelf(g.account, kind)
		order := shelf.sorted()
		return listRows(r, len(order), func(i int) []byte {
			return savedRow(shelf.since[order[i]], kind, shelf.thing(i).json)
		})
	}
}

func savedRow(at time.Time, key string, object []byte) []byte {
	return slices.Concat([]byte(`{"added_at":"`+at.UTC().Format(time.RFC3339)+`","`+key+`":`), object, []byte("}"))
}

// audiobooks lists them without times. Those that are not available are null.
func (s *Server) audiobooks(r *http.Request, g *grant, _ string) *answer {
	shelf := s.shelf(g.account, "audiobook")
	n := len(shelf.sorted())
	return listRows(r, n+n/2, func(i int) []byte {
		if i%3 == 2 {
			return []byte("null")
		}
		return shelf.thing(i - i/3).json
	})
}

// topOf lists the account's favorites of a type.
func topOf(kind string) answerFunc {
	return func(s *Server, r *http.Request, g *grant, _ string) *answer {
		things := s.kindOf(kind).things
		n := min(topRows, len(things))
		if !s.isFirst(g.account) {
			n = 0
		}
		shift := map[string]int{"": 0, "medium_term": 0, "short_term": 3, "long_term": 7}
		by, known := shift[r.URL.Query().Get("time_range")]
		if !known {
			return apiError(http.StatusBadRequest, "Invalid time range")
		}
		return listRows(r, n, func(i int) []byte { return things[(i*7+by)%len(things)].json })
	}
}

// childrenOf lists what belongs to one object.
func childrenOf(parent, kind string) answerFunc {
	return func(s *Server, r *http.Request, _ *grant, id string) *answer {
		at, refusal := s.find(parent, id)
		if refusal != nil {
			return refusal
		}
		children := s.kindOf(kind).childrenOf(at)
		return listRows(r, len(children), func(i int) []byte { return children[i].asChild() })
	}
}

func (t thing) asChild() []byte {
	if t.inside != nil {
		return t.inside
	}
	return t.json
}

// objectOf shows one object. An album and a show have the first of their rows.
func objectOf(kind string) answerFunc {
	return func(s *Server, r *http.Request, _ *grant, id string) *answer {
		at, refusal := s.find(kind, id)
		if refusal != nil {
			return refusal
		}
		object := s.kindOf(kind).things[at].json
		for _, rows := range [][2]string{{"album", "track"}, {"show", "episode"}} {
			if rows[0] == kind {
				children := s.kindOf(rows[1]).childrenOf(at)
				page := offsetPage{path: "https://" + apiHost + r.URL.Path + "/" + rows[1] + "s", limit: 50}
				inner := page.object(len(children), func(i int) []byte { return children[i].asChild() })
				object = withMember(object, rows[1]+"s", inner.encode())
			}
		}
		return newAnswer(http.StatusOK, typeJSON, object)
	}
}

// withMember adds a member to an object.
func withMember(object []byte, name string, value []byte) []byte {
	return slices.Concat(bytes.TrimSuffix(object, []byte("}")), []byte(`,"`+name+`":`), value, []byte("}"))
}

var idForm = pattern(`^[0-9A-Za-z]{22}$`)

// find finds an object by its ID.
func (s *Server) find(kind, id string) (at int, refusal *answer) {
	if !idForm().MatchString(id) {
		return 0, apiError(http.StatusBadRequest, "Invalid base62 id")
	}
	at, exists := s.kindOf(kind).index[id]
	if !exists {
		return 0, notFound()
	}
	return at, nil
}

// recentlyPlayed goes back by the time of playing, in milliseconds. There are
// 50 in all, https://developer.spotify.com/documentation/web-api/reference/get-recently-played.
func (s *Server) recentlyPlayed(r *http.Request, g *grant, _ string) *answer {
	e, _, _ := findEndpoint(r)
	page, refusal := e.parseOffset(r)
	if refusal != nil {
		return refusal
	}
	tracks := s.kindOf("track").things
	head := fields{"href": page.path + "?limit=" + strconv.Itoa(page.limit), "limit": page.limit, "next": nil, "cursors": nil}
	o := rawObject{head, nil}
	for i := page.playedFrom(s.options); i < playedTracks && s.isFirst(g.account); i++ {
		at := playedAt(s.options, i)
		if len(o.items) == page.limit {
			head["next"] = page.path + "?before=" + millis(playedAt(s.options, i-1)) + "&limit=" + strconv.Itoa(page.limit)
			break
		}
		if page.query.Has("after") && millis(at) <= page.query.Get("after") {
			break
		}
		if head["cursors"] == nil {
			head["cursors"] = fields{"after": millis(at)}
		}
		head["cursors"].(fields)["before"] = millis(at)
		o.items = append(o.items, slices.Concat([]byte(`{"context":null,"played_at":"`+at.Format("2006-01-02T15:04:05.000Z")+`","track":`),
			tracks[i*11%len(tracks)].json, []byte("}")))
	}
	return newAnswer(http.StatusOK, typeJSON, o.encode())
}

// playedFrom is the first track that was played before the time in the query.
func (p offsetPage) playedFrom(o Options) (i int) {
	before := p.query.Get("before")
	for before != "" && i < playedTracks && millis(playedAt(o, i)) >= before {
		i++
	}
	return i
}

func playedAt(o Options, i int) time.Time {
	return longAgo(o).Add(-time.Duration(i)*217*time.Second + 123*time.Millisecond).UTC()
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// search finds names that contain q, with one page object for each type.
func (s *Server) search(r *http.Request, _ *grant, _ string) *answer {
	e, _, _ := findEndpoint(r)
	page, refusal := e.parseOffset(r)
	switch {
	case refusal != nil:
		return refusal
	case page.query.Get("q") == "":
		return apiError(http.StatusBadRequest, "No search query")
	case page.query.Get("type") == "":
		return apiError(http.StatusBadRequest, "Missing parameter type")
	case page.limit+page.offset > 1000:
		return apiError(http.StatusBadRequest, "Invalid offset")
	}
	answers := []byte("{}")
	for _, name := range strings.Split(page.query.Get("type"), ",") {
		rows := s.found(name, page.query.Get("q"))
		if rows == nil {
			return apiError(http.StatusBadRequest, "Bad search type field "+name)
		}
		page.query.Set("type", name)
		answers = withMember(answers, name+"s", page.object(len(rows), func(i int) []byte { return rows[i] }).encode())
	}
	return newAnswer(http.StatusOK, typeJSON, bytes.Replace(answers, []byte("{,"), []byte("{"), 1))
}

// found is nil if there is no such type. Every third playlist is null.
func (s *Server) found(kind, text string) [][]byte {
	rows := [][]byte{}
	contains := func(name string) bool { return strings.Contains(strings.ToLower(name), strings.ToLower(text)) }
	if kind == "playlist" {
		for _, p := range s.allPlaylists() {
			if contains(p.name) {
				rows = append(rows, encode(p.object()))
			}
			if len(rows)%3 == 2 {
				rows = append(rows, []byte("null"))
			}
		}
		return rows
	}
	k := s.kindOf(kind)
	if k == nil {
		return nil
	}
	for _, t := range k.things {
		if contains(t.name) {
			rows = append(rows, t.json)
		}
	}
	return rows
}
