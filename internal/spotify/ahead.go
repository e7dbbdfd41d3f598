package spotify

import (
	"context"
	"iter"
	"runtime"
	"runtime/debug"
)

// Panic is what a panic in another goroutine carries when it is repeated in
// the caller's, which can recover it there.
type Panic struct {
	Value any    // what the first panic carried
	Stack []byte // of the goroutine that panicked, as debug.Stack formats it
}

// eachPage yields the page at first and those that next leads to, each before
// the one after it has arrived. An error is the last thing it yields. next is
// called for each page before that is yielded.
func eachPage[P any](ctx context.Context, first string, fetch func(ctx context.Context, at string) (P, error),
	next func(P) (at string, more bool, err error)) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		places := make(chan string, 1)
		pages := fetchPages(ctx, places, fetch)
		defer func() {
			cancel()
			close(places)
			for range pages { // nothing may go on running
			}
		}()
		places <- first
		for more := true; more; {
			got := <-pages
			if got.bug != nil {
				panic(got.bug)
			}
			at, err := "", got.err
			if err == nil {
				at, more, err = next(got.page)
			}
			if err != nil {
				var none P
				yield(none, err)
				return
			}
			if more {
				places <- at
				runtime.Gosched() // on one processor, the request would wait for what yield does
			}
			if !yield(got.page, nil) {
				return
			}
		}
	}
}

type fetched[P any] struct {
	page P
	err  error
	bug  *Panic
}

// fetchPages fetches the page at each place that it is sent, in one goroutine:
// its stack has to grow only once. That has ended when the channel is closed.
func fetchPages[P any](ctx context.Context, places <-chan string, fetch func(context.Context, string) (P, error)) <-chan fetched[P] {
	pages := make(chan fetched[P], 1)
	go func() {
		defer close(pages)
		defer func() {
			if bug := recover(); bug != nil {
				pages <- fetched[P]{bug: &Panic{bug, debug.Stack()}} // it could not be recovered here
			}
		}()
		for at := range places {
			p, err := fetch(ctx, at)
			pages <- fetched[P]{page: p, err: err}
		}
	}()
	return pages
}
