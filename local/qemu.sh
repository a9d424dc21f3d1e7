#!/usr/bin/env bash
# Prints the command that runs a program for arm64 on this machine: nothing but `env` on arm64, else qemu with the glibc
# of Debian's cross compilers. Where they are missing, root on Debian or Ubuntu gets them; anybody else is told.
set -euo pipefail
libraries=/usr/aarch64-linux-gnu
if [ "$(uname -s)-$(uname -m)" = Linux-aarch64 ]; then
    echo env
    exit
fi
find_it() {
    for name in qemu-aarch64-static qemu-aarch64; do
        [ -e "$libraries/lib/libc.so.6" ] && command -v "$name" && return
    done
    return 1
}
if ! find_it >/dev/null; then
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "there is no qemu for arm64: install it (Debian: sudo apt-get install qemu-user-static libc6-arm64-cross)" >&2
        exit 1
    fi
    echo "· installing qemu" >&2
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends qemu-user-static libc6-arm64-cross; } >/dev/null
fi
echo "$(find_it) -L $libraries"
