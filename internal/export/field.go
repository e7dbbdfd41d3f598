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

// defaultFields are the fields of an export without --fields. An address needs a wide
// terminal.
func (o Options) defaultFields() []string {
	if o.Format == Table && 0 < o.Width && o.Width < linkFits {
		return []string{"position", "name", "id"}
	}
	spec, _ := o.Format.spec()
	return spec.fields
}

// ParseFields reads the value of `--fields` for the format and width in o: "" is
// the default, "id,name" chooses, "+genres,position" adds to the default. A field
// shows once, at its first place. The error is a [*UsageError] that lists the
// fields.
func (o Options) ParseFields(value string) ([]string, error) {
	if value == "" {
		return o.defaultFields(), nil
	}
	var fields []string
	value, adds := strings.CutPrefix(value, "+")
	if adds {
		fields = slices.Clone(o.defaultFields())
	}
	for name := range strings.SplitSeq(value, ",") {
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

// value returns the content of a field: an int64, a *string (which needs no
// memory of its own), a []string, or nil if Spotify sent none.
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
		return orNil(&a.URI)
	case "url":
		return orNil(&a.URL)
	case "image_url":
		return orNil(&a.ImageURL)
	case "genres":
		if a.Genres != nil {
			return a.Genres
		}
	case "followers":
		return numberOrNil(a.Followers)
	case "popularity":
		return numberOrNil(a.Popularity)
	}
	return nil
}

// isWithheld reports whether Spotify keeps the field from some apps. Any other field is
// only empty for a single artist: not everyone has a picture.
func isWithheld(field string) bool {
	return field == "genres" || field == "followers" || field == "popularity"
}

// isAddress reports whether s is an https address at one of the hosts, and
// harmless in a page and in an escape sequence. "*.example.com" stands for any
// host below that. No user and no port may be named.
func isAddress(s string, hosts ...string) bool {
	host, _, ok := strings.Cut(strings.TrimPrefix(s, "https://"), "/")
	if !ok || !strings.HasPrefix(s, "https://") || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}", c) >= 0 { // none is part of an address (RFC 3986)
			return false
		}
	}
	return slices.ContainsFunc(hosts, func(wanted string) bool {
		parent, isWild := strings.CutPrefix(wanted, "*")
		return host == wanted || isWild && strings.HasSuffix(host, parent) && host[0] != '.'
	})
}

// orNil returns nil for an empty text, which Spotify did not send.
func orNil(s *string) any {
	if *s == "" {
		return nil
	}
	return s
}

func numberOrNil(n *int64) any {
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
	if utf8.ValidString(s) { // nearly always, and this is faster
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
