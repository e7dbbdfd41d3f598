package spotify

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
)

// archive keeps artists in a quarter of the memory that they take as values. An
// export needs it only in case the list has to be read twice, so it must cost
// little.
type archive struct {
	pages [][]byte
	page  []byte // kept for its memory
}

const (
	uriPrefix = "spotify:artist:"
	urlPrefix = "https://open.spotify.com/artist/"
)

func (v *archive) add(artists []Artist) {
	v.page = v.page[:0]
	for _, a := range artists {
		uri, isUsualURI := strings.CutSuffix(a.URI, a.ID)
		url, isUsualURL := strings.CutSuffix(a.URL, a.ID)
		isUsual := isUsualURI && isUsualURL && uri == uriPrefix && url == urlPrefix
		v.text(a.ID)
		v.text(a.Name)
		v.text(a.ImageURL)
		v.text(string(a.Raw))
		v.flag(isUsual)
		if !isUsual {
			v.text(a.URI)
			v.text(a.URL)
		}
		v.flag(a.Genres != nil)
		v.page = binary.AppendUvarint(v.page, uint64(len(a.Genres)))
		for _, genre := range a.Genres {
			v.text(genre)
		}
		v.number(a.Followers)
		v.number(a.Popularity)
	}
	v.pages = append(v.pages, bytes.Clone(v.page))
}

func (v *archive) text(s string) {
	v.page = append(binary.AppendUvarint(v.page, uint64(len(s))), s...)
}

func (v *archive) flag(set bool) {
	if set {
		v.page = append(v.page, 1)
	} else {
		v.page = append(v.page, 0)
	}
}

func (v *archive) number(n *int64) {
	v.flag(n != nil)
	if n != nil {
		v.page = binary.AppendVarint(v.page, *n)
	}
}

// all yields the artists in the order in which they were added.
func (v *archive) all(yield func(Artist) bool) {
	for _, page := range v.pages {
		for r := (archived)(page); len(r) > 0; {
			if !yield(r.artist()) {
				return
			}
		}
	}
}

// archived is what is left to read of a page.
type archived []byte

func (r *archived) artist() Artist {
	a := Artist{ID: r.text(), Name: r.text(), ImageURL: r.text()}
	if raw := r.text(); raw != "" {
		a.Raw = json.RawMessage(raw)
	}
	if r.flag() {
		a.URI, a.URL = uriPrefix+a.ID, urlPrefix+a.ID
	} else {
		a.URI, a.URL = r.text(), r.text()
	}
	if r.flag() {
		a.Genres = []string{}
	}
	for range r.length() {
		a.Genres = append(a.Genres, r.text())
	}
	a.Followers, a.Popularity = r.number(), r.number()
	return a
}

func (r *archived) length() uint64 {
	n, size := binary.Uvarint(*r)
	*r = (*r)[size:]
	return n
}

func (r *archived) text() string {
	n := r.length()
	s := string((*r)[:n])
	*r = (*r)[n:]
	return s
}

func (r *archived) flag() bool {
	set := (*r)[0] == 1
	*r = (*r)[1:]
	return set
}

func (r *archived) number() *int64 {
	if !r.flag() {
		return nil
	}
	n, size := binary.Varint(*r)
	*r = (*r)[size:]
	return &n
}
