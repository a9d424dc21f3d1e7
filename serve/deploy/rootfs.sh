#!/bin/sh
# The files of the image: rootfs.sh PROGRAM FOLDER. The program, the libraries that it is linked with, certificates of the
# public authorities, a user and a place for state; no shell, no package manager, nothing else.
set -eu
program=$1 root=$2
certificates=/etc/ssl/certs/ca-certificates.crt
[ -f "$certificates" ] || { echo "$certificates is missing: install ca-certificates" >&2; exit 1; }
mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/state" "$root/tmp" "$root/proc" "$root/dev"
cp "$program" "$root/usr/bin/thumbtier-serve"
strip "$root/usr/bin/thumbtier-serve"
cp "$certificates" "$root$certificates"
echo 'thumbtier:x:65532:65532::/state:/' > "$root/etc/passwd"
echo 'thumbtier:x:65532:' > "$root/etc/group"
# Names are looked up in /etc/hosts, which the container's runtime writes, and then by DNS.
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
# Under the names that the loader looks for; where a path is a link, the file.
ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
