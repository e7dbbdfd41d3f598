package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
)

// helper keeps records with a program that speaks the protocol of Docker's credential
// helpers (github.com/docker/docker-credential-helpers): pass, 1Password, Vault and
// others have one. Records go through its standard streams, never its arguments.
type helper struct {
	name     string
	timeouts timeouts
}

func (h helper) get(ctx context.Context, k recordKey) (string, error) {
	return h.run(ctx, "reading", func(start client.ProgramFunc) (string, error) {
		found, err := client.Get(start, k.url())
		switch {
		case err != nil:
			return "", err
		case found.Secret == "": // docker-credential-pass calls that a success
			return "", credentials.NewErrCredentialsNotFound()
		}
		return found.Secret, nil
	})
}

func (h helper) set(ctx context.Context, k recordKey, data string) error {
	_, err := h.run(ctx, "writing", func(start client.ProgramFunc) (string, error) {
		return "", client.Store(start, &credentials.Credentials{ServerURL: k.url(), Username: service, Secret: data})
	})
	return err
}

func (h helper) remove(ctx context.Context, k recordKey) error {
	_, err := h.run(ctx, "deleting", func(start client.ProgramFunc) (string, error) {
		return "", client.Erase(start, k.url())
	})
	return err
}

// run starts the helper once. The library's errors quote what the helper printed, which
// may be the record: only the outcome of the process is told.
func (h helper) run(ctx context.Context, doing string, call func(client.ProgramFunc) (string, error)) (string, error) {
	program := "docker-credential-" + h.name
	var outcome error
	data, err := h.timeouts.bound(ctx, "waiting for "+program, func(ctx context.Context) (string, error) {
		return call(func(args ...string) client.Program {
			cmd := exec.CommandContext(ctx, program, args...)
			cmd.WaitDelay = time.Second
			cmd.Stderr = io.Discard
			return helperProcess{cmd, &outcome}
		})
	})
	switch {
	case err == nil, ctx.Err() != nil:
		return data, err
	case credentials.IsErrCredentialsNotFound(err):
		return "", ErrNone
	case errors.Is(err, errNoAnswer):
		err = fmt.Errorf("%w: %w in %v", ErrUnavailable, err, h.timeouts.call)
	case outcome != nil:
		err = fmt.Errorf("%w: %w", ErrUnavailable, outcome)
	default:
		err = fmt.Errorf("%w: its answer is not in the protocol's form", ErrUnavailable)
	}
	return "", h.fault(doing, err)
}

func (h helper) fault(doing string, err error) error {
	hint := "run: docker-credential-" + h.name + " list"
	if errors.Is(err, exec.ErrNotFound) {
		hint = "install docker-credential-" + h.name
	}
	return &StoreError{Store: helperPrefix + h.name, Doing: doing, Err: err, Hint: hint}
}

// helperProcess is a helper that runs under a context, unlike the library's own.
type helperProcess struct {
	cmd     *exec.Cmd
	outcome *error
}

func (p helperProcess) Input(in io.Reader) { p.cmd.Stdin = in }

func (p helperProcess) Output() ([]byte, error) {
	out, err := p.cmd.Output()
	*p.outcome = err
	return out, err
}
