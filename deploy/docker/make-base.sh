#!/bin/bash
# Makes a base for the images where the official one can't be pulled: Debian with its Python, by
# debootstrap, as an archive of the root file system. Requires root and debootstrap.
#
# Usage: make-base.sh FILE.tar     DEBIAN_MIRROR overrides debootstrap's mirror
set -euo pipefail

SUITE=bookworm
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

echo "base: debootstrap of $SUITE"
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv \
    "$SUITE" "$WORK/base" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} > "$WORK/debootstrap.log" || { tail "$WORK/debootstrap.log"; exit 1; }
rm -rf "$WORK"/base/var/cache/apt/archives/*.deb "$WORK"/base/var/lib/apt/lists/*
# Path of Python in the official image.
ln -s /usr/bin/python3 "$WORK/base/usr/local/bin/python"
ln -s /usr/bin/python3 "$WORK/base/usr/local/bin/python3"
tar -C "$WORK/base" -cf "$1" .
