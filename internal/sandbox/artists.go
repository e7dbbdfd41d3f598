package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// artistObject is the Web API's artist. Since 2026 an app in development mode
// gets it without followers, genres and popularity,
// https://developer.spotify.com/documentation/web-api/references/changes/february-2026.
type artistObject struct {
	ExternalURLs map[string]string `json:"external_urls"`
	Followers    *followers        `json:"followers,omitempty"`
	Genres       []string          `json:"genres,omitzero"`
	Href         string            `json:"href"`
	ID           string            `json:"id"`
	Images       []image           `json:"images"`
	Name         string            `json:"name"`
	Popularity   *int              `json:"popularity,omitempty"`
	Type         string            `json:"type"`
	URI          string            `json:"uri"`
}

type followers struct {
	Href  *string `json:"href"`
	Total int     `json:"total"`
}

type image struct {
	URL    string `json:"url"`
	Height int    `json:"height"`
	Width  int    `json:"width"`
}

// awkwardNames are what a table, a CSV file or a shell trips over.
func awkwardNames() []string {
	return []string{
		"+44", "=LOVE", "-M-", "@onefive", "Salt, Pepper & Sons", `The "Quoted" Few`, "Two\nLines", "O'Hara's 'Band'",
		"🦊 Fox Parade 🎷", "👩‍🚀👨‍👩‍👧 Crew", "فرقة الليل", "להקת הים", "東京ナイトクラブ", "서울 밤거리", "Zoe\u0308 & the Combining", "Ænima Øre Ñandú",
		"<b>bold</b> & co", `back\slash`, "semi;colon", "tab\tstop", "0012", "null", "TRUE", " spaces around ", "|pipe|", "#hash", "%s %d",
		strings.Repeat("A Very Long Name Indeed ", 12) + "Ensemble",
	}
}

// escapingNames try to reach a terminal through the artist's name.
func escapingNames() []string {
	return []string{
		"\x1b[31mRed\x1b[0m", "\x1b]52;c;c3BvdGF1dGg=\x07Clipboard", "\x1b]0;title\x07Title", "bell\a", "return\rcarriage",
		strings.Repeat("endless ", 1250), "\u202egnidliub\u202c", "\u2066isolate\u2069", "c1\u009b31m", "line\u2028separator", "nul\x00byte",
	}
}

var (
	nameOpenings = []string{"The", "Los", "New", "Old", "Young", "Little", "Grand", "Silent", "Electric", "Midnight", "Golden", "Northern", "Paper", "Velvet", "Broken", "Distant"}
	nameCores    = []string{"Lantern", "Harbour", "Machine", "Orchard", "Signal", "Meadow", "Engine", "Atlas", "Ember", "Pilot", "Monsoon", "Cathedral", "Falcon", "Tide", "Mirror", "Glacier", "Garden", "Wolf", "Radio", "Bridge"}
	nameEndings  = []string{"Trio", "Club", "Quartet", "Society", "Ensemble", "Collective", "Sisters", "Brothers", "Union", "Orchestra", "Band", "Parade"}
	genreNames   = []string{"art pop", "chamber folk", "city pop", "drill", "r&b", "post-punk", "cumbia", "neo soul; live", "jazz, modal"}
)

// newArtists makes n artists from the seed, names that are awkward among them:
// every third place has one until all have been seen.
func newArtists(r *rand.Rand, n int, extended, escapes bool) []artistObject {
	awkward := awkwardNames()
	r.Shuffle(len(awkward), func(i, j int) { awkward[i], awkward[j] = awkward[j], awkward[i] })
	if escapes {
		awkward = append(escapingNames(), awkward...)
	}
	all := make([]artistObject, n)
	for i := range all {
		name := plainName(r)
		if i%3 == 1 && i/3 < len(awkward) {
			name = awkward[i/3]
		}
		all[i] = newArtist(r, name, extended)
	}
	return all
}

func newArtist(r *rand.Rand, name string, extended bool) artistObject {
	id := base62(r, 22)
	a := artistObject{
		ExternalURLs: map[string]string{"spotify": "https://open.spotify.com/artist/" + id},
		Href:         "https://api.spotify.com/v1/artists/" + id,
		ID:           id, Images: newImages(r), Name: name, Type: "artist", URI: "spotify:artist:" + id,
	}
	popularity, fans, first, genres := r.IntN(101), r.IntN(9_000_000), r.IntN(len(genreNames)-3), r.IntN(4)
	if extended { // drawn either way: the ids are the seed's alone
		a.Popularity, a.Followers = &popularity, &followers{Total: fans}
		a.Genres = append([]string{}, genreNames[first:first+genres]...)
	}
	return a
}

func plainName(r *rand.Rand) string {
	name := pick(r, nameOpenings) + " " + pick(r, nameCores)
	if r.IntN(3) == 0 {
		name += " " + pick(r, nameEndings)
	}
	return name
}

// newImages gives three sizes, not always widest first; one artist in eight
// has none.
func newImages(r *rand.Rand) []image {
	images := []image{}
	if r.IntN(8) == 0 {
		return images
	}
	hash := fmt.Sprintf("%016x%08x", r.Uint64(), r.Uint32())
	for _, side := range []int{640, 320, 160} {
		images = append(images, image{fmt.Sprintf("https://i.scdn.co/image/ab67616100%06x%s", side, hash), side, side})
	}
	if r.IntN(3) == 0 {
		r.Shuffle(len(images), func(i, j int) { images[i], images[j] = images[j], images[i] })
	}
	return images
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// base62 is n characters of Spotify's alphabet for ids.
func base62(r *rand.Rand, n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[r.IntN(len(digits))]
	}
	return string(b)
}
