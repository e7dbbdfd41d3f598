package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/itchyny/gojq"
)

// Filter is a compiled jq program. It sees neither files nor the environment, which may
// hold secrets.
type Filter struct {
	ctx  context.Context
	code *gojq.Code
}

func newFilter(ctx context.Context, o Options) (encoder, error) {
	f, err := NewFilter(ctx, o.JQ)
	switch {
	case err != nil:
		return nil, err
	case o.Format == NDJSON:
		return filteredLines{o, f}, nil
	}
	return &filteredArray{o: o, f: f, all: []any{}}, nil
}

// NewFilter compiles a jq program, which ends with ctx. Its error is a [*UsageError].
func NewFilter(ctx context.Context, program string) (*Filter, error) {
	query, err := gojq.Parse(program)
	switch {
	case err != nil && err.Error() == "unexpected EOF":
		return nil, usage("jq program: something is missing at the end")
	case err != nil:
		return nil, usage("jq program: %s", err)
	}
	readsEnvironment := false
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(func() []string {
		readsEnvironment = true
		return nil
	}))
	switch {
	case err != nil:
		return nil, usage("jq program: %s", err)
	case readsEnvironment: // a comparison with null would be silently wrong
		return nil, usage("jq program: env and $ENV are not available; let the shell put the value into the program")
	}
	return &Filter{ctx, code}, nil
}

// Append runs the program over a JSON text and appends its results to dst, each on a
// line of its own: a string unquoted, anything else as JSON, like `jq -r -c`.
func (f *Filter) Append(dst, text []byte) ([]byte, error) {
	input, err := decode(text)
	if err != nil {
		return nil, err
	}
	return f.run(dst, input)
}

// decode reads JSON as gojq takes it.
func decode(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // counts above 2^53 stay exact
	err = d.Decode(&v)
	return v, err
}

func (f *Filter) run(dst []byte, input any) ([]byte, error) {
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

// filteredArray runs the program once, over the array of all artists.
type filteredArray struct {
	o   Options
	f   *Filter
	all []any
}

func (*filteredArray) begin(dst []byte) []byte { return dst }

func (e *filteredArray) row(dst []byte, r *record) ([]byte, error) {
	v, err := decode(e.o.object(nil, r))
	e.all = append(e.all, v)
	return dst, err
}

func (e *filteredArray) end(dst []byte) ([]byte, error) { return e.f.run(dst, e.all) }

// filteredLines runs the program on each artist.
type filteredLines struct {
	o Options
	f *Filter
}

func (filteredLines) begin(dst []byte) []byte { return dst }

func (e filteredLines) row(dst []byte, r *record) ([]byte, error) {
	return e.f.Append(dst, e.o.object(nil, r))
}

func (filteredLines) end(dst []byte) ([]byte, error) { return dst, nil }
