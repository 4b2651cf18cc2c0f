"""A bank's dispute with everything that is shown about it, and the document that is made of it.

The same dossier makes the bank's copy, with clear data, and the seller's, in which personal data is masked. Both carry
the same manifest: a hash of each exhibit with a salt of its own, which only the bank's copy prints. Without the salt a
hash tells nothing about an address or a name that could be guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import override

from safeconduct.foundation.canonical_json import canonical
from safeconduct.kernel.ui import formats
from safeconduct.kernel.ui.pdf import compiled, pages, typefaces
from safeconduct.kernel.vault.pseudonyms import mask
from safeconduct.protections.transactions.chargebacks.ce3 import Answer
from safeconduct.protections.transactions.chargebacks.packs import Document, Pack, Score, score
from safeconduct.protections.transactions.chargebacks.reading import said
from safeconduct.protections.transactions.chargebacks.reason_codes import ReasonCode, network_name

_TEMPLATE: Final = Path(__file__).resolve().parent / "pack.typ"
#: What a picture may be: what typst draws, and banks accept.
PICTURES: Final = {"image/png": "png", "image/jpeg": "jpg"}
#: Documents whose pages are bound in.
PDF: Final = "application/pdf"
_ENDINGS: Final = {**PICTURES, PDF: "pdf"}
Words = str | Promise


class PackRefused(ValueError):
    """A document cannot be made; the message says which exhibit is the cause, and the way out."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be. Stripe's: files of 4.5 MB together, and 19 pages for Mastercard (docs.stripe.com,
    as quoted by a secondary source); both are kept for every scheme, so that one document fits everywhere.
    """

    max_bytes: int = 4_500_000
    max_pages: int = 19


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an exhibit. ``personal``: the kind of entity it is, masked in the seller's copy ("" for none)."""

    label: Words
    value: str
    personal: str = ""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Something that is shown: lines, words, a picture. ``document``: which of `packs` it is. ``source``: who knows it.
    ``picture``: of `PICTURES`, or a PDF of ``page_count`` pages. ``personal``: it shows persons, or other shops'
    orders, and stays with the bank. ``brought``: somebody gave it, so it is no fact from records.
    """

    document: str
    source: Words
    at: datetime | None = None
    rows: tuple[Row, ...] = ()
    text: str = ""
    picture: bytes = b""
    media_type: str = ""
    page_count: int = 1
    personal: bool = False
    brought: bool = False

    def content(self) -> bytes:
        """The bytes that its hash covers, in any language."""
        told = {
            "document": self.document,
            "at": None if self.at is None else _stamp(self.at),
            "values": [row.value for row in self.rows],
            "text": self.text,
            "picture": hashlib.sha256(self.picture).hexdigest() if self.picture else None,
        }
        return canonical(told)


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of the timeline."""

    at: datetime
    says: Words
    source: Words


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is known when the answer is written. ``hashes``: whoever holds the keys makes the exhibits' salts by it.
    ``at``: dates the document. ``merchant``: as the bank knows it. ``code``: None where it is in no table.
    ``earlier``: what Compelling Evidence 3.0 says of it, by profile; empty where the bank disputes something else.
    ``fields``: the same for the processor's interface, where it qualifies and the processor takes that.
    """

    dispute: str
    network: str
    network_code: str
    code: ReasonCode | None
    reason: str
    amount_minor: int | None
    currency: str
    opened_at: datetime
    due_at: datetime | None
    order: str
    merchant: str
    at: datetime
    hashes: Callable[[Sequence[bytes]], Sequence[bytes]]
    pack: Pack
    documents: Mapping[str, Document]
    timeline: tuple[Happened, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    earlier: Mapping[str, Answer] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def score(self) -> Score:
        """How complete it is."""
        return score(self.pack, {exhibit.document for exhibit in self.exhibits})


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the manifest: the exhibit's number, what it is, its salt and salted hash, both in hexadecimal, and
    whether somebody brought it."""

    number: int
    document: str
    salt: str
    sha256: str
    brought: bool = False


@dataclass(frozen=True, slots=True)
class PackFile:
    """The document. ``left_out``: optional exhibits for which there was no room."""

    pdf: bytes
    page_count: int
    manifest: tuple[Entry, ...]
    left_out: tuple[str, ...] = field(default=())

    @property
    def sha256(self) -> str:
        """Of the whole file."""
        return hashlib.sha256(self.pdf).hexdigest()


def manifest(dossier: Dossier) -> tuple[Entry, ...]:
    """A salted hash of each exhibit: SHA-256 of 16 bytes of salt and the exhibit's canonical content."""
    exhibits = _in_order(dossier)
    contents = [exhibit.content() for exhibit in exhibits]
    salts = [made[:16] for made in dossier.hashes([dossier.dispute.encode() + b"\0" + each for each in contents])]
    return tuple(
        Entry(number, exhibit.document, salt.hex(), hashlib.sha256(salt + content).hexdigest(), exhibit.brought)
        for number, (exhibit, content, salt) in enumerate(zip(exhibits, contents, salts, strict=True), start=1)
    )


def made(dossier: Dossier, language: str, *, redacted: bool, limits: Limits = Limits()) -> PackFile:
    """The document in a language, for the bank or, redacted, for the seller. The same dossier makes the same bytes.

    Where there is no room, optional exhibits are left out, the least important first. Raises PackRefused where what
    must be there does not fit, or a picture is none.
    """
    _check_pictures(dossier)
    ranked = [exhibit.document for exhibit in _in_order(dossier)]
    optional = [name for name in ranked if name not in _musts(dossier.pack)]
    left_out: list[str] = []
    while True:
        kept = replace(
            dossier, exhibits=tuple(one for one in dossier.exhibits if one.document not in left_out)
        )  # fmt: skip
        pdf = _drawn(kept, language, redacted, left_out)
        count = pages(pdf)
        if len(pdf) <= limits.max_bytes and count <= limits.max_pages:
            return PackFile(pdf, count, manifest(kept), tuple(left_out))
        if not optional:
            raise PackRefused(
                _(
                    "the document has %(pages)s pages and %(kb)s kB; banks take %(most_pages)s pages and %(most_kb)s"
                    " kB: shorten the texts or give smaller pictures"
                )
                % {
                    "pages": count, "kb": len(pdf) // 1000, "most_pages": limits.max_pages,
                    "most_kb": limits.max_bytes // 1000,
                }
            )  # fmt: skip
        left_out.append(optional.pop())


def _musts(pack: Pack) -> frozenset[str]:
    return frozenset((*pack.required, *(one for group in pack.any_of for one in group)))


def _in_order(dossier: Dossier) -> list[Exhibit]:
    """What must be shown first; what the pack does not ask for at the end."""
    rank = {name: n for n, name in enumerate(dossier.pack.wanted)}
    return sorted(dossier.exhibits, key=lambda one: (rank.get(one.document, len(rank)), one.document))


def _check_pictures(dossier: Dossier) -> None:
    for exhibit in dossier.exhibits:
        if exhibit.document not in dossier.documents:
            raise PackRefused(f"{exhibit.document}: is no document of the packs")
        if exhibit.picture and exhibit.media_type not in _ENDINGS:
            raise PackRefused(
                _("%(document)s: a picture of type %(type)s cannot be shown; give %(types)s")
                % {
                    "document": exhibit.document, "type": exhibit.media_type or "?", "types": ", ".join(_ENDINGS),
                }
            )  # fmt: skip


def _drawn(dossier: Dossier, language: str, redacted: bool, left_out: Sequence[str]) -> bytes:
    from typst import TypstError

    language, families = typefaces(language)
    exhibits = _in_order(dossier)
    files = {
        _file_name(n, exhibit): exhibit.picture
        for n, exhibit in enumerate(exhibits, start=1)
        if exhibit.picture and not (redacted and exhibit.personal)
    }
    with override("zh-hans" if language.startswith("zh") else language):
        given = _told(dossier, exhibits, language, redacted, left_out)
    given |= {"fonts": families, "language": language.split("-")[0].lower(), "files": sorted(files)}
    try:
        return compiled(_TEMPLATE, {"pack": json.dumps(given, ensure_ascii=False)}, dossier.at, files)
    except TypstError as problem:
        raise PackRefused(
            _("a picture cannot be read as what it claims to be; save it again and send that")
        ) from problem


def _told(
    dossier: Dossier, exhibits: Sequence[Exhibit], language: str, redacted: bool, left_out: Sequence[str]
) -> dict[str, Any]:  # fmt: skip
    def title(name: str) -> str:
        return said(dossier.documents[name].title, language)

    amount = "" if dossier.amount_minor is None else formats.money(dossier.amount_minor, dossier.currency, language)
    code = f"{network_name(dossier.network)} {dossier.network_code}".strip()
    found = dossier.score
    return {
        "title": _("Answer to a bank's dispute"),
        "subtitle": dossier.merchant,
        "copy": _("Seller's copy: personal data is masked") if redacted else "",
        "cover": [
            [_("Dispute"), dossier.dispute],
            [
                _("Reason"),
                f"{code} · {said(dossier.code.title, language)}" if dossier.code else f"{code} {dossier.reason}",
            ],
            [_("Amount"), amount],
            [_("Opened"), _minute(dossier.opened_at)],
            [_("Last day for an answer"), _minute(dossier.due_at) if dossier.due_at else _("not told")],
            [_("Order"), dossier.order],
            [_("Written"), _minute(dossier.at)],
        ],
        "standing": {
            "title": _("What is shown"),
            "head": [_("Document"), _("Exhibit")],
            "rows": _standing(dossier, exhibits, title, gaps=redacted),
            "note": _gaps(found, title) if redacted else "",
        },
        "left_out": [title(name) for name in left_out],
        "left_out_title": _("Left out for want of room"),
        "timeline": {
            "title": _("Timeline"),
            "note": _("All times are UTC."),
            "rows": [
                [_minute(one.at), str(one.says), str(one.source)]
                for one in sorted(dossier.timeline, key=lambda one: (one.at, str(one.says)))
            ],
        },
        "exhibits": [_exhibit(n, one, title(one.document), redacted) for n, one in enumerate(exhibits, start=1)],
        "manifest": {
            "title": _("Manifest"),
            "note": _(
                "Each hash is SHA-256 of the salt and the exhibit's canonical content."
                " The salts stand in the bank's copy only."
            ),
            "head": [_("Exhibit"), _("Salt"), "SHA-256"],
            "rows": [
                [_number(entry.number), "—" if redacted else entry.salt, entry.sha256] for entry in manifest(dossier)
            ],
        },
        "footer": f"{dossier.dispute} · {_minute(dossier.at)} UTC",
    }


def _standing(dossier: Dossier, exhibits: Sequence[Exhibit], title: Any, *, gaps: bool) -> list[list[str]]:
    """What is shown and where. ``gaps``: also what must be there and is not; for the seller, the bank is not told."""
    numbers: dict[str, list[str]] = {}
    for n, exhibit in enumerate(exhibits, start=1):
        numbers.setdefault(exhibit.document, []).append(_number(n))
    required = [name for name in dossier.pack.required if gaps or name in numbers]
    names = list(dict.fromkeys((*required, *numbers)))
    return [[title(name), ", ".join(numbers.get(name, ["—"]))] for name in names]


def _gaps(found: Score, title: Any) -> str:
    """What must be there and is not, as a sentence; empty where nothing is missing."""
    if found.complete:
        return ""
    missing = [title(name) for name in found.missing]
    missing += [" / ".join(title(name) for name in group) for group in found.open_groups]
    return _("Missing: {documents}").format(documents="; ".join(missing))


def _exhibit(n: int, exhibit: Exhibit, title: str, redacted: bool) -> dict[str, Any]:
    hidden = redacted and exhibit.personal
    return {
        "title": f"{_number(n)} · {title}",
        "about": " · ".join(filter(None, (str(exhibit.source), "" if exhibit.at is None else _minute(exhibit.at)))),
        "rows": [
            [str(row.label), mask(row.personal, row.value) if redacted and row.personal else row.value]
            for row in (() if hidden else exhibit.rows)
        ],
        "text": "" if hidden else exhibit.text,
        "picture": _file_name(n, exhibit) if exhibit.picture and not hidden else "",
        "pages": list(range(1, exhibit.page_count + 1)) if exhibit.media_type == PDF else [],
        "hidden": _("Shown to the bank only: it names persons or other orders.") if hidden else "",
    }


def _file_name(n: int, exhibit: Exhibit) -> str:
    return f"exhibit-{n}.{_ENDINGS[exhibit.media_type]}"


def _number(n: int) -> str:
    return f"E{n}"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
