"""Evidence: taken in once, sealed, never changed; shown to each side as its class says.

The bytes stand in the database and not in files: they commit with their row, are backed up with it, cannot be orphaned,
and row-level security holds for them. They are sealed in pieces of a mebibyte, so that a film is never in memory whole
when it is served. Evidence that is collected when the sale happens belongs to its order, and becomes an exhibit of
every case about it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeGuard

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import person_quota, scanning
from safeconduct.kernel.cases.errors import CaseMalformed, EvidenceRefused, NoSuchEvidence
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.files import Clean, cleaned
from safeconduct.kernel.cases.machine import locked
from safeconduct.kernel.cases.models import Case, Evidence, Exhibit
from safeconduct.kernel.cases.words import OPEN_CASE, PARTIES, PLATFORM, SEATS, Role, Source, Status, Visibility
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.readings.log import Read, note
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.scope import Actor, query
from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.errors import KeyGone, Restricted
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, Place, seal_many, unseal, unseal_many

_ENDINGS: Final = {
    "image/png": "png", "image/jpeg": "jpg", "application/pdf": "pdf", "video/mp4": "mp4", "text/plain": "txt",
    "application/json": "json",
}  # fmt: skip
_CHUNK: Final = 1024 * 1024
#: The bytes of evidence; the row is the evidence's id and the number of the piece.
CHUNK: Final = Column("case_evidence_chunk.sealed", "evidence")
#: A chunk is never changed (a trigger holds it): it is taken out and put in again, a few megabytes at a time.
STORED: Final = Stored(
    CHUNK,
    "SELECT c.evidence_id || '/' || c.number, c.evidence_id || '/' || c.number,"
    " CASE WHEN e.holder LIKE 'order/%%' THEN e.holder ELSE 'case/' || e.holder END, c.sealed"
    " FROM case_evidence_chunk c JOIN case_evidence e ON e.id = c.evidence_id"
    " WHERE c.evidence_id || '/' || c.number > %s AND get_byte(c.sealed, 0) = 1"
    " ORDER BY c.evidence_id || '/' || c.number LIMIT least(%s, 10)",
    "WITH given AS MATERIALIZED (SELECT split_part(key, '/', 1) AS id, split_part(key, '/', 2)::int AS number, sealed"
    "  FROM unnest(%b::text[], %b::bytea[]) AS w(key, sealed)),"
    " gone AS (DELETE FROM case_evidence_chunk c USING given g WHERE c.evidence_id = g.id AND c.number = g.number"
    "  RETURNING c.evidence_id, c.number, c.seller_key)"
    " INSERT INTO case_evidence_chunk (evidence_id, number, seller_key, sealed) SELECT gone.evidence_id, gone.number,"
    " gone.seller_key, g.sealed FROM gone JOIN given g ON g.id = gone.evidence_id AND g.number = gone.number",
)
#: For how much one person may have stored.
FILES: Final = person_quota.Shelf("case_evidence", "added_by", "shredded_at IS NULL")
#: Pieces of one case or order. A court file has more; a dispute about a parcel does not.
MOST: Final = 200
#: What a seller of an order may upload in a case, all together.
MOST_BYTES: Final = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """Evidence to be taken in. Exactly one of `order_key` and `case_id` says where it belongs.

    ``content``: bytes as they were sent, or what `files.fact` made. ``given_by``: the role that brings it; the engine
    for what is collected. ``gist``: one sentence for those who do not see it, in the languages there are.
    """

    kind: EvidenceKind
    source: Source
    content: bytes | Clean = field(repr=False)
    seller_key: int
    captured_at: datetime
    gist: Sentence
    given_by: Role = Role.ENGINE
    visibility: Visibility = Visibility.BOTH
    order_key: int | None = None
    case_id: str | None = None


def collect(pieces: Sequence[Piece], actor: Actor, *, at: datetime) -> list[str]:
    """Takes evidence in and returns the ids in order; the same bytes of the same kind, brought
    by the same role to the same place and for the same eyes, are the piece that is there. In an engine or staff scope.

    Raises EvidenceRefused, ScannerSilent, CaseMalformed, NoSuchEvidence (no such case).
    """
    cases = locked(sorted({piece.case_id for piece in pieces if piece.case_id is not None}))
    ids = []
    for piece in pieces:
        _check(piece, cases)
        ids.append(_taken(piece, actor, at))
    _exhibit([(piece.case_id, key) for piece, key in zip(pieces, ids, strict=True) if piece.case_id], actor, at)
    return ids


def exhibit(case_id: str, evidence_ids: Sequence[str], actor: Actor, *, at: datetime) -> None:
    """Brings evidence of the case's order, or of another case of the same claim, into a case."""
    if case_id not in locked([case_id]):
        raise NoSuchEvidence(case_id)
    _exhibit([(case_id, key) for key in evidence_ids], actor, at)


def of_case(case_id: str) -> list[Evidence]:
    """The exhibits of a case, the oldest capture first. What a reader may open, `may_see` says."""
    rows = Evidence.objects.filter(exhibits__case_id=case_id).order_by("captured_at", "id")
    return list(rows[:MOST])


def since(case_id: str, at: datetime) -> frozenset[str]:
    """The exhibits (ids) that came into a case after a time. One query."""
    return frozenset(Exhibit.objects.filter(case_id=case_id, at__gt=at).values_list("evidence_id", flat=True))


def may_see(piece: Evidence, role: Role) -> bool:
    """Whether a role may open the piece itself; every role of its case reads the gist."""
    if piece.shredded_at is not None:
        return False
    if role in PLATFORM or role in SEATS:
        return True
    match Visibility(piece.visibility):
        case Visibility.BOTH:
            return True
        case Visibility.GIST:
            return role == piece.given_by
        case Visibility.ADJUDICATOR:
            return False


def read(
    case_id: str, evidence_id: str, role: Role, actor: Actor | None, *, at: datetime
) -> tuple[Evidence, Iterator[bytes]]:  # fmt: skip
    """A piece of a case with its bytes, piece by piece; each is opened as it is asked for, within the scope.

    ``actor``: who reads, which is written down first; None for the buyer whose case it is.

    Raises NoSuchEvidence where it is not in the case or not for this role. In a seller's scope the database withholds
    the bytes as well.
    """
    found = Evidence.objects.filter(id=evidence_id, exhibits__case_id=case_id).first()
    if found is None or not may_see(found, role):
        raise NoSuchEvidence(evidence_id)
    if actor is not None:
        order = found.order_key or Case.objects.values_list("order_key", flat=True).get(id=case_id)
        note([Read(Scene.EVIDENCE, ("file",), found.seller_key, order, batch=case_id)], actor, at)
    case_open = Case.objects.filter(id=case_id).exclude(status=Status.CLOSED).exists()
    return found, _opened(found, case_open=case_open)


def file_name(piece: Evidence) -> str:
    """What a piece is called as a file."""
    return f"{piece.kind}-{piece.id}.{_ENDINGS[piece.media_type]}"


def contents(evidence_ids: Sequence[str]) -> dict[str, bytes]:
    """The bytes of several pieces, for what is made of them by the platform itself. One query. In an engine scope."""
    rows = query(
        "SELECT c.evidence_id, c.number, e.holder, c.sealed FROM case_evidence_chunk c"
        " JOIN case_evidence e ON e.id = c.evidence_id WHERE c.evidence_id = ANY(%s::text[])"
        " ORDER BY c.evidence_id, c.number",
        [list(evidence_ids)],
    ).fetchall()
    places = [(Place(f"{key}/{number}", whose(holder)), bytes(sealed)) for key, number, holder, sealed in rows]
    parts: dict[str, list[bytes | None]] = {}
    for row, part in zip(rows, unseal_many(CHUNK, places), strict=True):
        parts.setdefault(row[0], []).append(part)
    # What was erased, or is restricted to other purposes, is left out whole.
    return {key: b"".join(given) for key, given in parts.items() if _whole(given)}


def _whole(parts: list[bytes | None]) -> TypeGuard[list[bytes]]:
    return None not in parts


def headers(piece: Evidence) -> Mapping[str, str]:
    """How a piece is served: as a file to keep, never shown or run as part of a page of ours."""
    return {
        "Content-Type": piece.media_type + ("; charset=utf-8" if piece.media_type.startswith("text/") else ""),
        "Content-Length": str(piece.size_bytes),
        "Content-Disposition": f'attachment; filename="{file_name(piece)}"',
        "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store", "Cross-Origin-Resource-Policy": "same-origin",
    }  # fmt: skip


def shred(evidence_ids: Sequence[str], *, at: datetime) -> int:
    """Destroys the bytes of evidence; that there was some, of which kind and when, stays. Returns of how many pieces.

    The caller answers for the right to do it, and destroys the salts in the record (`record.erasure`). In an engine
    scope.
    """
    rows = Evidence.objects.filter(id__in=list(evidence_ids), shredded_at=None)
    ids = list(rows.values_list("id", flat=True))
    query("DELETE FROM case_evidence_chunk WHERE evidence_id = ANY(%s::text[])", [ids])
    return rows.update(shredded_at=at)


def _check(piece: Piece, cases: Mapping[str, Mapping[str, object]]) -> None:
    if (piece.order_key is None) == (piece.case_id is None):
        raise CaseMalformed("order_key", "evidence belongs to an order or to a case, to one of them")
    if piece.captured_at.tzinfo is None:
        raise CaseMalformed("captured_at", "has no zone")
    if not any(text.strip() for text in piece.gist.values()):
        raise CaseMalformed("gist", _("say in one sentence what it shows; who may not see it reads that"))
    if piece.given_by in PARTIES and piece.visibility is Visibility.ADJUDICATOR:
        raise CaseMalformed(
            "visibility", _("a party cannot bring what the other side never sees; give its gist at least")
        )
    if piece.case_id is not None:
        case = cases.get(piece.case_id)
        if case is None or case["seller_key"] != piece.seller_key:
            raise NoSuchEvidence(piece.case_id)
        if case["status"] == Status.CLOSED:
            raise CaseMalformed("case", _("is closed; open an appeal where there is one"))


def _taken(piece: Piece, actor: Actor, at: datetime) -> str:
    sent = piece.content.data if isinstance(piece.content, Clean) else piece.content
    if not sent:
        raise EvidenceRefused(_("the file is empty; send it again"))
    clean = piece.content if isinstance(piece.content, Clean) else cleaned(sent)
    digest = hashlib.sha256(clean.data).hexdigest()
    holder = piece.case_id or f"order/{piece.order_key}"
    same = Evidence.objects.filter(
        holder=holder, kind=piece.kind, sha256=digest, given_by=piece.given_by, visibility=piece.visibility
    )
    known = same.first()
    if known is not None:
        return known.id
    _check_room(holder, len(clean.data))
    person_quota.check(actor.id, len(clean.data))
    scanned = "" if isinstance(piece.content, Clean) else scanning.scan(sent)
    identity = new_id("evd")
    pieces = [clean.data[start : start + _CHUNK] for start in range(0, len(clean.data), _CHUNK)]
    made = query(
        "INSERT INTO case_evidence (id, holder, seller_key, order_key, kind, source, given_by, visibility, gist,"
        " sha256, received_sha256, media_type, size_bytes, chunks, captured_at, added_at, added_by, scanned_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (holder, kind, sha256, given_by, visibility) DO NOTHING RETURNING id",
        [
            identity, holder, piece.seller_key, piece.order_key, piece.kind.value, piece.source.value,
            piece.given_by.value, piece.visibility.value, json.dumps(dict(piece.gist)), digest,
            hashlib.sha256(sent).hexdigest(), clean.media_type, len(clean.data), len(pieces), piece.captured_at, at,
            actor.id, scanned,
        ],
    ).fetchone()  # fmt: skip
    if made is None:  # another process was faster with the same bytes
        return same.get().id
    _store(identity, holder, pieces, piece)
    query(
        "INSERT INTO leaf (kind, subject, body, created_at) VALUES ('evidence', %s, %s::jsonb, %s)",
        [identity, json.dumps({"evidence": identity, "kind": piece.kind.value}), at],
    )
    return identity


def _check_room(holder: str, size: int) -> None:
    row = query(
        "SELECT count(*), coalesce(sum(size_bytes), 0) FROM case_evidence WHERE holder = %s", [holder]
    ).fetchone()
    assert row is not None
    if row[0] >= MOST or row[1] + size > MOST_BYTES:
        raise EvidenceRefused(
            _("there are %(n)s pieces already; at most %(most)s pieces and %(mb)s MB are taken")
            % {"n": row[0], "most": MOST, "mb": MOST_BYTES // _CHUNK}
        )


def whose(holder: str) -> str:
    """The subject of evidence: the case or the order that holds it."""
    return holder if holder.startswith("order/") else f"case/{holder}"


def _store(identity: str, holder: str, pieces: Sequence[bytes], piece: Piece) -> None:
    seen = piece.visibility is Visibility.BOTH or (
        piece.visibility is Visibility.GIST and piece.given_by is Role.SELLER
    )  # fmt: skip
    values = [(Place(f"{identity}/{number}", whose(holder)), part) for number, part in enumerate(pieces)]
    for number, sealed in enumerate(seal_many(CHUNK, values)):
        query(
            "INSERT INTO case_evidence_chunk (evidence_id, number, seller_key, sealed) VALUES (%s, %s, %s, %b)",
            [identity, number, piece.seller_key if seen else None, sealed],
        )


def _exhibit(wanted: Sequence[tuple[str | None, str]], actor: Actor, at: datetime) -> None:
    if not wanted:
        return
    found = query(
        "INSERT INTO case_exhibit (case_id, evidence_id, seller_key, at, by)"
        " SELECT c.id, e.id, e.seller_key, %s, %s FROM unnest(%s::text[], %s::text[]) AS w(case_id, id)"
        " JOIN case_evidence e ON e.id = w.id JOIN case_file c ON c.id = w.case_id AND c.seller_key = e.seller_key"
        " ON CONFLICT DO NOTHING",
        [at, actor.id, [case for case, _ in wanted], [key for _, key in wanted]],
    )
    if found.rowcount < len(set(wanted)):
        there = set(
            Exhibit.objects.filter(evidence_id__in=[key for _, key in wanted]).values_list("case_id", "evidence_id")
        )  # fmt: skip
        missing = [key for case, key in wanted if (case, key) not in there]
        if missing:
            raise NoSuchEvidence(min(missing))


def _opened(piece: Evidence, *, case_open: bool) -> Iterator[bytes]:
    for number in range(piece.chunks):
        row = query(
            "SELECT sealed FROM case_evidence_chunk WHERE evidence_id = %s AND number = %s", [piece.id, number]
        ).fetchone()
        if row is None:
            raise NoSuchEvidence(piece.id)
        try:
            with data_keys.reading_for(OPEN_CASE if case_open else ""):
                part = unseal(CHUNK, f"{piece.id}/{number}", whose(piece.holder), bytes(row[0]))
        except (KeyGone, Restricted):
            raise NoSuchEvidence(piece.id) from None
        yield part
