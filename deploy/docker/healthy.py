"""Health check of the images: `healthy.py PATH VARIABLE=DEFAULT...` exits 0 if a port is healthy.

A variable holds a port, or an address in Caddy's format (`http://:8000`, `chat.example.com`). One
successful response is enough: an image may have several commands, of which one runs.
"""
# ruff: noqa: INP001, TID251 - a program, not a package

import http.client
import os
import sys
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_S: Final = 4.0
HTTP_PORT: Final = 80  # where a domain redirects to HTTPS


def main() -> None:
    """Check the ports, and exit 0 or 1."""
    path, *variables = sys.argv[1:]
    sys.exit(not any(is_healthy(find_port(variable), path) for variable in variables))


def find_port(variable: str) -> int:
    """Return the port in `VARIABLE=DEFAULT`: the variable's value, or the default."""
    name, _, default = variable.partition("=")
    value = (os.environ.get(name) or default).replace(",", " ").split()[0]
    if value.isdecimal():
        return int(value)
    return urlsplit(value if "//" in value else f"//{value}").port or HTTP_PORT


def is_healthy(port: int, path: str) -> bool:
    """Return whether a request gets a status below 400."""
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
