//go:build unix

package main

import "syscall"

// leaveTerminal keeps the program from asking the developer who runs the tests. It fails, and
// should, for a program that a test has put on a terminal.
func leaveTerminal() { _, _ = syscall.Setsid() }
