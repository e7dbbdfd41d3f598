package main

import "github.com/spotauth/spotauth/internal/keychaintest"

// startKeychain starts a session bus and a gnome-keyring that holds nothing.
func startKeychain(folder string) (address string, stop func(), err error) {
	address, stopBus, err := keychaintest.StartBus()
	if err != nil {
		return "", func() {}, err
	}
	stopKeyring, err := keychaintest.StartKeyring(address, folder, "password of the benchmark's keychain")
	if err != nil {
		stopBus()
		return "", func() {}, err
	}
	return address, func() { stopKeyring(); stopBus() }, nil
}
