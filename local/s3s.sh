#!/bin/sh
# s3s-fs, a store that speaks S3 and keeps files in a folder (Apache-2.0): a second one for `make served-by-s3s`, and the one
# for `make serve-load`. Compiled once, for a few minutes; prints where it is.
set -eu
VERSION=0.14.1
root=$(cd "$(dirname "$0")/.." && pwd)/target/s3s
if [ ! -x "$root/bin/s3s-fs" ]; then
    echo "· building s3s-fs $VERSION" >&2
    cargo install --quiet --locked --version "$VERSION" --features binary --root "$root" --target-dir "$root/build" s3s-fs >&2
fi
echo "$root/bin/s3s-fs"
