"""The time zone of this machine by its IANA name, which `tomorrow at 5pm` needs."""

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo


def local_timezone(environ: Mapping[str, str], localtime: Path = Path("/etc/localtime")) -> str:
    """Return the zone of TZ or of the system; UTC if neither has a name."""
    named = environ.get("TZ", "").removeprefix(":")
    linked = str(localtime.resolve()).partition("zoneinfo/")[2]
    return next((zone for zone in (named, linked) if _exists(zone)), "UTC")


def _exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # unknown, malformed, a folder such as "Europe"
        return False
    return True
