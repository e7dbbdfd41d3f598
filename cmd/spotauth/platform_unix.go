//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// noCoreDumps keeps tokens out of a core file, should the program ever crash.
func noCoreDumps() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_CORE, &limit) == nil {
		limit.Cur = 0
		_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &limit)
	}
}

// detach gives cmd a session of its own: a Ctrl-C here does not reach it, and
// a browser for the terminal finds no terminal to draw on.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// replace turns this process into cmd, so that signals and the exit status
// pass through without a line of code.
func replace(cmd *exec.Cmd) error {
	return syscall.Exec(cmd.Path, cmd.Args, cmd.Env)
}

// forwarded are the signals that a command around another one passes on.
func forwarded() []os.Signal {
	return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}
}

// nobodyReads is never needed here: the kernel's SIGPIPE has ended the program.
func nobodyReads(error) bool { return false }
