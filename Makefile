# While you work: make check. Before you push: make test lint. For a release: make snapshot package-test reproducible.

GO ?= go
TOOLS := $(GO) run -modfile=$(CURDIR)/.ci/tools/go.mod
GORELEASER := $(GO) run -modfile=.ci/release-tools/go.mod github.com/goreleaser/goreleaser/v2
# Only the place of a release knows whose it is.
export GITHUB_REPOSITORY_OWNER ?= OWNER
FUZZTIME ?= 10s
# A missing keychain or browser fails the tests on Linux; elsewhere it skips them.
REQUIRE := $(if $(filter Linux,$(shell uname -s)),1,)
MODULES := . bench internal/sandbox/zmb3
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: build check test bench gofmt lint cross fuzz vuln man pictures snapshot package-test reproducible release deps

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o spotauth ./cmd/spotauth

# In under a minute, and installs nothing: tests skip what isn't there. They wait more than they compute.
check: gofmt
	$(GO) vet ./...
	$(TOOLS) honnef.co/go/tools/cmd/staticcheck ./...
	$(GO) test -short -parallel 8 ./...

# The complete run: the race detector, wine, Chromium, and every script again with a real keychain.
test: deps
	SPOTAUTH_TEST_REQUIRE=$(REQUIRE) $(GO) test -race -timeout 20m -coverprofile=coverage.out ./...
	@$(GO) tool cover -func=coverage.out | tail -n 1
	cd internal/sandbox/zmb3 && $(GO) test -race -timeout 5m ./...

# The figures of docs/performance.md, next to those of other programs: about six minutes.
bench: deps
	cd bench && $(GO) run .

gofmt:
	@test -z "$$(gofmt -l .)" || { echo "run gofmt on:"; gofmt -l .; exit 1; }

lint: gofmt
	$(TOOLS) github.com/rhysd/actionlint/cmd/actionlint
	@set -e; for module in $(MODULES); do \
		echo "linting $$module"; \
		(cd $$module; set -x; $(GO) vet ./...; $(TOOLS) honnef.co/go/tools/cmd/staticcheck ./...; $(GO) mod tidy -diff); \
	done

# With the flags of a release, so that its build finds everything compiled.
cross: export CGO_ENABLED = 0
cross:
	@set -e; for p in $(PLATFORMS); do \
		echo "building $$p"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -o /dev/null ./cmd/spotauth; \
	done
	@set -e; for system in linux darwin windows; do \
		echo "vetting for $$system"; \
		GOOS=$$system GOARCH=amd64 $(GO) vet -trimpath ./...; \
	done

# Every fuzz target there is, one after the other.
fuzz:
	@.ci/fuzz $(FUZZTIME)

vuln:
	$(TOOLS) golang.org/x/vuln/cmd/govulncheck ./...

# Writes docs/man and NOTICE anew; the tests say when it is due.
man:
	$(GO) test ./cmd/spotauth -run 'TestManPages|TestNotice' -update

pictures: deps
	.ci/pictures

# A release that is not published, in dist/; a stand-in for cosign tells what a signature would be over.
snapshot:
	$(GORELEASER) check
	PATH="$(CURDIR)/.ci/stand-in:$$PATH" $(GORELEASER) release --snapshot --clean --skip=sbom,publish

package-test: deps
	.ci/verify dist --unsigned
	.ci/package-test dist

reproducible:
	.ci/reproducible dist

release:
	$(GORELEASER) release --clean

deps:
	@.ci/deps
