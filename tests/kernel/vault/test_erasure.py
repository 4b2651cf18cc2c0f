"""Erasure destroys keys, law and open claims keep what they must, and no old backup brings back what is gone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from tests.kernel.builders import START, event, live_policy

from safeconduct.foundation.signed_note import Note, NoteRefused
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events import bodies
from safeconduct.kernel.record import keys, receipts, sequencer
from safeconduct.kernel.record.receipts import ReceiptRefused
from safeconduct.kernel.record.verification import verify
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query
from safeconduct.kernel.vault import data_keys, erasure, key_backup, pseudonyms
from safeconduct.kernel.vault.erasure import Kept
from safeconduct.kernel.vault.errors import KeyGone, Restricted, VaultError
from safeconduct.kernel.vault.sealing import Column, seal, unseal

DESK = Actor("usr_1", "data_protection", "request dsr_1")
MESSAGE = Column("case_message.sealed", "case_message")
CASE = "case/cas_6"
LATER = START + timedelta(days=540)
CLAIM = Kept(CASE, "case_message", "claim clm_1 is open", LATER, ("claims",))


def erase(subjects: list[str], *, at: datetime = START, purposes: list[str] | None = None) -> receipts.Receipt:
    with engine_scope():
        return receipts.erase(subjects, purposes, DESK, at=at)


def keep(*grounds: Kept, at: datetime = START) -> None:
    with engine_scope():
        erasure.keep_until(grounds, DESK, at=at)


def count(table: str) -> int:
    with owner_scope():
        row = query(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def ordered(**data: Any) -> tuple[str, int]:
    """An order in the log: the id of its event and the key of the order."""
    (stored,) = lanes.accept([event("order.placed", **data)]).receipt.stored
    with engine_scope():
        row = query("SELECT order_key FROM event WHERE id = %s", [stored.id]).fetchone()
    assert row is not None
    return stored.id, row[0]


def test_erasing_one_order_leaves_the_others_readable() -> None:
    live_policy()
    mine, order = ordered(email="ana@example.org")
    other, _ = ordered(email="li@example.org")
    erase([f"order/{order}"])
    with engine_scope():
        assert set(bodies.read([mine, other])) == {other}


def test_erasing_a_person_takes_the_value_and_the_way_to_find_it() -> None:
    live_policy()
    ordered(email="ana@example.org")
    with engine_scope():
        key = pseudonyms.lookup("email", "ana@example.org")
    assert key is not None
    receipt = erase([f"entity/{key}"])
    with engine_scope():
        assert pseudonyms.lookup("email", "ana@example.org") is None
        assert pseudonyms.reveal([key]) == {}
    assert [(one.subject, one.key) for one in receipt.destroyed] == [(f"entity/{key}", key)]


def test_what_an_open_claim_needs_stays_for_it_alone_until_the_date_and_then_goes_by_itself() -> None:
    sealed = seal(MESSAGE, "cmg_1", CASE, b"Ana")
    keep(CLAIM)
    receipt = erase([CASE])
    assert receipt.destroyed == () and receipt.stays == (CLAIM,)
    with pytest.raises(Restricted):
        unseal(MESSAGE, "cmg_1", CASE, sealed)
    with data_keys.reading_for("marketing"), pytest.raises(Restricted):
        unseal(MESSAGE, "cmg_1", CASE, sealed)
    with data_keys.reading_for("claims"):
        assert unseal(MESSAGE, "cmg_1", CASE, sealed) == b"Ana"
    assert receipts.erase_due(LATER - timedelta(seconds=1)) == 0
    assert receipts.erase_due(LATER) == 1
    with data_keys.reading_for("claims"), pytest.raises(KeyGone):
        unseal(MESSAGE, "cmg_1", CASE, sealed)
    assert count("vault_receipt") == 2


def test_a_ground_that_ends_early_frees_what_was_asked_for_and_nothing_else() -> None:
    asked, other = seal(MESSAGE, "cmg_1", CASE, b"Ana"), seal(MESSAGE, "cmg_2", "case/cas_7", b"Li")
    law = Kept(CASE, "case_message", "tax law", START + timedelta(days=30), ("tax",))
    keep(CLAIM, law, Kept("case/cas_7", "case_message", CLAIM.basis, LATER))
    erase([CASE])
    with engine_scope():
        both = [(CASE, "case_message"), ("case/cas_7", "case_message")]
        assert erasure.end_grounds(both, CLAIM.basis, at=START) == 2
        assert erasure.end_grounds(both, CLAIM.basis, at=START) == 0, "they have ended"
    assert receipts.erase_due(START) == 0, "the tax law keeps it"
    with data_keys.reading_for("claims"), pytest.raises(Restricted):
        unseal(MESSAGE, "cmg_1", CASE, asked)
    assert receipts.erase_due(START + timedelta(days=30)) == 1
    assert unseal(MESSAGE, "cmg_2", "case/cas_7", other) == b"Li"


def test_a_ground_that_comes_after_the_request_moves_the_end() -> None:
    seal(MESSAGE, "cmg_1", CASE, b"Ana")
    keep(CLAIM)
    erase([CASE])
    longer = LATER + timedelta(days=30)
    keep(Kept(CASE, "case_message", "appeal", longer, ("claims",)))
    assert receipts.erase_due(LATER) == 0
    assert receipts.erase_due(longer) == 1


def test_a_purpose_that_has_not_ended_is_left_alone() -> None:
    sealed = seal(MESSAGE, "cmg_1", CASE, b"Ana")
    evidence = Column("case_evidence_chunk.sealed", "evidence")
    proof = seal(evidence, "evd_1/0", CASE, b"photo")
    erase([CASE], purposes=["case_message"])
    assert unseal(evidence, "evd_1/0", CASE, proof) == b"photo"
    with pytest.raises(KeyGone):
        unseal(MESSAGE, "cmg_1", CASE, sealed)


def test_a_ground_without_a_reason_or_in_the_past_is_refused() -> None:
    for wrong in (Kept(CASE, "evidence", " ", LATER), Kept(CASE, "evidence", "law", START)):
        with pytest.raises(VaultError), engine_scope():
            erasure.keep_until([wrong], DESK, at=START)


def test_the_receipt_is_signed_by_the_key_of_the_record_and_stands_in_it() -> None:
    seal(MESSAGE, "cmg_1", CASE, b"Ana")
    receipt = erase([CASE])
    with engine_scope():
        trusted = [key.verifier for key in keys.chain()]
    assert receipts.read(receipt.note, trusted) == receipt
    with pytest.raises(ReceiptRefused):
        receipts.read(receipt.note.replace("case/cas_6", "case/cas_7"), trusted)
    with pytest.raises(NoteRefused):
        Note.parse(receipt.note).verified([])
    while sequencer.sequence(now=START):
        pass
    assert verify().ok
    with owner_scope():
        query("UPDATE vault_receipt SET note = replace(note, 'cas_6', 'cas_7')")
    assert [finding.code for finding in verify().findings] == ["content"]


def test_an_older_backup_of_the_keys_brings_nothing_back_that_was_erased(tmp_path: Path) -> None:
    gone, kept = seal(MESSAGE, "cmg_1", CASE, b"Ana"), seal(MESSAGE, "cmg_2", "case/cas_7", b"Li")
    key_backup.backup(tmp_path / "keys.jsonl", now=START)
    erase([CASE])
    with engine_scope():  # the key store is lost, and restored from the older file
        query("DELETE FROM vault_key")
    key_backup.restore(tmp_path / "keys.jsonl")
    assert unseal(MESSAGE, "cmg_1", CASE, gone) == b"Ana", "the backup did hold the key"
    assert receipts.reapply_all() == 1
    with pytest.raises(KeyGone):
        unseal(MESSAGE, "cmg_1", CASE, gone)
    assert unseal(MESSAGE, "cmg_2", "case/cas_7", kept) == b"Li"


def test_an_older_backup_of_everything_brings_nothing_back_once_the_receipts_outside_are_applied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "VAULT_ERASURES_FILE", str(tmp_path / "erasures.jsonl"))
    live_policy()
    _, order = ordered(email="ana@example.org")
    with engine_scope():
        key = pseudonyms.lookup("email", "ana@example.org")
        assert key is not None
        keys.signing_key(now=START)
    tables = ("vault_key", "vault_salt", "vault_receipt", "pseudonym")
    with owner_scope():
        for table in tables:
            query(f"CREATE TABLE older_{table} AS TABLE {table}")
    try:
        erase([f"order/{order}", f"entity/{key}"])
        assert receipts.show(START) == 1
        assert receipts.show(START) == 0
        with owner_scope():
            for table in tables:
                query(f"DELETE FROM {table}")
                query(f"INSERT INTO {table} SELECT * FROM older_{table}")
        pseudonyms.forget()
        with engine_scope():
            assert pseudonyms.reveal([key]) == {key: ("email", "ana@example.org")}, "it is back"
        lines = (tmp_path / "erasures.jsonl").read_text().splitlines()
        assert receipts.reapply(receipts.read_lines(lines)) == 2
        assert receipts.reapply(receipts.read_lines(lines)) == 0, "safe to repeat"
        with engine_scope():
            assert pseudonyms.reveal([key]) == {}
            assert pseudonyms.lookup("email", "ana@example.org") is None
        assert count("vault_receipt") == 1
    finally:
        with owner_scope():
            for table in tables:
                query(f"DROP TABLE older_{table}")


def test_a_receipt_that_nobody_signed_destroys_nothing() -> None:
    sealed = seal(MESSAGE, "cmg_1", CASE, b"Ana")
    forged = erase(["case/cas_9"]).note.replace('"destroyed":[]', '"destroyed":[{"key":"1","purpose":"","subject":""}]')
    with pytest.raises(ReceiptRefused, match="line 1"):
        receipts.read_lines([json.dumps({"receipt": forged})])
    assert unseal(MESSAGE, "cmg_1", CASE, sealed) == b"Ana"


def test_a_backup_that_was_cut_short_or_is_of_another_place_is_refused(tmp_path: Path) -> None:
    seal(MESSAGE, "cmg_1", CASE, b"Ana")
    path = tmp_path / "keys.jsonl"
    key_backup.backup(path, now=START)
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(VaultError, match="there already"):
        key_backup.backup(path, now=START)
    whole = path.read_text().splitlines(keepends=True)
    for wrong in (whole[:-1], whole[:1] + whole[2:], [], ["nothing\n", "{}\n"]):
        path.write_text("".join(wrong))
        with pytest.raises(VaultError):
            key_backup.restore(path)
    path.write_text("".join([*whole[:-1], whole[-1]]).replace(whole[0].split('"')[5], "0" * 16))
    with pytest.raises(VaultError):
        key_backup.restore(path)


def test_what_comes_after_an_erasure_is_sealed_under_a_key_of_its_own() -> None:
    seal(MESSAGE, "cmg_1", CASE, b"Ana")
    erase([CASE])
    sealed = seal(MESSAGE, "cmg_2", CASE, b"again")
    receipts.reapply_all()
    assert unseal(MESSAGE, "cmg_2", CASE, sealed) == b"again"
