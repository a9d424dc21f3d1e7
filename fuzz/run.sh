#!/usr/bin/env bash
# Runs fuzz targets, each for so many seconds: fuzz/run.sh SECONDS [TARGET...]; without targets, all of them.
# It starts from the tests' own images; what it finds on its way is kept in fuzz/corpus, and crashes in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "· installing cargo-fuzz" >&2
    cargo install --quiet --locked cargo-fuzz --version 0.13.2 || {
        echo "cargo-fuzz cannot be installed here. Without it: make mutations, make differential" >&2
        exit 1
    }
fi

SEEDS=$PWD/fuzz/seeds cargo test --quiet --locked -p engine --test mutations >/dev/null
# libFuzzer needs compiler flags of a nightly. This makes the stable compiler take them, so that none has to be installed.
export RUSTC_BOOTSTRAP=1
# Other decoders for engine_against, beside those in Rust.
if [ -e .venv/.tests ]; then
    export AGAINST=$PWD/.venv/bin/python
fi
sanitizer=none
if compgen -G "$(rustc --print sysroot)/lib/rustlib/*/lib/librustc*rt.asan.a" >/dev/null; then
    sanitizer=address
fi
# shellcheck disable=SC2048 # Names of targets have no spaces.
for target in ${*:-$(cargo fuzz list)}; do
    echo "· fuzzing $target for $seconds s, sanitizer: $sanitizer" >&2
    mkdir -p "fuzz/corpus/$target"
    cargo fuzz run --sanitizer "$sanitizer" "$target" "fuzz/corpus/$target" fuzz/seeds crates/jpeg/tests/fixtures -- \
        -max_total_time="$seconds" -rss_limit_mb=1024 -verbosity=0 -print_final_stats=1
done
