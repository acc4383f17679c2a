#!/bin/bash
# As root: gives the data to the user valkey and runs the command as this user.
set -euo pipefail
if [ "$1" = valkey-server ] && [ "$(id -u)" = 0 ]; then
    find . ! -user valkey -exec chown valkey:valkey {} +
    exec setpriv --reuid=valkey --regid=valkey --clear-groups "$@"
fi
exec "$@"
