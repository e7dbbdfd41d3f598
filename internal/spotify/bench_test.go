package spotify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// wholePage is what a client decodes that keeps all of an answer.
type wholePage struct {
	Artists struct {
		Href    string `json:"href"`
		Limit   int    `json:"limit"`
		Next    string `json:"next"`
		Total   int    `json:"total"`
		Cursors struct {
			After string `json:"after"`
		} `json:"cursors"`
		Items []struct {
			ExternalURLs map[string]string `json:"external_urls"`
			Followers    struct {
				Total int `json:"total"`
			} `json:"followers"`
			Genres []string `json:"genres"`
			Href   string   `json:"href"`
			ID     string   `json:"id"`
			Images []struct {
				URL           string `json:"url"`
				Height, Width int
			} `json:"images"`
			Name       string `json:"name"`
			Popularity int    `json:"popularity"`
			Type       string `json:"type"`
			URI        string `json:"uri"`
		} `json:"items"`
	} `json:"artists"`
}

// BenchmarkDecodePage measures a page of 50 artists in both shapes of the
// object, against encoding/json into structs that hold the whole answer.
func BenchmarkDecodePage(b *testing.B) {
	for shape, file := range map[string]string{"2015": "me-following-page-2015.json", "2026": "me-following-devmode-2026-derived.json"} {
		body := fullPage(b, file)
		b.Run(shape+"/spotauth", func(b *testing.B) {
			measure(b, body, func() error { _, err := decodePage(body, false); return err })
		})
		b.Run(shape+"/spotauth raw", func(b *testing.B) {
			measure(b, body, func() error { _, err := decodePage(body, true); return err })
		})
		b.Run(shape+"/encoding-json", func(b *testing.B) {
			measure(b, body, func() error { return json.NewDecoder(bytes.NewReader(body)).Decode(new(wholePage)) })
		})
	}
}

func measure(b *testing.B, body []byte, decode func() error) {
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decode(); err != nil {
			b.Fatal(err)
		}
	}
}

// fullPage repeats the artists of a captured page until there are 50.
func fullPage(b *testing.B, file string) []byte {
	p, err := decodePage(read(b, file), true)
	if err != nil {
		b.Fatal(err)
	}
	var items [][]byte
	for n := range pageSize {
		items = append(items, p.artists[n%len(p.artists)].Raw)
	}
	return fmt.Appendf(nil, `{"artists":{"items":[%s],"next":null,"total":50,"cursors":{"after":null}}}`, bytes.Join(items, []byte(",")))
}
