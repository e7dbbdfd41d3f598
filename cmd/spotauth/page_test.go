package main

import (
	"os"
	"strings"
	"testing"
)

// Signing in to the stand-in shows two pages: its consent page, and the page of the sign-in.
// The packages share no code, so both contain the stylesheet.
func TestBothPagesHaveOneStylesheet(t *testing.T) {
	styles := map[string]bool{}
	for _, name := range []string{"../../internal/auth/page.html", "../../internal/sandbox/page.html"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, style, _ := strings.Cut(string(text), "<style>")
		style, _, found := strings.Cut(style, "</style>")
		if !found {
			t.Fatalf("%s has no stylesheet", name)
		}
		styles[style] = true
	}
	if len(styles) != 1 {
		t.Error("the stylesheets of internal/auth/page.html and internal/sandbox/page.html differ")
	}
}
