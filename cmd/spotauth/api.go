package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/spotify"
)

func newAPICmd(a *app) *cobra.Command {
	var o apiOptions
	cmd := &cobra.Command{
		Use:   "api PATH",
		Short: "Call any path of the Web API",
		Long: `Call any path of the Web API with the saved login, and print the response.
"spotauth help paths" lists paths and the scope that each needs.

PATH can be me/tracks, /v1/me/tracks or https://api.spotify.com/v1/me/tracks,
with or without a query. The access token goes to Spotify and nowhere else.

stdout gets the whole response or nothing; a FILE of --output is replaced only
by a whole response. If Spotify refuses the request, its
message goes to stderr and stdout stays empty.

With --paginate, spotauth reads all pages and prints one document: the first
page with the items of all pages in it. --format ndjson prints one item per
line as the pages arrive, so check the exit status.

--jq runs over the whole document, or over each item with ndjson. It prints
strings without quotes, as jq -r does.

` + exitStatuses + status0 + status1 + status2 + status4 + status5 + status6 + status7 + status8 + incomplete + "--strict failed",
		Example: `  spotauth api me
  spotauth api me/following --query type=artist --jq '.artists.total'
  spotauth api me/following --query type=artist --paginate \
    --jq '.artists.items[] | [.name, .id] | @csv' > artists.csv
  spotauth api search --query q=wren --query type=album --paginate --limit 15
  spotauth login --scope playlist-modify-private
  echo '{"name": "Copy", "public": false}' | \
    spotauth api -X POST me/playlists --input -`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completePath,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.api(cmd.Context(), o, args[0]) },
	}
	o.addFlags(cmd)
	return cmd
}

type apiOptions struct {
	method                      string
	query                       []string
	input, format, jq, output   string
	limit                       int
	paginate, strict, showsHead bool
}

func (o *apiOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.method, "method", "X", http.MethodGet, "`METHOD`: "+strings.Join(methods, ", "))
	f.StringArrayVar(&o.query, "query", nil, "add `KEY=VALUE` to the query (repeatable)")
	f.StringVar(&o.input, "input", "", "send the JSON in `FILE` as the body; - is stdin")
	f.BoolVar(&o.paginate, "paginate", false, "read all pages")
	f.IntVar(&o.limit, "limit", 0, "with --paginate: stop after `N` items")
	f.BoolVar(&o.strict, "strict", false, "with --paginate: exit with 10 if Spotify counts more or fewer items than were found")
	f.StringVar(&o.format, "format", "", "`FORMAT`: json, or ndjson with --paginate (default: by the extension of FILE, else json)")
	f.StringVar(&o.jq, "jq", "", "run the jq `PROGRAM` over the JSON")
	f.StringVarP(&o.output, "output", "o", onStdout, "write to `FILE`; - is stdout")
	f.BoolVar(&o.showsHead, "include", false, "print the status and the headers before the body")
	complete(cmd, "method", methods...)
	complete(cmd, "format", string(export.JSON), string(export.NDJSON))
	completeBy(cmd, "query", cobra.NoFileCompletions)
	completeFile(cmd, "input")
	completeFile(cmd, "output")
}

// check refuses flags that don't go together.
func (o *apiOptions) check() error {
	isGet := o.method == http.MethodGet
	problem := ""
	switch {
	case !slices.Contains(methods, o.method):
		problem = fmt.Sprintf("-X takes %s, not %q", strings.Join(methods, ", "), o.method)
	case o.input != "" && isGet:
		problem = "--input needs -X POST, PUT or DELETE"
	case o.paginate && !isGet:
		problem = "--paginate only works with GET"
	case o.limit < 0:
		problem = "--limit must not be negative"
	case o.format != string(export.JSON) && o.format != string(export.NDJSON):
		problem = fmt.Sprintf("--format is json or ndjson, not %q", o.format)
	case o.showsHead && o.paginate:
		problem = "--include and --paginate can't be combined"
	case o.showsHead && o.jq != "":
		problem = "--include and --jq can't be combined"
	case o.paginate:
	case o.limit > 0:
		problem = "--limit needs --paginate"
	case o.strict:
		problem = "--strict needs --paginate"
	case o.format == string(export.NDJSON):
		problem = "--format ndjson needs --paginate"
	}
	if problem != "" {
		return usageError{errors.New(problem)}
	}
	return nil
}

func (a *app) api(ctx context.Context, o apiOptions, path string) (err error) {
	o.method, o.format = strings.ToUpper(o.method), a.apiFormat(o)
	if err := o.check(); err != nil {
		return err
	}
	var filter *export.Filter
	if o.jq != "" {
		if filter, err = export.NewFilter(ctx, o.jq); err != nil {
			return err
		}
	}
	r, err := a.request(ctx, o, path)
	if err != nil {
		return err
	}
	l, client, err := a.openWithAPI()
	if err != nil {
		return err
	}
	defer l.close(&err)
	defer func() { err = l.advise(err, r) }()
	wrote := "the response"
	err = a.writeOutput(ctx, o.output, export.Guard{}, func(w io.Writer, isTerminal bool) (int, error) {
		if isTerminal {
			w = console.SafeWriter(w)
		}
		out := apiWriter{w: w, isTerminal: isTerminal, filter: filter, showsHead: o.showsHead}
		if !o.paginate {
			return 0, a.apiAnswer(ctx, client, &r, &out)
		}
		items, err := a.apiPages(ctx, client, r, o, &out)
		wrote = fmt.Sprintf("%d %s", items, plural(items, "item"))
		return 0, err
	})
	if err == nil && isRegular(o.output) && o.jq == "" {
		a.console.Note("wrote %s to %s", wrote, o.output)
	}
	return err
}

// apiFormat is the format that --format or the extension of --output decides.
func (a *app) apiFormat(o apiOptions) string {
	chosen := export.Format(o.format)
	if o.format == "" {
		chosen = export.JSON
		if o.paginate && export.FormatOfFile(o.output) == export.NDJSON {
			chosen = export.NDJSON
		}
	}
	if o.jq == "" {
		a.warnOfExtension(o.output, chosen)
	}
	return string(chosen)
}

func (a *app) apiAnswer(ctx context.Context, client *spotify.Client, r *apiRequest, out *apiWriter) error {
	answer, err := client.Call(ctx, r.method, r.path, r.query, r.body)
	a.console.Done()
	if err != nil {
		return err
	}
	r.isDone = r.method == http.MethodPost
	if out.filter != nil && len(answer.Body) > 0 && !json.Valid(answer.Body) {
		return &spotify.Error{Kind: spotify.BadAnswer, Method: r.method, Path: r.path, Message: "the answer is not JSON, which --jq needs"}
	}
	if len(answer.Body) == 0 && !out.showsHead {
		a.console.Note("Spotify answered %d %s, without a body", answer.Status, http.StatusText(answer.Status))
	}
	return out.answer(answer)
}

func (a *app) apiPages(ctx context.Context, client *spotify.Client, r apiRequest, o apiOptions, out *apiWriter) (items int, err error) {
	isLines := o.format == string(export.NDJSON)
	limitRuntime(export.Options{Format: export.Format(o.format), Buffered: o.strict})
	p := &spotify.Paging{Limit: o.limit, Strict: o.strict, Progress: a.itemsProgress}
	var pages [][]json.RawMessage
	for page, err := range client.Pages(ctx, r.path, r.query, p) {
		switch {
		case err != nil:
			err = adviseRest(err, r, p.Items)
		case isLines && !o.strict:
			err = out.lines(page)
		default:
			pages = append(pages, page)
		}
		if err != nil {
			return 0, err
		}
	}
	a.console.Done()
	if !p.Complete() {
		a.console.Warn("found %d %s, but Spotify reports %d", p.Items, plural(p.Items, "item"), p.Total)
	}
	if isLines {
		return p.Items, out.lines(slices.Concat(pages...))
	}
	return p.Items, out.document(p, pages)
}

func (a *app) itemsProgress(items, total int) {
	if total < 0 {
		a.console.Progress("%d items", items)
		return
	}
	a.console.Progress("%d of %d items", items, total)
}

// An apiWriter writes JSON as Spotify sent it (indented on a terminal), or the output of a jq
// program.
type apiWriter struct {
	w          io.Writer
	isTerminal bool
	filter     *export.Filter
	showsHead  bool

	text bytes.Buffer // of the last lines, kept for its memory
}

func (o *apiWriter) write(text []byte) error {
	if _, err := o.w.Write(text); err != nil {
		return &export.WriteError{Err: err}
	}
	return nil
}

// json writes one JSON text. A body that is not JSON is written unchanged.
func (o *apiWriter) json(text []byte) (err error) {
	var indented bytes.Buffer
	switch {
	case len(text) == 0:
		return nil
	case o.filter != nil:
		if text, err = o.filter.Append(nil, text); err != nil {
			return err
		}
	case o.isTerminal && json.Indent(&indented, text, "", "  ") == nil:
		text = append(indented.Bytes(), '\n')
	}
	return o.write(text)
}

// answer writes status and headers too if they are asked for, as curl --include does.
func (o *apiWriter) answer(a *spotify.Answer) error {
	if o.showsHead {
		end := "\r\n"
		if o.isTerminal {
			end = "\n"
		}
		var head strings.Builder
		fmt.Fprintf(&head, "HTTP/1.1 %d %s%s", a.Status, http.StatusText(a.Status), end)
		for _, name := range slices.Sorted(maps.Keys(a.Header)) {
			for _, value := range a.Header[name] {
				fmt.Fprintf(&head, "%s: %s%s", name, value, end)
			}
		}
		if err := o.write([]byte(head.String() + end)); err != nil {
			return err
		}
	}
	return o.json(a.Body)
}

// lines writes one item per line.
func (o *apiWriter) lines(items []json.RawMessage) error {
	o.text.Reset()
	for _, item := range items {
		if o.filter != nil {
			results, err := o.filter.Append(nil, item)
			if err != nil {
				return err
			}
			o.text.Write(results)
			continue
		}
		if bytes.IndexByte(item, '\n') < 0 && bytes.IndexByte(item, '\r') < 0 { // faster than ContainsAny
			o.text.Write(item)
		} else if err := json.Compact(&o.text, item); err != nil {
			return err
		}
		o.text.WriteByte('\n')
	}
	return o.write(o.text.Bytes())
}

// document writes the items of all pages in the shape of the first one.
func (o *apiWriter) document(p *spotify.Paging, pages [][]json.RawMessage) error {
	if o.filter == nil && !o.isTerminal { // no second copy of a long document
		w := bufio.NewWriterSize(o.w, 64<<10)
		writeDocument(w, p, pages)
		if err := w.Flush(); err != nil {
			return &export.WriteError{Err: err}
		}
		return nil
	}
	var text bytes.Buffer
	writeDocument(&text, p, pages)
	return o.json(text.Bytes())
}

// writeDocument leaves errors to w, which keeps the first one.
func writeDocument(w io.Writer, p *spotify.Paging, pages [][]json.RawMessage) {
	_, _ = w.Write(p.Head)
	separator := ""
	for _, page := range pages {
		for _, item := range page {
			_, _ = io.WriteString(w, separator)
			_, _ = w.Write(item)
			separator = ","
		}
	}
	_, _ = w.Write(p.Tail)
}
