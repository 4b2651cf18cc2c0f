"""The job that deletes what is past its time, batch by batch, and writes the proof in the same transaction.

It may run beside itself and be killed at any line: rows are claimed with SKIP LOCKED, and what was deleted without its
proof does not exist. What a hold keeps is not touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import moment, moment_time
from safeconduct.kernel.cases import evidence
from safeconduct.kernel.record import erasure
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.kernel.vault import pseudonyms
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.history import Done
from safeconduct.protections.data_security.retention.holds import UNHELD
from safeconduct.protections.data_security.retention.models import RetentionRun
from safeconduct.protections.data_security.retention.schedule import Line, Sweeper, schedule

#: Rows that one transaction deletes, and batches of one turn of a line: a turn ends, the next one goes on.
BATCH: Final = 1000
_MOST_BATCHES: Final = 50
_ACTOR: Final = Actor("retention", "engine")
#: Columns of the facts that name a buyer or what is theirs, by the kind of entity.
PERSONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "buyer": ("buyer",), "email": ("email",), "phone": ("phone",), "address": ("address", "billing_address"),
    "card": ("card",), "device": ("device",), "ip": ("ip",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gone:
    """What a batch deleted: (id, from when it was) each."""

    rows: Sequence[tuple[str, datetime]]


Delete = Callable[[datetime, datetime, int], Gone]


def sweep(now: datetime, *, batch: int = BATCH) -> int:
    """Deletes what is past its time on every line with a sweeper; returns how many rows."""
    return sum(_sweep_line(line, now, batch) for line in schedule().values() if line.sweeper is not None)


def digest(ids: Sequence[str]) -> str:
    """The hash that a proof holds of the ids of what was deleted."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def _sweep_line(line: Line, now: datetime, batch: int) -> int:
    assert line.sweeper is not None
    delete, total = SWEEPERS[line.sweeper], 0
    for _ in range(_MOST_BATCHES):
        with engine_scope():
            gone = delete(line.cutoff(now), now, batch)
            if gone.rows:
                _prove(line, gone, now)
        total += len(gone.rows)
        if len(gone.rows) < batch:
            break
    return total


def _prove(line: Line, gone: Gone, now: datetime) -> None:
    times = [at for _key, at in gone.rows]
    run = RetentionRun.objects.create(
        id=new_id("run"), line=line.id, cutoff=line.cutoff(now), rows=len(gone.rows), first_at=min(times),
        last_at=max(times), sha256=digest([key for key, _at in gone.rows]), at=now,
    )  # fmt: skip
    facts = {
        "run": run.id, "rows": run.rows, "cutoff": run.cutoff.isoformat(), "first_at": run.first_at.isoformat(),
        "last_at": run.last_at.isoformat(), "sha256": run.sha256,
    }  # fmt: skip
    history.note([Done(f"retention/{line.id}", "deleted", facts)], _ACTOR, now)


def _order_data(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """What came with the events of orders whose last event is past its time, and the people nothing else speaks of."""
    edge = moment(cutoff)
    rows = query(
        f"""
        WITH old AS (
            SELECT b.moment FROM event_body b JOIN event e ON e.moment = b.moment
            WHERE b.moment < %s AND e.order_key IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM event n WHERE n.order_key = e.order_key AND n.moment >= %s)
                AND NOT EXISTS (SELECT 1 FROM case_file c WHERE c.order_key = e.order_key AND c.status <> 'closed')
                AND {UNHELD.format(seller="e.seller_key", order="e.order_key")}
            ORDER BY b.moment LIMIT %s FOR UPDATE OF b SKIP LOCKED
        ), gone AS (DELETE FROM event_body b USING old WHERE b.moment = old.moment RETURNING b.moment)
        SELECT e.moment, e.id FROM event e JOIN gone ON gone.moment = e.moment ORDER BY e.moment
        """,
        [edge, edge, now, limit],
    ).fetchall()
    if rows:
        _unlink([one for one, _key in rows])
    return Gone([(key, moment_time(one)) for one, key in rows])


def _unlink(moments: Sequence[int]) -> None:
    """Deletes the pseudonyms that these facts name and no fact with a body names any more: one statement each kind."""
    for entity, columns in PERSONAL.items():
        mine = " UNION ".join(
            f"SELECT f.{c} AS key FROM fact f WHERE f.moment = ANY(%b::bigint[]) AND f.{c} IS NOT NULL"
            for c in columns
        )  # fmt: skip
        used = " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM fact o JOIN event_body b ON b.moment = o.moment WHERE o.{c} = mine.key)"
            for c in columns
        )
        query(
            f"DELETE FROM pseudonym p USING ({mine}) AS mine WHERE p.key = mine.key AND p.entity = %s AND {used}",
            [*([list(moments)] * len(columns)), entity],
        )
    pseudonyms.forget()


def _raw_deliveries(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Webhooks as they came. They do not say whose they are: while any hold is in force, all of them stay."""
    rows = query(
        "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE received_at < %s"
        " AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.ended_at IS NULL AND h.until > %s)"
        " ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, received_at",
        [cutoff, now, limit],
    )
    return Gone(rows.fetchall())


def _dispute_evidence(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """The bytes of evidence whose every case has been closed for long enough."""
    rows = query(
        f"""
        SELECT e.id, (SELECT max(c.closed_at) FROM case_exhibit x JOIN case_file c ON c.id = x.case_id
                      WHERE x.evidence_id = e.id)
        FROM case_evidence e WHERE e.shredded_at IS NULL
            AND e.id IN (SELECT x.evidence_id FROM case_file c JOIN case_exhibit x ON x.case_id = c.id
                         WHERE c.status = 'closed' AND c.since < %s)
            AND NOT EXISTS (SELECT 1 FROM case_exhibit x JOIN case_file c ON c.id = x.case_id
                            LEFT JOIN legal_hold h ON h.case_id = c.id AND h.ended_at IS NULL AND h.until > %s
                            WHERE x.evidence_id = e.id
                                AND (c.closed_at IS NULL OR c.closed_at >= %s OR h.id IS NOT NULL))
            AND {UNHELD.format(seller="e.seller_key", order="e.order_key")}
        ORDER BY e.id LIMIT %s FOR UPDATE OF e SKIP LOCKED
        """,
        [cutoff, now, cutoff, now, limit],
    ).fetchall()
    if rows:
        evidence.shred([key for key, _at in rows], at=now)
        erasure.erase([key for key, _at in rows], now=now)
    return Gone(rows)


def _sign_in_origins(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Where people's requests came from; what happened stays."""
    rows = query(
        f"""
        UPDATE security_event SET origin = NULL WHERE id IN (
            SELECT s.id FROM security_event s WHERE s.at < %s AND s.origin IS NOT NULL
                AND {UNHELD.format(seller="s.seller_key", order="NULL")}
            ORDER BY s.at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, at
        """,
        [cutoff, now, limit],
    )
    return Gone(rows.fetchall())


def _request_archives(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """The archives that people asked for: whoever wanted one has it."""
    rows = query(
        "DELETE FROM data_request_archive WHERE request_id IN (SELECT request_id FROM data_request_archive"
        " WHERE made_at < %s ORDER BY made_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING request_id, made_at",
        [cutoff, limit],
    )
    return Gone(rows.fetchall())


SWEEPERS: Final[Mapping[Sweeper, Delete]] = {
    Sweeper.ORDER_DATA: _order_data,
    Sweeper.RAW_DELIVERIES: _raw_deliveries,
    Sweeper.DISPUTE_EVIDENCE: _dispute_evidence,
    Sweeper.SIGN_IN_ORIGINS: _sign_in_origins,
    Sweeper.REQUEST_ARCHIVES: _request_archives,
}
