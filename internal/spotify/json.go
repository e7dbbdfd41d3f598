package spotify

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// How JSON is read: names match exactly. A name that occurs twice in an object is an error,
// and so is anything after the value. Invalid UTF-8 becomes U+FFFD. An optional value
// whose type is not the documented one counts as withheld, so a change in a field that we don't
// use breaks nothing.
//
// The decoder walks tokens instead of filling structs, because decoding is most of the work
// of an export. Slim structs that are as lenient take twice the time with the same library,
// and structs of the whole answer in encoding/json four times.

// decoder walks a JSON text. The first error stays in err, and nothing is
// read after it.
type decoder struct {
	tokens jsontext.Decoder
	body   []byte
	err    error

	name        []byte // the last member name
	url, widest []byte // of the images being compared
}

func newDecoder(body []byte) *decoder {
	d := &decoder{body: body}
	d.tokens.Reset(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true))
	return d
}

// object calls member for each member of the object that comes next. member
// must read or skip the value. object skips any other value.
func (d *decoder) object(member func(name []byte)) {
	if d.tokens.PeekKind() != '{' {
		d.skip()
		return
	}
	d.read()
	for d.err == nil && d.tokens.PeekKind() != '}' {
		d.name = d.appendText(d.name[:0])
		if d.err == nil {
			member(d.name)
		}
	}
	d.read()
}

// only calls read if name is the wanted one, and skips the member otherwise.
func (d *decoder) only(wanted string, name []byte, read func()) {
	if string(name) == wanted {
		read()
	} else {
		d.skip()
	}
}

// array calls element for each element of the array that comes next. It skips
// any other value and returns false.
func (d *decoder) array(element func()) bool {
	if d.tokens.PeekKind() != '[' {
		d.skip()
		return false
	}
	d.read()
	for d.err == nil && d.tokens.PeekKind() != ']' {
		element()
	}
	d.read()
	return true
}

// texts reads an array and returns its strings. It returns nil if the value is
// no array.
func (d *decoder) texts() []string {
	list := []string{}
	isArray := d.array(func() {
		if d.tokens.PeekKind() != '"' {
			d.skip()
			return
		}
		list = append(list, d.text())
	})
	if !isArray {
		return nil
	}
	return list
}

// text reads a string. It skips any other value and returns "".
func (d *decoder) text() string {
	if d.tokens.PeekKind() != '"' {
		d.skip()
		return ""
	}
	return d.read().String()
}

// appendText is text without an allocation.
func (d *decoder) appendText(to []byte) []byte {
	if d.tokens.PeekKind() != '"' {
		d.skip()
		return to
	}
	quoted, err := d.tokens.ReadValue()
	if err != nil {
		d.fail(err)
		return to
	}
	to, _ = jsontext.AppendUnquote(to, quoted) // its error is invalid UTF-8, replaced
	return to
}

// number reads a whole number that an int64 holds. It skips any other value and
// returns false.
func (d *decoder) number() (n int64, ok bool) {
	if d.tokens.PeekKind() != '0' {
		d.skip()
		return 0, false
	}
	digits, err := d.tokens.ReadValue()
	if err != nil {
		d.fail(err)
		return 0, false
	}
	n, err = strconv.ParseInt(string(digits), 10, 64)
	return n, err == nil
}

// count reads a number that may be withheld.
func (d *decoder) count() *int64 {
	n, ok := d.number()
	if !ok {
		return nil
	}
	return &n
}

func (d *decoder) read() jsontext.Token {
	if d.err != nil {
		return jsontext.Token{}
	}
	token, err := d.tokens.ReadToken()
	d.fail(err)
	return token
}

func (d *decoder) skip() {
	if d.err == nil {
		d.fail(d.tokens.SkipValue())
	}
}

// end fails if something follows the value.
func (d *decoder) end() {
	if d.err != nil {
		return
	}
	if _, err := d.tokens.ReadToken(); err != io.EOF {
		d.fail(errors.New("something follows the JSON value"))
	}
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}
