package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/session"
)

// How the program writes times, names, counts and JSON.

// day is a date as it is written for a person.
func day(t time.Time) string { return t.Local().Format("2 January 2006") }

// inDays counts as a calendar does.
func inDays(now, t time.Time) string {
	midnight := func(t time.Time) time.Time {
		y, m, d := t.Local().Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	switch days := int(midnight(t).Sub(midnight(now)) / (24 * time.Hour)); {
	case t.Before(now):
		return "overdue"
	case days == 0:
		return "today"
	case days == 1:
		return "tomorrow"
	default:
		return fmt.Sprintf("in %d days", days)
	}
}

// clock is a time of day, with the day if that is not today.
func (a *app) clock(t time.Time) string {
	t = t.Local()
	if y, m, d := a.now().Local().Date(); t.Year() == y && t.Month() == m && t.Day() == d {
		return t.Format("15:04:05")
	}
	return t.Format("15:04:05 on 2 January")
}

// roundUp is a wait in whole minutes, as a flag takes it.
func roundUp(d time.Duration) string {
	minutes := int(math.Ceil(d.Minutes()))
	if minutes < 60 {
		return fmt.Sprintf("%dm", minutes)
	}
	return fmt.Sprintf("%dh", (minutes+59)/60)
}

// seconds are whole ones, rounded up, as Retry-After has them.
func seconds(d time.Duration) int { return int(math.Ceil(max(d, 0).Seconds())) }

// accountName shows an account as "NAME (ID)".
func accountName(who session.Account) string {
	if who.Name == "" {
		return who.ID
	}
	return who.Name + " (" + who.ID + ")"
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// orNil is nil for the zero value, so that JSON says null.
func orNil[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

// utcOrNil is nil for a time that is not known.
func utcOrNil(t time.Time) *time.Time { return orNil(t.UTC()) }

func printJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return write(w, string(text)+"\n")
}

func write(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return outputError{err}
	}
	return nil
}

// printFacts prints rows of a name and a value, which wraps in its own column.
func (a *app) printFacts(rows [][]string) error {
	var text strings.Builder
	for _, row := range console.Columns(rows) {
		text.WriteString(a.console.Paint(console.Dim, row[0]) + a.console.Wrap(row[1], len(row[0])) + "\n")
	}
	return write(a.console.RawOut, text.String())
}
