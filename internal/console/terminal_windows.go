package console

import (
	"context"
	"os"

	"golang.org/x/sys/windows"
	"golang.org/x/term"
)

// understandsEscapes switches escape sequences on, which consoles older than
// Windows Terminal leave off.
func understandsEscapes(f *os.File) bool {
	var mode uint32
	h := windows.Handle(f.Fd())
	return windows.GetConsoleMode(h, &mode) == nil &&
		windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

func inForeground(int) bool { return true }

// openTerminal opens the console that the program was started on.
func openTerminal() (keys, screen *os.File, err error) {
	if keys, err = os.OpenFile("CONIN$", os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	if screen, err = os.OpenFile("CONOUT$", os.O_RDWR, 0); err != nil {
		keys.Close()
		return nil, nil, err
	}
	return keys, screen, nil
}

// readTerminal cannot end the read of a console: when ctx ends first, the read
// is left behind and takes at most one more line.
func readTerminal(ctx context.Context, f *os.File, echo bool, prompt func()) (string, error) {
	type answer struct {
		string
		error
	}
	state, err := term.GetState(int(f.Fd()))
	if err != nil {
		return "", err
	}
	prompt()
	done := make(chan answer, 1)
	go func() {
		if echo {
			line, err := readLine(f, 64<<10)
			done <- answer{line, err}
			return
		}
		line, err := term.ReadPassword(int(f.Fd()))
		done <- answer{string(line), err}
	}()
	select {
	case a := <-done:
		return a.string, a.error
	case <-ctx.Done():
		_ = term.Restore(int(f.Fd()), state)
		return "", ctx.Err()
	}
}
