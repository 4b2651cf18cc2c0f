"""A case as a ZIP: what its reader may open, what is withheld and why, and hashes that anybody can check."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

from tests.kernel.cases.builders import SELLER, START, decided, hours, opened

from safeconduct.kernel.cases import bundle, evidence
from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.words import Role, Source, Visibility
from safeconduct.kernel.record import receipts
from safeconduct.kernel.scope import Actor, engine_scope, seller_scope, staff_scope

WORDS = b"The parcel was handed over at the door."
SECRET = b"What the buyer alone wrote down."


def with_evidence() -> tuple[str, str, str]:
    """A case with a piece for both sides and one of the buyer's, of which the seller reads the gist."""
    case_id = opened()
    with engine_scope():
        ids = evidence.collect(
            [
                Piece(EvidenceKind.OTHER, Source.SELLER, WORDS, SELLER, START, {"en": "Hand-over"}, Role.SELLER,
                      case_id=case_id),
                Piece(EvidenceKind.OTHER, Source.BUYER, SECRET, SELLER, START, {"en": "A diary"}, Role.BUYER,
                      case_id=case_id, visibility=Visibility.GIST),
            ],
            Actor("x", "seller"), at=START + hours(1),
        )  # fmt: skip
    return case_id, ids[0], ids[1]


def zipped(case_id: str, role: Role) -> tuple[bytes, dict[str, bytes], dict[str, Any]]:
    into = io.BytesIO()
    if role is Role.SELLER:
        with seller_scope(SELLER):
            bundle.write(case_id, role, into, Actor("usr_reader", role.value), START + hours(2))
    else:
        with staff_scope():
            bundle.write(case_id, role, into, Actor("usr_reader", role.value), START + hours(2))
    with zipfile.ZipFile(io.BytesIO(into.getvalue())) as file:
        files = {name: file.read(name) for name in file.namelist()}
    return into.getvalue(), files, json.loads(files["manifest.json"])


def test_the_seller_gets_what_is_for_them_and_reads_the_gist_of_the_rest() -> None:
    case_id, shown, withheld = with_evidence()
    raw, files, manifest = zipped(case_id, Role.SELLER)
    assert files[f"evidence/other-{shown}.txt"] == WORDS
    told = {piece["id"]: piece for piece in manifest["evidence"]}
    assert told[shown]["sha256"] == hashlib.sha256(WORDS).hexdigest()
    assert (told[withheld]["file"], told[withheld]["gist"]) == (None, {"en": "A diary"})
    assert "sha256" not in told[withheld]
    assert SECRET not in raw
    assert hashlib.sha256(SECRET).hexdigest().encode() not in raw


def test_who_judges_gets_all_of_it_and_the_hashes_are_right() -> None:
    case_id, _, withheld = with_evidence()
    _, files, _ = zipped(case_id, Role.ARBITER)
    assert files[f"evidence/other-{withheld}.txt"] == SECRET
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "SHA256SUMS"}


def test_the_same_case_gives_the_same_bytes_and_names_no_person() -> None:
    case_id = decided()
    first, _, manifest = zipped(case_id, Role.SELLER)
    assert zipped(case_id, Role.SELLER)[0] == first
    (outcome,) = manifest["outcomes"]
    assert (outcome["told"], outcome["decided_role"]) == ({"en": "The parcel never arrived."}, "arbiter")
    assert b"usr_" not in first
    assert [step["step"] for step in manifest["history"]] == ["open", "contest", "done", "done", "decide"]


def test_destroyed_evidence_is_named_as_destroyed() -> None:
    case_id, shown, _ = with_evidence()
    with engine_scope():
        evidence.shred([shown], at=START + hours(2))
    _, files, manifest = zipped(case_id, Role.ARBITER)
    assert not any(shown in name for name in files)
    assert next(one for one in manifest["evidence"] if one["id"] == shown)["why_not"] == "its bytes were destroyed"


def test_a_piece_whose_key_is_gone_is_named_as_erased_and_the_rest_is_there() -> None:
    case_id, shown, withheld = with_evidence()
    with engine_scope():
        receipts.erase([f"case/{case_id}"], None, Actor("usr_1", "data_protection", "request"), at=START + hours(2))
    _, files, manifest = zipped(case_id, Role.ARBITER)
    assert {piece["why_not"] for piece in manifest["evidence"]} == {"its bytes were erased"}
    assert "manifest.json" in files and not any(shown in name or withheld in name for name in files)
