#!/usr/bin/env bash
# Prints the path of a Chromium for the tests of the page. Where there is none, root on Debian or Ubuntu gets Debian's
# package; anybody else is told what to install. CHROMIUM=/path/to/it comes before all.
set -euo pipefail
find_it() {
    for name in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome; do
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
{ apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >/dev/null
find_it
