package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
)

// What commands read: a file, or stdin.

// onStdin is the name of a file that stands for stdin.
const onStdin = "-"

// inputError says why a file or stdin could not be read, or holds something else.
type inputError struct {
	name string // as the user gave it
	error
}

func (e inputError) Error() string {
	cause := e.error
	if path := (*fs.PathError)(nil); errors.As(cause, &path) {
		cause = path.Err
	}
	return inputName(e.name) + ": " + cause.Error()
}

func (e inputError) Unwrap() error { return e.error }

func inputName(name string) string {
	if name == onStdin {
		return "stdin"
	}
	return name
}

// readInput returns what read makes of a file or stdin. An error of read becomes an
// [inputError]. If ctx ends first, readInput returns the cause of that, and leaves read
// behind: nothing can interrupt it, nor the opening of a pipe, which waits for a writer.
func readInput[T any](ctx context.Context, a *app, name string, read func(io.Reader) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		in := io.NopCloser(a.stdin)
		if name != onStdin {
			in, r.err = os.Open(name)
		}
		if r.err == nil {
			defer in.Close()
			r.value, r.err = read(in)
		}
		done <- r
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
	}
	switch {
	case ctx.Err() != nil:
		return *new(T), context.Cause(ctx)
	case r.err != nil:
		return *new(T), inputError{name, r.err}
	}
	return r.value, nil
}

// readUpTo returns a function for [readInput] that reads at most limit bytes.
func readUpTo(limit int64) func(io.Reader) ([]byte, error) {
	return func(in io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(in, limit)) }
}
