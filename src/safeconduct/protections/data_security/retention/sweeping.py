"""The job that deletes what is past its time, batch by batch, and writes the proof in the same transaction.

It may run beside itself and be killed at any line: rows are claimed with SKIP LOCKED, and what was deleted without its
proof does not exist. What a hold keeps is not touched. Where nothing is left that a key of the vault sealed, the key is
destroyed in the same transaction, with a signed receipt: the proof of the batch names it (`facts.receipts`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import moment, moment_time
from safeconduct.kernel.cases import evidence
from safeconduct.kernel.readings import defence
from safeconduct.kernel.record import erasure, receipts
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.kernel.vault.erasure import MOST
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.history import Done
from safeconduct.protections.data_security.retention import of_payouts, of_people
from safeconduct.protections.data_security.retention.gone import Delete, Gone
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


#: The subject of an event that belongs to no order (`events.bodies.subject`).
_SOURCE_MONTH: Final = "'source/' || e.source || '/' || to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM')"
#: What people did with accounts: what account risk counts and judges.
_RISK: Final = (
    "session.started", "session.failed", "security.changed", "payout_account.changed", "export.requested",
    "access.requested",
)  # fmt: skip
#: True of every decision: they are indexed by policy and moment, and there are few policies.
_OF_ANY_POLICY: Final = "d.policy IN (SELECT DISTINCT v.policy FROM policy_version v)"


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
    proofs = [
        receipts.erase(gone.subjects[cut : cut + MOST], gone.purposes, _ACTOR, at=now).id
        for cut in range(0, len(gone.subjects), MOST)
    ]
    facts = {
        "run": run.id, "rows": run.rows, "cutoff": run.cutoff.isoformat(), "first_at": run.first_at.isoformat(),
        "last_at": run.last_at.isoformat(), "sha256": run.sha256, "receipts": proofs,
        **({"counts": dict(gone.counts)} if gone.counts else {}),
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
                AND NOT EXISTS (SELECT 1 FROM vault_ground g WHERE g.subject = 'order/' || e.order_key
                                AND g.purpose = 'event' AND g.ended_at IS NULL AND g.until > %s)
                AND {UNHELD.format(seller="e.seller_key", order="e.order_key")}
            ORDER BY b.moment LIMIT %s FOR UPDATE OF b SKIP LOCKED
        ), gone AS (DELETE FROM event_body b USING old WHERE b.moment = old.moment RETURNING b.moment)
        SELECT e.moment, e.id, e.order_key FROM event e JOIN gone ON gone.moment = e.moment ORDER BY e.moment
        """,
        [edge, edge, now, now, limit],
    ).fetchall()
    empty = query(
        "SELECT 'order/' || k FROM unnest(%b::bigint[]) AS k WHERE NOT EXISTS (SELECT 1 FROM event e"
        " JOIN event_body b ON b.moment = e.moment WHERE e.order_key = k) ORDER BY k",
        [sorted({order for _one, _key, order in rows})],
    ).fetchall()
    subjects = [*(subject for (subject,) in empty), *_nobody_speaks_of([one for one, _key, _order in rows])]
    return Gone([(key, moment_time(one)) for one, key, _order in rows], subjects, ("event", "pseudonym"))


def _month_events(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """What came with events of no order (a listing, a review, a payout). Each source and month has one key, and the
    data of many people under it: whole months only, and while any hold is in force, none."""
    first = _month(cutoff)
    rows = query(
        f"""
        WITH old AS (
            SELECT b.moment FROM event_body b JOIN event e ON e.moment = b.moment
            WHERE b.moment < %s AND e.order_key IS NULL AND e.occurred_at < %s
                AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.ended_at IS NULL AND h.until > %s)
            ORDER BY b.moment LIMIT %s FOR UPDATE OF b SKIP LOCKED
        ), gone AS (DELETE FROM event_body b USING old WHERE b.moment = old.moment RETURNING b.moment)
        SELECT e.moment, e.id, {_SOURCE_MONTH} FROM event e JOIN gone ON gone.moment = e.moment ORDER BY e.moment
        """,
        [moment(first), first, now, limit],
    ).fetchall()
    subjects = [*_empty({subject for _one, _key, subject in rows}, first)]
    subjects += _nobody_speaks_of([one for one, _key, _subject in rows])
    return Gone([(key, moment_time(one)) for one, key, _subject in rows], subjects, ("event", "pseudonym"))


def _empty(subjects: Collection[str], first: datetime) -> list[str]:
    """Those of the keys of a source and month, of months before this one, that seal nothing any more. One query."""
    rows = query(
        "SELECT k FROM unnest(%b::text[]) AS k WHERE NOT EXISTS (SELECT 1 FROM event_body b"
        f" JOIN event e ON e.moment = b.moment WHERE e.order_key IS NULL AND b.moment < %s AND {_SOURCE_MONTH} = k)"
        " ORDER BY k",
        [sorted(subjects), moment(first)],
    )
    return [subject for (subject,) in rows]


def _month(at: datetime) -> datetime:
    """The beginning of the month, in UTC: what keys of a month are named by."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _nobody_speaks_of(moments: Sequence[int]) -> list[str]:
    """Subjects of the pseudonyms that these facts name and no fact with a body names any more. A query each kind."""
    found: list[str] = []
    for entity, columns in PERSONAL.items() if moments else ():
        mine = " UNION ".join(
            f"SELECT f.{c} AS key FROM fact f WHERE f.moment = ANY(%b::bigint[]) AND f.{c} IS NOT NULL"
            for c in columns
        )  # fmt: skip
        used = " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM fact o JOIN event_body b ON b.moment = o.moment WHERE o.{c} = mine.key)"
            for c in columns
        )
        rows = query(
            f"SELECT 'entity/' || p.key FROM pseudonym p JOIN ({mine}) AS mine ON p.key = mine.key"
            f" WHERE p.entity = %s AND {used} ORDER BY p.key",
            [*([list(moments)] * len(columns)), entity],
        )
        found += [subject for (subject,) in rows]
    return found


def _raw_deliveries(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Webhooks as they came. They do not say whose they are: while any hold is in force, all of them stay."""
    rows = query(
        "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE received_at < %s"
        " AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.ended_at IS NULL AND h.until > %s)"
        " ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, received_at, connector",
        [cutoff, now, limit],
    ).fetchall()
    months = sorted({(connector, _month(at)) for _key, at, connector in rows})
    empty = query(
        "SELECT 'delivery/' || w.connector || '/' || to_char(w.month AT TIME ZONE 'UTC', 'YYYY-MM')"
        " FROM unnest(%b::text[], %b::timestamptz[]) AS w(connector, month)"
        " WHERE w.month + interval '1 month' <= %s AND NOT EXISTS (SELECT 1 FROM delivery d"
        " WHERE d.connector = w.connector AND d.received_at >= w.month"
        " AND d.received_at < w.month + interval '1 month') ORDER BY 1",
        [[connector for connector, _at in months], [at for _connector, at in months], cutoff],
    ).fetchall()
    return Gone([(key, at) for key, at, _connector in rows], [subject for (subject,) in empty], ("delivery",))


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
    if not rows:
        return Gone(())
    ids = [key for key, _at in rows]
    evidence.shred(ids, at=now)
    erasure.erase(ids, now=now)
    holders = query(
        "SELECT DISTINCT e.holder FROM case_evidence e WHERE e.id = ANY(%s::text[]) AND NOT EXISTS"
        " (SELECT 1 FROM case_evidence o WHERE o.holder = e.holder AND o.shredded_at IS NULL) ORDER BY 1",
        [ids],
    )
    return Gone(rows, [evidence.whose(holder) for (holder,) in holders], ("evidence",))


def _messages(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """What was said in cases that have been closed for long enough: the key goes, and rows stay that nobody opens."""
    rows = query(
        f"""
        SELECT c.id, c.closed_at FROM case_file c JOIN vault_key k ON k.subject = 'case/' || c.id
        WHERE k.purpose = 'case_message' AND c.status = 'closed' AND c.closed_at < %s
            AND NOT EXISTS (SELECT 1 FROM vault_ground g WHERE g.subject = k.subject AND g.purpose = k.purpose
                            AND g.ended_at IS NULL AND g.until > %s)
            AND NOT EXISTS (SELECT 1 FROM legal_hold h
                            WHERE h.case_id = c.id AND h.ended_at IS NULL AND h.until > %s)
            AND {UNHELD.format(seller="c.seller_key", order="c.order_key")}
        ORDER BY c.closed_at, c.id LIMIT %s FOR UPDATE OF k SKIP LOCKED
        """,
        [cutoff, now, now, now, limit],
    ).fetchall()
    return Gone(rows, [f"case/{key}" for key, _at in rows], ("case_message",))


def _bank_answers(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Answers to banks whose dispute has been closed for long enough: the key goes, and rows stay that nobody opens.
    Read by name: another protection has them."""
    rows = query(
        f"""
        SELECT d.id, d.closed_at FROM bank_dispute d JOIN vault_key k ON k.subject = 'bank_dispute/' || d.id
        WHERE k.purpose = 'chargeback' AND d.closed_at < %s
            AND NOT EXISTS (SELECT 1 FROM vault_ground g WHERE g.subject = k.subject AND g.purpose = k.purpose
                            AND g.ended_at IS NULL AND g.until > %s)
            AND {UNHELD.format(seller="d.seller_key", order="d.order_key")}
        ORDER BY d.closed_at, d.id LIMIT %s FOR UPDATE OF k SKIP LOCKED
        """,
        [cutoff, now, now, limit],
    ).fetchall()
    return Gone(rows, [f"bank_dispute/{key}" for key, _at in rows], ("chargeback",))


def _payment_defence(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """What answered banks about payments that no bank can dispute any more. The line's time is `defence.KEPT`."""
    rows = query(
        f"""
        DELETE FROM payment_defence WHERE order_key IN (
            SELECT d.order_key FROM payment_defence d LEFT JOIN event e ON e.moment = d.moment
            WHERE d.until < %s AND {UNHELD.format(seller="e.seller_key", order="d.order_key")}
            ORDER BY d.until, d.order_key LIMIT %s) RETURNING order_key, until
        """,
        [cutoff + defence.KEPT, now, limit],
    ).fetchall()
    subjects = [f"order/{key}" for key, _until in rows]
    return Gone([(str(key), until - defence.KEPT) for key, until in rows], subjects, ("payment_defence",))


def _reading_log(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Who read what: how often for each purpose stays. What an embargo hides is shown to its seller first."""
    rows = query(
        f"""
        SELECT r.id, r.at, r.scene FROM reading r
        WHERE r.at < least(%s, now() - interval '36 months') AND (r.embargo_id IS NULL OR r.seller_key IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM legal_hold h
                            WHERE h.case_id <> '' AND h.case_id = r.batch AND h.ended_at IS NULL AND h.until > %s)
            AND {UNHELD.format(seller="r.concerns", order="r.order_key")}
        ORDER BY r.at, r.id LIMIT %s FOR UPDATE OF r SKIP LOCKED
        """,
        [cutoff, now, now, limit],
    ).fetchall()
    _forget("reading", [key for key, _at, _scene in rows], now)
    counts = Counter(scene for _key, _at, scene in rows)
    return Gone([(key, at) for key, at, _scene in rows], counts=dict(sorted(counts.items())))


def _security_logs(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """What happened to accounts, after where it came from has been taken out."""
    rows = query(
        f"""
        SELECT s.id, s.at FROM security_event s
        WHERE s.at < least(%s, now() - interval '12 months') AND s.origin IS NULL
            AND {UNHELD.format(seller="s.seller_key", order="NULL")}
        ORDER BY s.at, s.id LIMIT %s FOR UPDATE OF s SKIP LOCKED
        """,
        [cutoff, now, limit],
    ).fetchall()
    _forget("security_event", [key for key, _at in rows], now)
    return Gone(rows)


def _forget(table: str, ids: Sequence[str], now: datetime) -> None:
    """Deletes rows that the record commits to: their salts go first, which is an entry of its own. The owner's function
    refuses what is younger than the line says, whatever clock asks."""
    if ids:
        erasure.erase(ids, now=now)
        query(f"SELECT {table}_forget(%b::text[])", [list(ids)])


def _risk_history(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Sign-ins and acts like them, by whole months: what came with them, the facts that tie a person to places and
    browsers, and what was decided. What waits for a person stays until they have answered, and their word its time."""
    first = _month(cutoff)
    rows = query(
        f"""
        SELECT e.moment, e.id, {_SOURCE_MONTH} FROM event e
        WHERE e.type = ANY(%s) AND e.order_key IS NULL AND e.moment < %s
            AND e.occurred_at < least(%s, now() - interval '18 months')
            AND NOT EXISTS (SELECT 1 FROM decision d LEFT JOIN review r ON r.decision_id = d.id
                            WHERE {_OF_ANY_POLICY} AND d.moment = e.moment
                            AND (r.state = 'open' OR d.decided_at >= least(%s, now() - interval '18 months')))
            AND {UNHELD.format(seller="e.seller_key", order="NULL")}
        ORDER BY e.moment LIMIT %s FOR UPDATE OF e SKIP LOCKED
        """,
        [list(_RISK), moment(first), first, first, now, limit],
    ).fetchall()
    moments = [one for one, _key, _subject in rows]
    query("DELETE FROM event_body WHERE moment = ANY(%b::bigint[])", [moments])
    subjects = [*_empty({subject for _one, _key, subject in rows}, first), *_nobody_speaks_of(moments)]
    decided = query(
        f"SELECT d.id FROM decision d WHERE {_OF_ANY_POLICY} AND d.moment = ANY(%b::bigint[]) ORDER BY d.id", [moments]
    ).fetchall()
    _forget("decision", [key for (key,) in decided], now)
    query("DELETE FROM fact WHERE moment = ANY(%b::bigint[])", [moments])
    query("DELETE FROM event WHERE moment = ANY(%b::bigint[])", [moments])
    return Gone([(key, moment_time(one)) for one, key, _subject in rows], subjects, ("event", "pseudonym"))


def _canary_hits(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Touches of canary rows that the engine has judged."""
    rows = query(
        f"""
        SELECT t.id, t.at FROM canary_touch t LEFT JOIN event e ON e.moment = t.moment
        WHERE t.at < least(%s, now() - interval '84 months') AND t.judged_at IS NOT NULL
            AND {UNHELD.format(seller="t.seller_key", order="e.order_key")}
        ORDER BY t.at, t.id LIMIT %s FOR UPDATE OF t SKIP LOCKED
        """,
        [cutoff, now, limit],
    ).fetchall()
    query("SELECT canary_touch_forget(%b::text[])", [[key for key, _at in rows]])
    return Gone(rows)


SWEEPERS: Final[Mapping[Sweeper, Delete]] = {
    Sweeper.ORDER_DATA: _order_data,
    Sweeper.MONTH_EVENTS: _month_events,
    Sweeper.PAYMENT_DEFENCE: _payment_defence,
    Sweeper.BANK_ANSWERS: _bank_answers,
    Sweeper.RAW_DELIVERIES: _raw_deliveries,
    Sweeper.DISPUTE_EVIDENCE: _dispute_evidence,
    Sweeper.MESSAGES: _messages,
    Sweeper.SIGN_IN_ORIGINS: of_people.sign_in_origins,
    Sweeper.REQUEST_ARCHIVES: of_people.request_archives,
    Sweeper.READING_LOG: _reading_log,
    Sweeper.SECURITY_LOGS: _security_logs,
    Sweeper.RISK_HISTORY: _risk_history,
    Sweeper.CANARY_HITS: _canary_hits,
    Sweeper.OWNERSHIP_CLAIMS: of_people.ownership_claims,
    Sweeper.INVITATIONS: of_people.invitations,
    Sweeper.REQUEST_WORDS: of_people.request_words,
    Sweeper.PAYOUT_DOCUMENTS: of_payouts.payout_documents,
}
