package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/keychaintest"
)

// A person at a real shell presses Tab. Neither the keychain nor the network is used,
// although both are there.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []struct {
		name  string
		start []string
		setup string
	}{
		{"bash", []string{"bash", "--norc", "--noprofile", "-i"},
			"bind 'set enable-bracketed-paste off'; bind 'set completion-query-items 500'; bind 'set page-completions off'\r" +
				". /usr/share/bash-completion/bash_completion; . <(spotauth completion bash); complete -p spotauth && echo re''ady\r"},
		{"zsh", []string{"zsh", "-f", "-i"},
			"unset zle_bracketed_paste; autoload -U compinit && compinit -u -D && . <(spotauth completion zsh) && echo re''ady\r"},
		{"fish", []string{"fish", "--no-config", "-i"},
			"set fish_autosuggestion_enabled 0; function fish_prompt; echo -n '$ '; end; spotauth completion fish | source; and echo re''ady\r"},
	} {
		t.Run(shell.name, func(t *testing.T) {
			keychaintest.Need(t, shell.name)
			if shell.name == "bash" {
				needFile(t, "/usr/share/bash-completion/bash_completion")
			}
			m, asked := watchedMachine(t)
			sh := m.sitAt(m.program(shell.start...), 200, nil)
			sh.press(shell.setup)
			sh.see(`\nready`)
			for _, tt := range []struct{ typed, shown string }{
				{"spotauth arti", `spotauth artists `},
				{"spotauth artists --format ", `\scsv\s+excel-csv\s+html\s+json\s+ndjson\s+table\s+tsv\s`},
				{"spotauth artists --sort n", `--sort name `},
				{"spotauth artists --fields ", `\sfollowers\s+genres\s+id\s+image_url\s+name\s+popularity\s+position\s+uri\s+url\s`},
				{"spotauth artists --fields id,po", `\sid,popularity\s+id,position\s`},
				// bash escapes the comma, and goes back for it
				{"spotauth artists --fields id,im", `,image_url`},
				{"spotauth artists --fields +gen", `\+genres`},
				{"spotauth artists --output fol", `--output follows.csv `},
				{"spotauth status --profile ", `\shome\s+work\s`},
				{"spotauth status --profile=h", `--profile=home `},
				{"spotauth profile use w", `profile use work `},
				{"spotauth login --store k", `--store keychain `},
				{"spotauth login --store helper:sil", `:silo `},
				{"spotauth login --scope user-follow-", `\suser-follow-modify\s`},
				{"spotauth login --scope user-t", `--scope user-top-read `},
				{"spotauth sandbox --fault conta", `--fault contains:`},
				{"spotauth sandbox --fault page=3:dri", `page=3:drip`},
				{"spotauth sandbox --fault me:no-disp", `me:no-display_name`},
				{"spotauth sandbox --fault poi", `--fault poison=`},
				{"spotauth token fol", `token fol`}, // takes no file
				{"spotauth api me/tr", `api me/tracks `},
				{"spotauth diff fol", `diff follows.csv `},
				{"spotauth restore --yes fol", `--yes follows.csv `},
				{"spotauth artists --from fol", `--from follows.csv `},
			} {
				from := len(sh.stderr.String())
				switch list := strings.HasPrefix(tt.shown, `\s`); {
				case shell.name == "fish" && list: // which a dumb terminal doesn't show
					sh.press("complete -C '" + tt.typed + "'\r")
					for word := range strings.FieldsSeq(regexp.MustCompile(`\\s\+?`).ReplaceAllString(tt.shown, " ")) {
						sh.showsAfter(from, `\n`+regexp.QuoteMeta(word)+`[\t\r]`)
					}
				case shell.name == "fish": // a second Tab would choose the next word
					sh.press(tt.typed + "\t")
					sh.showsAfter(from, tt.shown)
				default:
					sh.press(tt.typed + "\t\t")
					sh.showsAfter(from, tt.shown)
				}
				sh.press("\x15 echo do''ne\r") // what was typed is cleared
				sh.showsAfter(from, `\ndone`)
			}
			if n := asked.Load(); n > 0 {
				t.Errorf("%d connections to the keychain or the network", n)
			}
		})
	}
}

// needFile is need for what is no program.
func needFile(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat(name); err == nil {
		return
	}
	if os.Getenv("SPOTAUTH_TEST_REQUIRE") != "" {
		t.Fatalf("there is no %s; make deps installs it on Debian", name)
	}
	t.Skipf("there is no %s; make deps installs it on Debian", name)
}

// showsAfter waits until what the terminal showed from an offset on matches.
func (t *terminal) showsAfter(from int, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if re.MatchString(t.stderr.String()[from:]) {
			return
		}
	}
	t.Fatalf("no %s in:\n%q", pattern, t.stderr.String()[from:])
}

// program is any program of the machine.
func (m *machine) program(args ...string) *exec.Cmd {
	cmd := m.command(args[1:]...)
	cmd.Path, cmd.Args[0], cmd.Dir = lookPath(m, args[0]), args[0], m.home
	return cmd
}

func lookPath(m *machine, name string) string {
	m.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		m.Fatal(err)
	}
	return path
}

// watchedMachine has two profiles with logins in the keychain, and counts the
// connections to its keychain and to any network.
func watchedMachine(t *testing.T) (*machine, *atomic.Int32) {
	t.Helper()
	m := newMachine(t)
	var asked atomic.Int32
	count := func(net.Conn, http.ConnState) { asked.Add(1) }
	proxy := httptest.NewUnstartedServer(http.NotFoundHandler())
	proxy.Config.ConnState = count
	proxy.Start()
	t.Cleanup(proxy.Close)
	// Not below the test's folder: the name of a socket may have 107 bytes.
	dir, err := os.MkdirTemp("", "spotauth")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket, err := net.Listen("unix", filepath.Join(dir, "bus"))
	if err != nil {
		t.Fatal(err)
	}
	bus := httptest.NewUnstartedServer(http.NotFoundHandler())
	bus.Listener.Close()
	bus.Listener, bus.Config.ConnState = socket, count
	bus.Start()
	t.Cleanup(bus.Close)

	m.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=" + filepath.Join(dir, "bus")
	m.env["HTTPS_PROXY"], m.env["HTTP_PROXY"] = proxy.URL, proxy.URL
	m.env["TERM"], m.env["PS1"] = "dumb", "$ "
	m.write(filepath.Join(m.env["XDG_CONFIG_HOME"], "spotauth", "config.toml"), `
default = "home"
[profile.home]
client_id = "0123456789abcdef0123456789abcdef"
store = "keychain"
[profile.work]
client_id = "0123456789abcdef0123456789abcdef"
store = "keychain"
`)
	m.write(filepath.Join(m.home, "follows.csv"), "")
	helper := filepath.Join(m.home, "bin", "docker-credential-silo")
	m.write(helper, "")
	if err := os.Chmod(helper, 0o700); err != nil {
		t.Fatal(err)
	}
	m.env["PATH"] += string(filepath.ListSeparator) + filepath.Dir(helper)
	return m, &asked
}

func (m *machine) write(name, text string) {
	m.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
}
