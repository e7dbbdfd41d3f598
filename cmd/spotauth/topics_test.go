package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// These describe the system that the program runs on. No one sets them for spotauth.
const surroundings = " HOME PATH USERPROFILE AppData LocalAppData USER SSH_CONNECTION DISPLAY WAYLAND_DISPLAY WSL_DISTRO_NAME WSL_INTEROP "

func TestHelpListsEveryVariable(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := regexp.MustCompile(`\b(?:env|credential|folder)\("(\w+)"\)|"((?:SPOTAUTH|SPOTIFY)_[A-Z_]+)"`)
	seen := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range read.FindAllStringSubmatch(string(text), -1) {
			variable := m[1] + m[2]
			seen++
			if !strings.Contains(surroundings, " "+variable+" ") && !regexp.MustCompile(`\b`+variable+`\b`).MatchString(environmentHelp) {
				t.Errorf("%s reads %s, which environmentHelp doesn't list", name, variable)
			}
		}
	}
	if seen < 15 {
		t.Errorf("found only %d variables", seen)
	}
}
