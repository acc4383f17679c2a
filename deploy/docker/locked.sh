#!/bin/sh
# Run by the Dockerfiles: installs what requirements.lock says, checked against its hashes.
#
#   locked.sh tools NAME...     uv and the packages NAME into /opt/tools, for the build alone
#   locked.sh service SERVICE   what a service imports into /opt/venv, and nothing else
#   locked.sh code SERVICE      the service and what it shares with others into /opt/todochat
#
# An optional build secret `index` is a file of variables, as `UV_INDEX_URL=...`, for who has to
# ask another package index than the public one. It is in no layer.
set -eu

if [ -f /run/secrets/index ]; then
    set -a
    # shellcheck disable=SC1091
    . /run/secrets/index
    set +a
fi

LOCK=requirements.lock
CODE=/opt/todochat

# Prints the folders of a service and of the workspace's packages that it needs, itself last.
workspace_folders() {
    python - "services/$1" << 'END'
import sys
import tomllib
from pathlib import Path

def needed(folder):
    project = tomllib.loads(Path(folder, "pyproject.toml").read_text(encoding="utf-8"))
    for name in project.get("tool", {}).get("uv", {}).get("sources", {}):
        yield from needed(f"packages/{name}")
    yield folder

print(*dict.fromkeys(needed(sys.argv[1])))
END
}

# Args: the environment's folder, and what uv takes as requirements: names and pyproject.toml files.
# The lock limits the versions that are resolved; then each file must have a hash that it names.
install_locked() {
    folder=$1
    shift
    # shellcheck disable=SC2086
    /opt/tools/bin/uv pip compile --quiet --python "$folder/bin/python" --constraint "$LOCK" \
        --no-annotate --no-header --no-emit-package todochat --no-emit-package durable-chatkit --no-emit-package offline-assistant \
        "$@" -o resolved.txt >/dev/null
    /opt/tools/bin/uv pip install --python "$folder/bin/python" --no-cache --no-build \
        --compile-bytecode --no-deps --require-hashes --constraint "$LOCK" -r resolved.txt
}

tools() {
    awk '/^uv==/ {on=1} on {print} on && !/\\$/ {exit}' "$LOCK" > uv.txt
    python -m venv /opt/tools
    /opt/tools/bin/pip install --quiet --no-cache-dir --no-deps --require-hashes -r uv.txt
    printf '%s\n' "$@" > wanted.in
    install_locked /opt/tools wanted.in
}

service() {
    python -m venv --without-pip --symlinks /opt/venv
    # With the exporter of traces, which the services look for when one is configured.
    # shellcheck disable=SC2046
    install_locked /opt/venv $(workspace_folders "$1" | sed 's:$: :; s: :/pyproject.toml :g') \
        --extra telemetry
    # Debugging symbols, source maps and an editor that nobody serves: a third of the whole. What
    # auditwheel put into *.libs stays as it is, for strip can break it.
    find /opt/venv -name '*.so' -not -path '*.libs/*' -exec strip --strip-debug {} +
    find /opt/venv \( -name '*.map' -o -name 'swagger-editor*' \) -delete
    # Code is a layer of its own, beside the environment.
    site=$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo "$CODE" > "$site/todochat.pth"
}

code() {
    for folder in $(workspace_folders "$1"); do
        (cd "$folder" && /opt/tools/bin/python -m hatchling build -t wheel -d /build/wheels)
    done
    /opt/tools/bin/uv pip install --python /opt/venv/bin/python --no-cache --offline --no-deps \
        --compile-bytecode --target "$CODE" wheels/*.whl
}

"$@"
