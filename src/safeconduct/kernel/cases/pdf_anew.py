"""PDF, written anew without what it tells beside its pages: who made it, with what and when, as its dictionary of
information, its descriptions (XMP) and the notes of programs say it (ISO 32000-2, 14.3 and 14.5), wherever they hang;
and what the photographs on its pages say about place and camera. What was replaced in it earlier goes as well.

A document that is signed stays as it came: one changed byte would break the signature, and that is what it is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.kernel.cases.errors import EvidenceRefused

_SIGNED: Final = b"/ByteRange"
_TOLD: Final = ("/Metadata", "/PieceInfo", "/LastModified")
#: More parts than any document that people read; each costs time.
MOST_PARTS: Final = 100_000
#: Segments of a JPEG that make the picture: JFIF, colour profile, Adobe's transform. All other APPn and comments tell.
_KEPT: Final = frozenset({0xE0, 0xE2, 0xEE})


def pdf_anew(data: bytes) -> bytes:
    """The document without its metadata. Raises EvidenceRefused for what cannot be taken apart."""
    if _SIGNED in data:
        return data
    try:
        return _anew(data)
    except EvidenceRefused:
        raise
    except Exception as problem:  # the library's own faults are of many kinds, and all of them mean this
        raise EvidenceRefused(_("this PDF is damaged; print it to a new PDF")) from problem


def _anew(data: bytes) -> bytes:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import DictionaryObject, StreamObject

    reader = PdfReader(BytesIO(data))
    for parts, part in enumerate(_parts(reader.root_object)):
        if parts >= MOST_PARTS:
            raise EvidenceRefused(_("this PDF has too many parts; print it to a new PDF"))
        if isinstance(part, DictionaryObject):
            for name in _TOLD:
                part.pop(name, None)
        if isinstance(part, StreamObject) and part.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
            part._data = _photograph(part._data)
    if not reader.pages:
        raise EvidenceRefused(_("this PDF has no pages; send it again"))
    writer = PdfWriter()
    writer.clone_reader_document_root(reader)
    writer.pdf_header = reader.pdf_header
    writer.metadata = None
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def _parts(root: Any) -> Iterator[Any]:
    """Everything that hangs on the root, each once. No recursion: what others wrote may hang as deep as it likes."""
    from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

    seen, waiting = set[tuple[int, int]](), [root]
    while waiting:
        part = waiting.pop()
        if isinstance(part, IndirectObject):
            place = (part.idnum, part.generation)
            if place in seen:
                continue
            seen.add(place)
            part = part.get_object()
        yield part
        if isinstance(part, DictionaryObject):
            waiting += part.values()
        elif isinstance(part, ArrayObject):
            waiting += part


def _photograph(data: bytes) -> bytes:
    """A JPEG without the segments that tell; unchanged where it does not read as one."""
    kept, at = [data[:2]], 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        kind, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if kind == 0xDA:  # the picture itself, to the end
            return b"".join([*kept, data[at:]])
        if kind in _KEPT or not (kind == 0xFE or 0xE0 <= kind <= 0xEF):
            kept.append(data[at : at + 2 + size])
        at += 2 + size
    return data
