"""Uploads before ClamAV's clamd, where one is configured (``SAFECONDUCT_CLAMD``): its INSTREAM command, by hand.

``zINSTREAM\\0``, then pieces with their length in four bytes before them, then a length of zero; the answer is one
line, ``stream: OK`` or ``stream: NAME FOUND`` (clamd(8), ClamAV 1.4).
"""

from __future__ import annotations

import socket
import struct
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from safeconduct.kernel.cases.errors import EvidenceRefused, ScannerSilent

_PIECE: Final = 64 * 1024
_PATIENCE_S: Final = 30.0
_LONGEST_ANSWER: Final = 4096


def scan(data: bytes) -> str:
    """By what the bytes were found clean: "clamd", or "" where no scanner is configured.

    Raises EvidenceRefused where something is in them, ScannerSilent where the scanner does not answer: nothing is
    taken in unscanned then.
    """
    address: str = settings.CLAMD
    if not address:
        return ""
    try:
        answer = _ask(address, data)
    except OSError:
        raise ScannerSilent from None
    if answer.endswith("FOUND"):
        raise EvidenceRefused(_("the virus scanner has found something in this file; send another"))
    if not answer.endswith("OK"):
        raise ScannerSilent
    return "clamd"


def _ask(address: str, data: bytes) -> str:
    with _connected(address) as line:
        line.sendall(b"zINSTREAM\0")
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            line.sendall(struct.pack(">I", len(piece)) + piece)
        line.sendall(struct.pack(">I", 0))
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
            more = line.recv(1024)
            if not more:
                break
            answer += more
    return answer.rstrip(b"\0\n ").decode("utf-8", "replace")


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(_PATIENCE_S)
        line.connect(address)
        return line
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=_PATIENCE_S)
