"""A dossier as tests need it."""

from __future__ import annotations

import hmac
import struct
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from safeconduct.protections.transactions.chargebacks import packs, reason_codes
from safeconduct.protections.transactions.chargebacks.dossier import Dossier, Exhibit, Happened, Row

AT = datetime(2026, 6, 10, 9, 30, tzinfo=UTC)
TABLE = reason_codes.table(date(2026, 6, 1))


def hashes(secret: bytes) -> Callable[[Sequence[bytes]], list[bytes]]:
    """As whoever holds this key makes salts."""
    return lambda messages: [hmac.digest(secret, message, "sha256") for message in messages]


def dossier(code: str = "visa/10.4", **more: Any) -> Dossier:
    """A fraud dispute that two facts and a delivery answer."""
    found, entry = packs.packs(), TABLE.codes[code]
    given: dict[str, Any] = {
        "dispute": "dp_1Pq", "network": entry.network.value, "network_code": entry.code, "code": entry,
        "reason": entry.reason.value, "amount_minor": 12990, "currency": "USD", "opened_at": AT - timedelta(days=2),
        "due_at": AT + timedelta(days=6), "order": "ord-90112", "merchant": "Andes Orchards", "at": AT,
        "hashes": hashes(b"s" * 32), "pack": found.of(entry), "documents": found.documents,
        "timeline": (
            Happened(AT - timedelta(days=20), "Ordered", "shop"), Happened(AT - timedelta(days=12), "Delivered", "dhl"),
        ),
        "exhibits": (
            Exhibit("ip_address", "shop", AT - timedelta(days=20), (Row("IP address", "8.8.4.4", "ip"),)),
            Exhibit("customer", "shop", rows=(Row("E-mail", "ana@example.org", "email"),)),
            Exhibit("order_details", "shop", AT - timedelta(days=20), (Row("Amount", "129.90 USD"),)),
            Exhibit("three_ds", "processor", rows=(Row("3-D Secure", "authenticated"),)),
        ),
    }  # fmt: skip
    return Dossier(**given | more)


def picture(width: int = 40, height: int = 30) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b"".join(b"\0" + b"\x33\x66\x99" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
