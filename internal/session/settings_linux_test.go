package session

import (
	"os"
	"strings"
	"testing"
)

// K-01: settings that cannot be written are found out before consent too, or the
// login that was agreed to would not be found again.
func TestProbeOfSettings(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	if err := mustOpen(t, o).Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(o.ConfigDir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	o.ConfigDir = "/proc/self/spotauth" // no user can make a folder there, not even root
	if err := mustOpen(t, o).Probe(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "writing the settings: ") {
		t.Errorf("%v", err)
	}
}
