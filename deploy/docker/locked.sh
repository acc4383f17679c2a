#!/bin/sh
# Run by the Dockerfiles: installs the versions of requirements.lock, verified by hash.
#
#   locked.sh tools NAME...     uv and the packages NAME into /opt/tools, only for the build
#   locked.sh service SERVICE   the dependencies of a service into /opt/venv
#   locked.sh code SERVICE      the service and our packages it imports into /opt/todochat
#
# The optional build secret `index` is a file of variables such as `UV_INDEX_URL=...`, for another
# package index than the public one. It ends up in no layer.
set -eu

if [ -f /run/secrets/index ]; then
    set -a
    # shellcheck disable=SC1091
    . /run/secrets/index
    set +a
fi

LOCK=requirements.lock
CODE=/opt/todochat

# Prints the folders of the workspace packages that a service depends on, then its own.
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

# Args: the environment's folder, and requirements for uv: names and pyproject.toml files. The lock
# constrains the resolved versions, and each installed file must match one of its hashes.
install_locked() {
    folder=$1
    shift
    # shellcheck disable=SC2086
    /opt/tools/bin/uv pip compile --quiet --python "$folder/bin/python" --constraint "$LOCK" \
        --no-annotate --no-header --no-emit-package todochat --no-emit-package durable-chatkit --no-emit-package model-client \
        --no-emit-package task-phrases --no-emit-package task-tools --no-emit-package offline-assistant \
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
    # Includes the exporter of traces, which services import when one is configured.
    # shellcheck disable=SC2046
    install_locked /opt/venv $(workspace_folders "$1" | sed 's:$: :; s: :/pyproject.toml :g') \
        --extra telemetry
    # Debugging symbols, source maps and an unused editor are a third of the size. Libraries that
    # auditwheel put into *.libs stay unchanged, because strip can break them.
    find /opt/venv -name '*.so' -not -path '*.libs/*' -exec strip --strip-debug {} +
    find /opt/venv \( -name '*.map' -o -name 'swagger-editor*' \) -delete
    # The code is in a separate layer outside the environment.
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
