"""Checks from inside running containers that they are restricted as compose.yaml says."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Final

from compose_check.installation import Installation
from compose_kit import Service, project

USER: Final = 10001
# Bits of CapBnd.
CAPABILITIES: Final = {
    "CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "SETGID": 6, "SETUID": 7, "NET_BIND_SERVICE": 10,
}  # fmt: skip
UNITS: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
STORES: Final = ("postgres", "valkey")
# Prints `name=value` lines; the paths of both versions of control groups.
PROBE: Final = r"""
first() { for path in "$@"; do [ -r "$path" ] && { cat "$path"; return; }; done; echo none; }
tr '\t' ' ' < /proc/1/status | sed -n 's/^\([A-Za-z]*\): */\1=/p' | grep -E '^(Uid|Gid|CapEff|CapBnd|NoNewPrivs|Seccomp)='
for folder in / /etc /usr /opt /tmp; do
    if (: > "$folder/.probe") 2> /dev/null; then rm "$folder/.probe"; echo "write$folder=yes"; else echo "write$folder=no"; fi
done
echo "memory=$(first /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes)"
echo "pids=$(first /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max)"
echo "routes=$(awk '$2 == "00000000"' /proc/net/route | wc -l)"
for name in postgres valkey; do
    getent hosts $name > /dev/null && echo "finds_$name=yes" || echo "finds_$name=no"
done
"""


async def complaints(installation: Installation) -> list[str]:
    """Return every difference between a running container and compose.yaml."""
    file = project("compose.yaml")
    running = [
        (name, service)
        for name, service in file.services.items()
        if service.deploy is not None and not service.profiles
    ]
    outputs = await asyncio.gather(
        *(installation.execute(name, "sh", "-c", PROBE) for name, _ in running)
    )
    found = []
    for (name, service), output in zip(running, outputs, strict=True):
        probe = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        internal = all(file.networks[network].internal for network in service.networks)
        found += [f"{name}: {each}" for each in privilege_differences(name, service, probe)]
        found += [f"{name}: {each}" for each in reach_differences(service, probe, internal)]
    return found


def privilege_differences(name: str, service: Service, probe: Mapping[str, str]) -> Iterator[str]:
    """Compare user, capabilities, and writable folders."""
    is_store = name in STORES
    uid = int(probe["Uid"].split()[0])
    if uid == 0 or (not is_store and uid != USER):
        yield f"runs as user {uid}"
    allowed = sum(1 << CAPABILITIES[each] for each in service.cap_add)
    if int(probe["CapBnd"], 16) & ~allowed:
        yield f"may have capabilities {probe['CapBnd']}"
    # Podman gives a process the capabilities that are added for its container; Docker doesn't, unless
    # it runs as root.
    if int(probe["CapEff"], 16) & ~(0 if is_store else allowed):
        yield f"has capabilities {probe['CapEff']}"
    if probe["NoNewPrivs"] != "1":
        yield "can gain privileges"
    if probe["Seccomp"] != "2":
        yield "has no seccomp filter"
    writable = {"/tmp"} if service.read_only else {"/", "/etc", "/usr", "/opt", "/tmp"}
    for folder in ("/", "/etc", "/usr", "/opt", "/tmp"):
        is_writable = probe[f"write{folder}"] == "yes"
        # The stores' probe runs as root, and their roots are writable.
        if is_writable != (folder in writable):
            yield f"{folder} is {'' if is_writable else 'not '}writable"


def reach_differences(service: Service, probe: Mapping[str, str], internal: bool) -> Iterator[str]:
    """Compare limits and networks."""
    assert service.deploy is not None
    limits = service.deploy.resources.limits
    if int(probe["memory"]) != _bytes(limits.memory) or int(probe["pids"]) != limits.pids:
        yield f"limits: {probe['memory']} bytes, {probe['pids']} processes"
    if (probe["routes"] == "0") != internal:
        yield f"has {probe['routes']} default routes"
    for store in STORES:
        shares = store in service.networks
        if (probe[f"finds_{store}"] == "yes") != shares:
            yield f"{'does not find' if shares else 'finds'} {store}"


def _bytes(size: str) -> int:
    match = re.fullmatch(r"(\d+)([kmg])b?", size)
    assert match is not None, size
    return int(match[1]) * UNITS[match[2]]
