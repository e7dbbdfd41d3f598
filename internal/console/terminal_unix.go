//go:build unix

package console

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

func understandsEscapes(*os.File) bool { return true }

// openTerminal opens the terminal that the program was started on.
func openTerminal() (keys, screen *os.File, err error) {
	if keys, err = os.OpenFile("/dev/tty", os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	return keys, keys, nil
}

// readTerminal reads a line. It calls prompt once nothing that is typed can show.
// x/term's ReadPassword cannot be ended: it would leave the echo off and eat the
// next line.
func readTerminal(ctx context.Context, f *os.File, echo bool, prompt func()) (string, error) {
	fd := int(f.Fd())
	if !echo {
		restore, err := echoOff(fd)
		if err != nil {
			return "", err
		}
		defer restore()
	}
	prompt()
	wake, end, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer wake.Close()
	defer end.Close()
	defer context.AfterFunc(ctx, func() { _, _ = end.Write([]byte{0}) })()

	var line []byte
	for buf := make([]byte, 4096); ; {
		if err := wait(fd, int(wake.Fd())); err != nil {
			return "", err
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		n, err := unix.Read(fd, buf)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case err != nil:
			return "", err
		case n == 0 && len(line) == 0:
			return "", io.EOF
		}
		line = append(line, buf[:n]...)
		if n == 0 || buf[n-1] == '\n' {
			return string(line), nil
		}
	}
}

// wait blocks until one of the two can be read. macOS cannot poll a terminal,
// but select it.
func wait(a, b int) error {
	for {
		var set unix.FdSet
		set.Set(a)
		set.Set(b)
		_, err := unix.Select(max(a, b)+1, &set, nil, nil, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// echoOff leaves line editing and Ctrl-C alone.
func echoOff(fd int) (restore func(), err error) {
	old, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	quiet := *old
	quiet.Lflag &^= unix.ECHO
	quiet.Lflag |= unix.ICANON | unix.ISIG
	quiet.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &quiet); err != nil {
		return nil, err
	}
	return func() {
		if inForeground(fd) { // otherwise the shell has taken the terminal back
			_ = unix.IoctlSetTermios(fd, setTermios, old)
		}
	}, nil
}

// inForeground reports whether the terminal listens to this process: the system stops a job in
// the background that reads from it or changes its modes. Without job control all are listened to.
func inForeground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
