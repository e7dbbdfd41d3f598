package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// A signalled error is the cause of a context that a signal has ended.
type signalled struct{ signal syscall.Signal }

func (s signalled) Error() string { return "ended by " + s.signal.String() }

// withSignals cancels the context at the first SIGINT, SIGTERM or SIGHUP, so
// that a command can leave things tidy; the second one kills as if unhandled.
func withSignals(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(arrived, syscall.SIGHUP)
	}
	go func() {
		select {
		case sig := <-arrived:
			signal.Stop(arrived)
			if s, ok := sig.(syscall.Signal); ok {
				cancel(signalled{s})
			}
		case <-ctx.Done():
			signal.Stop(arrived)
		}
	}()
	return ctx
}

// signalStatus is the exit status of a command that a signal ended: 128 and
// the signal's number, as shells count it.
func signalStatus(ctx context.Context) (int, bool) {
	var s signalled
	if errors.As(context.Cause(ctx), &s) {
		return 128 + int(s.signal), true
	}
	return 0, false
}
