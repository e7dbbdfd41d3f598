//go:build linux

package session

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// secretService is a Secret Service (freedesktop.org, "Secret Service API") that does
// as little as the keychain library asks for, and misbehaves in one way.
type secretService struct {
	conn  *dbus.Conn
	fault string

	mu    sync.Mutex
	items map[dbus.ObjectPath]item
	next  int
	open  bool
}

type item struct {
	attributes map[string]string
	value      []byte
}

// content is the Secret struct of the API.
type content struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

const (
	ssPath     = "/org/freedesktop/secrets"
	ssLogin    = ssPath + "/collection/login"
	ssPrompt   = ssPath + "/prompt/"
	ssNoPrompt = dbus.ObjectPath("/")
)

// startSecretService puts the service on a bus of its own.
func startSecretService(t *testing.T, fault string) (address string) {
	t.Helper()
	address = startBus(t)
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s := &secretService{conn: conn, fault: fault, items: map[dbus.ObjectPath]item{}}
	export := func(object any, path dbus.ObjectPath, face string) {
		if err := conn.Export(object, path, "org.freedesktop."+face); err != nil {
			t.Fatal(err)
		}
	}
	export(s, ssPath, "Secret.Service")
	export(properties{}, ssPath, "DBus.Properties")
	export(collection{s}, ssLogin, "Secret.Collection")
	export(session{}, ssPath+"/session/1", "Secret.Session")
	for _, what := range []string{"open", "dismissed", "never", "late"} {
		export(prompt{s, what}, dbus.ObjectPath(ssPrompt+what), "Secret.Prompt")
	}
	if _, err := conn.RequestName("org.freedesktop.secrets", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return address
}

func (s *secretService) OpenSession(string, dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
	switch s.fault {
	case "hangs":
		time.Sleep(time.Minute)
	case "is slow":
		time.Sleep(200 * time.Millisecond)
	}
	return dbus.MakeVariant(""), ssPath + "/session/1", nil
}

func (s *secretService) Unlock(what []dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.open:
	case s.fault == "nobody unlocks":
		return nil, ssPrompt + "never", nil
	case s.fault == "unlocked late":
		return nil, ssPrompt + "late", nil
	case s.fault == "unlocking dismissed":
		return nil, ssPrompt + "dismissed", nil
	}
	return what, ssNoPrompt, nil
}

type properties struct{}

func (properties) Get(string, string) (dbus.Variant, *dbus.Error) {
	return dbus.MakeVariant([]dbus.ObjectPath{ssLogin}), nil
}

type session struct{}

func (session) Close() *dbus.Error { return nil }

type collection struct{ s *secretService }

func (c collection) SearchItems(wanted map[string]string) ([]dbus.ObjectPath, *dbus.Error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	found := []dbus.ObjectPath{}
	for path, i := range c.s.items {
		if i.attributes["username"] == wanted["username"] && i.attributes["service"] == wanted["service"] {
			found = append(found, path)
		}
	}
	return found, nil
}

func (c collection) CreateItem(about map[string]dbus.Variant, secret content, _ bool) (dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	attributes, _ := about["org.freedesktop.Secret.Item.Attributes"].Value().(map[string]string)
	old, _ := c.SearchItems(attributes)
	switch c.s.fault {
	case "writing dismissed":
		return ssNoPrompt, ssPrompt + "dismissed", nil
	case "writes nothing":
		return ssNoPrompt, ssNoPrompt, nil
	case "writes a part":
		secret.Value = secret.Value[:len(secret.Value)/2]
	}
	c.s.mu.Lock()
	c.s.next++
	path := dbus.ObjectPath(ssLogin + "/" + strconv.Itoa(c.s.next))
	for _, p := range old {
		path = p
	}
	c.s.items[path] = item{attributes, secret.Value}
	c.s.mu.Unlock()
	_ = c.s.conn.Export(itemObject{c.s, path}, path, "org.freedesktop.Secret.Item")
	if c.s.fault == "answers late" {
		time.Sleep(2 * time.Second)
	}
	return path, ssNoPrompt, nil
}

type itemObject struct {
	s    *secretService
	path dbus.ObjectPath
}

func (i itemObject) GetSecret(at dbus.ObjectPath) (content, *dbus.Error) {
	i.s.mu.Lock()
	defer i.s.mu.Unlock()
	if i.s.fault == "replaced while read" {
		i.s.fault = ""
		return content{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownMethod", []any{"Object does not exist at path"})
	}
	return content{at, []byte{}, i.s.items[i.path].value, "text/plain"}, nil
}

func (i itemObject) Delete() (dbus.ObjectPath, *dbus.Error) {
	switch i.s.fault {
	case "deleting dismissed":
		return ssPrompt + "dismissed", nil
	case "deletes nothing":
		return ssNoPrompt, nil
	}
	i.s.mu.Lock()
	defer i.s.mu.Unlock()
	delete(i.s.items, i.path)
	return ssNoPrompt, nil
}

type prompt struct {
	s    *secretService
	what string
}

func (p prompt) Prompt(string) *dbus.Error {
	result := dbus.MakeVariant([]dbus.ObjectPath{})
	switch p.what {
	case "never":
		return nil
	case "late":
		result = dbus.MakeVariant([]dbus.ObjectPath{ssLogin})
		time.AfterFunc(400*time.Millisecond, func() {
			p.s.mu.Lock()
			p.s.open = true
			p.s.mu.Unlock()
			_ = p.s.conn.Emit(dbus.ObjectPath(ssPrompt+p.what), "org.freedesktop.Secret.Prompt.Completed", false, result)
		})
		return nil
	}
	go p.s.conn.Emit(dbus.ObjectPath(ssPrompt+p.what), "org.freedesktop.Secret.Prompt.Completed", true, result)
	return nil
}
