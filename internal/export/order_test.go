package export_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/spotify"
)

func TestOrder(t *testing.T) {
	list := []spotify.Artist{
		{ID: "f", Name: "zebra"},
		{ID: "b", Name: "Ärzte"},
		{ID: "e", Name: "apple"},
		{ID: "a", Name: "Zebra"},
		{ID: "d", Name: "apple"},
		{ID: "c", Name: "Arzt"},
		{ID: "G", Name: "Éa"},
	}
	rows := []struct {
		order export.Order
		want  string
	}{
		{"", "1f 2b 3e 4a 5d 6c 7G"},
		{export.Recent, "1f 2b 3e 4a 5d 6c 7G"},
		{export.ByName, "5d 3e 6c 2b 7G 4a 1f"}, // equal names by id
		{export.ByID, "7G 4a 2b 6c 5d 3e 1f"},
	}
	for _, row := range rows {
		t.Run(string(row.order), func(t *testing.T) {
			got, res := render(t, export.Options{Format: export.NDJSON, Sort: row.order, JQ: `"\(.position)\(.id)"`}, list)
			if words := strings.Fields(got); !slices.Equal(words, strings.Fields(row.want)) || res.Rows != len(list) {
				t.Errorf("got %v (%d rows), want %s", words, res.Rows, row.want)
			}
		})
	}
}

// The order of names: symbols, digits, letters without accents and capitals, one
// script after the other. The accents and capitals count only between equals.
func TestOrderOfNames(t *testing.T) {
	want := []string{
		"", "\u0301", "!!!", "'Til Tuesday", "+44", "2 Chainz", "２Pac", "@onefive", "[spunge]",
		"ABBA", "Ærø", "Beyonce", "Beyonce\u0301", "Beyoncé", "beyoncé", "Björk", "Bjork 2", "Đorđe", "ﬁne", "ﬁnery", "Łona",
		"MO\u0308", "Mo", "MØ", "Mø Live", "Œuvre", "Sigur Rós", "sigur ros 2", "Straße", "Strassen", "zebra",
		"Άννα", "Βίκη", "ДДТ", "Кино", "שלום", "فيروز", "लता", "लाता", "かぐや姫", "カラ", "中島美嘉", "椎名林檎", "😀",
	}
	for seed := range uint64(20) {
		list := named(want...)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		text, _ := render(t, export.Options{Format: export.JSON, Sort: export.ByName, JQ: "map(.name)"}, list)
		var got []string
		if err := json.Unmarshal([]byte(text), &got); err != nil || !slices.Equal(got, want) {
			t.Fatalf("got %q (%v), want %q", got, err, want)
		}
	}
}

// Whatever the names are, sorting loses and doubles nobody.
func FuzzOrderKeepsEverybody(f *testing.F) {
	for _, a := range artists() {
		f.Add(a.Name, "b\xff", "각\u1100\u1161")
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		list := []spotify.Artist{{ID: "1", Name: a}, {ID: "2", Name: b}, {ID: "3", Name: c}, {ID: "4", Name: a}}
		got, _ := render(t, export.Options{Format: export.TSV, Sort: export.ByName, Fields: []string{"id"}}, list)
		ids := strings.Fields(got)[1:]
		slices.Sort(ids)
		if !slices.Equal(ids, []string{"1", "2", "3", "4"}) {
			t.Errorf("ids %v of %q", ids, []string{a, b, c, a})
		}
	})
}
