package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// helper keeps records with a program that speaks the protocol of Docker's credential
// helpers (github.com/docker/docker-credential-helpers): pass, 1Password, Vault and
// others have one. Records go through its standard streams, never its arguments.
type helper struct {
	name     string
	timeouts timeouts
}

// helperItem is an item in the protocol. ServerURL is empty in an answer.
type helperItem struct {
	ServerURL string
	Username  string
	Secret    string
}

// maxAnswer is far more than a record needs.
const maxAnswer = 64 << 10

var errLongAnswer = errors.New("its answer is too long")

func (h helper) get(ctx context.Context, k recordKey) (string, error) {
	text, err := h.run(ctx, "reading", "get", k.url())
	if err != nil {
		return "", err
	}
	var found helperItem
	switch {
	case json.Unmarshal([]byte(text), &found) != nil: // the parser's words could quote the record
		return "", h.storeError("reading", fmt.Errorf("%w: its answer is not in the protocol's form", ErrUnavailable))
	case found.Secret == "": // docker-credential-pass calls that a success
		return "", ErrNone
	}
	return found.Secret, nil
}

func (h helper) set(ctx context.Context, k recordKey, data string) error {
	item, err := json.Marshal(helperItem{k.url(), service, data})
	if err != nil {
		return err
	}
	_, err = h.run(ctx, "writing", "store", string(item))
	return err
}

func (h helper) remove(ctx context.Context, k recordKey) error {
	_, err := h.run(ctx, "deleting", "erase", k.url())
	return err
}

// run starts the helper once. Its output may be the record, so an error says only how the
// process ended.
func (h helper) run(ctx context.Context, doing, verb, input string) (string, error) {
	program := programPrefix + h.name
	text, err := h.timeouts.bound(ctx, "waiting for "+program, func(ctx context.Context) (string, error) {
		cmd := exec.CommandContext(ctx, program, verb)
		cmd.Stdin = strings.NewReader(input)
		out := &limitedBuffer{}
		cmd.Stdout, cmd.Stderr = out, io.Discard
		cmd.WaitDelay = time.Second // for a child of its own that still holds its output
		err := cmd.Run()
		switch {
		case out.full:
			err = errLongAnswer
		case errors.Is(err, exec.ErrWaitDelay): // it ended well, and left a child
			err = nil
		}
		return strings.TrimSpace(out.text.String()), err
	})
	switch {
	case err == nil, ctx.Err() != nil:
		return text, err
	case text == "credentials not found in native keychain": // how the protocol says so
		return "", ErrNone
	case errors.Is(err, errNoAnswer):
		err = fmt.Errorf("%w in %v", err, h.timeouts.call)
	}
	return "", h.storeError(doing, fmt.Errorf("%w: %w", ErrUnavailable, err))
}

func (h helper) storeError(doing string, err error) error {
	hint := `see what "` + programPrefix + h.name + ` list" says`
	if errors.Is(err, exec.ErrNotFound) {
		hint = "install " + programPrefix + h.name
	}
	return &StoreError{Store: helperPrefix + h.name, Doing: doing, Err: err, Hint: hint}
}

// limitedBuffer refuses what is more than maxAnswer. The writer's pipe then breaks.
type limitedBuffer struct {
	text bytes.Buffer
	full bool
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > maxAnswer {
		b.full = true
		return 0, errLongAnswer
	}
	return b.text.Write(p)
}
