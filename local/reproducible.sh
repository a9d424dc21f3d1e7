#!/usr/bin/env bash
# Builds the zips of the last commit once more, in a folder of its own, and compares their sums with those of
# `make package`.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
architecture=${ARCHITECTURE:-arm64}
[ -z "$(git status --porcelain --untracked-files=no)" ] || {
    echo "reproducible: there are changes that are not committed: commit them, what is compared is the commit" >&2
    exit 1
}
folder=$root/target/reproducible
rm -rf "$folder"
mkdir -p "$folder"
git archive HEAD | tar -x -C "$folder"
# The tools and the compiler are the same; nothing that was compiled is.
ln -s "$root/.venv" "$folder/.venv"
mkdir -p "$folder/target"
[ ! -e target/debian-rust ] || ln -s "$root/target/debian-rust" "$folder/target/debian-rust"
(cd "$folder" && .venv/bin/python -m local.lambda_zips --architecture "$architecture")
diff "target/lambda/$architecture/SHA256SUMS" "$folder/target/lambda/$architecture/SHA256SUMS" || {
    echo "reproducible: the two builds differ: < in $root, > in $folder" >&2
    exit 1
}
echo "reproducible: two builds, the same bytes:"
cat "target/lambda/$architecture/SHA256SUMS"
rm -rf "$folder"
