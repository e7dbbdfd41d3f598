package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/spotauth/spotauth/internal/sandbox"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"spotauth": main,
		"xdg-open": browserStandIn,
	})
}

// browserStandIn is the browser of the scripts: the program's opener finds it
// as xdg-open. $BROWSER_MODE says what happens in it. It leaves its arguments
// and environment in $WORK, where the canary sweep reads them.
func browserStandIn() {
	address := os.Args[len(os.Args)-1]
	trace := strings.Join(append(os.Args, os.Environ()...), "\n")
	_ = os.WriteFile(filepath.Join(os.Getenv("WORK"), fmt.Sprintf("browser-%d.trace", os.Getpid())), []byte(trace), 0o600)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var err error
	for _, step := range strings.Split(os.Getenv("BROWSER_MODE"), ",") {
		switch step {
		case "agree":
			err = sandbox.Agree(ctx, http.DefaultClient, address)
		case "cancel":
			err = sandbox.Cancel(ctx, http.DefaultClient, address)
		case "noisy":
			fmt.Println("Opening in existing browser session.")
			fmt.Fprintln(os.Stderr, "Gtk-WARNING: something nobody asked about")
		case "foreground":
			defer time.Sleep(20 * time.Second)
		case "fork":
			child := exec.Command("sleep", "20")
			child.Stdout, child.Stderr = os.Stdout, os.Stderr
			err = child.Start()
		case "look":
			_, err = http.Get(address)
		case "fail":
			os.Exit(3)
		case "", "nothing":
		default:
			err = fmt.Errorf("unknown step %q", step)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "xdg-open:", err)
			os.Exit(1)
		}
	}
}
