"""Files that can be evidence: PNG, JPEG, PDF, MP4, plain text. What a file is, is told from its bytes, never its name.

Pictures and films are written anew, part by part: kept is what shows the picture; place, device, owner, comments,
previews and whatever hangs on behind the end are left out. The picture itself is not decoded, so that no pixel of the
evidence changes; what cannot be taken apart is refused.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from safeconduct.kernel.cases.errors import EvidenceRefused

_MIB: Final = 1024 * 1024
#: Media type → largest size in bytes. Banks take far less (Stripe 4.5 MB in all); packs are made smaller when sent.
LIMITS: Final = {
    "image/png": 10 * _MIB,
    "image/jpeg": 10 * _MIB,
    "application/pdf": 10 * _MIB,
    "video/mp4": 50 * _MIB,
    "text/plain": _MIB,
    "application/json": _MIB,
}
_PNG: Final = b"\x89PNG\r\n\x1a\n"
#: Chunks of PNG (W3C, third edition) that are needed to show the picture as it is.
_PNG_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"})
#: Dimensions above this are no photograph, but a way to fill a reader's memory.
_MOST_PIXELS: Final = 100_000_000
#: Boxes of MP4 (ISO/IEC 14496-12) that hold metadata: they become `free`, of the same size, so that no offset moves.
_MP4_DROPPED: Final = frozenset({b"udta", b"meta", b"uuid"})
_MP4_PARENTS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf"})
_MP4_TOP: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"styp"})
#: What makes a document do something when it is opened. Long enough not to appear in compressed bytes by chance.
_PDF_ACTIVE: Final = (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia")


@dataclass(frozen=True, slots=True)
class Clean:
    """A file as it is kept."""

    media_type: str
    data: bytes


def cleaned(data: bytes) -> Clean:
    """What a file is, without its metadata. Raises EvidenceRefused, which says what can be sent instead."""
    media_type, clean = _sniffed(data)
    if len(data) > LIMITS[media_type]:
        raise EvidenceRefused(f"this {media_type} is larger than {LIMITS[media_type] // _MIB} MB; send a smaller one")
    return Clean(media_type, clean(data))


def fact(values: object) -> Clean:
    """A fact that the house itself collected, as canonical JSON: carrier's scans, payment checks, a listing's text."""
    data = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if len(data) > LIMITS["application/json"]:
        raise EvidenceRefused("this fact is larger than 1 MB; keep what the case is about")
    return Clean("application/json", data)


def _sniffed(data: bytes) -> tuple[str, Callable[[bytes], bytes]]:
    if data.startswith(_PNG):
        return "image/png", _png
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", _jpeg
    if data.startswith((b"%PDF-1.", b"%PDF-2.")):
        return "application/pdf", _pdf
    if data[4:8] == b"ftyp":
        return "video/mp4", _mp4
    return "text/plain", _text


def _png(data: bytes) -> bytes:
    kept = [_PNG]
    at, seen = len(_PNG), b""
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data) or crc32(data[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise EvidenceRefused("this PNG is damaged; save it again, or send a JPEG")
        if not seen:
            width, height = struct.unpack_from(">II", data, at + 8) if kind == b"IHDR" else (0, 0)
            _check_size(width, height)
        if kind in _PNG_KEPT:
            kept.append(data[at:end])
        seen, at = kind, end
        if kind == b"IEND":
            return b"".join(kept)
    raise EvidenceRefused("this PNG ends in the middle; send it again")


def _jpeg(data: bytes) -> bytes:
    kept, at, turned, sized, scanned = [b"\xff\xd8"], 2, b"", False, False
    while at + 4 <= len(data) + 2 and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xD9 and sized and scanned:
            return b"".join([kept[0], turned, *kept[1:], b"\xff\xd9"])
        length = struct.unpack_from(">H", data, at + 2)[0] if at + 4 <= len(data) else 0
        segment, end = data[at : at + 2 + length], at + 2 + length
        if length < 2 or end > len(data):
            break
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack_from(">HH", segment, 5) if length >= 8 else (0, 0)
            _check_size(width, height)
            sized = True
        if marker == 0xDA:
            scanned, end = True, _end_of_scan(data, end)
            segment = data[at:end]
        if marker == 0xE1 and not turned:
            turned = _orientation(segment)
        # APP0 and APP14 say how colours are meant; all other application segments and comments are metadata.
        if not 0xE1 <= marker <= 0xED and marker not in (0xEF, 0xFE):
            kept.append(segment)
        at = end
    raise EvidenceRefused("this JPEG is damaged or ends in the middle; send it again")


def _end_of_scan(data: bytes, at: int) -> int:
    """The next marker: within a scan 0xFF stands only before 0x00, a restart marker, or itself."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise EvidenceRefused("this JPEG ends in the middle; send it again")
        if data[at + 1] == 0 or 0xD0 <= data[at + 1] <= 0xD7:
            at += 2
        elif data[at + 1] == 0xFF:
            at += 1
        else:
            return at


def _orientation(segment: bytes) -> bytes:
    """An Exif segment that says nothing but how the picture is to be turned, or nothing where it need not be."""
    tiff = segment[10:]
    if segment[4:10] != b"Exif\x00\x00" or tiff[:2] not in (b"II", b"MM") or len(tiff) < 10:
        return b""
    order = "<" if tiff[:2] == b"II" else ">"
    first = struct.unpack_from(order + "I", tiff, 4)[0]
    if first + 2 > len(tiff):
        return b""
    for number in range(min(struct.unpack_from(order + "H", tiff, first)[0], 200)):
        entry = first + 2 + 12 * number
        if entry + 12 > len(tiff):
            return b""
        tag, kind, count, value = struct.unpack_from(order + "HHIH", tiff, entry)
        if tag == 0x0112 and kind == 3 and count == 1 and 2 <= value <= 8:
            alone = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, value, 0, 0)
            return struct.pack(">HH", 0xFFE1, 2 + 6 + len(alone)) + b"Exif\x00\x00" + alone
    return b""


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= _MOST_PIXELS:
        raise EvidenceRefused(f"a picture of {width} by {height} points cannot be shown; send one of a camera")


def _pdf(data: bytes) -> bytes:
    if b"%%EOF" not in data[-2048:]:
        raise EvidenceRefused("this PDF ends in the middle; send it again")
    if b"/Encrypt" in data:
        raise EvidenceRefused("this PDF is locked; the other side must be able to read it: send it without a password")
    for word in _PDF_ACTIVE:
        if word in data:
            raise EvidenceRefused(f"this PDF holds more than pages ({word.decode()[1:]}); print it to a new PDF")
    return data


def _mp4(data: bytes) -> bytes:
    kept = bytearray(data)
    kinds = [kind for _, _, kind in _boxes(data, 0, len(data))]
    if not {b"moov", b"mdat"} <= set(kinds) and b"moof" not in kinds:
        raise EvidenceRefused("this MP4 holds no film; send it again")
    _blank(kept, data, 0, len(data), top=True)
    return bytes(kept)


def _blank(kept: bytearray, data: bytes, start: int, stop: int, *, top: bool = False) -> None:
    for begin, end, kind in _boxes(data, start, stop):
        if kind in _MP4_DROPPED or (top and kind not in _MP4_TOP):
            kept[begin + 4 : begin + 8] = b"free"
            kept[begin + 8 : end] = bytes(end - begin - 8)
        elif kind in _MP4_PARENTS:
            _blank(kept, data, begin + 8, end)


def _boxes(data: bytes, at: int, stop: int) -> Iterator[tuple[int, int, bytes]]:
    while at + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + 16 <= stop:
            size = struct.unpack_from(">Q", data, at + 8)[0]
        end = stop if size == 0 else at + size
        if end > stop or end < at + 8:
            raise EvidenceRefused("this MP4 is damaged or ends in the middle; send it again")
        yield at, end, kind
        at = end


def _text(data: bytes) -> bytes:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\x00"
    if not text.strip() or any(ord(c) < 32 and c not in "\t\r\n" for c in text):
        raise EvidenceRefused("this is none of PNG, JPEG, PDF, MP4 or plain text (UTF-8); convert it to one of them")
    return text.encode()
