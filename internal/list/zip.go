package list

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"
)

// maxMembers is how many files a ZIP may hold. Spotify's account data has some
// thirty; the list of a million would take hundreds of megabytes.
const maxMembers = 10_000

var errDamaged = errors.New("it is damaged")

// readZIP reads each YourLibrary*.json in a ZIP of Spotify's account data, whose
// folder has had several names.
func (c *collector) readZIP(r io.Reader, in *bounded) error {
	in.unlimitRow()
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if bytes.Count(data, []byte("PK\x01\x02")) > maxMembers {
		return errorf("the ZIP holds more than %d files", maxMembers)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return errorf("it is a damaged ZIP, or cut off")
	}
	libraries, err := librariesOf(z)
	if err != nil {
		return err
	}
	hasArtists := false
	for _, f := range libraries {
		has, err := c.readMember(f)
		if err != nil {
			return errorf("%s in the ZIP: %v", memberName(f), err)
		}
		hasArtists = hasArtists || has
	}
	if !hasArtists {
		return errorf("the ZIP has no YourLibrary.json with artists; ask Spotify for your account data")
	}
	return nil
}

// librariesOf finds the files to read. Their sizes are checked before anything
// is unpacked.
func librariesOf(z *zip.Reader) (files []*zip.File, err error) {
	size := uint64(0)
	for _, f := range z.File {
		if f.Name == "xl/workbook.xml" {
			return nil, errorf("it is an Excel workbook; save it as CSV UTF-8")
		}
		if ok, _ := path.Match("YourLibrary*.json", memberName(f)); !ok {
			continue
		}
		if size += f.UncompressedSize64; f.UncompressedSize64 > maxSize || size > maxSize {
			return nil, errTooBig
		}
		if isEncrypted := f.Flags&1 != 0; isEncrypted {
			return nil, errorf("the ZIP is encrypted; unpack it first")
		}
		files = append(files, f)
	}
	return files, nil
}

// memberName is the name of a file without its folder. PowerShell 5 separates them with
// a backslash.
func memberName(f *zip.File) string { return path.Base(strings.ReplaceAll(f.Name, `\`, "/")) }

func (c *collector) readMember(f *zip.File) (hasArtists bool, err error) {
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return false, errors.New("it is compressed in an unknown way")
	}
	if err != nil {
		return false, errDamaged
	}
	defer r.Close()
	in := &bounded{r: r}
	d := newDecoder(in, in)
	isLibrary, hasArtists := d.document(c)
	if d.err == nil && !isLibrary {
		return false, errors.New("it is not a library")
	}
	err = d.end()
	switch limit := (*Error)(nil); {
	case errors.As(in.err, &limit):
		err = in.err
	case in.err != nil:
		err = errDamaged
	}
	return hasArtists, err
}
