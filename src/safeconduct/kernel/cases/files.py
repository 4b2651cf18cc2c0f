"""Files that can be evidence: PNG, JPEG, PDF, MP4, plain text. What a file is, is told from its bytes, never its name.

Pictures are decoded and encoded anew (`pictures_anew`), PDF (`pdf_anew`) and films are written anew part by part: kept
is what shows the picture or the page; place, device, author, owner, comments, previews and whatever hangs on behind the
end are left out. What cannot be decoded or taken apart is refused. The hash of what came is kept beside that of what
is stored (`Evidence`).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.kernel.cases.errors import EvidenceRefused
from safeconduct.kernel.cases.pdf_anew import pdf_anew
from safeconduct.kernel.cases.pictures_anew import jpeg_anew, png_anew

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
        raise EvidenceRefused(
            _("this %(type)s is larger than %(mb)s MB; send a smaller one")
            % {"type": media_type, "mb": LIMITS[media_type] // _MIB}
        )
    return Clean(media_type, clean(data))


def fact(values: object) -> Clean:
    """A fact that the house itself collected, as canonical JSON: carrier's scans, payment checks, a listing's text."""
    data = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if len(data) > LIMITS["application/json"]:
        raise EvidenceRefused(_("this fact is larger than 1 MB; keep what the case is about"))
    return Clean("application/json", data)


def _sniffed(data: bytes) -> tuple[str, Callable[[bytes], bytes]]:
    if data.startswith(_PNG):
        return "image/png", png_anew
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", jpeg_anew
    if data.startswith((b"%PDF-1.", b"%PDF-2.")):
        return "application/pdf", _pdf
    if data[4:8] == b"ftyp":
        return "video/mp4", _mp4
    return "text/plain", _text


def _pdf(data: bytes) -> bytes:
    if b"%%EOF" not in data[-2048:]:
        raise EvidenceRefused(_("this PDF ends in the middle; send it again"))
    if b"/Encrypt" in data:
        raise EvidenceRefused(
            _("this PDF is locked; the other side must be able to read it: send it without a password")
        )
    for word in _PDF_ACTIVE:
        if word in data:
            raise EvidenceRefused(
                _("this PDF holds more than pages (%(what)s); print it to a new PDF") % {"what": word.decode()[1:]}
            )
    return pdf_anew(data)


def _mp4(data: bytes) -> bytes:
    kept = bytearray(data)
    kinds = [kind for _, _, kind in _boxes(data, 0, len(data))]
    if not {b"moov", b"mdat"} <= set(kinds) and b"moof" not in kinds:
        raise EvidenceRefused(_("this MP4 holds no film; send it again"))
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
            raise EvidenceRefused(_("this MP4 is damaged or ends in the middle; send it again"))
        yield at, end, kind
        at = end


def _text(data: bytes) -> bytes:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\x00"
    if not text.strip() or any(ord(c) < 32 and c not in "\t\r\n" for c in text):
        raise EvidenceRefused(_("this is none of PNG, JPEG, PDF, MP4 or plain text (UTF-8); convert it to one of them"))
    return text.encode()
