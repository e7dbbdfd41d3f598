package console_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spotauth/spotauth/internal/console"
)

// corpus is O-04's list of names: what is foreign, and how it shows.
var corpus = []struct{ name, in, want string }{
	{"plain", "Sigur Rós", "Sigur Rós"},
	{"clipboard by OSC 52", "a\x1b]52;c;ZXZpbA==\x07b", `a\u001b]52;c;ZXZpbA==\u0007b`},
	{"clear screen by CSI", "\x1b[2J\x1b[H", `\u001b[2J\u001b[H`},
	{"one-byte CSI", "\u009b2J", `\u009b2J`},
	{"bell", "\a", `\u0007`},
	{"carriage return", "good\rbad", `good\rbad`},
	{"line feed", "good\nspotauth: error: bad", `good\nspotauth: error: bad`},
	{"tab", "a\tb", `a\tb`},
	{"NUL and DEL", "\x00\x7f", `\u0000\u007f`},
	{"right-to-left override", "\u202etxt.exe", `\u202etxt.exe`},
	{"isolates and marks", "\u2066\u2069\u200e\u200f\u061c", `\u2066\u2069\u200e\u200f\u061c`},
	{"separators", "a\u2028b\u2029c", `a\u2028b\u2029c`},
	{"deprecated controls", "\u206a\u206f", `\u206a\u206f`},
	{"noncharacters", "a\ufffe\uffffb\ufdd0\ufdef", `a\ufffe\uffffb\ufdd0\ufdef`},
	{"noncharacters beyond the first plane", "\U0001fffe\U0010ffff", `\ud83f\udffe\udbff\udfff`},
	{"their neighbors", "\ufdcf\ufdf0\ufffd\U0001fffd", "\ufdcf\ufdf0\ufffd\U0001fffd"},
	{"invalid UTF-8", "a\xffb\xc3", `a\xffb\xc3`},
	{"surrogate half", "\xed\xa0\x80", `\xed\xa0\x80`},
	{"a real replacement character", "\ufffd", "\ufffd"},
	{"joined emoji", "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿"},
	{"combining marks", "Z̴̢̛a̶͝l̸go", "Z̴̢̛a̶͝l̸go"},
	{"wide", "椎名林檎", "椎名林檎"},
	{"right to left", "فيروز", "فيروز"},
	{"10 kB", strings.Repeat("a\x1b", 5000), strings.Repeat(`a\u001b`, 5000)},
	{"empty", "", ""},
}

// O-04, B-51: foreign text cannot act on the terminal, and what is harmless stays.
func TestSafe(t *testing.T) {
	for _, row := range corpus {
		t.Run(row.name, func(t *testing.T) {
			if got := console.Safe(row.in); got != row.want {
				t.Errorf("Safe(%q) = %q, want %q", row.in, got, row.want)
			}
		})
	}
}

// O-04: a stream shows what Safe shows, wherever it is cut, but for line ends.
func TestSafeWriterDoesNotDependOnHowTheStreamIsCut(t *testing.T) {
	for _, row := range corpus {
		t.Run(row.name, func(t *testing.T) {
			in := row.in + "\n" // ends what may look like the first half of a character
			want := strings.ReplaceAll(row.want, `\n`, "\n") + "\n"
			for _, step := range []int{1, 2, 3, 5, 1 << 20} {
				var got bytes.Buffer
				w := console.SafeWriter(&got)
				for rest := in; rest != ""; {
					n := min(step, len(rest))
					if wrote, err := w.Write([]byte(rest[:n])); wrote != n || err != nil {
						t.Fatalf("Write = %d, %v, want %d", wrote, err, n)
					}
					rest = rest[n:]
				}
				if got.String() != want {
					t.Errorf("in steps of %d: %q, want %q", step, got.String(), want)
				}
			}
		})
	}
}

// O-04: JSON that is made safe for a terminal still says the same.
func TestSafeJSONHasTheSameValue(t *testing.T) {
	name := "a\u202eb\u009bc\x7fd\u061c\x1b👩‍👧\ufffe\U0010ffff"
	sent, err := json.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := json.Unmarshal([]byte(console.Safe(string(sent))), &got); err != nil {
		t.Fatal(err)
	}
	if got != name {
		t.Errorf("got %q, want %q", got, name)
	}
}

// O-04: whatever comes in, nothing that acts on a terminal goes out.
func FuzzSafe(f *testing.F) {
	for _, row := range corpus {
		f.Add(row.in, 3)
	}
	f.Fuzz(func(t *testing.T, s string, cut int) {
		if out := console.Safe(s); dangerous(out) || strings.Contains(out, "\n") {
			t.Errorf("Safe(%q) = %q", s, out)
		}
		var b bytes.Buffer
		w := console.SafeWriter(&b)
		cut = min(max(0, cut), len(s))
		for _, part := range []string{s[:cut], s[cut:]} {
			if _, err := w.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		if dangerous(b.String()) {
			t.Errorf("SafeWriter wrote %q of %q", b.String(), s)
		}
	})
}

// dangerous is written apart from the code that it checks: by the names of
// UAX 9 and ECMA-48 and not by ranges.
func dangerous(s string) bool {
	const bidi = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
	if !utf8.ValidString(s) || strings.ContainsAny(s, bidi+"\u2028\u2029\x7f") {
		return true
	}
	for _, r := range s {
		if unicode.Is(unicode.Noncharacter_Code_Point, r) {
			return true
		}
		if r < ' ' && r != '\n' || r >= 0x80 && r < 0xa0 {
			return true
		}
	}
	return false
}
