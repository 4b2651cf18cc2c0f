"""The proof of one line: complete in itself, and silent about what is withheld."""

from __future__ import annotations

import hmac
import json
from pathlib import Path

import pytest
from django.conf import settings
from tests.kernel.record.builders import NOW, decisions, leaves, tamper

from safeconduct.foundation.canonical_json import canonical
from safeconduct.foundation.merkle.hashing import leaf_hash
from safeconduct.foundation.merkle.proofs import verify_inclusion
from safeconduct.foundation.signed_note import Checkpoint, Note, VerifierKey
from safeconduct.kernel.record import erasure, proving, sequencer
from safeconduct.kernel.record.errors import RecordBroken
from safeconduct.kernel.scope import engine_scope, owner_scope, query


def test_a_proof_leads_from_what_is_shown_to_the_signature() -> None:
    made = decisions(8)
    sequencer.sequence(now=NOW)
    with engine_scope():
        proof = json.loads(json.dumps(proving.proof_of("decision", made[3])))
        assert proof["index"] == proving.recorded_at("decision", made[3])
    entry = json.loads(proof["entry"])
    salt = bytes.fromhex(proof["content"]["salt"])
    assert entry["commit"] == hmac.digest(salt, canonical(proof["content"]["shown"]), "sha256").hex()
    note = Note.parse(proof["checkpoint"])
    note.verified([VerifierKey.parse(proof["keys"][-1]["key"])])
    said = Checkpoint.parse(note.text)
    assert said.size == proof["size"]
    path = [bytes.fromhex(part) for part in proof["path"]]
    verify_inclusion(leaf_hash(proof["entry"].encode()), proof["index"], proof["size"], path, said.root)


def test_a_proof_for_a_seller_commits_to_what_is_withheld_and_does_not_show_it() -> None:
    made = decisions(8)
    sequencer.sequence(now=NOW)
    with engine_scope():
        proof = proving.proof_of("decision", made[3])
    assert proof is not None
    shown = proof["content"]["shown"]
    assert len(bytes.fromhex(shown["withheld"])) == 32
    assert len(bytes.fromhex(proof["content"]["salt"])) == 16, "only the half that opens what is shown"
    for withheld in ("fired", "values", "reasons", "control", "actor"):
        assert withheld not in shown
    assert "card_shops_1h" not in json.dumps(proof)


def test_there_is_no_proof_of_what_waits_or_never_was() -> None:
    made = decisions(8)
    with engine_scope():
        assert proving.proof_of("decision", made[0]) is None
        assert proving.recorded_at("decision", made[0]) is None
    sequencer.sequence(now=NOW)
    with engine_scope():
        assert proving.proof_of("decision", "dec_never") is None
        assert proving.proof_of("review", made[0]) is None
        assert sorted(proving.lines_of("decision", [*made, "dec_never"]).values()) == list(range(2, 10))


def test_no_proof_is_given_out_for_content_that_was_changed() -> None:
    made = decisions(8)
    sequencer.sequence(now=NOW)
    with owner_scope():
        query("UPDATE decision SET amount_minor = amount_minor + 1 WHERE id = %s", [made[2]])
    with engine_scope(), pytest.raises(RecordBroken, match="was changed"):
        proving.proof_of("decision", made[2])
    with owner_scope():
        query("DELETE FROM decision WHERE id = %s", [made[2]])
    with engine_scope(), pytest.raises(RecordBroken, match="is gone"):
        proving.proof_of("decision", made[2])


def test_what_was_erased_can_still_be_shown_to_have_been_a_line() -> None:
    leaves(3)
    sequencer.sequence(now=NOW)
    assert erasure.erase(["sub-1"], now=NOW) == 1
    sequencer.sequence(now=NOW)
    with engine_scope():
        proof = proving.proof_of("note", "sub-1")
    assert proof is not None
    assert proof["content"] is None


def test_an_entry_that_no_checkpoint_covers_is_not_proved() -> None:
    leaves(2)
    sequencer.sequence(now=NOW)
    tamper("DELETE FROM record_checkpoint")
    with engine_scope(), pytest.raises(RecordBroken, match="no checkpoint covers"):
        proving.proof_of("note", "sub-1")


def test_the_page_names_every_kind_of_line() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "record.md").read_text(encoding="utf-8")
    assert [kind for kind in settings.RECORD_SUBJECTS if f"`{kind}`" not in page] == []
