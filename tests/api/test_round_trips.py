"""What one order costs in round trips to the database: latency is mostly these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from pytest import MonkeyPatch
from tests.api.api_world import Machine, good
from tests.kernel.builders import event, live_policy

GATE, KEEP = 1, 1
#: Intake and decision of one order by one policy with features and without lists, all its entities known.
KERNEL = 14


@contextmanager
def statements(monkeypatch: MonkeyPatch) -> Iterator[list[str]]:
    """Every statement sent meanwhile, begins and ends of transactions left out."""
    sent: list[str] = []
    execute: Any = psycopg.Cursor.execute

    def noted(self: Any, statement: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(str(statement))
        return execute(self, statement, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", noted)
        yield sent


def test_the_gate_costs_one_round_trip_and_the_kept_answer_one_more(monkeypatch: MonkeyPatch) -> None:
    live_policy()
    shop = Machine()
    for _ in range(2):
        good(shop.post("/v1/events", event()))
    with statements(monkeypatch) as plain:
        good(shop.post("/v1/events", event()))
    with statements(monkeypatch) as kept:
        good(shop.post("/v1/events", event(), idempotency="k-1"))
    assert sum("api_key" in s for s in plain) == GATE
    assert len(plain) <= GATE + KERNEL, "\n".join(s[:90] for s in plain)
    assert len(kept) == len(plain) + KEEP, "\n".join(s[:90] for s in kept)


def test_a_replayed_answer_costs_one_round_trip(monkeypatch: MonkeyPatch) -> None:
    live_policy()
    shop = Machine()
    sent = event()
    good(shop.post("/v1/events", sent, idempotency="k-1"))
    with statements(monkeypatch) as again:
        good(shop.post("/v1/events", sent, idempotency="k-1"))
    assert len(again) == 1
