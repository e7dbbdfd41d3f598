package main

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	const revision = "0123456789abcdef0123456789abcdef01234567"
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.time", Value: "2026-11-01T10:00:00Z"}, {Key: "vcs.modified", Value: modified}}
	}
	for _, tt := range []struct {
		name                  string
		main                  string
		settings              []debug.BuildSetting
		version, commit, date string
		want                  string
	}{
		{"release", "(devel)", vcs("false"), "1.2.3", "fedcba9876543210", "2026-11-02T10:00:00Z",
			"1.2.3 (commit fedcba987654, 2026-11-02T10:00:00Z, go1.26)"},
		{"release without the repository's word", "(devel)", nil, "1.2.3", "fedcba9", "2026-11-02T10:00:00Z",
			"1.2.3 (commit fedcba9, 2026-11-02T10:00:00Z, go1.26)"},
		{"go install", "v1.2.3", nil, "", "", "", "1.2.3 (go1.26)"},
		{"checkout", "v1.2.4-0.20261101100000-0123456789ab", vcs("false"), "", "", "",
			"1.2.4-0.20261101100000-0123456789ab (commit 0123456789ab, 2026-11-01T10:00:00Z, go1.26)"},
		{"changed checkout", "(devel)", vcs("true"), "", "", "",
			"(devel) (commit 0123456789ab with changes, 2026-11-01T10:00:00Z, go1.26)"},
		{"nothing known", "", nil, "", "", "", "unknown (go1.26)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			info := &debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: tt.main}, Settings: tt.settings}
			if got := versionOf(info, tt.version, tt.commit, tt.date); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
