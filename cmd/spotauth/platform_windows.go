package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

func noCoreDumps() {}

// detach puts cmd into a process group of its own: a Ctrl-C here does not reach it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// replace runs cmd and ends with its exit status; Windows has no exec(2).
func replace(cmd *exec.Cmd) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return statusError(exit.ExitCode())
	}
	return err
}

func forwarded() []os.Signal { return []os.Signal{os.Interrupt} }
