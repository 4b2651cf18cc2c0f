"""Sending answers to processors: the outbox of `bank_answer`, and Stripe's interface.

An answer is claimed and committed before it is sent, so a process that is killed leaves its claim to run out, and it is
sent again under the same Idempotency-Key. Before a second try the processor is asked whether the first one arrived.
With the claim the protections are asked whether a buyer's data may leave; what may not is the staff's (`HELD`).
Stripe's shapes: POST /v1/files, POST /v1/disputes/{id}, POST /v1/disputes/{id}/close (docs.stripe.com/api).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from django.conf import settings

from safeconduct.kernel.protection import Leaving, may_send
from safeconduct.kernel.scope import ENGINE_ACTOR, engine_scope, query
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, unseal
from safeconduct.protections.transactions.chargebacks import telling
from safeconduct.protections.transactions.chargebacks.dossier import Dossier
from safeconduct.protections.transactions.chargebacks.hearing import Step, write_steps

#: Fields of a Stripe dispute's evidence that take words; all others take a file, and there is one file: the pack.
_WORDS: Final = frozenset({
    "access_activity_log", "billing_address", "cancellation_rebuttal", "customer_email_address", "customer_name",
    "customer_purchase_ip", "product_description", "refund_refusal_explanation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_tracking_number", "uncategorized_text",
})  # fmt: skip
#: Stripe: the words of all fields together (docs.stripe.com, as quoted by a secondary source).
_MOST_WORDS: Final = 150_000
_CLAIM: Final = timedelta(minutes=5)
_WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240))
_AT_ONCE: Final = 5
_TIMEOUT_S: Final = 30.0
#: What an answer may be made of, in the words of the record of processing.
KINDS: Final = frozenset({"address", "contact", "device", "messages", "orders", "payment"})
#: What a problem begins with where the answer was not let out; a `kernel.protection.Held` follows.
HELD: Final = "held/"
#: What goes to a bank; the row is the answer's id and `fields`, `bank` or `copy`.
ANSWER: Final = Column("bank_answer", "chargeback")


def _stored(table: str, key: str, column: str) -> Stored:
    """Values of form 1 of one of an answer's columns, for `vault.resealing`."""
    answer = "" if table == "bank_answer" else " JOIN bank_answer a ON a.id = t.answer_id"
    return Stored(
        ANSWER,
        f"SELECT t.{key}, t.{key} || '/{column}' AS place, 'bank_dispute/' || dispute_id, t.{column}"
        f" FROM {table} t{answer} WHERE t.{key} > %s AND substr(t.{column}, 1, 1) = decode('01', 'hex')"
        f" ORDER BY t.{key} LIMIT %s",
        f"UPDATE {table} t SET {column} = w.sealed FROM unnest(%b::text[], %b::bytea[]) AS w(id, sealed)"
        f" WHERE t.{key} = w.id",
    )


STORED_FIELDS: Final = _stored("bank_answer", "id", "fields")
STORED_FOR_THE_BANK: Final = _stored("bank_answer_file", "answer_id", "bank")
STORED_COPIES: Final = _stored("bank_answer_file", "answer_id", "copy")


class NotNow(Exception):
    """The processor could not be reached or is busy; it is tried again."""


class Refused(Exception):
    """The processor refuses the answer; a person must look at it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An answer on its way. ``again``: it was tried before. ``pdf``: empty where the dispute is accepted. ``held``: why
    it may not leave, and it was not opened; "" for one that may."""

    answer_id: str
    dispute: str
    accepts: bool
    pdf: bytes
    fields: Mapping[str, str]
    again: bool
    held: str


def has_interface(processor: str) -> bool:
    """Whether answers to this processor's disputes are sent by us; others are downloaded and handed in."""
    return bool(settings.STRIPE_API_KEY) and name_of(processor) == "stripe"


def name_of(processor: str) -> str:
    """A processor's own name, out of the source that tells of its disputes."""
    return processor.split("/")[0].split(":")[0]


def text_fields(dossier: Dossier) -> dict[str, str]:
    """The words for the processor's own fields, out of the exhibits that have one; cut where the processor cuts."""
    found: dict[str, str] = {}
    for exhibit in dossier.exhibits:
        name = dossier.documents[exhibit.document].stripe
        words = "\n".join(filter(None, (*(row.value for row in exhibit.rows), exhibit.text)))
        if name in _WORDS and words:
            found[name] = f"{found[name]}\n{words}" if name in found else words
    left = _MOST_WORDS
    for name in sorted(found):
        found[name] = found[name][:left]
        left -= len(found[name])
    return {name: words for name, words in found.items() if words} | dict(dossier.fields)


def send_due(now: datetime, client: httpx.Client | None = None) -> int:
    """Sends what is to be sent by ``now``; returns how many were tried. Each answer is a transaction of its own."""
    claimed = _claim(now)
    if not claimed:
        return 0
    own = client or httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)
    try:
        for one, attempts, step in claimed:
            try:
                _send(own, one)
            except NotNow as problem:
                _note(one, step, now, str(problem), again=attempts <= len(_WAITS), attempts=attempts)
            except Refused as problem:
                _note(one, step, now, str(problem), again=False, attempts=attempts)
            else:
                _note(one, step, now, "", again=False, attempts=attempts)
    finally:
        if client is None:
            own.close()
    return len(claimed)


def whose(dispute_id: str) -> str:
    """The subject of an answer: its bank dispute, a case of its own."""
    return f"bank_dispute/{dispute_id}"


def _claim(now: datetime) -> list[tuple[Outgoing, int, Step]]:
    with engine_scope():
        rows = query(
            "WITH due AS (SELECT id FROM bank_answer WHERE state = 'queued' AND next_try_at <= %s"
            "  ORDER BY next_try_at, id LIMIT %s FOR UPDATE SKIP LOCKED), claimed AS (UPDATE bank_answer a"
            "  SET next_try_at = %s, attempts = attempts + 1 FROM due WHERE a.id = due.id"
            "  RETURNING a.id, a.dispute_id, a.kind, a.fields, a.attempts, a.sha256)"
            " SELECT c.id, d.ref, c.kind, c.fields, c.attempts, c.sha256, f.bank, d.id, d.seller_key, d.stage,"
            " d.status, d.processor, d.order_key, d.dispute_key"
            " FROM claimed c JOIN bank_dispute d ON d.id = c.dispute_id LEFT JOIN bank_answer_file f ON"
            " f.answer_id = c.id ORDER BY c.id",
            [now, _AT_ONCE, now + _CLAIM],
        ).fetchall()
        # That a dispute is given up names nobody; whatever fights it does.
        leaving = [
            Leaving(identity, name_of(processor), order, dispute, KINDS)
            for identity, _ref, kind, *_more, processor, order, dispute in rows if kind != "accept"
        ]  # fmt: skip
        held = may_send(leaving, ENGINE_ACTOR, now)
    found = []
    for identity, ref, kind, fields, attempts, sha256, bank, dispute_id, seller, stage, status, *_whose in rows:
        accepts, why = kind == "accept", held.get(identity)
        closed = accepts or why is not None
        outgoing = Outgoing(
            identity, ref, accepts,
            b"" if closed else unseal(ANSWER, f"{identity}/bank", whose(dispute_id), bytes(bank)),
            {} if closed else json.loads(unseal(ANSWER, f"{identity}/fields", whose(dispute_id), bytes(fields))),
            again=attempts > 1, held="" if why is None else f"{HELD}{why}",
        )  # fmt: skip
        found.append((outgoing, attempts, Step(dispute_id, seller, "sent", stage, status, now, "engine", "", sha256)))
    return found


def _note(one: Outgoing, step: Step, now: datetime, problem: str, *, again: bool, attempts: int) -> None:
    """Writes down what came of it: sent, to be tried again, or failed, which is the staff's."""
    with engine_scope():
        if not problem:
            changed = query(
                "UPDATE bank_answer SET state = 'sent', sent_at = %s, how = 'api', next_try_at = NULL, problem = ''"
                " WHERE id = %s AND state = 'queued'",
                [now, one.answer_id],
            ).rowcount
            write_steps([step] if changed else [])
            if changed:
                telling.tell_sent(one.answer_id, now)
            return
        if again:
            query(
                "UPDATE bank_answer SET next_try_at = %s, problem = %s WHERE id = %s AND state = 'queued'",
                [now + _WAITS[attempts - 1], problem[:200], one.answer_id],
            )
            return
        changed = query(
            "UPDATE bank_answer SET state = 'failed', next_try_at = NULL, problem = %s"
            " WHERE id = %s AND state = 'queued'",
            [problem[:200], one.answer_id],
        ).rowcount
        query("UPDATE bank_dispute SET to_staff_at = %s WHERE id = %s", [now, step.dispute_id])
        what = "held" if problem.startswith(HELD) else "not_sent"
        write_steps([replace(step, what=what, why=problem)] if changed else [])


def _send(client: httpx.Client, one: Outgoing) -> None:
    if one.again and _arrived(client, one):
        return
    if one.held:
        raise Refused(one.held)
    if one.accepts:
        _call(client, "POST", f"/v1/disputes/{one.dispute}/close", key=f"{one.answer_id}/close")
        return
    file = _call(
        client, "POST", "/v1/files", key=f"{one.answer_id}/file", data={"purpose": "dispute_evidence"},
        files={"file": (f"{one.answer_id}.pdf", one.pdf, "application/pdf")},
    )  # fmt: skip
    evidence = {f"evidence[{name}]": words for name, words in one.fields.items()}
    _call(
        client, "POST", f"/v1/disputes/{one.dispute}", key=f"{one.answer_id}/submit",
        data={**evidence, "evidence[uncategorized_file]": str(file["id"]), "submit": "true"},
    )  # fmt: skip


def _arrived(client: httpx.Client, one: Outgoing) -> bool:
    """Whether an earlier try reached the processor although its answer did not reach us."""
    dispute = _call(client, "GET", f"/v1/disputes/{one.dispute}")
    if one.accepts:
        return bool(dispute.get("status") == "lost")
    details = dispute.get("evidence_details") or {}
    return bool(details.get("submission_count")) and str(dispute.get("status", "")).endswith("under_review")


def _call(client: httpx.Client, method: str, path: str, key: str = "", **given: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {settings.STRIPE_API_KEY}"}
    if key:
        headers["Idempotency-Key"] = key
    try:
        answer = client.request(method, settings.STRIPE_API_URL + path, headers=headers, **given)
        body = answer.json()
    except (httpx.HTTPError, ValueError) as problem:
        raise NotNow(f"{path.split('/')[2]}: {type(problem).__name__}") from problem
    if answer.status_code in (409, 429) or answer.status_code >= 500:
        raise NotNow(f"{path.split('/')[2]}: status {answer.status_code}")
    if answer.status_code >= 400 or not isinstance(body, dict):
        # The code, not the message: a processor may repeat in it what it was sent.
        code = body.get("error", {}).get("code", "") if isinstance(body, dict) else ""
        raise Refused(f"{path.split('/')[2]}: status {answer.status_code} {code}".strip())
    return body
