#!/usr/bin/env bash
# Prints the path of a Chromium for the tests of the page. Where there is none, root on Debian or Ubuntu gets Debian's
# package; anybody else is told what to install. CHROMIUM=/path/to/it comes before all. The headless shell is the same
# browser without windows: 10 s of CPU for all tests instead of 25.
set -euo pipefail
find_it() {
    for name in ${CHROMIUM:+"$CHROMIUM"} chromium-headless-shell chromium chromium-browser google-chrome; do
        command -v "$name" && return
    done
    return 1
}
find_it && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "there is no chromium: install it (Debian: sudo apt-get install chromium), or set CHROMIUM to a Chrome or Chromium" >&2
    exit 1
fi
echo "· installing chromium" >&2
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y --no-install-recommends fonts-dejavu-core "$1"; }
{ apt-get update && { install chromium-headless-shell || install chromium; }; } >/dev/null
find_it
