package sandbox

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// thing is an object of the Web API. Its JSON is made once, so a page is little more
// than a copy.
type thing struct {
	id, name string
	json     []byte // as in a list of its own
	inside   []byte // as in the list of what it belongs to; nil: the same
	parent   int    // the artist of an album, the album of a track, the show of an episode
}

// kind has all things of one type, such as "artist".
type kind struct {
	things []thing
	index  map[string]int // of an ID in things
}

func newKind(n int) *kind { return &kind{index: make(map[string]int, n)} }

func (k *kind) add(t thing) {
	k.index[t.id] = len(k.things)
	k.things = append(k.things, t)
}

// childrenOf returns the things that belong to parent.
func (k *kind) childrenOf(parent int) (all []thing) {
	for _, t := range k.things {
		if t.parent == parent {
			all = append(all, t)
		}
	}
	return all
}

// newArtistKind makes the artists that exist.
func newArtistKind(o Options, escapes bool) *kind {
	k := newKind(o.Artists)
	for _, a := range newArtists(o, escapes) {
		k.add(thing{id: a.ID, name: a.Name, json: encode(a)})
	}
	return k
}

// How much there is of everything but artists. Options can change savedTracks.
const (
	savedTracks     = 345
	savedAlbums     = 60
	tracksOnAlbum   = 10
	albumsOfFirst   = 13 // of the first artist
	shows           = 24
	episodesOfShow  = 20
	savedEpisodes   = 55
	audiobooks      = 8
	topRows         = 60
	playedTracks    = 50
	ownPlaylists    = 53
	othersPlaylists = 2
)

// catalog has everything but the artists, by type. It is made from the seed when it
// is first needed, because most runs only list artists.
type catalog map[string]*kind

type fields map[string]any

// kindOf finds the things of a type, nil if there is no such type. The caller
// holds s.mu.
func (s *Server) kindOf(name string) *kind {
	if name == "artist" {
		return s.artists
	}
	if s.catalog == nil {
		s.catalog = newCatalog(s.options, s.artists)
	}
	return s.catalog[name]
}

func newCatalog(o Options, artists *kind) catalog {
	m := maker{r: rand.New(rand.NewPCG(o.Seed, 3)), artists: artists.things}
	if len(m.artists) == 0 {
		a := newArtist(m.r, plainName(m.r), false)
		m.artists = []thing{{id: a.ID, name: a.Name}}
	}
	c := catalog{"album": newKind(0), "track": newKind(0), "show": newKind(0), "episode": newKind(0), "audiobook": newKind(0)}
	for i := range max(savedAlbums, o.Tracks/tracksOnAlbum+1) {
		m.album(c, i)
	}
	for range shows {
		m.show(c)
	}
	for range audiobooks {
		m.audiobook(c)
	}
	return c
}

// maker makes objects of the Web API, with the fields that development mode has.
type maker struct {
	r       *rand.Rand
	artists []thing
}

// base makes the fields that all objects share.
func (m maker) base(kind, name string) (id string, object fields) {
	id = base62(m.r, 22)
	return id, fields{
		"external_urls": fields{"spotify": "https://open.spotify.com/" + kind + "/" + id},
		"href":          "https://" + apiHost + "/v1/" + kind + "s/" + id,
		"id":            id, "name": name, "type": kind, "uri": "spotify:" + kind + ":" + id,
	}
}

func (m maker) date() string {
	return time.Date(1996+m.r.IntN(30), time.Month(1+m.r.IntN(8)), 1+m.r.IntN(28), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

func (m maker) album(c catalog, i int) {
	by := i % len(m.artists)
	if i < albumsOfFirst {
		by = 0
	}
	a := m.artists[by]
	artist := []fields{{
		"external_urls": fields{"spotify": "https://open.spotify.com/artist/" + a.id}, "href": "https://" + apiHost + "/v1/artists/" + a.id,
		"id": a.id, "name": a.name, "type": "artist", "uri": "spotify:artist:" + a.id,
	}}
	id, album := m.base("album", title(m.r))
	album["album_type"], album["artists"], album["images"] = "album", artist, newImages(m.r)
	album["release_date"], album["release_date_precision"], album["total_tracks"] = m.date(), "day", tracksOnAlbum
	c["album"].add(thing{id: id, name: album["name"].(string), json: encode(album), parent: by})
	for n := range tracksOnAlbum {
		m.track(c["track"], album, artist, i, n+1)
	}
}

func (m maker) track(k *kind, album fields, artist []fields, of, number int) {
	id, track := m.base("track", title(m.r))
	track["artists"], track["disc_number"], track["track_number"] = artist, 1, number
	track["duration_ms"], track["explicit"], track["is_local"] = 120_000+m.r.IntN(240_000), m.r.IntN(9) == 0, false
	inside := encode(track)
	track["album"], track["external_ids"] = album, fields{"isrc": fmt.Sprintf("QZ%s%07d", base62(m.r, 3), m.r.IntN(10_000_000))}
	k.add(thing{id: id, name: track["name"].(string), json: encode(track), inside: inside, parent: of})
}

func (m maker) show(c catalog) {
	id, show := m.base("show", title(m.r))
	show["description"], show["explicit"], show["images"] = "A show about "+title(m.r)+".", false, newImages(m.r)
	show["languages"], show["media_type"], show["total_episodes"] = []string{"en"}, "audio", episodesOfShow
	of := len(c["show"].things)
	c["show"].add(thing{id: id, name: show["name"].(string), json: encode(show)})
	for n := range episodesOfShow {
		id, episode := m.base("episode", fmt.Sprintf("%d: %s", n+1, title(m.r)))
		episode["description"], episode["explicit"], episode["images"] = "In this episode: "+title(m.r)+".", false, newImages(m.r)
		episode["duration_ms"], episode["language"] = 900_000+m.r.IntN(3_600_000), "en"
		episode["release_date"], episode["release_date_precision"] = m.date(), "day"
		inside := encode(episode)
		episode["show"] = show
		c["episode"].add(thing{id: id, name: episode["name"].(string), json: encode(episode), inside: inside, parent: of})
	}
}

func (m maker) audiobook(c catalog) {
	id, book := m.base("audiobook", title(m.r))
	book["authors"], book["narrators"] = []fields{{"name": plainName(m.r)}}, []fields{{"name": plainName(m.r)}}
	book["description"], book["explicit"], book["images"] = "A book about "+title(m.r)+".", false, newImages(m.r)
	book["languages"], book["media_type"], book["total_chapters"] = []string{"en"}, "audio", 8+m.r.IntN(30)
	c["audiobook"].add(thing{id: id, name: book["name"].(string), json: encode(book)})
}

var (
	titleOpenings = []string{"Slow", "Long", "Late", "Blue", "Borrowed", "Second", "Quiet", "Winter", "Paper", "Salt"}
	titleCores    = []string{"Morning", "Letters", "Water", "Ferries", "Windows", "Summer", "Harbor Lights", "Maps", "Birds", "Tape"}
	titleEndings  = []string{"in June", "for Two", "at Home", "Again", "After Rain", "by Train"}
)

// title makes the name of anything but an artist.
func title(r *rand.Rand) string {
	name := pick(r, titleOpenings) + " " + pick(r, titleCores)
	if r.IntN(2) == 0 {
		name += " " + pick(r, titleEndings)
	}
	return name
}
