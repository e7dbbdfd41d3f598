package export

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
)

const (
	chunk = 64 << 10
	// flushEvery is how many artists Spotify sends at once: a stream is seen
	// page by page, without a system call for each line.
	flushEvery = 50
)

// WriteError says that the output, not the list, is what failed.
type WriteError struct {
	Name string // the file; "" for another stream
	Err  error  // what the system said, e.g. syscall.ENOSPC or syscall.EPIPE
}

// Error leaves out what the os package puts around the cause: the call, and the
// path, which may be that of a temporary file.
func (e *WriteError) Error() string {
	name, cause := e.Name, e.Err
	if name == "" {
		name = "the output"
	}
	if path := (*fs.PathError)(nil); errors.As(cause, &path) {
		cause = path.Err
	}
	if link := (*os.LinkError)(nil); errors.As(cause, &link) {
		cause = link.Err
	}
	return "cannot write " + name + ": " + cause.Error()
}

func (e *WriteError) Unwrap() error { return e.Err }

// writeError wraps err once.
func writeError(name string, err error) error {
	if err == nil {
		return nil
	}
	if done := (*WriteError)(nil); errors.As(err, &done) {
		err = done.Err
	}
	return &WriteError{name, err}
}

// explained is an error of the system with a text that says more than its own.
type explained struct {
	text  string
	cause error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.cause }

// output takes the rendered rows. It keeps them until the list is complete, in
// chunks, because one growing slice would need up to three times the memory. If
// it streams, it passes them on page by page.
type output struct {
	ctx     context.Context
	w       io.Writer
	safe    func(string) string
	streams bool
	rows    int
	chunks  [][]byte
}

func (o *output) add(b []byte) error {
	if o.safe != nil {
		b = o.makeSafe(b)
	}
	for len(b) > 0 {
		last := len(o.chunks) - 1
		if last < 0 || len(o.chunks[last]) == chunk {
			o.chunks = append(o.chunks, make([]byte, 0, chunk))
			last++
		}
		n := min(len(b), chunk-len(o.chunks[last]))
		o.chunks[last] = append(o.chunks[last], b[:n]...)
		b = b[n:]
	}
	if o.rows++; o.streams && o.rows%flushEvery == 0 {
		return o.flush()
	}
	return nil
}

func (o *output) flush() error {
	chunks := o.chunks
	o.chunks = nil
	for _, c := range chunks {
		if err := o.write(c); err != nil {
			return err
		}
	}
	if o.streams && len(chunks) > 0 {
		o.chunks = append(chunks[:0], chunks[0][:0])
	}
	return nil
}

// write writes nothing once ctx has ended. An error after that is no fault of w.
func (o *output) write(p []byte) error {
	if o.ctx.Err() != nil {
		return o.ctx.Err()
	}
	_, err := o.w.Write(p)
	if err != nil && o.ctx.Err() != nil {
		return o.ctx.Err()
	}
	return writeError("", err)
}

// makeSafe makes each line safe, but keeps our own line ends.
func (o *output) makeSafe(b []byte) []byte {
	var out []byte
	for line := range bytes.Lines(b) {
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		out = append(out, o.safe(string(text))...)
		if ended {
			out = append(out, '\n')
		}
	}
	return out
}
