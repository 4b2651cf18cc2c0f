"""A table of networks as one file that is searched where it lies: ranges of addresses that do not overlap, sorted.

Layout: a line `SCIP1`, the length of the header (4 bytes), the header (JSON: the different values), then 36 bytes for
each range: first and last address (16 bytes each) and the number of its value (4). An IPv4 address stands as IPv6 does
it (`::ffff:0:0/96`). Numbers are big-endian, so that bytes compare as addresses do.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import IO, Any, Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Range = tuple[int, int, int]
"""First address, last address, number of the value."""

MAGIC: Final = b"SCIP1\n"
_ROW: Final = 36
_IPV4: Final = 0xFFFF << 32


class RangesBroken(ValueError):
    """A file is no table of networks, or not a whole one."""


def number_of(address: Address) -> int:
    """An address as a number of 128 bits."""
    return int(address) + (_IPV4 if address.version == 4 else 0)


def range_of(network: Network) -> tuple[int, int]:
    """First and last address of a network."""
    return number_of(network.network_address), number_of(network.broadcast_address)


def apart(networks: Sequence[Range]) -> Iterator[Range]:
    """The same networks without overlaps: of networks inside one another the smallest decides. They either nest or lie
    apart, as networks do, and none stands there twice."""
    around: list[Range] = []
    at = 0
    for first, last, value in sorted(networks, key=lambda n: (n[0], -n[1])):
        while around and around[-1][1] < first:
            _, end, outer = around.pop()
            if at <= end:
                yield at, end, outer
                at = end + 1
        if around and at < first:
            yield at, first - 1, around[-1][2]
        at = first
        around.append((first, last, value))
    while around:
        _, end, outer = around.pop()
        if at <= end:
            yield at, end, outer
            at = end + 1


def write(networks: Sequence[Range], values: Sequence[Any], out: IO[bytes]) -> int:
    """Writes a table; returns how many ranges it has."""
    header = json.dumps({"values": list(values)}).encode()
    out.write(MAGIC + struct.pack(">I", len(header)) + header)
    written = 0
    for first, last, value in apart(networks):
        out.write(first.to_bytes(16) + last.to_bytes(16) + value.to_bytes(4))
        written += 1
    return written


class Ranges:
    """An open table."""

    def __init__(self, file: Path) -> None:
        """Raises RangesBroken for what is no whole table, OSError for what is not there."""
        with file.open("rb") as opened:
            self._data = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        begin = len(MAGIC) + 4
        if self._data[: len(MAGIC)] != MAGIC or len(self._data) < begin:
            raise RangesBroken(f"{file} is no table of networks")
        (length,) = struct.unpack(">I", self._data[len(MAGIC) : begin])
        self._rows = begin + length
        self.count, rest = divmod(len(self._data) - self._rows, _ROW)
        if rest or self.count < 0:
            raise RangesBroken(f"{file} ends in the middle of a row")
        try:
            self._values: list[Any] = json.loads(self._data[begin : self._rows])["values"]
        except (ValueError, KeyError, TypeError) as problem:
            raise RangesBroken(f"{file} has a broken header") from problem

    def get(self, address: Address) -> Any | None:
        """The value of the network an address is in; None where it is in none."""
        wanted = number_of(address).to_bytes(16)
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            place = self._rows + middle * _ROW
            if self._data[place : place + 16] <= wanted:
                low = middle + 1
            else:
                high = middle
        if not low:
            return None
        place = self._rows + (low - 1) * _ROW
        if self._data[place + 16 : place + 32] < wanted:
            return None
        return self._values[int.from_bytes(self._data[place + 32 : place + _ROW])]
