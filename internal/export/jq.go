package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/itchyny/gojq"
)

// filter is a compiled `--jq` program. It sees neither the environment nor files.
type filter struct {
	ctx  context.Context
	code *gojq.Code
}

func newFilter(ctx context.Context, o Options) (encoder, error) {
	f, err := compile(ctx, o.JQ)
	switch {
	case err != nil:
		return nil, err
	case o.Format == NDJSON:
		return filteredLines{o, f}, nil
	}
	return &filteredArray{o: o, f: f, all: []any{}}, nil
}

func compile(ctx context.Context, program string) (filter, error) {
	query, err := gojq.Parse(program)
	if err != nil {
		return filter{}, usage("jq program: %s", err)
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return filter{}, usage("jq program: %s", err)
	}
	return filter{ctx, code}, nil
}

// run appends each result on a line of its own: a string unquoted, anything else
// as JSON, like `jq -r -c` and `gh --jq`.
func (f filter) run(dst []byte, input any) ([]byte, error) {
	for results := f.code.RunWithContext(f.ctx, input); ; {
		v, ok := results.Next()
		if !ok {
			return dst, nil
		}
		switch v := v.(type) {
		case error:
			if halt := (*gojq.HaltError)(nil); errors.As(v, &halt) && halt.Value() == nil {
				return dst, nil // `halt`: the program ended itself
			}
			return nil, fmt.Errorf("jq: %w", v)
		case string:
			dst = append(dst, v...)
		default:
			b, err := gojq.Marshal(v)
			if err != nil {
				return nil, fmt.Errorf("jq: %w", err)
			}
			dst = append(dst, b...)
		}
		dst = append(dst, '\n')
	}
}

// input is an artist's object as gojq takes it.
func (o Options) input(r *record) (any, error) {
	d := json.NewDecoder(bytes.NewReader(o.object(nil, r)))
	d.UseNumber() // counts above 2^53 stay exact
	var v any
	err := d.Decode(&v)
	return v, err
}

// filteredArray runs the program once, over the array of all artists.
type filteredArray struct {
	o   Options
	f   filter
	all []any
}

func (*filteredArray) begin(dst []byte) []byte { return dst }

func (e *filteredArray) row(dst []byte, r *record) ([]byte, error) {
	v, err := e.o.input(r)
	e.all = append(e.all, v)
	return dst, err
}

func (e *filteredArray) end(dst []byte) ([]byte, error) { return e.f.run(dst, e.all) }

// filteredLines runs the program on each artist.
type filteredLines struct {
	o Options
	f filter
}

func (filteredLines) begin(dst []byte) []byte { return dst }

func (e filteredLines) row(dst []byte, r *record) ([]byte, error) {
	v, err := e.o.input(r)
	if err != nil {
		return nil, err
	}
	return e.f.run(dst, v)
}

func (filteredLines) end(dst []byte) ([]byte, error) { return dst, nil }
