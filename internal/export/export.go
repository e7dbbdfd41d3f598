// Package export turns followed artists into bytes and writes them to their
// place, whole or not at all: a list that was cut short must never look like a
// complete one.
//
// It knows the formats, their quoting and columns, and how to replace a file
// safely. It does not know where artists come from.
package export

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/spotauth/spotauth/internal/spotify"
)

// Options say what an export looks like.
type Options struct {
	Format   Format
	Fields   []string // of ParseFields; nil: the default
	Sort     Order    // "": Recent
	JQ       string   // a jq program: over the array in JSON, over each object in NDJSON
	Buffered bool     // NDJSON too: nothing is written before the last artist, so that the list can still be refused
	Raw      bool     // JSON and NDJSON: Spotify's own objects, byte for byte; needs Artist.Raw

	Date time.Time // HTML: when the list was made; zero: not said

	// Safe makes foreign text harmless for a terminal, line ends included.
	// Set it if the output is a terminal, and for Table, which is always for
	// people. Otherwise leave it nil: data in a pipe or a file is unchanged.
	Safe  func(string) string
	Width int  // Table: columns of the terminal; 0: show everything
	Color bool // Table: a bold head and dim IDs, by escape sequences
	Links bool // Table: each name is a link to the artist's page (OSC 8)
}

// Result describes what an export held.
type Result struct {
	Rows     int      // artists
	Withheld []string // fields shown that Spotify keeps from some apps, and sent for none of them
	Hidden   []string // Table: fields that the terminal is too narrow for
	Formulas bool     // CSV and TSV: a cell would be run by a spreadsheet
}

// Streams reports whether artists are written as they arrive, and not after the
// last one.
func (o Options) Streams() bool { return o.Format == NDJSON && !o.Buffered }

// Check reports options that can't be combined, before anything is fetched. Its
// error is a [*UsageError].
func (o Options) Check() error {
	_, err := o.encoder(context.Background(), &Result{})
	return err
}

// Write renders artists to w. It writes nothing until they have ended without an error,
// unless o.Streams, and nothing after ctx ends. w must give up by itself if ctx ends while
// it waits for a reader. An error of artists comes back as it is. If w fails, the error is
// a [*WriteError].
func Write(ctx context.Context, w io.Writer, o Options, artists iter.Seq2[spotify.Artist, error]) (Result, error) {
	var res Result
	if o.Fields == nil {
		o.Fields = o.defaultFields()
	}
	enc, err := o.encoder(ctx, &res)
	if err != nil {
		return res, err
	}
	out := &output{ctx: ctx, w: w, streams: o.Streams()}
	if spec, _ := o.Format.spec(); spec.objects {
		out.safe = o.Safe // other formats have separators of their own, and make each cell safe
	}
	err = o.render(enc, out, artists, &res)
	if err != nil && !out.streams {
		return res, err
	}
	if failed := out.flush(); err == nil {
		err = failed
	}
	return res, err
}

func (o Options) render(enc encoder, out *output, artists iter.Seq2[spotify.Artist, error], res *Result) error {
	sent := make([]bool, len(o.Fields))
	values := make([]any, len(o.Fields))
	buf := enc.begin(nil)
	for r, err := range o.records(artists) {
		if err != nil {
			return err
		}
		r.values = values
		for i, name := range o.Fields {
			r.values[i] = r.value(name)
			sent[i] = sent[i] || r.values[i] != nil
		}
		if buf, err = enc.row(buf, r); err != nil {
			return err
		}
		if err = out.add(buf); err != nil {
			return err
		}
		buf = buf[:0]
		res.Rows++
	}
	for i, name := range o.Fields {
		if !sent[i] && res.Rows > 0 && isWithheld(name) {
			res.Withheld = append(res.Withheld, name)
		}
	}
	buf, err := enc.end(buf)
	if err != nil {
		return err
	}
	return out.add(buf)
}

// encoder renders a list. Each method appends to its slice: what comes before
// the artists, an artist, what comes after them.
type encoder interface {
	begin([]byte) []byte
	row([]byte, *record) ([]byte, error)
	end([]byte) ([]byte, error)
}

func (o Options) encoder(ctx context.Context, res *Result) (encoder, error) {
	spec, ok := o.Format.spec()
	switch {
	case !ok:
		return nil, usage("unknown format %q", o.Format)
	case o.JQ != "" && !spec.objects:
		return nil, usage("a jq program needs the format json or ndjson")
	case o.Raw && !spec.objects:
		return nil, usage("raw objects need the format json or ndjson")
	case o.JQ != "":
		return newFilter(ctx, o)
	}
	return spec.encoder(o, res), nil
}
