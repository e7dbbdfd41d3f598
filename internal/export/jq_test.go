package export_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/export"
)

func TestJQ(t *testing.T) {
	json, ndjson := export.JSON, export.NDJSON
	rows := []struct {
		name string
		o    export.Options
		want string
	}{
		{"once over the array", export.Options{Format: json, JQ: "length"}, "2\n"},
		{"once an object", export.Options{Format: ndjson, JQ: ".position"}, "1\n2\n"},
		{"strings are bare", export.Options{Format: json, JQ: ".[].name"}, "Sigur Rós\nEarth, Wind & Fire\n"},
		{"the rest is JSON", export.Options{Format: json, JQ: `[1.5, null, "a&<"], {b: true}, null, false`},
			"[1.5,null,\"a&<\"]\n{\"b\":true}\nnull\nfalse\n"},
		{"missing counts are null", export.Options{Format: ndjson, JQ: "[.followers, .genres]", Fields: []string{"followers", "genres"}},
			"[1234567,[\"icelandic pop\",\"post-rock\"]]\n[0,[]]\n"},
		{"only the chosen fields", export.Options{Format: ndjson, JQ: "keys", Fields: []string{"name", "id"}}, "[\"id\",\"name\"]\n[\"id\",\"name\"]\n"},
		{"Spotify's own object", export.Options{Format: ndjson, JQ: ".unknown[0], .n", Raw: true}, "0.50\n9007199254740993\n1.50\n9007199254740993\n"},
		{"in the wanted order", export.Options{Format: json, JQ: ".[].position", Sort: export.ByName}, "2\n1\n"},
		{"nothing", export.Options{Format: json, JQ: "empty"}, ""},
		{"halt", export.Options{Format: json, JQ: "1, halt, 2"}, "1\n"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got, _ := render(t, row.o, artists()[:2]); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// O-01: a program that fails half way leaves nothing on stdout.
func TestJQErrors(t *testing.T) {
	rows := []struct{ name, program, fails string }{
		{"wrong type", `.[0].name, .[0].name.x`, "jq: expected an object but got: string"},
		{"error", `.[0], error("enough")`, "jq: error: enough"},
		{"halt_error", `"bye" | halt_error`, "jq: halt error: bye"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var b bytes.Buffer
			_, err := export.Write(t.Context(), &b, export.Options{Format: export.JSON, JQ: row.program}, listing(artists()))
			if err == nil || !strings.HasPrefix(err.Error(), row.fails) {
				t.Errorf("error %v, want %q", err, row.fails)
			}
			if b.Len() > 0 {
				t.Errorf("wrote %q", b.String())
			}
		})
	}
}

// L-17: Ctrl-C ends a program that never ends by itself.
func TestJQEndsWithItsContext(t *testing.T) {
	for _, f := range []export.Format{export.JSON, export.NDJSON} {
		endsSoon(t, func(ctx context.Context) error {
			_, err := export.Write(ctx, &limited{n: 1 << 30}, export.Options{Format: f, JQ: "last(repeat(1))"}, listing(artists()))
			return err
		})
	}
}

// endsSoon checks that f ends when its context does. A busy machine may be late:
// the best of five tries counts.
func endsSoon(t *testing.T, f func(context.Context) error) {
	t.Helper()
	best := time.Hour
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		start := time.Now()
		err := f(ctx)
		best = min(best, time.Since(start))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if best < 300*time.Millisecond {
			return
		}
	}
	t.Errorf("it took %v to end", best)
}
