package export

import (
	"bytes"
	"encoding/json"
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

// array is `--format json`: one artist a line, so that two exports can be compared by line.
type array struct {
	o Options
	n int
}

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
