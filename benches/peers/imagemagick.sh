#!/usr/bin/env bash
# Unpacks Debian's ImageMagick into benches/peers/imagemagick, with the libraries that this machine lacks, and
# installs nothing into the system. It is one peer of several: where this does not work it is left out.
set -euo pipefail
folder="$(cd "$(dirname "$0")" && pwd)/imagemagick"
[ -e "$folder/.done" ] && exit 0
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "· no apt-get: without ImageMagick" >&2; exit 0; }
rm -rf "$folder" && mkdir -p "$folder/packages"
chmod 755 "$folder/packages"
cd "$folder/packages"
missing="$(apt-get install --no-install-recommends --print-uris -qq imagemagick-6.q16 2>/dev/null | awk '{print $2}' | cut -d_ -f1)" || true
if [ -z "$missing" ] || ! apt-get download -qq $missing >/dev/null 2>&1; then
    echo "· apt-get has no ImageMagick: without it" >&2
    exit 0
fi
for package in *.deb; do dpkg-deb -x "$package" "$folder"; done
rm -rf "$folder/packages"
touch "$folder/.done"
