"""The IANA name of this machine's time zone, which `tomorrow at 5pm` needs."""

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo


def local_timezone(environ: Mapping[str, str], localtime: Path = Path("/etc/localtime")) -> str:
    """Return the zone of TZ or of the system; UTC if neither is a known IANA name."""
    named = environ.get("TZ", "").removeprefix(":")
    linked = str(localtime.resolve()).partition("zoneinfo/")[2]
    for zone in (named, linked):
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):  # unknown, malformed, a folder such as "Europe"
            continue
        return zone
    return "UTC"
