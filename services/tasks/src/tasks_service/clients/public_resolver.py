"""Resolves host names that users give, refusing those that lead into private networks."""

import ipaddress
import socket
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # its last 32 bits are an IPv4 address


class PrivateAddressError(OSError):
    """A host name resolves to an address that isn't public."""


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public Internet, also of one embedded in IPv6."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        embedded = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if found in _NAT64:
            embedded = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if embedded:
            return is_public(str(embedded))
    return found.is_global and not found.is_multicast


class PublicResolver(AbstractResolver):
    """Resolves for each connection, so a name can't change its address after it was checked."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            PrivateAddressError: one of them isn't public.
            OSError: the name can't be resolved.
        """
        found = await self._resolver.resolve(host, port, family)
        if not all(is_public(each["host"]) for each in found):
            msg = f"{host} has a private address"
            raise PrivateAddressError(msg)
        return found

    async def close(self) -> None:
        """Close the resolver."""
        await self._resolver.close()
