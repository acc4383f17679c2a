"""The images' health check: `healthy.py PATH VARIABLE=DEFAULT...` exits 0 if somebody is well.

A variable holds a port, or an address as Caddy takes it (`http://:8000`, `chat.example.com`). One
answer without an error is enough: an image may have several commands, of which one runs.
"""
# ruff: noqa: INP001, TID251 - a program, no package

import http.client
import os
import sys
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_S: Final = 4.0
HTTP_PORT: Final = 80  # where a domain's address redirects to HTTPS


def main() -> None:
    """Ask, and exit 0 or 1."""
    path, *places = sys.argv[1:]
    sys.exit(not any(answers(find_port(place), path) for place in places))


def find_port(place: str) -> int:
    """Return the port that a variable says, or its default."""
    name, _, default = place.partition("=")
    value = (os.environ.get(name) or default).replace(",", " ").split()[0]
    if value.isdecimal():
        return int(value)
    return urlsplit(value if "//" in value else f"//{value}").port or HTTP_PORT


def answers(port: int, path: str) -> bool:
    """Tell whether a request is answered with anything but an error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
