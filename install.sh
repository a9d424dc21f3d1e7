#!/bin/sh
# Installs the command `thumbtier` of a release, after checking its sum. Nothing else of the system changes.
#
#   sh install.sh                       the newest release, into ~/.local/bin
#   sh install.sh v1.2.3                that release
#   THUMBTIER_BIN=/usr/local/bin        where to
#   THUMBTIER_RELEASES=https://…/releases   where from; a copy that came with a release knows it
set -eu
# Written by `make release-files`.
RELEASES_OF_THIS_COPY=
releases=${THUMBTIER_RELEASES:-$RELEASES_OF_THIS_COPY}
folder=${THUMBTIER_BIN:-$HOME/.local/bin}

fail() {
    echo "install: $1" >&2
    exit 1
}

fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl --fail --silent --show-error --location --retry 2 --output "$2" "$1" || fail "$1 cannot be fetched: is there such a release?"
    elif command -v wget >/dev/null 2>&1; then
        wget --quiet --output-document="$2" "$1" || fail "$1 cannot be fetched: is there such a release?"
    else
        fail "there is neither curl nor wget: install one of them"
    fi
}

sum() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum "$1"
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 "$1"
    else
        fail "there is neither sha256sum nor shasum, so that no sum can be checked: install one of them"
    fi | cut -d ' ' -f 1
}

# All of it is read before any of it runs, in case the download of this script was cut.
main() {
    [ -n "$releases" ] || fail "say where releases are: THUMBTIER_RELEASES=https://github.com/OWNER/NAME/releases"
    if [ "${1:-latest}" = latest ]; then
        url=$releases/latest/download
    else
        url=$releases/download/$1
    fi
    case $(uname -m) in
    x86_64 | amd64) processor=x86_64 ;;
    aarch64 | arm64) processor=aarch64 ;;
    *) fail "there is no command for $(uname -m): x86-64 and arm64 have one; build it with cargo" ;;
    esac
    case $(uname -s) in
    Linux) system=unknown-linux-gnu ;;
    Darwin) system=apple-darwin ;;
    *) fail "there is no command for $(uname -s): Linux and macOS have one; build it with cargo" ;;
    esac
    archive=thumbtier-$processor-$system.tar.gz

    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    fetch "$url/SHA256SUMS" "$work/SHA256SUMS"
    fetch "$url/$archive" "$work/$archive"
    want=$(awk -v name="$archive" '$2 == name { print $1 }' "$work/SHA256SUMS")
    [ -n "$want" ] || fail "$url/SHA256SUMS does not name $archive: the release has none for this machine"
    is=$(sum "$work/$archive")
    [ "$is" = "$want" ] || fail "$archive has the sum $is, SHA256SUMS says $want: nothing was installed"

    mkdir "$work/programs"
    tar -xzf "$work/$archive" -C "$work/programs"
    mkdir -p "$folder"
    # A program that runs may not be written to, but may be replaced.
    for program in thumbtier thumbtier-aws thumbtier-serve; do
        # Older releases have no thumbtier-serve.
        [ -f "$work/programs/$program" ] || continue
        cp "$work/programs/$program" "$folder/$program.new"
        chmod 755 "$folder/$program.new"
        mv -f "$folder/$program.new" "$folder/$program"
    done
    echo "installed $("$folder/thumbtier" --version) in $folder"
    case :$PATH: in
    *":$folder:"*) ;;
    *) echo "$folder is not in PATH: add it" ;;
    esac
}

main "$@"
