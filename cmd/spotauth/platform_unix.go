//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// noCoreDumps keeps tokens out of a core file, should the program ever crash. restore puts
// the limit back, for a command that inherits it.
func noCoreDumps() (restore func()) {
	var old syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_CORE, &old) != nil {
		return func() {}
	}
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: 0, Max: old.Max})
	return func() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &old) }
}

// detach gives cmd a session of its own: a Ctrl-C here does not reach it, and
// a browser for the terminal finds no terminal to draw on.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// replace turns this process into cmd, so that signals and the exit status pass through by
// themselves.
func replace(cmd *exec.Cmd) error {
	return syscall.Exec(cmd.Path, cmd.Args, cmd.Env)
}

// forwardedSignals are the signals that a command around another one passes on.
func forwardedSignals() []os.Signal {
	return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}
}

// isFromKeyboard reports whether a signal may be Ctrl-C or Ctrl-\, which the terminal sends to the
// command as well.
func (a *app) isFromKeyboard(s os.Signal) bool {
	return (s == os.Interrupt || s == syscall.SIGQUIT) && a.console.InForeground()
}

// isReaderGone is never needed here: the kernel's SIGPIPE has ended the program.
func isReaderGone(error) bool { return false }
