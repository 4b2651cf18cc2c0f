"""An order is stored and decided with one wait for the disk, and nothing is acknowledged that a crash could still lose."""

from __future__ import annotations

import pytest
from tests.kernel.builders import event, live_policy

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events import log
from safeconduct.kernel.scope import alone, engine_scope, owner_scope, query
from safeconduct.kernel.vault import pseudonyms

CARD = ("card", "card-7")


def test_what_was_answered_is_on_disk() -> None:
    live_policy()
    for envelope in (event(), event("buyer.unheard_of", note="decided by nobody")):
        before = _end_of_wal()
        accepted = lanes.accept([envelope])
        assert len(accepted.receipt.stored) == 1
        assert _bytes_on_disk_since(before) > 200, "the event's rows are behind what the disk has"


def test_making_a_batch_durable_puts_what_came_before_it_on_disk() -> None:
    receipt = log.receive([event()], durable=False)
    stored = _end_of_wal()
    log.make_durable(receipt, flushed=False)
    assert _bytes_on_disk_since(stored) >= 0


def test_a_process_remembers_nobody_whom_a_crash_could_still_take_away() -> None:
    """Otherwise it would go on using the number of a card that the database has forgotten and numbered anew."""
    receipt = log.receive([event(card="card-7")], durable=False)
    assert CARD not in pseudonyms.remembered([CARD])
    with engine_scope():
        pseudonyms.register([CARD])
    assert CARD not in pseudonyms.remembered([CARD]), "it was found, but whoever committed it may not have waited"
    log.make_durable(receipt, flushed=False)
    assert CARD in pseudonyms.remembered([CARD])


def test_a_few_events_that_are_refused_for_their_name_leave_no_pseudonym_in_memory() -> None:
    receipt = log.receive([{"id": "no", "type": "order.placed"}], durable=False)
    assert receipt.met is None and len(receipt.refused) == 1
    log.make_durable(receipt, flushed=False)


def test_who_sends_again_what_another_is_just_storing_is_told_so_when_it_is_on_disk() -> None:
    envelope = event()
    log.receive([envelope], durable=False)
    stored = _end_of_wal()
    again = log.receive([envelope])
    assert again.stored[0].duplicate
    assert _bytes_on_disk_since(stored) >= 0


def test_what_went_away_with_the_database_is_not_acknowledged_by_the_one_that_came_back() -> None:
    receipt = log.receive([event(card="card-7")], durable=False)
    with owner_scope():  # as after a crash that took the last commits along
        query("TRUNCATE event, event_body, fact, event_queue CASCADE")
    with pytest.raises(log.LostWithTheDatabase):
        log.make_durable(receipt, flushed=False)
    assert CARD not in pseudonyms.remembered([CARD])


def test_inside_a_transaction_the_whole_of_it_still_waits_for_the_disk() -> None:
    live_policy()
    with engine_scope():
        lanes.accept([event()])
        assert query("SHOW synchronous_commit").fetchone() == ("on",)
    assert alone("SHOW synchronous_commit").fetchone() == ("on",), "a transaction's own choice ends with it"


def _end_of_wal() -> str:
    row = alone("SELECT pg_current_wal_insert_lsn()::text").fetchone()
    assert row is not None
    return str(row[0])


def _bytes_on_disk_since(place: str) -> int:
    row = alone("SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), %s::pg_lsn)", [place]).fetchone()
    assert row is not None
    return int(row[0])
