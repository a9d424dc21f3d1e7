#!/usr/bin/env bash
# `make deploy RELEASE=` on the local AWS, from a release host on loopback, with no Rust in PATH. It takes the zips of
# `make package` for both processors and the command of `make command`.
set -euo pipefail
cd "$(dirname "$0")/.."
version="$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)"
host="$PWD/target/release-host"
rm -rf "$host" && mkdir -p "$host/releases/download"
port="$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
export RELEASES="http://127.0.0.1:$port/releases"
# The notes of a version that is not in CHANGELOG.md yet.
grep -q "^## v\?$version\b" CHANGELOG.md || sed -i.kept "s/^## Unreleased/## $version/" CHANGELOG.md
trap '[ ! -e CHANGELOG.md.kept ] || mv CHANGELOG.md.kept CHANGELOG.md; [ -z "${server:-}" ] || kill "$server"' EXIT
make --no-print-directory release-files RELEASE="v$version"
mv target/release-files/files "$host/releases/download/v$version"
.venv/bin/python -m http.server --bind 127.0.0.1 --directory "$host" "$port" >/dev/null 2>&1 &
server=$!
# What a machine without Rust has.
bare="$PWD/target/release-path"
rm -rf "$bare" && mkdir -p "$bare"
for name in bash sh env make python3 node npm git awk sed touch mkdir rm cat; do ln -s "$(command -v "$name")" "$bare/$name"; done
PATH="$bare" make --no-print-directory deploy RELEASE="v$version" STAGE=released PARAMS="$*"
.venv/bin/python - <<'END'
import os, boto3
functions = boto3.client("lambda", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).list_functions()["Functions"]
ours = sorted((one["FunctionName"], one["Architectures"][0]) for one in functions if "-released-" in one["FunctionName"])
print(*(f"{name}  {architecture}" for name, architecture in ours), sep="\n")
assert len(ours) == 5, ours
END
PATH="$bare" make --no-print-directory remove STAGE=released PARAMS="$*" >/dev/null
echo "released: deployed and removed, without Rust"
