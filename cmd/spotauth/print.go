package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

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

// A fact is a line of a list such as that of status.
type fact struct{ name, value string }

// inColumns aligns facts, and wraps values in their own column at width characters. 0 is
// no limit.
func inColumns(facts []fact, width int) string {
	widest := 0
	for _, f := range facts {
		widest = max(widest, len(f.name))
	}
	if width == 0 {
		width = math.MaxInt
	}
	var b strings.Builder
	for _, f := range facts {
		value := wrap(f.value, max(width-widest-2, 20), strings.Repeat(" ", widest+2))
		fmt.Fprintf(&b, "%-*s  %s\n", widest, f.name, value)
	}
	return b.String()
}

// wrap breaks a text into lines of at most width characters, and indents all but the first.
func wrap(text string, width int, indent string) string {
	var b strings.Builder
	used := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case used+1+len(word) > width:
			b.WriteString("\n" + indent)
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += len(word)
	}
	return b.String()
}
