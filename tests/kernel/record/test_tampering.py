"""What `verify` is for: whoever owns the database and switches its triggers off is found out."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import override_settings
from tests.kernel import builders
from tests.kernel.ledger import money
from tests.kernel.record.builders import NOW, decisions, leaves, tamper

from safeconduct.foundation.policy.nodes import Action
from safeconduct.foundation.signed_note import Checkpoint, sign
from safeconduct.kernel.decisions import actions
from safeconduct.kernel.decisions.models import ListKind
from safeconduct.kernel.ledger.actions import pay_out, payout_returned, release
from safeconduct.kernel.ledger.payouts import PayoutReturn
from safeconduct.kernel.record import erasure, keys, outside, publishing, sequencer
from safeconduct.kernel.record.verification import Report, verify
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope
from safeconduct.protections.transactions import versions

BOSS = Actor("usr_boss", "lead", "because it must be")


def busy_log() -> list[str]:
    """A log with a line of nearly every kind, two full tiles, several checkpoints and two keys; returns decisions."""
    made = decisions(8)
    person = builders.person()
    with staff_scope():
        actions.override(made[-1], person, Action.BLOCK, "he called and shouted", at=NOW)
        mute = actions.snooze("order-risk", "huge", BOSS, at=NOW, until=NOW + timedelta(days=1))
        actions.unmute(mute.id, BOSS, at=NOW)
        actions.create_list("denied", ListKind.DENY, "text", "")
        entry, _ = actions.add_to_list("denied", ["a.example", "b.example"], BOSS)
        actions.end_list_entry(entry.id, BOSS)
        versions.install(NOW)
        draft = versions.draft(versions.shipped_templates()[versions.DEFAULT].text, Actor("usr_a", "lead", "new"), NOW)
        versions.reject(draft.id, BOSS, NOW)
    money.sold()
    with engine_scope():
        run = pay_out(None, money.days(3))
        payout_returned([PayoutReturn(run.outcomes[0].payout_id, "account closed")], money.days(4))
    money.held(money.request(50, key="h-1"))
    with engine_scope():
        release(["h-1"], money.days(5), "it was won", BOSS)
    leaves(600)
    while sequencer.sequence(150, now=NOW):
        pass
    sequencer.rotate(now=NOW)
    while sequencer.sequence(150, now=NOW):
        pass
    return made


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def test_a_log_that_nobody_touched_fits() -> None:
    busy_log()
    report = verify()
    assert report.ok, report.findings
    assert report.contents == report.entries
    with engine_scope():
        kinds = {kind for (kind,) in query("SELECT DISTINCT kind FROM record_entry")}
    assert {
        "decision", "policy_step", "mute", "mute_ended", "list_entry", "list_entry_ended", "coverage_template", "hold",
        "payout", "payout_returned", "record_key",
    } <= kinds  # fmt: skip


_NEXT = "(SELECT max(index) + 1 FROM record_entry)"
_A_DECISION = "(SELECT index FROM record_entry WHERE kind = 'decision' ORDER BY index LIMIT 1)"
_TAMPERING = {
    # entries
    "an entry's bytes": "UPDATE record_entry SET data = replace(data::text, '32', '33')::bytea WHERE index = 5",
    "an entry's kind": "UPDATE record_entry SET kind = 'other' WHERE index = 5",
    "an entry's subject": "UPDATE record_entry SET subject = 'other' WHERE index = 5",
    "an entry removed": "DELETE FROM record_entry WHERE index = 5",
    "the last entry removed": "DELETE FROM record_entry WHERE index = (SELECT max(index) FROM record_entry)",
    "all entries removed": "DELETE FROM record_entry",
    "an entry added": f"INSERT INTO record_entry SELECT {_NEXT}, 99999, kind, subject, data FROM record_entry LIMIT 1",
    "two entries swapped": "UPDATE record_entry e SET data = o.data, subject = o.subject, kind = o.kind"
    " FROM record_entry o WHERE e.index IN (5, 6) AND o.index = 11 - e.index",
    # tiles
    "a tile's hashes": "UPDATE record_tile SET hashes = overlay(hashes PLACING '\\x00' FROM 1) WHERE number = 0",
    "a tile's root": "UPDATE record_tile SET root = overlay(root PLACING '\\x00' FROM 1) WHERE number = 1",
    "a tile removed": "DELETE FROM record_tile WHERE level = 0 AND number = 1",
    "two tiles swapped": "UPDATE record_tile t SET root = o.root, hashes = o.hashes FROM record_tile o"
    " WHERE t.number IN (0, 1) AND o.number = 1 - t.number",
    "a tile added": "INSERT INTO record_tile SELECT level, 7, root, hashes FROM record_tile WHERE number = 0",
    # checkpoints
    "a checkpoint's root": "UPDATE record_checkpoint SET root = overlay(root PLACING '\\x00' FROM 1) WHERE size = 150",
    "a checkpoint's note": "UPDATE record_checkpoint SET note = replace(note, '150', '151') WHERE size = 150",
    "a checkpoint's size": "UPDATE record_checkpoint SET size = 149 WHERE size = 150",
    "a checkpoint's key": "UPDATE record_checkpoint SET key = 2 WHERE size = 150",
    "the newest checkpoints removed": "DELETE FROM record_checkpoint WHERE size > 300",
    "a checkpoint added": "INSERT INTO record_checkpoint SELECT 99999, key, root, note, now() FROM record_checkpoint"
    " LIMIT 1",
    # what lies beside the log
    "a salt": "UPDATE record_detail SET salt = sha256(salt) WHERE index = 5",
    "a salt removed": "DELETE FROM record_detail WHERE index = 5",
    "all salts removed": "DELETE FROM record_detail",
    "two salts swapped": "UPDATE record_detail d SET salt = o.salt FROM record_detail o"
    " WHERE d.index IN (5, 6) AND o.index = 11 - d.index",
    "a salt added": "INSERT INTO record_detail SELECT 99999, salt, NULL FROM record_detail LIMIT 1",
    "what was kept about a line": "UPDATE record_detail SET body = '{\"number\": 0}' WHERE index ="
    " (SELECT index FROM record_entry WHERE subject = 'sub-7')",
    "content put beside a line that has a row": f"UPDATE record_detail SET body = '{{}}' WHERE index = {_A_DECISION}",
    # keys
    "a key's voucher": "UPDATE record_key SET vouched = replace(vouched, 'next', 'last') WHERE number = 2",
    "a key exchanged": "UPDATE record_key SET public = sha256(public) WHERE number = 2",
    "the first key exchanged": "UPDATE record_key SET public = sha256(public) WHERE number = 1",
    "a private key lost": "DELETE FROM record_secret WHERE number = 2",
    "a private key exchanged": "UPDATE record_secret s SET sealed = o.sealed FROM record_secret o WHERE o.number = 1",
    # decisions
    "a decision's action": "UPDATE decision SET action = 'allow' WHERE action = 'review'",
    "a decision's amount": "UPDATE decision SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM decision)",
    "a decision's reasons": "UPDATE decision SET reasons = reasons || '{\"x\": 1}' WHERE id = (SELECT min(id) FROM decision)",
    "what a decision saw": "UPDATE decision SET values = values || '{\"x\": 1}' WHERE id = (SELECT min(id) FROM decision)",
    "who decided": "UPDATE decision SET actor = 'usr_other' WHERE kind = 'override'",
    "when it was decided": "UPDATE decision SET decided_at = decided_at - interval '1 day'",
    "whose decision it was": "UPDATE decision SET seller_key = seller_key + 1",
    "two decisions swapped": "UPDATE decision d SET order_key = o.order_key, amount_minor = o.amount_minor"
    " FROM decision o WHERE o.id <> d.id AND o.kind = 'live'",
    "a decision that left no line": "INSERT INTO decision SELECT (jsonb_populate_record(d, jsonb_build_object("
    "'id', 'dec_added', 'moment', d.moment + 1, 'standing', false))).* FROM decision d WHERE d.kind = 'override'",
    # other rows
    "a policy's text": "UPDATE policy_version SET text = text || ' '",
    "a policy's step": "UPDATE policy_step SET why = 'another reason' WHERE verb = 'published'",
    "a policy's step removed": "DELETE FROM policy_step WHERE verb = 'published'",
    "a mute": "UPDATE mute SET rule = 'other'",
    "who ended a mute": "UPDATE mute SET ended_by = 'usr_other'",
    "a list's entry": "UPDATE list_entry SET text = 'c.example' WHERE text = 'b.example'",
    "a list's end": "UPDATE list_entry SET until_moment = until_moment + 1 WHERE text = 'a.example'",
    "a list's entry removed": "DELETE FROM list_entry WHERE text = 'b.example'",
    "a template": "UPDATE coverage_template SET text = text || ' ' WHERE state = 'live'",
    "who rejected a template": "UPDATE coverage_template SET approved_by = 'usr_x' WHERE state = 'rejected'",
    "a payout": "UPDATE ledger_payout SET amount_minor = amount_minor + 1",
    "a payout's return": "UPDATE ledger_payout SET returned_why = 'no reason'",
    "a hold's step": "UPDATE ledger_hold_step SET amount_minor = amount_minor + 1 WHERE verb = 'taken'",
    "a hold": "UPDATE ledger_hold SET reason = 'other'",
}


@pytest.mark.parametrize("what", _TAMPERING)
def test_whatever_is_changed_is_found(what: str) -> None:
    busy_log()
    assert tamper(_TAMPERING[what].replace("%", "%%")) > 0, "the statement changed nothing"
    report = verify()
    assert not report.ok, "nothing was found"
    assert report.findings


def test_a_decision_with_two_lines_is_found() -> None:
    made = busy_log()
    with engine_scope():
        query("INSERT INTO leaf (kind, subject, body, created_at) VALUES ('decision', %s, '{}', now())", [made[0]])
    assert codes(verify()) == {"unrecorded"}
    sequencer.sequence(now=NOW)
    assert codes(verify()) == {"unrecorded"}


def test_a_line_that_still_waits_is_no_fault() -> None:
    decisions(8)
    assert verify().ok


def test_a_log_written_anew_with_the_right_key_is_found_by_a_kept_checkpoint(tmp_path: Path) -> None:
    """What nothing inside can show: the owner has the key, rewinds, and signs another history."""
    leaves(300)
    sequencer.sequence(now=NOW)
    with engine_scope():
        row = query("SELECT note FROM record_checkpoint").fetchone()
    assert row is not None
    kept = tmp_path / "kept.txt"
    kept.write_text(row[0])
    for table in ("record_checkpoint", "record_tile", "record_entry", "record_detail"):
        tamper(f"DELETE FROM {table}")
    leaves(300, first=1000)
    sequencer.sequence(now=NOW)
    assert verify().ok, "inside, everything fits"
    with engine_scope():
        chain = [key.verifier for key in keys.chain()]
    assert codes(verify(outside=outside.read([kept], chain))) == {"rewritten"}


def test_a_log_that_was_cut_off_is_found_by_a_kept_checkpoint(tmp_path: Path) -> None:
    leaves(300)
    while sequencer.sequence(100, now=NOW):
        pass
    with engine_scope():
        chain = [key.verifier for key in keys.chain()]
        row = query("SELECT note FROM record_checkpoint WHERE size = 300").fetchone()
    assert row is not None
    kept = tmp_path / "kept.jsonl"
    kept.write_text(json.dumps({"at": "", "checkpoint": row[0]}) + "\n" + '{"at": "2026-')
    for statement in (
        "DELETE FROM record_checkpoint WHERE size > 200",
        "DELETE FROM record_entry WHERE index >= 200",
        "DELETE FROM record_detail WHERE index >= 200",
        "DELETE FROM record_tile",
    ):
        tamper(statement)
    assert verify().ok
    assert codes(verify(outside=outside.read([kept], chain))) == {"rewound"}


def test_the_file_of_checkpoints_is_held_against_the_log(tmp_path: Path) -> None:
    with override_settings(RECORD_CHECKPOINT_FILE=str(tmp_path / "checkpoints.jsonl")):
        for first in (0, 100, 200):
            leaves(100, first=first)
            sequencer.sequence(now=NOW)
            assert publishing.publish(NOW, every_s=0) == ["file"]
        assert publishing.publish(NOW, every_s=0) == []
    with engine_scope():
        chain = [key.verifier for key in keys.chain()]
    found = outside.read([tmp_path / "checkpoints.jsonl"], chain)
    assert [kept.size for kept in found] == [100, 200, 300]
    report = verify(outside=found)
    assert (report.ok, report.outside) == (True, 3)


@pytest.mark.parametrize("text", ["", "nothing", "{}\n{}", '{"checkpoint": "x"}', "origin\n1\nAAAA\n\n— x AAAAAAA=\n"])
def test_a_file_that_holds_no_checkpoint_of_this_log_is_refused(text: str, tmp_path: Path) -> None:
    leaves(1)
    sequencer.sequence(now=NOW)
    file = tmp_path / "kept"
    file.write_text(text)
    with engine_scope():
        chain = [key.verifier for key in keys.chain()]
    if text == "{}\n{}":
        assert outside.read([file], chain) == []
        return
    with pytest.raises(outside.UnreadableCheckpoint):
        outside.read([file], chain)


def test_a_checkpoint_that_another_key_signed_is_refused(tmp_path: Path) -> None:
    leaves(1)
    sequencer.sequence(now=NOW)
    file = tmp_path / "kept"
    file.write_text(str(sign(str(Checkpoint("shop.example/record", 1, b"0" * 32)), "shop.example/record",
                             Ed25519PrivateKey.generate())))  # fmt: skip
    with engine_scope():
        chain = [key.verifier for key in keys.chain()]
    with pytest.raises(outside.UnreadableCheckpoint, match="not of this log"):
        outside.read([file], chain)


def test_erasure_leaves_the_log_verifiable_and_says_nothing_any_more() -> None:
    made = busy_log()
    with engine_scope():
        before = query("SELECT data FROM record_entry WHERE subject = %s", [made[0]]).fetchone()
    assert erasure.erase([made[0], "sub-7"], now=NOW) == 2
    with owner_scope():
        query("DELETE FROM review WHERE decision_id = %s", [made[0]])
        query("DELETE FROM decision WHERE id = %s", [made[0]])
    report = verify()
    assert report.ok, report.findings
    assert report.erased == 2
    sequencer.sequence(now=NOW)
    report = verify()
    assert report.ok, report.findings
    with engine_scope():
        assert (
            query("SELECT data FROM record_entry WHERE subject = %s AND kind = 'decision'", [made[0]]).fetchone()
            == before
        )
        assert query(
            "SELECT count(*) FROM record_detail d JOIN record_entry e USING (index) WHERE e.subject = %s"
            " AND e.kind = 'decision'",
            [made[0]],
        ).fetchone() == (0,)


def test_what_is_appended_while_it_is_verified_is_left_for_the_next_time() -> None:
    leaves(5_000)
    while sequencer.sequence(now=NOW):
        pass
    leaves(100, first=5_000)

    def meanwhile(done: int) -> None:
        sequencer.sequence(50, now=NOW)

    report = verify(progress=meanwhile)
    assert report.ok, report.findings
    assert report.entries == 5_000
