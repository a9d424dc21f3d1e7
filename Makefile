# Every target works on a fresh machine with Rust, Python 3, Node and npm.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PORT ?= 4566
IMAGES ?=
BENCH ?=
PEERS ?=
CALIBRATE ?=
PEERS_CORPUS ?=
FUZZ_SECONDS ?= 60
MUTATIONS ?= 1000000
FIRST_SEED ?= 0
JOBS ?= 1
CHAOS_OBJECTS ?= 1000
CHAOS_SEED ?=
# on: the bucket keeps versions, which are deleted by their ids, delete markers too.
CHAOS_VERSIONS ?= off
FUZZ_TARGETS ?=
STAGE ?= dev
HEVC ?= off
# Compiled in a minute, and tested before anything that needs the AWS SDK.
WITHOUT_SDK := -p benches -p calibrate -p coding -p contract -p engine -p heif -p jpeg -p resample -p thumbtier -p usage
WITH_SDK := -p api -p dispatcher -p end-to-end -p function -p sdk -p thumbtier-aws -p worker
REGION ?= us-east-1
# All that prices.json has, unless some are named.
REGIONS ?=
# A key to lint and test the template with, everything that is off by default being on.
KMS_KEY := arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
DISTRIBUTION := arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE
PARAMS ?=
# The other two situations of buckets: somebody else's, whose events a queue and a topic have, and one for both sides.
EXISTING_BUCKETS := --param="source_bucket=my-uploads" --param="source_bucket_exists=true" \
	--param="destination_bucket=my-thumbnails" --param="destination_bucket_exists=true" --param="event_source=none" \
	--param="source_queue_arn=arn:aws:sqs:us-east-1:123456789012:uploads" \
	--param="source_topic_arn=arn:aws:sns:us-east-1:123456789012:uploads" --param="api=on"
ONE_BUCKET := --param="source_bucket=my-pictures" --param="destination_bucket=my-pictures" \
	--param="source_prefixes=photos/,avatars/" --param="destination_prefix=thumbnails/" \
	--param="source_versioning=on" --param="destination_versioning=on" --param="api=on"
TEMPLATES := $(foreach folder,template template-kms template-off template-existing template-same,\
	target/$(folder)/cloudformation-template-update-stack.json)
# The decoders that tests/differential.rs compares the engine with, beside those in Rust.
AGAINST := $(CURDIR)/.venv/bin/python

# By itself: cargo under make would share make's jobs, not the processors.
CARGO := MAKEFLAGS= cargo
AS_JSON := --message-format=json-render-diagnostics
# Behind the tests that run meanwhile, some of which have a limit of time.
BEHIND := nice -n 19
CARGO_BEHIND := MAKEFLAGS= $(BEHIND) cargo
PACKAGE := node_modules/.bin/osls package --stage prod --param="package_dir=target/local"
DEPLOYED := python3 -m local.suite target/deployed.json --only

.PHONY: help local test tested linted unit unit-built functions-built sdk-built template downloads
.PHONY: deployed operators situations page requests chaos mutations differential fuzz bench calibrate dispatcher peers package preflight deploy remove prices audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

local: ## the whole deployment on this machine, with sample images or IMAGES="a.jpg dir/"
	@command -v python3 >/dev/null || { echo "python3 is not installed: install Python 3.11 or newer" >&2; exit 1; }
	@python3 -m local.ready
	@.venv/bin/python -m local --port $(PORT) up $(IMAGES)

test: ## format, lints, unit tests, template, end to end on the local AWS
	@$(MAKE) --no-print-directory --jobs 5 tested linted

unit: unit-built ## the tests of what does not need the AWS SDK: engine, tables, thresholds, the command on local files
	@python3 -m local.suite target/unit.json

# What is fetched beside the compiler.
downloads: .venv/.done node_modules/.done
	@local/browser/chromium.sh >/dev/null

# While the unit tests run, the rest is compiled, and clippy has what time the end-to-end tests leave, which mostly wait.
# Cargo lets one of it compile at a time, so what runs beside it is started without it: local/suite.py.
unit-built:
	cargo fmt --all --check
	@mkdir -p target
	$(CARGO) test --locked $(WITHOUT_SDK) --no-run $(AS_JSON) > target/unit.json
	@$(CARGO) test --quiet --locked --doc $(WITHOUT_SDK) >/dev/null

functions-built: unit-built downloads
	$(BEHIND) .venv/bin/python -m local build
	$(CARGO_BEHIND) build --quiet --locked -p thumbtier -p thumbtier-aws

sdk-built: functions-built
	$(CARGO_BEHIND) test --quiet --locked $(WITH_SDK) --no-run $(AS_JSON) > target/sdk.json
	$(CARGO_BEHIND) test --quiet --locked $(WITH_SDK) --test deployed --test chaos --no-run $(AS_JSON) > target/deployed.json

linted: sdk-built
	$(CARGO_BEHIND) clippy --quiet --locked --workspace --all-targets -- -D warnings

tested: unit sdk-built template
	@python3 -m local.suite target/sdk.json
	node --test deploy/*.test.mjs
	@AGAINST=$(AGAINST) python3 -m local.suite target/unit.json --only differential
	.venv/bin/python -m local test --built env MAKEFLAGS= $(MAKE) --no-print-directory deployed

# As a user's deployment is packaged, and with all that is on or off by default being otherwise. One after the other:
# osls has one folder for what it is making.
template: functions-built
	@$(PACKAGE) --package target/template
	@$(PACKAGE) --param="kms_key_arn=$(KMS_KEY)" --param="api=on" --param="api_cors_origins=https://shop.example" --param="cdn=on" --param="cdn_distribution_arn=$(DISTRIBUTION)" --param="destination_policy_file=local/end-to-end/tests/deployed/statements.json" --param="monitoring=full" --param="platform_logs=on" --package target/template-kms
	@$(PACKAGE) --param="monitoring=off" --param="event_source=none" --package target/template-off
	@$(PACKAGE) $(EXISTING_BUCKETS) --package target/template-existing
	@$(PACKAGE) $(ONE_BUCKET) --package target/template-same
	.venv/bin/cfn-lint $(TEMPLATES)
	for template in $(TEMPLATES); do target/debug/thumbtier validate --region us-east-1 --template $$template || exit; done

# Against the deployment that the environment names: `make test` makes one and removes it again. Metrics go first: they
# count jobs, and those of other tests may still be under way. Chaos goes late, with what it has Lambda retry later, and
# versions after it, because a bucket that has had them once never is without again; one by one, because one of them
# silences the bucket for a while.
deployed:
	@for module in metrics template account buckets pipeline cdn http privilege nothing_lost slow_down redrive backfill alarms; do \
		$(DEPLOYED) deployed $$module:: || exit; \
	done
	@$(MAKE) --no-print-directory --jobs 4 --output-sync=target operators situations page requests
	@$(DEPLOYED) chaos
	@RUST_TEST_THREADS=1 $(DEPLOYED) deployed versions::
	@CHAOS_VERSIONS=on CHAOS_OBJECTS=30 $(DEPLOYED) chaos

# These wait for one another in nothing: each has objects, roles or stages of its own.
operators:
	@$(DEPLOYED) deployed operator::
situations:
	.venv/bin/python -m local.situations
page:
	node --test local/browser/*.test.mjs
requests:
	local/http/schemathesis.sh

chaos: .venv/.done node_modules/.done ## a bad day for CHAOS_OBJECTS=1000 uploads, and what became of each: CHAOS_SEED=7 CHAOS_VERSIONS=on
	@CHAOS_OBJECTS=$(CHAOS_OBJECTS) CHAOS_SEED=$(CHAOS_SEED) CHAOS_VERSIONS=$(CHAOS_VERSIONS) \
		.venv/bin/python -m local test cargo test --quiet --locked $(WITH_SDK) --test chaos

# HEVC is patented, so that HEIC is read only where HEVC=on says so.
package: ## the zips for AWS, optimised, in target/lambda: HEVC=on reads HEIC
	@HEVC=$(HEVC) python3 -m local.package

# What was validated is what is deployed. PARAMS="--param=delete_thumbnails=false --param=event_source=none"
deploy: package node_modules/.done ## to AWS: STAGE=prod REGION=eu-west-1 PARAMS="--param=…"
	@node_modules/.bin/osls package --stage $(STAGE) --region $(REGION) $(PARAMS) --package target/deploy
	@cargo run --quiet --locked -p thumbtier -- validate --region $(REGION) \
		--template target/deploy/cloudformation-template-update-stack.json
	@node_modules/.bin/osls deploy --stage $(STAGE) --region $(REGION) $(PARAMS) --package target/deploy

preflight: package node_modules/.done ## asks the account what a deployment would meet: STAGE=prod REGION=eu-west-1 PARAMS="--param=…"
	@node_modules/.bin/osls package --stage $(STAGE) --region $(REGION) $(PARAMS) --package target/deploy
	@cargo build --quiet --locked -p thumbtier -p thumbtier-aws
	@target/debug/thumbtier preflight --stage $(STAGE) --region $(REGION)

remove: node_modules/.done ## takes the deployment away, with the PARAMS of its deployment; its buckets stay as they are
	@node_modules/.bin/osls remove --stage $(STAGE) --region $(REGION) $(PARAMS)

# In a profile that notices overflows; what is found is kept in target/tmp/finds.
mutations: ## MUTATIONS=1000000 damaged files through the engine: no panic, no hang, no plan exceeded. FIRST_SEED=0 JOBS=1
	@MUTATIONS=$(MUTATIONS) FIRST_SEED=$(FIRST_SEED) JOBS=$(JOBS) cargo test --quiet --locked --profile checked -p engine --test mutations

differential: .venv/.done ## the same files through other decoders too: the same picture, a warning or a refusal
	@MUTATIONS=$(MUTATIONS) FIRST_SEED=$(FIRST_SEED) JOBS=$(JOBS) AGAINST=$(AGAINST) \
		cargo test --quiet --locked --profile checked -p engine --test differential

fuzz: ## each fuzz target for FUZZ_SECONDS=60, or FUZZ_TARGETS="engine_make jpeg_full"
	@fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

bench: ## criterion benches of the engine: BENCH="--bench stages -- whole"
	@cargo bench -p benches $(BENCH)

calibrate: ## measures each tier, decides, writes tiers.json and the report: CALIBRATE="--full --objective cost"
	@echo "· building the worker and the benches" >&2
	@cargo build --quiet --release --locked -p worker
	@cargo build --quiet --release --locked -p benches
	@cargo bench --quiet --locked -p benches --bench grid --no-run
	@target/release/calibrate $(CALIBRATE)
	@UPDATE=1 cargo test --quiet --locked -p contract --test tidy the_readme_shows_the_table >/dev/null

dispatcher: ## what the dispatcher takes for an event in each memory, in its limits, and what that costs
	@cargo build --quiet --release --locked -p dispatcher
	@python3 benches/dispatcher.py

peers: benches/peers/.venv/.done benches/peers/node_modules/.done ## the engine beside sharp, libvips, Pillow, ImageMagick: PEERS=--quick PEERS_CORPUS=dir
	@benches/peers/imagemagick.sh
	@echo "· building the engine" >&2
	@cargo build --quiet --release --locked -p benches -p thumbtier
	@benches/peers/.venv/bin/python -m benches.peers $(PEERS) $(if $(PEERS_CORPUS),--corpus "$(PEERS_CORPUS)")

benches/peers/.venv/.done: benches/peers/requirements.txt
	@command -v python3 >/dev/null || { echo "python3 is not installed: install Python 3.11 or newer" >&2; exit 1; }
	@echo "· installing pyvips and Pillow" >&2
	@python3 -m venv benches/peers/.venv
	@benches/peers/.venv/bin/pip install --quiet --disable-pip-version-check -r benches/peers/requirements.txt
	@touch $@

benches/peers/node_modules/.done: benches/peers/package-lock.json
	@command -v npm >/dev/null || { echo "npm is not installed: install Node 20 or newer, which brings it" >&2; exit 1; }
	@echo "· installing sharp" >&2
	@cd benches/peers && npm ci --silent --no-fund --no-audit
	@touch $@

prices: ## prices.json by AWS's public price lists, which needs the internet and no account: REGIONS="mx-central-1 eu-west-1"
	@node deploy/refresh_prices.mjs $(REGIONS)

# Advisories last and apart: they alone are fetched from the network, and fail without it.
audit: ## licences, sources and advisories of every dependency
	@cargo deny --version >/dev/null 2>&1 || cargo install cargo-deny --version 0.20.2 --locked
	@cargo deny check bans licenses sources
	@cargo deny check advisories

clean: ## what the targets above made, without the build
	@rm -rf .venv node_modules .local .serverless

.venv/.done: requirements.txt
	@command -v python3 >/dev/null || { echo "python3 is not installed: install Python 3.11 or newer" >&2; exit 1; }
	@echo "· installing the Python packages" >&2
	@python3 -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

node_modules/.done: package-lock.json
	@command -v npm >/dev/null || { echo "npm is not installed: install Node 20 or newer, which brings it" >&2; exit 1; }
	@echo "· installing the Serverless Framework" >&2
	@npm ci --silent --no-fund --no-audit
	@touch $@
