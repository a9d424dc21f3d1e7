#!/usr/bin/env bash
# `ar` of zig, whose path is in ZIG, for x86-64: the objects of the AV1 decoder's assembly lie in their archive in the order
# of their names. `nasm-rs` hands them over in the order in which it was done with them, two at a time, so that two builds
# would differ. They come in several calls; the last one asks for the archive's index.
set -euo pipefail
case "$*" in
s*librav1dasm.a)
    archive="${*: -1}"
    folder="$(mktemp -d "$archive.XXXXXX")"
    (cd "$folder" && "$ZIG" ar x "$archive" && rm "$archive" && LC_ALL=C && "$ZIG" ar crsD "$archive" ./*.o)
    rm -r "$folder"
    ;;
*) exec "$ZIG" ar "$@" ;;
esac
