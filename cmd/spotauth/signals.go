package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// A signalError is the cause of a context that a signal has ended.
type signalError struct{ signal syscall.Signal }

func (s signalError) Error() string { return "ended by " + s.signal.String() }

// withSignals cancels the context at the first SIGINT, SIGTERM, SIGHUP or SIGQUIT, so that a
// command can leave things tidy. The second one kills as if unhandled.
//
// stop puts the default actions back and returns why the context ended, if it did. After
// stop no signal is lost: it has either ended the context, or it ends the program.
func withSignals(parent context.Context) (ctx context.Context, stop func() error) {
	ctx, cancel := context.WithCancelCause(parent)
	arrived, again := make(chan os.Signal, 1), make(chan os.Signal, 1)
	stopping, settled := make(chan struct{}), make(chan struct{})
	signal.Notify(arrived, withoutIgnored(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)...)
	go func() {
		select {
		case sig := <-arrived:
			signal.Notify(again, syscall.SIGQUIT) // Go's own action is to print all stacks
			signal.Stop(arrived)
			cancel(signalError{sig.(syscall.Signal)})
			close(settled)
			<-again
			os.Exit(128 + int(syscall.SIGQUIT))
		case <-stopping:
			select {
			case sig := <-arrived:
				cancel(signalError{sig.(syscall.Signal)})
			default:
			}
			close(settled)
		}
	}()
	return ctx, func() error {
		signal.Stop(arrived)
		close(stopping)
		<-settled
		return context.Cause(ctx)
	}
}

// withoutIgnored leaves out the signals that this process was started to ignore, as nohup does with
// SIGHUP and a script with the SIGINT of its background jobs. Go's runtime keeps no more than
// these two ignored. It replaces the action of the others before any code of ours runs, and
// does not tell what it was.
func withoutIgnored(signals ...os.Signal) []os.Signal {
	return slices.DeleteFunc(signals, signal.Ignored)
}

// signalStatus is the exit status of a command that a signal ended: 128 and
// the signal's number, as shells count it.
func signalStatus(ctx context.Context) (int, bool) {
	var s signalError
	if errors.As(context.Cause(ctx), &s) {
		return 128 + int(s.signal), true
	}
	return 0, false
}
