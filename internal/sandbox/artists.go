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

// friendlyNames are invented artists that one could follow.
func friendlyNames() []string {
	return []string{
		"Marlowe Finch", "Tidewater Signal", "Inès Caldera", "The Quiet Ferry", "Ottoline Grey", "Velvet Almanac",
		"Juniper & Ash", "Noor Elsayed", "Harbor Street Choir", "Saoirse Lund", "The Late Orchard", "Kitefold",
		"Mateo Arroyo Trio", "Glass Pilots", "Hana Mizuki", "Lowland Static", "Amara Okonjo", "Northbound Letters",
		"Café Mirador", "Elis Vinter", "The Sunday Cartographers", "Paloma Reyes-Hart", "Copper Kettle Club",
		"Theo Marchetti", "Winterplum", "Sable & Thread", "Yuki Tanabe Quartet", "The Long Meadow", "Rosalind Achebe",
		"Static Garden", "Finn Halloran", "Moonlit Allotment", "Las Ventanas Altas", "Ingrid Solheim", "Foxglove Parade",
		"Dario Bellini", "The Understudies", "Ocean Avenue North", "Priya Raman", "Slow Cathedral", "Henrik Aaland",
		"Marigold Radio", "Tamsin Vale", "The Borrowed Suits", "Kofi Mensah Ensemble", "Pale Lighthouse", "Lucía Montero",
		"Evergreen Motel", "Soft Engines", "Bianca Ferreira", "The Cedar Line", "Aurélie Dumont", "Night Bus Home",
		"Jonas Weidner", "Sugar Maple Social", "Leila Haddad", "Hollow Birch", "Emeka Obi", "The Blue Umbrellas",
		"Sunniva Dahl", "Tangerine Post", "Rafael Quintana", "Little Weather", "Odette Laurent", "Granite & Honey",
		"Minh Anh Le", "The Tin Weathervanes", "Clementine Rowe", "Distant Ferris", "Anders Nyberg", "Parlor Ghosts",
		"Zadie Okafor", "Echo Canal", "Beatriz Almeida", "The Morning Shift", "Cassius Bell", "Lantern Lake",
		"Sofia Petrova", "Wild Thyme Society", "Desmond Achterberg", "The Northern Post", "Freya Lindqvist",
		"Cobalt Kitchen", "Nadia Benali", "Humble Comets", "Tomás Herrera", "Silver Birch Sessions", "Mirela Ionescu",
		"The Rooftop Gardeners", "Jasper Whitlock", "Second Summer", "Chiara Fontana", "Arctic Postcards", "Malik Harrow",
		"The Velvet Compass", "Astrid Nygaard", "Honeycomb Drive", "Oskar Zieliński", "Lark & Lantern", "Yara Nascimento",
		"Polaroid Winter", "Emil Brandt", "The Kitchen Table Band", "Imogen Farrow", "Dune Hotel", "Santiago Rivas",
		"Porcelain Birds", "Akiko Mori", "Riverside Motel", "Linnea Berg", "The Satellite Club", "Gideon Price",
		"Cloudberry", "Ewa Kowalczyk", "Plum Rain", "Samir Nassar", "Old Harbor Lights", "Vera Lindholm",
		"The Gentle Machines", "Callum Raine", "Amber Observatory", "Mio Takeda", "Paper Canoe", "Eskil & the Tides",
	}
}

// nastyNames trip up tables, CSV files and shells.
func nastyNames() []string {
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

// newArtists makes the artists of o. Their IDs and pictures depend only on the seed,
// not on the names.
func newArtists(o Options, escapes bool) []artistObject {
	r := rand.New(rand.NewPCG(o.Seed, 2))
	nameOf := specialNames(r, o, escapes)
	all := make([]artistObject, o.Artists)
	for i := range all {
		name := plainName(r)
		if special := nameOf(i); special != "" {
			name = special
		}
		all[i] = newArtist(r, name, o.Mode == ModeExtended)
	}
	return all
}

// specialNames returns a func from an artist's place to its name, "" if any name
// will do. Friendly names come first until all have been used. Every third artist
// has a nasty one.
func specialNames(r *rand.Rand, o Options, escapes bool) func(i int) string {
	shuffle := func(r *rand.Rand, names []string) []string {
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		return names
	}
	friendly := shuffle(rand.New(rand.NewPCG(o.Seed, 5)), friendlyNames())
	nasty := shuffle(r, nastyNames())
	if o.Names == NamesFriendly {
		nasty = nil
	} else {
		friendly = nil
	}
	if escapes {
		nasty = append(escapingNames(), nasty...)
	}
	return func(i int) string {
		switch {
		case i%3 == 1 && i/3 < len(nasty):
			return nasty[i/3]
		case i < len(friendly):
			return friendly[i]
		}
		return ""
	}
}

func newArtist(r *rand.Rand, name string, extended bool) artistObject {
	id := base62(r, 22)
	a := artistObject{
		ExternalURLs: map[string]string{"spotify": "https://open.spotify.com/artist/" + id},
		Href:         "https://api.spotify.com/v1/artists/" + id,
		ID:           id, Images: newImages(r), Name: name, Type: "artist", URI: "spotify:artist:" + id,
	}
	popularity, fans, first, genres := r.IntN(101), r.IntN(9_000_000), r.IntN(len(genreNames)-3), r.IntN(4)
	if extended { // drawn in any mode, so that IDs depend only on the seed
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

// newImages makes three sizes, not always the widest first. One artist in eight has
// none.
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

// base62 makes n characters of the alphabet of Spotify's IDs.
func base62(r *rand.Rand, n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[r.IntN(len(digits))]
	}
	return string(b)
}
