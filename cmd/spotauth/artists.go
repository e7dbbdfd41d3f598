package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/spotify"
)

func newArtistsCmd(a *app) *cobra.Command {
	var o artistsOptions
	cmd := &cobra.Command{
		Use:        "artists",
		Short:      "Export the artists you follow",
		SuggestFor: []string{"export", "list", "following", "follows"},
		Long: `Export all artists that the account follows.

stdout gets the complete list or nothing. ndjson is the exception: without
--strict, it is written page by page, so check the exit status. With --output,
the file is replaced only if the new list is complete. The file's extension
decides the format, unless you give --format.

Fields: position (1 is the first one that Spotify lists), id, name, uri, url,
image_url (the widest), genres, followers, popularity. Spotify withholds the
last three from most apps; they are then empty, or null in JSON. csv and tsv
default to id,name,uri,url,image_url, a table to position,name,url (or
position,name,id on fewer than 84 columns). --fields replaces the default, and
--fields +genres adds to it. A table leaves out columns that don't fit.

html is a page with the artists' pictures, which your browser loads from
Spotify when you open it. It always has the names; leave image_url out of
--fields for a page without pictures.

With --from, the artists come from a file: one that spotauth wrote as JSON,
CSV or TSV, the ZIP of your account data from Spotify or its YourLibrary.json,
or plain text with one ID, URI or link per line. position is then the place in
that file. This needs no login and no network.

` + exitStatuses + status0 + status1 + status2 + status4 + status5 + status6 + status7 + status8 + incomplete + "--strict failed, or the old file was kept (see --max-drop)",
		Example: `  spotauth artists --format csv > follows.csv
  spotauth artists --format csv --output follows.csv
  spotauth artists --jq '.[].name'
  spotauth artists --from follows.csv --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.artists(cmd.Context(), o) },
	}
	o.addFlags(cmd)
	return cmd
}

type artistsOptions struct {
	from                                      string
	format, fields, jq, sort, output, maxDrop string
	limit                                     int
	raw, strict                               bool
}

func (o *artistsOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "export the list in `FILE` instead, without a login; - is stdin")
	f.StringVar(&o.format, "format", "", "`FORMAT`: "+strings.Join(texts(export.Formats()), ", ")+" (default: by the extension of FILE, else table on a terminal and json otherwise)")
	f.StringVar(&o.fields, "fields", "", "the `FIELDS` to write, such as id,name or +genres")
	f.StringVar(&o.jq, "jq", "", "run the jq `PROGRAM` over the JSON")
	f.StringVar(&o.sort, "sort", string(export.Recent), "`ORDER`: recent (as Spotify lists them), name or id")
	f.IntVar(&o.limit, "limit", 0, "write at most `N` artists")
	f.BoolVar(&o.raw, "raw", false, "write Spotify's own objects, unchanged (json and ndjson)")
	f.StringVarP(&o.output, "output", "o", onStdout, "write to `FILE`; - is stdout")
	f.BoolVar(&o.strict, "strict", false, "exit with 10 if Spotify counts more or fewer artists than were found")
	f.StringVar(&o.maxDrop, "max-drop", "", "keep the old FILE if more than `PERCENT` of its artists would disappear, such as 20% (default: only if the new list is empty; 100%: never)")
	complete(cmd, "format", texts(export.Formats())...)
	complete(cmd, "sort", texts(export.Orders())...)
	completeBy(cmd, "fields", completeFields)
	completeFile(cmd, "from")
	completeFile(cmd, "output")
}

func (a *app) artists(ctx context.Context, o artistsOptions) (err error) {
	if o.output == "/dev/stdout" && a.console.OutIsTerminal {
		o.output = onStdout
	}
	if err := o.checkFrom(); err != nil {
		return err
	}
	how, guard, err := a.exportOptions(o)
	if err != nil {
		return err
	}
	limitRuntime(how)
	if o.from != "" {
		return a.convert(ctx, o, how, guard)
	}
	l, client, err := a.openWithAPI()
	if err != nil {
		return err
	}
	defer l.close(&err)
	return a.exportFollowed(ctx, l, client, o, how, guard)
}

// exportFollowed exports the artists that the account follows.
func (a *app) exportFollowed(ctx context.Context, l *activeLogin, client *spotify.Client, o artistsOptions, how export.Options, guard export.Guard) error {
	list := &spotify.Listing{Limit: o.limit, Expect: l.LastCount(), Strict: o.strict, Raw: o.raw, Progress: a.progress}
	var result export.Result
	write := func(artists iter.Seq2[spotify.Artist, error]) (err error) {
		result, err = a.writeArtists(ctx, o.output, guard, how, artists)
		return err
	}
	var err error
	if how.Streams() {
		err = write(client.FollowedArtists(ctx, list))
	} else {
		err = client.WholeList(ctx, list, write)
	}
	a.console.Done()
	if err != nil {
		return err
	}
	a.tellOfListing(list)
	a.tellOfExport(result, how, o)
	if o.limit == 0 {
		a.rememberCount(l, list.Unique)
	}
	return nil
}

// rememberCount keeps how many artists a listing found, so that the next one can tell if
// the list is suddenly empty.
func (a *app) rememberCount(l *activeLogin, artists int) {
	if err := l.SetLastCount(artists); err != nil {
		a.log.Debug("the count could not be remembered", "error", err)
	}
}

// limitRuntime keeps an export small (docs/performance.md). Pages come one after the other,
// so a second processor would only cost CPU. A streamed export should take little memory,
// however long it is.
func limitRuntime(how export.Options) {
	runtime.GOMAXPROCS(1)
	if how.Streams() {
		debug.SetGCPercent(50)
	}
}

// formatOf is the format that --format, the extension of --output or the terminal decides.
func (a *app) formatOf(o artistsOptions) export.Format {
	byName, chosen := export.FormatOfFile(o.output), export.Format(o.format)
	isJSON := byName == export.JSON || byName == export.NDJSON
	if chosen == "" && (o.jq != "" || o.raw) && !isJSON {
		chosen = export.JSON
	}
	switch {
	case chosen != "":
		if o.jq == "" { // the output of a jq program can be anything
			a.warnOfExtension(o.output, chosen)
		}
		return chosen
	case a.console.OutIsTerminal && o.output == onStdout:
		return export.Table
	}
	return cmp.Or(byName, export.JSON)
}

// exportOptions checks the flags and turns them into options, before anyone is contacted.
func (a *app) exportOptions(o artistsOptions) (export.Options, export.Guard, error) {
	onTerminal := a.console.OutIsTerminal && o.output == onStdout
	var how export.Options
	var err error
	if o.limit < 0 {
		return how, export.Guard{}, usageError{fmt.Errorf("--limit must not be negative")}
	}
	if o.raw && o.fields != "" {
		return how, export.Guard{}, usageError{errors.New("--raw and --fields can't be combined: raw objects always have all their fields")}
	}
	if how.Format, err = export.ParseFormat(string(a.formatOf(o))); err != nil {
		return how, export.Guard{}, err
	}
	if onTerminal {
		how.Width, how.Color, how.Links = a.console.Width(), a.console.Color, a.console.Links
	}
	if o.fields != "" {
		if how.Fields, err = how.ParseFields(o.fields); err != nil {
			return how, export.Guard{}, err
		}
	}
	if how.Sort, err = export.ParseOrder(o.sort); err != nil {
		return how, export.Guard{}, err
	}
	how.JQ, how.Raw, how.Buffered, how.Date = o.jq, o.raw, o.strict, a.now()
	if how.Format == export.Table { // for people wherever it goes
		how.Safe = console.Safe
	}
	guard, err := shrinkGuard(o, how.Format)
	if err != nil {
		return how, guard, err
	}
	return how, guard, how.Check()
}

// shrinkGuard builds the guard for --output. --max-drop 100% turns it off.
func shrinkGuard(o artistsOptions, f export.Format) (export.Guard, error) {
	g := export.Guard{Format: f, JQ: o.jq != "", MaxDrop: 100} // holds back an empty list only
	if o.maxDrop == "" {
		return g, nil
	}
	var err error
	g.MaxDrop, err = export.ParseDrop(o.maxDrop)
	switch {
	case err != nil:
		return g, err
	case o.output == onStdout:
		return g, usageError{errors.New("--max-drop needs --output")}
	case g.MaxDrop == 100:
		return export.Guard{}, nil
	case g.JQ:
		return g, usageError{errors.New("--jq and --max-drop can't be combined, except for 100%: the output of a jq program can't be counted")}
	}
	return g, nil
}

func (a *app) progress(unique, total int) {
	switch {
	case total < 0:
		a.console.Progress("%d artists", unique)
	case total > 0:
		a.console.Progress("%d of %d artists", unique, total)
	}
}

// tellOfListing says what the user should know about a complete listing.
func (a *app) tellOfListing(list *spotify.Listing) {
	switch {
	case !list.Complete():
		a.console.Warn("found %d %s, but Spotify reports %d (checked twice)", list.Unique, plural(list.Unique, "artist"), list.Total)
	case list.Unique == 0 && list.Expect > 0:
		a.console.Warn("Spotify lists no artists, even when asked again; the last export had %d", list.Expect)
	}
	if list.OutOfOrder {
		a.console.Warn("the order is not Spotify's: the list was incomplete when it was first read")
	}
	if list.Null > 0 {
		a.console.Warn("Spotify listed %d %s without an artist; skipped", list.Null, plural(list.Null, "item"))
	}
	if list.Duplicate > 0 {
		a.console.Note("Spotify listed %d %s twice; kept once", list.Duplicate, plural(list.Duplicate, "artist"))
	}
}

// tellOfExport says what the user should know about the rows that were written.
func (a *app) tellOfExport(result export.Result, how export.Options, o artistsOptions) {
	if len(result.Withheld) > 0 && how.Fields != nil && o.from == "" {
		a.console.Note("Spotify withholds %s from this app", strings.Join(result.Withheld, ", "))
	}
	if len(result.Hidden) > 0 && how.Fields != nil {
		a.console.Note("the terminal is too narrow for %s", strings.Join(result.Hidden, ", "))
	}
	if result.Formulas && (a.console.OutIsTerminal || strings.HasSuffix(o.output, ".csv")) {
		a.console.Note("some cells begin with a character that spreadsheets take for a formula; for Excel use --format excel-csv")
	}
	switch {
	case how.Format == export.Table && a.console.OutIsTerminal && o.output == onStdout:
		a.console.Note("%d %s", result.Rows, plural(result.Rows, "artist"))
	case isRegular(o.output) && o.jq == "":
		as := ""
		if export.FormatOfFile(o.output) == "" {
			as = " as " + string(how.Format)
		}
		a.console.Note("wrote %d %s%s to %s", result.Rows, plural(result.Rows, "artist"), as, o.output)
	}
}
