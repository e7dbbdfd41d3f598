package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// playlist is in the list of an account, which need not be its owner.
type playlist struct {
	id, name, description string
	owner, ownerName      string
	isPublic              bool
	items                 []playlistItem
	version               int // of the snapshot
}

type playlistItem struct {
	kind    string // track or episode
	thing   thing
	addedAt time.Time
}

// mostItems is the most items of one call.
const mostItems = 100

// playlistsOf returns the playlists of an account. It makes them at the first call.
func (s *Server) playlistsOf(a *account) []*playlist {
	if a.playlists != nil || !s.isFirst(a) {
		return a.playlists
	}
	r := rand.New(rand.NewPCG(s.options.Seed, 4))
	tracks := s.kindOf("track").things
	for i := range ownPlaylists + othersPlaylists {
		p := &playlist{id: base62(r, 22), name: title(r), owner: a.id, ownerName: a.name, isPublic: i%3 != 0}
		n := i % 25
		if i == 0 {
			n = 130
		}
		if i >= ownPlaylists {
			p.owner, p.ownerName, p.isPublic = "wizzler", "Ronald Demo", true
		}
		for range n {
			p.items = append(p.items, playlistItem{"track", tracks[r.IntN(len(tracks))], longAgo(s.options)})
		}
		a.playlists = append(a.playlists, p)
	}
	return a.playlists
}

func (s *Server) allPlaylists() (all []*playlist) {
	for _, a := range s.accounts {
		all = append(all, s.playlistsOf(a)...)
	}
	return all
}

// object makes the playlist without its items, as lists have it.
func (p *playlist) object() fields {
	return fields{
		"collaborative": false, "description": p.description,
		"external_urls": fields{"spotify": "https://open.spotify.com/playlist/" + p.id},
		"href":          "https://" + apiHost + "/v1/playlists/" + p.id,
		"id":            p.id, "images": []image{}, "name": p.name,
		"owner": fields{
			"display_name": p.ownerName, "external_urls": fields{"spotify": "https://open.spotify.com/user/" + p.owner},
			"href": "https://" + apiHost + "/v1/users/" + p.owner, "id": p.owner, "type": "user", "uri": "spotify:user:" + p.owner,
		},
		"public": p.isPublic, "snapshot_id": p.snapshot(), "type": "playlist", "uri": "spotify:playlist:" + p.id,
	}
}

func (p *playlist) snapshot() string { return fmt.Sprintf("AAAA%04d%s", p.version, p.id) }

func (p *playlist) row(i int) []byte {
	item := p.items[i]
	return slices.Concat([]byte(fmt.Sprintf(`{"added_at":%q,"added_by":{"id":%q},"is_local":false,"item":`,
		item.addedAt.UTC().Format(time.RFC3339), p.owner)), item.thing.json, []byte("}"))
}

func (s *Server) myPlaylists(r *http.Request, g *grant, _ string) *answer {
	all := s.playlistsOf(g.account)
	return listRows(r, len(all), func(i int) []byte {
		object := all[i].object()
		object["items"] = fields{"href": object["href"].(string) + "/items", "total": len(all[i].items)}
		return encode(object)
	})
}

// findPlaylist finds one by its ID. Only its owner may read or change its items.
func (s *Server) findPlaylist(g *grant, id string, own bool) (*playlist, *answer) {
	if !idForm().MatchString(id) {
		return nil, apiError(http.StatusBadRequest, "Invalid base62 id")
	}
	for _, p := range s.allPlaylists() {
		switch {
		case p.id != id:
		case own && p.owner != g.account.id:
			return nil, apiError(http.StatusForbidden, "Forbidden")
		default:
			return p, nil
		}
	}
	return nil, notFound()
}

func (s *Server) showPlaylist(r *http.Request, g *grant, id string) *answer {
	p, refusal := s.findPlaylist(g, id, false)
	if refusal != nil {
		return refusal
	}
	object := encode(p.object())
	if p.owner == g.account.id {
		page := offsetPage{path: "https://" + apiHost + r.URL.Path + "/items", limit: mostItems}
		object = withMember(object, "items", page.object(len(p.items), p.row).encode())
	}
	return newAnswer(http.StatusOK, typeJSON, object)
}

func (s *Server) playlistItems(r *http.Request, g *grant, id string) *answer {
	p, refusal := s.findPlaylist(g, id, true)
	if refusal != nil {
		return refusal
	}
	return listRows(r, len(p.items), p.row)
}

// modifyPlaylistScope returns the scope that a change needs.
func modifyPlaylistScope(isPublic bool) string {
	if isPublic {
		return "playlist-modify-public"
	}
	return "playlist-modify-private"
}

// playlistChange is the body of every call that changes a playlist.
type playlistChange struct {
	Name, Description *string
	Public            *bool
	URIs              []string
	Position          *int
	Items             []struct{ URI string } // of DELETE
	RangeStart        *int                   `json:"range_start"`
	InsertBefore      int                    `json:"insert_before"`
	RangeLength       int                    `json:"range_length"`
}

// readChange reads the body. New items and their position can be in the query instead:
// https://developer.spotify.com/documentation/web-api/reference/add-items-to-playlist.
func readChange(r *http.Request) (c playlistChange, refusal *answer) {
	query := r.URL.Query()
	if uris := query.Get("uris"); uris != "" && r.Method != http.MethodDelete {
		c.URIs = strings.Split(uris, ",")
		if at, err := strconv.Atoi(query.Get("position")); err == nil {
			c.Position = &at
		}
		return c, nil
	}
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return c, apiError(http.StatusBadRequest, "Error parsing JSON.")
	}
	return c, nil
}

func (s *Server) makePlaylist(r *http.Request, g *grant, _ string) *answer {
	c, refusal := readChange(r)
	p := &playlist{id: s.newID(), owner: g.account.id, ownerName: g.account.name, isPublic: true}
	p.apply(c)
	switch {
	case !g.hasScope(modifyPlaylistScope(p.isPublic)):
		return insufficientScope()
	case refusal != nil:
		return refusal
	case p.name == "":
		return apiError(http.StatusBadRequest, "Missing required field: name")
	}
	g.account.playlists = slices.Insert(s.playlistsOf(g.account), 0, p)
	a := jsonAnswer(http.StatusCreated, p.object())
	a.header.Set("Location", "https://"+apiHost+"/v1/playlists/"+p.id)
	return a
}

// newID makes an ID that no object has yet.
func (s *Server) newID() string {
	n := 0
	for _, a := range s.accounts {
		n += len(a.playlists)
	}
	return base62(rand.New(rand.NewPCG(s.options.Seed, uint64(1000+n))), 22)
}

func (p *playlist) apply(c playlistChange) {
	for field, value := range map[*string]*string{&p.name: c.Name, &p.description: c.Description} {
		if value != nil {
			*field = *value
		}
	}
	if c.Public != nil {
		p.isPublic = *c.Public
	}
}

func (s *Server) renamePlaylist(r *http.Request, g *grant, id string) *answer {
	p, c, refusal := s.openPlaylist(r, g, id)
	if refusal != nil {
		return refusal
	}
	p.apply(c)
	return newAnswer(http.StatusOK, typeJSON, nil)
}

// openPlaylist reads a change to a playlist that the account may change.
func (s *Server) openPlaylist(r *http.Request, g *grant, id string) (p *playlist, c playlistChange, refusal *answer) {
	p, refusal = s.findPlaylist(g, id, true)
	if refusal == nil && !g.hasScope(modifyPlaylistScope(p.isPublic)) {
		refusal = insufficientScope()
	}
	if refusal == nil {
		c, refusal = readChange(r)
	}
	return p, c, refusal
}

// changeItems adds, replaces, moves or removes the items of a playlist.
func (s *Server) changeItems(r *http.Request, g *grant, id string) *answer {
	p, c, refusal := s.openPlaylist(r, g, id)
	if refusal != nil {
		return refusal
	}
	for _, item := range c.Items {
		c.URIs = append(c.URIs, item.URI)
	}
	named, refusal := s.namedItems(c.URIs)
	if refusal != nil {
		return refusal
	}
	status := http.StatusOK
	switch {
	case r.Method == http.MethodPost:
		status = http.StatusCreated
		at := len(p.items)
		if c.Position != nil {
			at = min(max(0, *c.Position), at)
		}
		p.items = slices.Insert(p.items, at, named...)
	case r.Method == http.MethodDelete:
		p.items = slices.DeleteFunc(p.items, func(i playlistItem) bool {
			return slices.ContainsFunc(named, func(n playlistItem) bool { return n.thing.id == i.thing.id })
		})
	case c.RangeStart != nil:
		if !p.move(*c.RangeStart, max(1, c.RangeLength), c.InsertBefore) {
			return apiError(http.StatusBadRequest, "Index out of bounds.")
		}
	default:
		p.items = named
	}
	p.version++
	return jsonAnswer(status, fields{"snapshot_id": p.snapshot()})
}

func (p *playlist) move(start, n, before int) bool {
	if start < 0 || start+n > len(p.items) || before < 0 || before > len(p.items) {
		return false
	}
	moved := slices.Clone(p.items[start : start+n])
	p.items = slices.Delete(p.items, start, start+n)
	if before > start {
		before = max(start, before-n)
	}
	p.items = slices.Insert(p.items, before, moved...)
	return true
}

// namedItems finds the tracks and episodes of a call.
func (s *Server) namedItems(uris []string) (all []playlistItem, refusal *answer) {
	if len(uris) > mostItems {
		return nil, apiError(http.StatusBadRequest, "Too many uris requested")
	}
	for _, uri := range uris {
		m := uriForm().FindStringSubmatch(uri)
		if m == nil || m[1] != "track" && m[1] != "episode" {
			return nil, apiError(http.StatusBadRequest, "Invalid track uri: "+uri)
		}
		k := s.kindOf(m[1])
		at, exists := k.index[m[2]]
		if !exists {
			return nil, apiError(http.StatusBadRequest, "Payload contains a non-existing ID")
		}
		all = append(all, playlistItem{m[1], k.things[at], s.now()})
	}
	return all, nil
}
