#!/usr/bin/env bash
# Unpacks Debian's Rust with the standard library for another processor into target/debian-rust, and prints its rustc.
# For machines where rustup cannot fetch it. Nothing is installed into the system.
#
# local/debian_rust.sh arm64
set -euo pipefail
processor="$1"
folder="$(cd "$(dirname "$0")/.." && pwd)/target/debian-rust/$processor"
rustc="$folder/rustc"
if [ ! -e "$rustc" ]; then
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        echo "there is no apt-get" >&2
        exit 1
    fi
    host="$(dpkg --print-architecture)"
    rm -rf "$folder" && mkdir -p "$folder"/{lists,cache,packages}/partial
    # Lists of its own, because the system's need not have the other processor's packages.
    apt() {
        apt-get -qq -o APT::Sandbox::User=root -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" \
            -o "APT::Architectures::=$host" -o "APT::Architectures::=$processor" "$@"
    }
    apt update >&2
    cd "$folder/packages"
    release="$(apt-cache -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" depends libstd-rust-web-dev |
        awk '$2 ~ /^libstd-rust-web-/ { print $2; exit }')"
    llvm="$(apt-cache -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" depends "$release" |
        awk '$2 ~ /^libllvm/ { print $2; exit }')"
    apt download rustc-web "$release" "$llvm" libstd-rust-web-dev "libstd-rust-web-dev:$processor" libedit2 libz3-4 \
        libxml2 libbsd0 libmd0 >&2
    for package in *.deb; do dpkg-deb -x "$package" "$folder/root"; done
    cd "$folder"
    rm -rf lists cache packages
    libraries="$(dirname "$(find "$folder/root/usr/lib" -name 'librustc_driver-*.so' -print -quit)")"
    cat >"$rustc.new" <<END
#!/bin/sh
LD_LIBRARY_PATH="$libraries" exec "$folder/root/usr/bin/rustc" "\$@"
END
    chmod +x "$rustc.new"
    "$rustc.new" --version >&2
    mv "$rustc.new" "$rustc"
fi
echo "$rustc"
