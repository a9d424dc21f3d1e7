#!/usr/bin/env bash
# Prints the folder of nasm, which assembles the AV1 decoder's code for x86-64. Where it is missing, it is unpacked from
# Debian's or Ubuntu's package into target/nasm, and nothing is installed; anybody else is told.
set -euo pipefail
if command -v nasm >/dev/null; then
    dirname "$(command -v nasm)"
    exit
fi
folder="$(cd "$(dirname "$0")/.." && pwd)/target/nasm"
if [ ! -x "$folder/usr/bin/nasm" ]; then
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        echo "nasm is not installed: install version 2.14 or newer (macOS: brew install nasm; Fedora: sudo dnf install nasm)" >&2
        exit 1
    fi
    rm -rf "$folder" && mkdir -p "$folder"
    chmod 755 "$folder"
    cd "$folder"
    if ! apt-get download -qq nasm >/dev/null 2>&1; then
        echo "apt-get has no nasm: run \`sudo apt-get update\`, or \`sudo apt-get install nasm\`" >&2
        exit 1
    fi
    dpkg-deb -x nasm_*.deb "$folder"
    rm -f nasm_*.deb
fi
echo "$folder/usr/bin"
