#!/bin/bash
# Builds the images without a container engine and a registry: with buildah in a chroot, on a base
# made by debootstrap with Debian's Python, tagged like the official one. Requires root and
#
#   apt-get install buildah debootstrap
#
# Usage: build-here.sh [IMAGE...]   auth-session, tasks, todo-agent, chat-gateway, edge; default: all
set -euo pipefail
cd "$(dirname "$0")/../.."

BASE=docker.io/library/python:3.11-slim-bookworm
VERSION=${VERSION:-0.1.0}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

make_base() {
    deploy/docker/make-base.sh "$WORK/base.tar"
    local container
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$WORK/base.tar" / > /dev/null
    buildah config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$BASE" > /dev/null
}

# Prints this machine's package index settings, as a build secret.
index() {
    local url registry
    url=$(python3 -m pip config get global.index-url 2> /dev/null || true)
    registry=$(npm config get registry 2> /dev/null || true)
    [ -z "$url" ] || printf 'UV_INDEX_URL=%s\nPIP_INDEX_URL=%s\n' "$url" "$url"
    [ -z "$registry" ] || printf 'npm_config_registry=%s\n' "$registry"
    for name in SSL_CERT_FILE PIP_CERT NODE_EXTRA_CA_CERTS; do
        [ -z "${!name:-}" ] || printf '%s=/run/certificates.crt\n' "$name"
    done
}

build() {
    local image=$1 file=service.Dockerfile
    [ "$image" != edge ] || file=edge.Dockerfile
    echo "image: $image"
    buildah bud --isolation chroot --layers --pull-never --format docker \
        --secret "id=index,src=$WORK/index" \
        --volume "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}:/run/certificates.crt:ro" \
        --build-arg "BASE=$BASE" --build-arg "SERVICE=$image" --build-arg "VERSION=$VERSION" \
        --build-arg "REVISION=$(git rev-parse HEAD 2> /dev/null || echo unknown)" \
        --file "deploy/docker/$file" --tag "todochat/$image:$VERSION" . > "$WORK/build.log" 2>&1 \
        || { tail -n 40 "$WORK/build.log"; exit 1; }
}

umask 077
index > "$WORK/index"
umask 022
buildah inspect --type image "$BASE" > /dev/null 2>&1 || make_base
[ $# -gt 0 ] || set -- auth-session tasks todo-agent chat-gateway edge
for image in "$@"; do
    build "$image"
done
