//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/creack/pty"
)

// leaveTerminal keeps the program from asking the developer who runs the tests.
func leaveTerminal() {
	if os.Getenv(onTerminalVar) == "" {
		_, _ = syscall.Setsid() // fails for a program that leads its session
	}
}

// onTerminalVar says that a test has put the program's shell on a terminal.
const onTerminalVar = "SPOTAUTH_TEST_ON_TERMINAL"

// atTerminal runs a program for a person at a terminal and keeps its stdout: for a script's
// "person spotauth login", stderr has what the terminal shows.
func atTerminal() {
	keys, tty, err := pty.Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Env = append(os.Environ(), "TERM=dumb")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, tty
	err = cmd.Start()
	tty.Close()
	shown, _ := io.ReadAll(keys) // ends with an error when the terminal is closed
	fmt.Fprint(os.Stderr, strings.ReplaceAll(string(shown), "\r\n", "\n"))
	if err == nil {
		err = cmd.Wait()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}
