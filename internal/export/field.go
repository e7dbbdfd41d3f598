package export

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spotauth/spotauth/internal/spotify"
)

// Fields lists the names of all fields, in the order of a whole record:
//
//   - position: 1 is the artist that Spotify listed first, whatever the order of the rows
//   - id, name, uri, url: as Spotify sent them
//   - image_url: the widest picture
//   - genres, followers, popularity: withheld from apps in development mode since 2026
func Fields() []string {
	return []string{"position", "id", "name", "uri", "url", "image_url", "genres", "followers", "popularity"}
}

// DefaultFields are the fields that f shows when nobody chose: all of them in
// json and ndjson, those that every artist has in the others.
func DefaultFields(f Format) []string {
	if f == JSON || f == NDJSON {
		return Fields()
	}
	return []string{"id", "name", "uri", "url", "image_url"}
}

// ParseFields reads the value of `--fields`: "" is the default of f, "id,name"
// chooses, "+genres,position" adds to the default. A field shows once, where
// it was named first. The error is a [*UsageError] that lists the fields.
func ParseFields(f Format, spec string) ([]string, error) {
	if spec == "" {
		return DefaultFields(f), nil
	}
	var fields []string
	spec, adds := strings.CutPrefix(spec, "+")
	if adds {
		fields = DefaultFields(f)
	}
	for name := range strings.SplitSeq(spec, ",") {
		name = strings.TrimSpace(name)
		if adds {
			name = strings.TrimPrefix(name, "+")
		}
		if !slices.Contains(Fields(), name) {
			return nil, usage("unknown field %q: the fields are %s", name, strings.Join(Fields(), ", "))
		}
		if !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	}
	return fields, nil
}

// record is an artist, its place in Spotify's list, and what its chosen fields hold.
type record struct {
	position int64
	artist   spotify.Artist
	values   []any
}

// value gives the content of a field: an int64, a *string (which takes no
// memory of its own), a []string, or nil where Spotify sent none.
func (r *record) value(field string) any {
	a := &r.artist
	switch field {
	case "position":
		return r.position
	case "id":
		return &a.ID
	case "name":
		return &a.Name
	case "uri":
		return sent(&a.URI)
	case "url":
		return sent(&a.URL)
	case "image_url":
		return sent(&a.ImageURL)
	case "genres":
		if a.Genres != nil {
			return a.Genres
		}
	case "followers":
		return number(a.Followers)
	case "popularity":
		return number(a.Popularity)
	}
	return nil
}

// withheld says whether Spotify keeps the field from some apps. Another one
// that is empty is so for the artist: not everybody has a picture.
func withheld(field string) bool {
	return field == "genres" || field == "followers" || field == "popularity"
}

func sent(s *string) any {
	if *s == "" {
		return nil
	}
	return s
}

func number(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

// cell is a value as plain text in valid UTF-8; a list is joined with ";".
func cell(v any) string {
	switch v := v.(type) {
	case *string:
		return valid(*v)
	case int64:
		return strconv.FormatInt(v, 10)
	case []string:
		return valid(strings.Join(v, ";"))
	}
	return ""
}

func valid(s string) string {
	if utf8.ValidString(s) { // as nearly all is, and this tells it at once
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
