# Everything works without make as well: go build ./cmd/node, go test ./...

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 30s
BENCH       ?=
VERSION     ?=
LDFLAGS     := $(if $(VERSION),-X main.version=$(VERSION))

.PHONY: build run test test-long race bench bench-sync bench-import bench-flood bench-scenarios lint fuzz soak clean

build: ## bin/troupe
	$(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/troupe ./cmd/node

run: build ## a private chain with coins to spend
	bin/troupe dev

test: ## what CI and every change must pass
	$(GO) test ./...

test-long: ## the same with many more seeds, rounds and blocks: tests read TROUPE_LONG
	TROUPE_LONG=1 $(GO) test -timeout 120m ./...

race: ## the race detector on everything
	$(GO) test -race -timeout 30m ./...

bench: ## every benchmark, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-sync: ## download a forged chain of 60,000 transactions, beside btcd; BENCH="-runs 1 -txs 600000" and the like
	$(GO) run ./lab/cmd/bench sync $(BENCH)

bench-import: ## import the first 14,132 blocks of main, beside btcd's addblock
	$(GO) run ./lab/cmd/bench import $(BENCH)

bench-flood: ## 40,000 transactions over eight connections, then over a hundred, beside btcd
	$(GO) run ./lab/cmd/bench flood $(BENCH)
	$(GO) run ./lab/cmd/bench flood -connections 100 $(BENCH)

bench-scenarios: ## floods with blocks among them, at the pool's limit, unfair, of orphans and conflicts, and a restart; BENCH="fair limit" for some
	$(GO) run ./lab/cmd/bench scenarios $(BENCH)

lint: ## vet, gofmt, staticcheck
	$(GO) vet ./...
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) run $(STATICCHECK) ./...

fuzz: ## every fuzz target for FUZZTIME each
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

soak: ## the long tests over and over, until one fails or Ctrl-C
	@round=1; while echo "== round $$round" && TROUPE_LONG=1 $(GO) test -count=1 -timeout 120m ./...; do round=$$((round+1)); done; exit 1

clean:
	rm -rf bin
