package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pkg/browser"
	"github.com/spf13/cobra"
)

// openerCmd is the name under which the program starts itself to open a page.
const openerCmd = "open-in-browser"

// openBrowser shows the address in the person's browser. Every user of the machine can read it
// in the list of processes, so it must hold no secret. A second copy of this program does it, in
// a session of its own. Whatever the opener does there (stay in the foreground, hang, print,
// fork), it cannot hold up the sign-in, write to stdout, draw on the terminal, or die of the
// Ctrl-C that ends the sign-in.
func (a *app) openBrowser(ctx context.Context, address string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, openerCmd, address)
	cmd.Env = a.harmlessEnvironment()
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err = <-done:
		return err
	case <-ctx.Done():
		return nil
	}
}

// hasDisplay reports whether a browser has anywhere to show a page. Without that,
// an opener on Linux would try the browsers for the terminal.
func (a *app) hasDisplay() bool {
	return runtime.GOOS != "linux" || a.isWSL() ||
		a.env("BROWSER") != "" || a.env("DISPLAY") != "" || a.env("WAYLAND_DISPLAY") != ""
}

func newOpenerCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    openerCmd + " URL",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(_ *cobra.Command, args []string) error { return a.openHere(args[0]) },
	}
}

// openHere tries $BROWSER, then under WSL the Windows side, then pkg/browser.
func (a *app) openHere(address string) error {
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		return usageError{fmt.Errorf("not a web address: %q", address)}
	}
	for _, words := range a.openers() {
		words = withAddress(words, address)
		if exec.Command(words[0], words[1:]...).Run() == nil { //nolint:gosec // the person's own $BROWSER
			return nil
		}
	}
	browser.Stdout, browser.Stderr = nil, nil
	return browser.OpenURL(address)
}

// withAddress puts the address in the place of %s, or else at the end, as other programs
// read $BROWSER.
func withAddress(words []string, address string) []string {
	var all []string
	placed := false
	for _, word := range words {
		placed = placed || strings.Contains(word, "%s")
		all = append(all, strings.ReplaceAll(word, "%s", address))
	}
	if !placed {
		all = append(all, address)
	}
	return all
}

// openers are the command lines to try before pkg/browser, without the address.
func (a *app) openers() [][]string {
	var all [][]string
	for _, entry := range filepath.SplitList(a.env("BROWSER")) {
		if words := strings.Fields(entry); len(words) > 0 {
			all = append(all, words)
		}
	}
	if a.isWSL() {
		all = append(all, []string{"wslview"}, []string{"rundll32.exe", "url.dll,FileProtocolHandler"})
	}
	return all
}

func (a *app) isWSL() bool { return a.env("WSL_DISTRO_NAME") != "" || a.env("WSL_INTEROP") != "" }
