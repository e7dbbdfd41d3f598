package session

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/keychaintest"
)

// T-06: a power cut loses no new refresh token. The content of a login and of the settings
// is on the disk before the file gets its name, and the name is before the command goes on.
func TestWritesAreDurable(t *testing.T) {
	keychaintest.Need(t, "strace")
	dir := t.TempDir()
	save := task{Do: "save", Dir: dir, Store: "file"}.command()
	log := dir + "/trace"
	cmd := exec.Command("strace", append([]string{"-f", "-y", "-s", "4096", "-e", "trace=write,fsync,rename,renameat,renameat2", "-o", log}, save.Args...)...)
	cmd.Env = save.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir + "/state/logins/*.json", dir + "/config/config.toml"} {
		if got, want := stepsOf(string(text), path), []string{"write", "fsync", "rename", "fsync folder"}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", strings.TrimPrefix(path, dir), got, want)
		}
	}
}

// stepsOf lists what a trace has of a file, its temporary file and its folder.
func stepsOf(trace, path string) (steps []string) {
	file := strings.ReplaceAll(regexp.QuoteMeta(path), `\*`, `[^/>"]*`)
	folder := regexp.QuoteMeta(path[:strings.LastIndex(path, "/")])
	temporary := file + `\.\d+`
	for _, line := range strings.Split(trace, "\n") {
		for step, pattern := range map[string]string{
			"write":        `^\d+ +write\(\d+<` + temporary + `>`,
			"fsync":        `^\d+ +fsync\(\d+<` + temporary + `>`,
			"rename":       `^\d+ +rename(at2?)?\(.*"` + temporary + `".*"` + file + `"`,
			"fsync folder": fmt.Sprintf(`^\d+ +fsync\(\d+<%s>`, folder),
		} {
			if regexp.MustCompile(pattern).MatchString(line) {
				steps = append(steps, step)
			}
		}
	}
	return steps
}
