package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/list"
	"github.com/spotauth/spotauth/internal/spotify"
)

// Lists of artists that a file or the account holds.

// readList reads a list of artists, and warns if IDs come more than once in it.
func (a *app) readList(ctx context.Context, name string) ([]spotify.Artist, error) {
	if name == "" { // as from "$UNSET"
		return nil, usageError{errors.New("the name of a file is empty")}
	}
	repeated := 0
	artists, err := readInput(ctx, a, name, func(in io.Reader) (artists []spotify.Artist, err error) {
		artists, repeated, err = list.Read(in)
		return artists, err
	})
	if err != nil {
		return nil, err
	}
	if repeated > 0 {
		a.console.Warn("%s has %d repeated %s; each artist counts once", inputName(name), repeated, plural(repeated, "ID"))
	}
	return artists, nil
}

// inSequence yields the artists of a slice.
func inSequence(artists []spotify.Artist) iter.Seq2[spotify.Artist, error] {
	return func(yield func(spotify.Artist, error) bool) {
		for _, artist := range artists {
			if !yield(artist, nil) {
				return
			}
		}
	}
}

// convert exports the artists of a file, without a login.
func (a *app) convert(ctx context.Context, o artistsOptions, how export.Options, guard export.Guard) error {
	artists, err := a.readList(ctx, o.from)
	if err != nil {
		return err
	}
	if o.limit > 0 {
		artists = artists[:min(o.limit, len(artists))]
	}
	result, err := a.writeArtists(ctx, o.output, guard, how, inSequence(artists))
	if err == nil {
		a.tellOfExport(result, how, o)
	}
	return err
}

// checkFrom refuses flags that only make sense for Spotify's answers.
func (o artistsOptions) checkFrom() error {
	switch {
	case o.from != "" && o.raw:
		return usageError{fmt.Errorf("--from and --raw can't be combined: only Spotify sends raw objects")}
	case o.from != "" && o.strict:
		return usageError{fmt.Errorf("--from and --strict can't be combined: a file that can't be read completely is always an error")}
	}
	return nil
}

// followed lists the artists that the account follows, by the rules of an export.
func (a *app) followed(ctx context.Context, l *activeLogin, client *spotify.Client, strict bool) ([]spotify.Artist, error) {
	listing := &spotify.Listing{Expect: l.LastCount(), Strict: strict, Progress: a.progress}
	var all []spotify.Artist
	err := client.WholeList(ctx, listing, func(artists iter.Seq2[spotify.Artist, error]) error {
		all = nil
		for artist, err := range artists {
			if err != nil {
				return err
			}
			all = append(all, artist)
		}
		return nil
	})
	a.console.Done()
	if err != nil {
		return nil, err
	}
	a.tellOfListing(listing)
	a.rememberCount(l, listing.Unique)
	return all, nil
}
