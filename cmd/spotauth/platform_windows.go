package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/windows"
)

func noCoreDumps() (restore func()) { return func() {} }

// detach puts cmd into a process group of its own: a Ctrl-C here does not reach it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// replace runs cmd and ends with its exit status; Windows has no exec(2).
func replace(cmd *exec.Cmd) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // Ctrl-C reaches cmd too, which says what to do
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return statusError(exit.ExitCode())
	}
	return err
}

func forwardedSignals() []os.Signal { return []os.Signal{os.Interrupt} }

// isFromKeyboard reports whether Ctrl-C has reached the command as well: all of a console's programs get it.
func (a *app) isFromKeyboard(os.Signal) bool { return true }

// isReaderGone reports whether the reader of our pipe has gone, as in
// `spotauth artists | more`. Windows has no SIGPIPE to end the writer.
func isReaderGone(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA) ||
		errors.Is(err, windows.ERROR_PIPE_NOT_CONNECTED)
}
