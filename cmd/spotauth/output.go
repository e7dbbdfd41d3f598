package main

import (
	"context"
	"io"
	"iter"
	"os"

	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/spotify"
)

// Where commands write: stdout, or a file.

// onStdout is the name of a file that stands for stdout.
const onStdout = "-"

// writeOutput has write fill stdout, or the file name, whole or not at all. If w is a
// terminal, write makes foreign text safe. It returns the number of artists for guard.
func (a *app) writeOutput(ctx context.Context, name string, guard export.Guard, write func(w io.Writer, isTerminal bool) (artists int, err error)) error {
	if name == onStdout {
		a.logClosedStdout()
		_, err := write(a.console.RawOut, a.console.OutIsTerminal)
		return err
	}
	return export.File(ctx, name, guard, func(w io.Writer) (int, error) {
		return write(a.console.Terminal(w)) // such as /dev/tty
	})
}

// writeArtists writes an export to stdout, or to the file name.
func (a *app) writeArtists(ctx context.Context, name string, guard export.Guard, how export.Options, artists iter.Seq2[spotify.Artist, error]) (export.Result, error) {
	var result export.Result
	if !how.Streams() {
		artists = a.thenDone(artists)
	}
	err := a.writeOutput(ctx, name, guard, func(w io.Writer, isTerminal bool) (int, error) {
		if isTerminal {
			how.Safe = console.Safe
		}
		var err error
		result, err = export.Write(ctx, w, how, artists)
		return result.Rows, err
	})
	return result, err
}

// thenDone removes the progress line after the last artist, before the output begins: in a
// pipe, the next program may write to the same terminal.
func (a *app) thenDone(artists iter.Seq2[spotify.Artist, error]) iter.Seq2[spotify.Artist, error] {
	return func(yield func(spotify.Artist, error) bool) {
		artists(yield)
		a.console.Done()
	}
}

// logClosedStdout logs that stdout is closed. Go opens the null device in its place, so a
// program cannot tell one from the other.
func (a *app) logClosedStdout() {
	null, err := os.Stat(os.DevNull)
	if err != nil {
		return
	}
	if out, err := os.Stdout.Stat(); err == nil && os.SameFile(null, out) {
		a.log.Debug("stdout is closed, or the null device")
	}
}

// warnOfExtension warns if the extension of a file stands for another format than f.
func (a *app) warnOfExtension(name string, f export.Format) {
	if !f.Fits(name) {
		a.console.Warn("%s will contain %s, although its extension says %s", name, f, export.FormatOfFile(name))
	}
}

// isRegular reports whether name leads to a regular file.
func isRegular(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
