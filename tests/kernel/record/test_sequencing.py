"""From the outbox into the log: numbered once, signed, and whole whatever happens."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.django_world import thread_of
from tests.kernel.record.builders import NOW, decisions, leaves

from safeconduct.foundation.signed_note import Checkpoint, Note
from safeconduct.kernel.record import keys, sequencer, store
from safeconduct.kernel.record.verification import verify
from safeconduct.kernel.scope import engine_scope, owner_scope, query, staff_scope
from safeconduct.kernel.vault.keyring import Keyring
from safeconduct.kernel.vault.signing import SealedSigner


def test_each_decision_gets_one_entry_and_a_signed_checkpoint() -> None:
    made = decisions(8)
    assert sequencer.sequence(now=NOW) == 10  # a policy's draft, its publication, and eight decisions
    with engine_scope():
        entries = [store.entries_about(key) for key in made]
        head = store.head()
        (key,) = keys.chain()
    assert all(len(about) == 1 for about in entries)
    assert sorted(about[0].index for about in entries) == list(range(2, 10))
    assert head is not None
    note = Note.parse(head.note)
    note.verified([key.verifier])
    assert Checkpoint.parse(note.text) == Checkpoint("shop.example/record", 10, head.root)
    assert sequencer.waiting(NOW)[0] == 0
    assert verify().ok


def test_an_entry_names_kind_id_action_version_and_time_and_nothing_about_a_person() -> None:
    made = decisions(8)
    sequencer.sequence(now=NOW)
    with engine_scope():
        lines = [json.loads(data) for data in store.entries(0, 10)]
        rows = dict(query("SELECT id, action FROM decision").fetchall())
    for line in lines[2:]:
        assert set(line) == {"v", "at", "kind", "subject", "act", "ver", "commit"}
        assert line["act"] == rows[line["subject"]]
        assert line["ver"].startswith("pol_")
        assert len(bytes.fromhex(line["commit"])) == 32
    assert {line["subject"] for line in lines[2:]} == set(made)
    everything = json.dumps(lines)
    for personal in ("card-1", "buy-1", "sel-1", "ord-1", "card_at_many_shops", "example.org"):
        assert personal not in everything


def test_nothing_waits_nothing_is_signed() -> None:
    assert sequencer.sequence(now=NOW) == 0
    with engine_scope():
        assert store.head() is None


def test_the_log_grows_by_batches_as_it_would_at_once() -> None:
    leaves(700)
    done = []
    while count := sequencer.sequence(150, now=NOW):
        done.append(count)
    assert done == [150, 150, 150, 150, 100]
    report = verify()
    assert report.ok, report.findings
    assert (report.entries, report.checkpoints, report.tiles) == (700, 5, 2)


def test_a_transaction_that_commits_late_is_not_forgotten() -> None:
    """A leaf with a smaller id becomes visible after larger ones were appended."""
    with owner_scope():
        url = query("SELECT 1").connection.info.dsn
    with psycopg.connect(url) as late:
        late.execute("INSERT INTO leaf (kind, subject, body, created_at) VALUES ('note', 'late', '{}', now())")
        leaves(3)
        assert sequencer.sequence(now=NOW) == 3
    assert sequencer.sequence(now=NOW) == 1
    with engine_scope():
        assert [entry.index for entry in store.entries_about("late")] == [3]
    assert verify().ok


def test_two_sequencers_at_once_append_each_leaf_once() -> None:
    leaves(3_000)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            idle = 0
            while idle < 40:
                idle = 0 if sequencer.sequence(100, now=NOW) else idle + 1
        except BaseException as problem:
            problems.append(problem)

    threads = [thread_of(work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    report = verify()
    assert report.ok, report.findings
    assert report.entries == 3_000


class Killed(Exception):
    """Stands for a process that dies."""


LINES = {
    "record_entry": "INSERT",
    "record_detail": "INSERT",
    "record_tile": "INSERT",
    "leaf": "DELETE",
    "record_key": "INSERT",
    "record_secret": "INSERT",
    "record_checkpoint": "INSERT",
}


@pytest.mark.parametrize("table", LINES)
def test_a_sequencer_that_dies_between_two_statements_leaves_the_log_as_it_was(table: str) -> None:
    leaves(300)
    with owner_scope():
        query(
            "CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
        )
        query(f"CREATE TRIGGER dies AFTER {LINES[table]} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION dies()")
    try:
        with pytest.raises(Exception, match=r"terminat|closed|InFailedSql"):
            sequencer.sequence(now=NOW)
    finally:
        with owner_scope():
            query(f"DROP TRIGGER dies ON {table}")
            query("DROP FUNCTION dies()")
    with engine_scope():
        assert store.head() is None
    assert sequencer.waiting(NOW)[0] == 300
    assert sequencer.sequence(now=NOW) == 300
    assert verify().ok


def test_what_an_outer_transaction_takes_back_was_never_recorded() -> None:
    leaves(5)
    with pytest.raises(Killed), engine_scope():
        sequencer.sequence(now=NOW)
        raise Killed
    assert sequencer.waiting(NOW)[0] == 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record_entry SET subject = 'x'",
        "DELETE FROM record_entry",
        "UPDATE record_tile SET root = root",
        "DELETE FROM record_checkpoint",
        "UPDATE record_key SET vouched = ''",
        "DELETE FROM record_secret",
        "UPDATE record_detail SET body = NULL",
        "UPDATE leaf SET subject = 'x'",
        "DELETE FROM leaf WHERE subject = 'sub-9'",
    ],
)
def test_the_record_is_append_only_even_for_the_owner(statement: str) -> None:
    leaves(2)
    sequencer.sequence(now=NOW)
    leaves(1, first=9)
    with pytest.raises(psycopg.errors.IntegrityError, match=r"append-only|only into the record"), owner_scope():
        query(statement)
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.IntegrityError)), engine_scope():
        query(statement)


def test_staff_may_write_leaves_and_read_the_log_but_not_its_salts_and_keys() -> None:
    leaves(1)
    sequencer.sequence(now=NOW)
    with staff_scope():
        assert query("SELECT count(*) FROM record_entry").fetchone() == (1,)
    for table in ("record_detail", "record_secret"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), staff_scope():
            query(f"SELECT * FROM {table}")


def test_the_private_key_is_not_in_the_database() -> None:
    leaves(1)
    sequencer.sequence(now=NOW)
    with engine_scope():
        row = query("SELECT sealed FROM record_secret").fetchone()
        _, _, private = keys.newest_private()
    assert row is not None and isinstance(private, SealedSigner)
    item = private.sealed
    raw = Keyring()._cipher(item.key, b"").decrypt(item.data[:12], item.data[12:], item.bound)
    assert Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw() == private.public
    assert raw not in bytes(row[0])


def test_how_long_the_oldest_leaf_waits_is_known() -> None:
    leaves(2)
    assert sequencer.waiting(NOW + timedelta(seconds=90)) == (2, 90.0)
