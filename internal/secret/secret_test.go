package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const canary = "canary-4f1d"

func TestStringNeverPrintsItself(t *testing.T) { // S-01
	s := New(canary)
	holder := struct {
		Open   String
		hidden String
		list   []String
		deep   *struct{ s String }
	}{Open: s, hidden: s, list: []String{s}, deep: &struct{ s String }{s}}
	var printed []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t", "%T", "%o", "%U", "%20s"} {
		printed = append(printed,
			fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, []String{s}),
			fmt.Sprintf(verb, map[string]String{"k": s}), fmt.Sprintf(verb, holder), fmt.Sprintf(verb, &holder))
	}
	printed = append(printed, fmt.Sprint(s), fmt.Sprintln(s), fmt.Errorf("wrapped: %v", s).Error(),
		errors.Join(fmt.Errorf("%s", s)).Error())
	j, err := json.Marshal(map[string]any{"s": s, "h": holder, "p": &s})
	if err != nil {
		t.Fatal(err)
	}
	printed = append(printed, string(j))
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "s", s, "p", &s, "h", holder, "list", []String{s})
	}
	printed = append(printed, log.String())
	for _, p := range printed {
		if strings.Contains(p, canary) || strings.Contains(p, fmt.Sprintf("%x", canary)) {
			t.Errorf("printed itself: %s", p)
		}
	}
	if got := fmt.Sprintf("%s|%d|%x", s, s, &s); got != "[redacted]|[redacted]|[redacted]" {
		t.Errorf("got %s", got)
	}
}

func TestReveal(t *testing.T) {
	for _, text := range []string{"", "x", canary} {
		s := New(text)
		if s.Reveal() != text || s.Empty() != (text == "") {
			t.Errorf("New(%q): Reveal %q, Empty %v", text, s.Reveal(), s.Empty())
		}
		if !s.Equal(New(text)) || s.Equal(New(text+"y")) {
			t.Errorf("Equal is wrong for %q", text)
		}
	}
	var zero String
	if !zero.Empty() || zero.Reveal() != "" || !zero.Equal(New("")) {
		t.Error("the zero value is not the empty text")
	}
}

func TestIsVisible(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "BQ-_.~+/=": true, "!": true, "~": true,
		" ": false, "BQ x": false, "BQ\n": false, "\x00": false, "\x7f": false, "é": false, "\xff": false,
	} {
		if got := IsVisible(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
