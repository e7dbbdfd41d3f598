package export

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// object renders one artist: Spotify's own bytes, or an object of the chosen fields.
func (o Options) object(dst []byte, r *record) []byte {
	if o.Raw {
		return append(dst, r.artist.Raw...)
	}
	dst = append(dst, '{')
	for i, name := range o.Fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, name...)
		dst = append(dst, '"', ':')
		dst = appendValue(dst, r.values[i])
	}
	return append(dst, '}')
}

func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case *string:
		return appendString(dst, *v)
	case []string:
		dst = append(dst, '[')
		for i, s := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, s)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // its error is invalid UTF-8, replaced
	return dst
}

// array is `--format json`: one artist per line, so that two exports can be compared by line.
type array struct {
	o Options
	n int
}

func newArray(o Options, _ *Result) encoder { return &array{o: o} }

func (*array) begin(dst []byte) []byte { return append(dst, '[') }

func (e *array) row(dst []byte, r *record) ([]byte, error) {
	if e.n > 0 {
		dst = append(dst, ',')
	}
	e.n++
	return e.o.object(append(dst, '\n'), r), nil
}

func (e *array) end(dst []byte) ([]byte, error) {
	if e.n > 0 {
		dst = append(dst, '\n')
	}
	return append(dst, ']', '\n'), nil
}

// lines is `--format ndjson`.
type lines struct{ o Options }

func newLines(o Options, _ *Result) encoder { return lines{o} }

func (lines) begin(dst []byte) []byte { return dst }

func (e lines) row(dst []byte, r *record) ([]byte, error) {
	from := len(dst)
	dst = e.o.object(dst, r)
	if bytes.ContainsAny(dst[from:], "\r\n") {
		var b bytes.Buffer
		if err := json.Compact(&b, dst[from:]); err != nil {
			return nil, err
		}
		dst = append(dst[:from], b.Bytes()...)
	}
	return append(dst, '\n'), nil
}

func (lines) end(dst []byte) ([]byte, error) { return dst, nil }

func countArray(f io.ReadSeeker) int {
	d := json.NewDecoder(f)
	if t, err := d.Token(); err == nil && t == json.Delim('[') {
		if n, err := countObjects(d); err == nil {
			return n
		}
	}
	return countDamaged(f)
}

func countLines(f io.ReadSeeker) int {
	if n, err := countObjects(json.NewDecoder(f)); err == nil {
		return n
	}
	return countDamaged(f)
}

func countObjects(d *json.Decoder) (n int, err error) {
	for ; d.More(); n++ {
		var one map[string]json.RawMessage
		if err := d.Decode(&one); err != nil {
			return n, err
		}
	}
	return n, nil
}

// countDamaged counts the lines that begin with an object.
func countDamaged(f io.ReadSeeker) int {
	if n := linesWith(rewind(f), "{"); n > 0 {
		return n
	}
	return -1
}
