package main

import (
	"archive/zip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/spotauth/spotauth/internal/keychaintest"
	"github.com/spotauth/spotauth/internal/sandbox"
)

// What the documents tell people to type is typed here, at a real shell with a
// real curl, on a machine with a keychain and a stand-in Spotify.

func TestExamplesOfTheHelp(t *testing.T) {
	t.Parallel()
	for _, cmd := range commandsOf(bareRoot()) {
		if strings.Contains(cmd.CommandPath(), " completion") {
			continue // each needs the shell that it is for
		}
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			t.Parallel()
			if cmd.Example == "" || !strings.Contains(cmd.Long, "\n\nExit status") && cmd.HasParent() {
				t.Fatal("the help has no examples, or does not say the exit statuses")
			}
			m := documented(t)
			for line := range strings.Lines(strings.ReplaceAll(cmd.Example, "\\\n", "")) {
				m.types(strings.TrimSpace(line))
			}
		})
	}
}

func TestExamplesOfTheDocuments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file   string
		fewest int
	}{{"README.md", 3}, {"docs/scripting.md", 10}} {
		found := examplesIn(t, tt.file)
		if len(found) < tt.fewest {
			t.Errorf("only %d examples found in %s", len(found), tt.file)
		}
		for i, example := range found {
			t.Run(fmt.Sprintf("%s-%d", filepath.Base(tt.file), i+1), func(t *testing.T) {
				t.Parallel()
				documented(t).types(example)
			})
		}
	}
}

// The README's consoles show what a terminal shows. A line [...] stands for any lines, and
// any date for today's.
func TestConsolesOfTheReadme(t *testing.T) {
	t.Parallel()
	consoles := regexp.MustCompile("(?m)^```console\n((?:[^`].*\n)+)```$").FindAllStringSubmatch(document(t, "README.md"), -1)
	if len(consoles) < 2 {
		t.Fatalf("%d consoles found", len(consoles))
	}
	m := documented(t)
	m.env["BROWSER_MODE"] = "look"
	date := regexp.MustCompile(`\b\d{1,2} [A-Z][a-z]+ \d{4}\b`)
	for _, console := range consoles {
		for _, entry := range strings.Split("\n"+console[1], "\n$ ")[1:] {
			typed, want, _ := strings.Cut(strings.TrimSuffix(entry, "\n"), "\n")
			r := m.sitAt(m.program("sh", "-c", typed), 100, nil).wait()
			shown := date.ReplaceAllString(strings.TrimSuffix(asLeft(r.stderr), "\n"), "DATE")
			pattern := regexp.QuoteMeta(date.ReplaceAllString(want, "DATE"))
			pattern = "(?s)^" + strings.ReplaceAll(pattern, `\[\.\.\.\]`, ".*") + "$"
			if r.status != 0 || !regexp.MustCompile(pattern).MatchString(shown) {
				t.Errorf("%s: status %d; the README shows\n%s\nand the terminal\n%s", typed, r.status, want, shown)
			}
		}
	}
}

func TestReadmeIsShort(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(document(t, "README.md"), "\n"), "\n")
	if len(lines) < 120 || len(lines) > 170 {
		t.Errorf("the README has %d lines", len(lines))
	}
	for i, line := range lines {
		if n := utf8.RuneCountInString(line); n > 100 {
			t.Errorf("README.md:%d has %d columns", i+1, n)
		}
	}
}

// The variables that other programs don't have are in the README too.
func TestReadmeListsTheVariables(t *testing.T) {
	name := regexp.MustCompile(`(?m)^  ((?:SPOTAUTH|SPOTIFY)_[A-Z_]+) `)
	var want [][]string
	for _, m := range name.FindAllStringSubmatch(environmentHelp, -1) {
		want = append(want, m[1:])
	}
	if len(want) < 7 {
		t.Fatalf("the help lists %q", want)
	}
	compareRows(t, "README.md", rowsOf(t, "../../README.md", "(?m)^\\| `([A-Z_]+)` \\|"), want)
}

// What is new since the last time is kept if the list can't be had or is suddenly empty:
// the next run must not call every artist new.
func TestWhatIsNewKeepsItsState(t *testing.T) {
	t.Parallel()
	keychaintest.Need(t, "sh", "jq")
	recipe := exampleWith(t, "changes.json")
	for _, fault := range []string{"page=1:403*", "page=2:429*,retry-after=3600", `page=1:200*,type=application/json,body={"artists":{"items":[],"total":0,"next":null,"cursors":{"after":null}}}`} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			page, _, _ := strings.Cut(fault, ":")
			m.standIn(sandbox.Options{Artists: 60, Faults: []string{page + ":delay=0s", fault}})
			m.signIn()
			r := m.start(m.program("sh", "-c", recipe)).wait()
			before := m.read("before.json")
			if kept := strings.Count(before, `"id"`); r.status != 0 || kept != 60 || strings.Count(r.stdout, "\n") < 60 {
				t.Fatalf("the first time: status %d; %d artists are kept; new are\n%s%s", r.status, kept, r.stdout, r.stderr)
			}
			r = m.start(m.program("sh", "-c", recipe)).wait()
			if r.status == 0 || r.stdout != "" || m.read("before.json") != before {
				t.Errorf("status %d; new are\n%s; kept is\n%s", r.status, r.stdout, m.read("before.json"))
			}
		})
	}
}

// The recipes for api leave whole files, and playlists with the tracks that they are made of.
func TestRecipesForAnyPath(t *testing.T) {
	t.Parallel()
	m := documented(t)
	for _, recipe := range []string{"liked.csv", "playlists.txt", "From a file", "Top 2026", "Top 2026"} {
		m.types(exampleWith(t, recipe))
	}
	liked := m.read("liked.csv")
	m.types(`test "$(wc -l < liked.csv)" -eq "$(spotauth api me/tracks --paginate --jq '[.items[].added_at | select(. >= "2026-07-01")] | length')"`)
	first, last, _ := strings.Cut(liked, "\n")
	if strings.Contains(liked, `"2026-06-`) || !strings.HasPrefix(first, `"2026-09-01T18:30:00Z","Slow Tape","The Cedar Line","spotify:track:`) || !strings.Contains(last, `"2026-07-01`) {
		t.Errorf("liked.csv begins with %s", first)
	}
	for id := range strings.Lines(m.read("playlists.txt")) {
		m.types("jq -e '.total == (.items | length)' playlist-" + strings.TrimSpace(id) + ".json > /dev/null")
	}
	for name, want := range map[string]string{"From a file": "5\n", "Top 2026": "50\n"} {
		r := m.run("api", "me/playlists", "--paginate", "--jq", `.items[] | select(.name == "`+name+`") | .items.total`)
		if r.status != 0 || r.stdout != want {
			t.Errorf("%s: status %d, %s%s", name, r.status, r.stdout, r.stderr)
		}
	}
}

// A recipe that was stopped goes on when it is run again: no playlist is fetched twice, none
// is made twice, and no track is added twice.
func TestRecipesGoOn(t *testing.T) {
	t.Parallel()
	keychaintest.Need(t, "sh", "jq")
	const items = "/playlists/*/items"
	for _, tt := range []struct {
		recipe, fault string
		status        int // of the first time
	}{
		{"playlists.txt", items + "=7:500*4", exitNetwork},
		{"playlists.txt", items + "=9:403-premium", exitOther},
		{"playlists.txt", items + "=3:429,retry-after=1", 0},
		{"playlists.txt", items + "=2:401", 0},
		{"Top 2026", "/me/playlists=3:lost", exitNetwork},
		{"Top 2026", "/me/playlists=3:502", exitNetwork},
		{"Top 2026", items + "=2:lost", exitNetwork},
		{"Top 2026", items + "=2:502", exitNetwork},
		{"Top 2026", items + "=2:429,retry-after=1", 0},
		{"Top 2026", items + "=1:total=7", exitIncomplete},
	} {
		t.Run(tt.recipe+" "+tt.fault, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && strings.HasPrefix(tt.fault, items) {
				t.Skip("starts some hundred processes")
			}
			m := newMachine(t)
			server := m.standIn(sandbox.Options{Artists: 60, Consent: sandbox.ConsentAgree, Faults: []string{tt.fault}})
			m.signIn("--scope", "user-top-read", "--scope", "playlist-read-private", "--scope", "playlist-modify-private")
			run := func() result { return m.start(m.program("sh", "-eu", "-c", exampleWith(t, tt.recipe))).wait() }
			if r := run(); r.status != tt.status {
				t.Fatalf("status %d, want %d: %s", r.status, tt.status, r.stderr)
			}
			begun, asked := len(m.files()), len(server.Requests())
			for range 2 {
				if r := run(); r.status != 0 {
					t.Fatalf("again: status %d: %s", r.status, r.stderr)
				}
			}
			if tt.recipe == "playlists.txt" {
				made := strings.Count(m.read("playlists.txt"), "\n")
				fetched := 0
				for _, r := range server.Requests()[asked:] {
					if strings.HasSuffix(r.Path, "/items") {
						fetched++
					}
				}
				if left := len(m.files()) - begun; made < 50 || left >= made || fetched > left+2 { // one has three pages
					t.Errorf("%d requests for the items of %d playlists of %d", fetched, left, made)
				}
				return
			}
			r := m.run("api", "me/playlists", "--paginate", "--jq", `.items[] | select(.name == "Top 2026") | .items.total`)
			if r.stdout != "50\n" {
				t.Errorf("the playlist: %s%s", r.stdout, r.stderr)
			}
		})
	}
}

// The timer's script and the workflow commit a list that changed, and ask for help if a login
// is needed.
func TestNightlyBackups(t *testing.T) {
	t.Parallel()
	keychaintest.Need(t, "git", "bash")
	steps := followsWorkflow(t).Jobs["save"].Steps
	var export, commit string
	for _, step := range steps {
		switch step.Name {
		case "Export":
			export = step.Run
		case "Commit":
			commit = step.Run
		}
	}
	for _, tt := range []struct{ name, shell, script, help string }{
		{"timer", "sh", blockOf(t, "sh timer", "git commit"), "notify-send Sign in to Spotify again"},
		{"workflow", "bash", "cd ~/follows\n(\n" + export + ")\n" + commit, "gh issue create --title Sign in to Spotify again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := documented(t)
			login := m.start(m.program("sh", "-c", "spotauth session export")).wait()
			m.env["FOLLOWS_LOGIN"] = login.stdout
			m.types("git init --quiet --bare remote && git clone --quiet remote follows && git -C follows config push.default current")
			m.types("git config --global user.name follows && git config --global user.email follows@localhost")
			for _, name := range []string{"gh", "notify-send"} {
				file := filepath.Join(m.home, "bin", name)
				m.write(file, "#!/bin/sh\necho "+name+` "$@" >> ~/asked`+"\n[ \"$1 $2\" != 'issue list' ] || cat ~/issues\n")
				if err := os.Chmod(file, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			m.write(filepath.Join(m.home, "issues"), "")
			m.write(filepath.Join(m.home, "asked"), "")
			script := filepath.Join(m.home, "save-follows")
			m.write(script, tt.script)
			run := func() result { return m.start(m.program(tt.shell, "-e", script)).wait() }
			commits := func() string {
				return m.start(m.program("sh", "-c", "git -C follows rev-list --count HEAD && git -C follows status --porcelain")).wait().stdout
			}
			for range 2 {
				if r := run(); r.status != 0 || commits() != "1\n" || m.read("asked") != "" {
					t.Fatalf("status %d; %s commits; asked %q; stderr:\n%s", r.status, commits(), m.read("asked"), r.stderr)
				}
			}
			m.servers[0].RevokeRefreshTokens()
			m.servers[0].ExpireAccessTokens()
			if r := run(); r.status != exitLogin || commits() != "1\n" || !strings.Contains(m.read("asked"), tt.help) {
				t.Errorf("status %d; %s commits; asked %q; stderr:\n%s", r.status, commits(), m.read("asked"), r.stderr)
			}
			m.write(filepath.Join(m.home, "asked"), "")
			m.write(filepath.Join(m.home, "issues"), "7\tOPEN\tSign in to Spotify again\n")
			if r := run(); tt.name == "workflow" && (r.status != exitLogin || strings.Contains(m.read("asked"), "create")) {
				t.Errorf("the second night: status %d; asked %q", r.status, m.read("asked"))
			}
		})
	}
}

type recipeWorkflow struct {
	Jobs map[string]struct {
		Steps []struct{ Name, Run string }
	}
}

func followsWorkflow(t *testing.T) (w recipeWorkflow) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(blockOf(t, "yaml", "name: follows")), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestActionlintOfTheRecipe(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("only make test builds actionlint")
	}
	lint := exec.Command("go", "run", "-modfile=.ci/tools/go.mod", "github.com/rhysd/actionlint/cmd/actionlint", "-")
	lint.Dir, lint.Stdin = "../..", strings.NewReader(blockOf(t, "yaml", "name: follows"))
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestUnitsOfTheRecipe(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	dir := t.TempDir()
	for name, line := range map[string]string{"follows.service": "Type=oneshot", "follows.timer": "OnCalendar="} {
		unit := strings.ReplaceAll(blockOf(t, "ini", line), "%h/.local/bin/save-follows", "/bin/true")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := exec.Command("systemd-analyze", "verify", "--user", "--man=no", filepath.Join(dir, "follows.timer"), filepath.Join(dir, "follows.service"))
	verify.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+dir)
	if out, err := verify.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// blockOf is the block of docs/scripting.md that is in a language and has the text in it.
func blockOf(t *testing.T, language, text string) string {
	t.Helper()
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(document(t, "docs/scripting.md"), -1) {
		if strings.Contains(m[1], text) {
			return m[1]
		}
	}
	t.Fatalf("no block for %s has %q", language, text)
	return ""
}

func (m *machine) read(name string) string {
	m.Helper()
	text, err := os.ReadFile(filepath.Join(m.home, name))
	if err != nil {
		m.Fatal(err)
	}
	return string(text)
}

// A login is reported as due when one is needed, and not when Spotify can't be asked.
func TestReminderOfALogin(t *testing.T) {
	t.Parallel()
	keychaintest.Need(t, "sh")
	recipe := exampleWith(t, "login is due")
	for fault, due := range map[string]bool{"me:delay=0s": false, "refresh:500*": false, "refresh:429*,retry-after=3600": false, "refresh:revoked": true} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.standIn(sandbox.Options{Artists: 2, Faults: []string{"exchange:expires_in=1", fault}})
			m.signIn()
			r := m.start(m.program("sh", "-c", recipe)).wait()
			if said := strings.Contains(r.stderr, "login is due"); r.status != 0 || said != due {
				t.Errorf("status %d; stderr:\n%s", r.status, r.stderr)
			}
		})
	}
}

func TestExamplesForPowerShell(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("pwsh"); err != nil {
		t.Skip("pwsh is not installed")
	}
	for _, m := range regexp.MustCompile("(?m)^```powershell\n((?:[^`].*\n)+)```$").FindAllStringSubmatch(document(t, "docs/scripting.md"), -1) {
		machine := documented(t)
		if r := machine.start(machine.program("pwsh", "-NoProfile", "-Command", m[1])).wait(); r.status != 0 {
			t.Errorf("%s\nstatus %d: %s", m[1], r.status, r.stderr)
		}
	}
}

func document(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// exampleWith is the example of docs/scripting.md that has the text in it.
func exampleWith(t *testing.T, text string) string {
	t.Helper()
	for _, example := range examplesIn(t, "docs/scripting.md") {
		if strings.Contains(example, text) {
			return example
		}
	}
	t.Fatalf("no example has %q", text)
	return ""
}

// examplesIn are the blocks of a document that are for a shell, and what cron is to run.
func examplesIn(t *testing.T, file string) []string {
	t.Helper()
	var all []string
	for _, m := range regexp.MustCompile("(?m)^```(?:sh(?: api)?\n|crontab\n[0-9* ]+)((?:[^`\n].*\n|\n)*)```$|((?:^ {4}(?:spotauth|go run) .*\n)+)").FindAllStringSubmatch(document(t, file), -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}

// documented is a signed-in machine as the documents assume it: a keychain, a browser, the
// files that the examples read, and Spotify's API at the stand-in.
func documented(t *testing.T) *machine {
	t.Helper()
	needKeychain(t)
	keychaintest.Need(t, "sh", "curl", "jq", "python3")
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 120, Seed: 1, Names: sandbox.NamesFriendly, Consent: sandbox.ConsentAgree})
	address, stop, err := startKeychain(m.home, keychainUnlocked)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	m.env["DBUS_SESSION_BUS_ADDRESS"] = address
	m.env["SPOTAUTH_PASSPHRASE"] = "correct horse battery staple"
	m.canaries = append(m.canaries, sandbox.ClientSecret)
	m.write(filepath.Join(m.home, "secret.txt"), sandbox.ClientSecret+"\n")
	m.write(filepath.Join(m.home, "backup.py"), "import os\nassert os.environ['SPOTIFY_ACCESS_TOKEN']\n")

	m.write(filepath.Join(m.home, "my_spotify_data.zip"), accountData(t))

	curl := filepath.Join(m.home, "bin", "curl")
	m.write(curl, fmt.Sprintf(`#!/bin/sh
for word; do
	shift
	set -- "$@" "$(printf %%s "$word" | sed "s,^https://api.spotify.com/,$SPOTAUTH_SANDBOX/,")"
done
exec %s "$@"
`, lookPath(m, "curl")))
	if err := os.Chmod(curl, 0o700); err != nil {
		t.Fatal(err)
	}
	m.env["PATH"] = filepath.Dir(curl) + string(os.PathListSeparator) + m.env["PATH"]
	m.types("spotauth login --scope user-library-read --scope user-top-read --scope playlist-read-private --scope playlist-modify-private")
	m.types("spotauth api me/tracks --query limit=5 --jq '.items[].track.uri' > tracks.txt")
	m.types("spotauth artists --output follows.csv && cp follows.csv monday.csv && cp follows.csv tuesday.csv")
	return m
}

// accountData is a ZIP file as Spotify sends it to those who ask for their data.
func accountData(t *testing.T) string {
	t.Helper()
	var file strings.Builder
	archive := zip.NewWriter(&file)
	library, err := archive.Create("Spotify Account Data/YourLibrary.json")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(library, `{"artists":[{"name":"The Cedar Line","uri":"spotify:artist:afV0cwh6NuqNh3dQwYtppt"}]}`)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// types runs what a document says, as a person would who reads it from the top.
func (m *machine) types(text string) {
	m.Helper()
	if m.Failed() {
		return
	}
	m.env["BROWSER_MODE"] = "look" // which agrees at this machine's stand-in,
	if strings.Contains(text, "--browser") {
		m.env["BROWSER_MODE"] = "agree" // and not at that of the demo
	}
	if strings.HasPrefix(text, "spotauth sandbox ") && !strings.Contains(text, " -- ") {
		m.interrupts(text)
		return
	}
	// From a checkout the program is run as go run ./cmd/spotauth.
	script := strings.ReplaceAll(text, "go run ./cmd/spotauth", "spotauth")
	cmd := m.program("sh", "-eu", "-c", script)
	var stdout, stderr output
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := within(cmd); err != nil {
		m.Fatalf("%s\n%v; stderr:\n%s", text, err, stderr.String())
	}
	m.sweep("stderr", stderr.String())
	if !regexp.MustCompile(`(?m)^spotauth token [^|]*$`).MatchString(text) {
		m.sweep("stdout", stdout.String())
	}
	if strings.Contains(text, "--begin") { // the person opens it in another machine's browser
		answer := answerTo(m.T, strings.TrimSpace(stdout.String()))
		m.write(filepath.Join(m.home, "address.txt"), answer.String()+"\n")
	}
}

// within runs a command for at most patience.
func within(cmd *exec.Cmd) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	limited := exec.CommandContext(ctx, cmd.Path)
	limited.Args, limited.Env, limited.Dir, limited.Stdout, limited.Stderr = cmd.Args, cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr
	limited.WaitDelay = time.Second // what it left behind may hold the pipes
	return limited.Run()
}

// interrupts types what runs until Ctrl-C, and Ctrl-C when it is up.
func (m *machine) interrupts(text string) {
	m.Helper()
	p := m.start(m.program("sh", "-c", "exec "+text))
	p.stdout.await(m, `^http://127\.0\.0\.1:\d+\n$`)
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		m.Fatal(err)
	}
	if r := p.wait(); r.status != 130 {
		m.Fatalf("%s: status %d; stderr:\n%s", text, r.status, r.stderr)
	}
}

// docs/restore.md moves a list from one account to another, and is typed here from its first
// line to its last, with what it says that the terminal shows.
func TestTheStoryOfARestore(t *testing.T) {
	t.Parallel()
	m := documented(t)
	blocks := regexp.MustCompile("(?m)^ *```sh\n((?: *spotauth .*\n)+) *```\n((?:\n(?: {7}.*\n)+)?)").FindAllStringSubmatch(document(t, "docs/restore.md"), -1)
	asked, shown := 0, 0
	for _, block := range blocks {
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSpace(line)
			if !strings.Contains(line, "restore follows") {
				m.types(line)
				continue
			}
			asked++
			restore := m.inShell("cd " + m.home + " && " + line)
			restore.see(`\[y/N\] $`)
			restore.press("y\r")
			r := restore.wait()
			for want := range strings.Lines(strings.TrimSpace(block[2])) {
				shown++
				if want = strings.TrimSpace(want); !strings.Contains(r.stderr, want) {
					t.Errorf("the terminal doesn't show %q:\n%s", want, r.stderr)
				}
			}
		}
	}
	if len(blocks) != 6 || asked != 1 || shown != 2 {
		t.Errorf("%d blocks, %d questions, %d lines shown", len(blocks), asked, shown)
	}
	r := m.start(m.program("sh", "-c", "spotauth --profile old artists | spotauth --profile new diff --exit-code --strict -")).wait()
	if want := "spotauth: 0 added, 0 removed, 0 renamed, 120 unchanged\n"; r.status != 0 || r.stderr != want {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
}
