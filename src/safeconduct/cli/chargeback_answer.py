"""`chargebacks answer`: from a processor's webhook to an answer that is ready, step by step, with the time of each."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from safeconduct.cli.output import FAILED, OK, USAGE, emit_json, fail
from safeconduct.cli.start import start_django

if TYPE_CHECKING:
    from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDispute

T = TypeVar("T")
#: How long other lanes may take for the event where this process finds nothing to decide.
_PATIENCE_S: Final = 10.0
#: What a made-up dispute gives the shop to answer; a real one says its own.
_DAYS: Final = timedelta(days=9)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done, and how long it took."""

    says: str
    ms: int


@dataclass(slots=True)
class Report:
    """What came of it. ``missing``, ``open_groups``, ``would_help``: documents by their names in `packs.yaml`."""

    dispute: str
    ref: str
    steps: list[Step]
    percent: int
    complete: bool
    missing: list[str] = field(default_factory=list)
    open_groups: list[list[str]] = field(default_factory=list)
    would_help: list[str] = field(default_factory=list)
    exhibits: list[dict[str, Any]] = field(default_factory=list)
    answer: str = ""
    sha256: str = ""
    pdf: str = ""

    @property
    def total_ms(self) -> int:
        return sum(step.ms for step in self.steps)


class _Clockwork:
    """Does steps and notes their times."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def step(self, says: str, work: Callable[[], T]) -> T:
        begun = time.perf_counter()
        made = work()
        self.steps.append(Step(says, round((time.perf_counter() - begun) * 1000)))
        return made


def answer(
    file: Path | None, *, connector: str, order: str | None, code: str, seller: str | None, pdf: Path | None,
    at_least: int, as_json: bool,
) -> int:  # fmt: skip
    """Takes a webhook body of a file, or makes one of an order; prints what was done. 1 where less than ``at_least``
    percent is there. ``seller``: of bodies that name none."""
    if (file is None) == (order is None):
        fail("give a file with a processor's webhook, or --order with an order of yours; one of them", USAGE)
    start_django()
    from safeconduct.kernel.protection import Refusal
    from safeconduct.protections.transactions.chargebacks.dossier import PackRefused

    now = datetime.now(UTC)
    raw = file.read_bytes() if file is not None else _made(order or "", code, now)
    try:
        report = _answered(
            raw, connector if file is not None else "stripe", seller, pdf, now, code=None if file is not None else code
        )
    except (Refusal, PackRefused) as problem:
        fail(str(problem))
    if as_json:
        emit_json(asdict(report) | {"total_ms": report.total_ms})
    else:
        _print(report)
    return OK if report.percent >= at_least else FAILED


def _answered(
    raw: bytes, connector: str, seller: str | None, pdf: Path | None, now: datetime, *, code: str | None
) -> Report:  # fmt: skip
    """``code``: what a dispute that is made up is to be about."""
    from safeconduct.kernel.scope import Actor, engine_scope
    from safeconduct.protections.transactions.chargebacks import answers
    from safeconduct.protections.transactions.chargebacks.collecting import dossiers

    clock = _Clockwork()
    ref = clock.step("The webhook was kept and read", lambda: _taken(raw, connector, seller, now))
    dispute = clock.step("The dispute stands in the mirror", lambda: _decided(ref))
    stands = f"{dispute.network}/{dispute.network_code}"
    if code is not None and not code.startswith(stands):
        fail(f"the dispute {ref} of this order is there already, about {stands}; take another order for {code}")

    def collected() -> Report:
        with engine_scope():
            score = dossiers([dispute], now)[dispute.id].score
        groups = [list(group) for group in score.open_groups]
        return Report(
            dispute.id, dispute.ref, clock.steps, score.percent, score.complete, list(score.missing), groups,
            list(score.would_help),
        )  # fmt: skip

    report = clock.step("The evidence was collected", collected)

    def staged() -> BankAnswer:
        with engine_scope():
            return answers.stage(dispute.id, Actor("command line", "owner"), now)

    made = clock.step("The answer was drawn for the bank and for the seller", staged)
    report.answer, report.sha256, report.exhibits = made.id, made.sha256, list(made.manifest)
    if pdf is not None:
        with engine_scope():
            answers.note_copy(dispute, Actor("command line", "operator"), now)
            pdf.write_bytes(answers.opened(made.id, "bank"))
        report.pdf = str(pdf)
    return report


def _taken(raw: bytes, connector: str, seller: str | None, now: datetime) -> str:
    """Puts the delivery into the log; returns the processor's id of its dispute."""
    from safeconduct.connectors import load_connector, names
    from safeconduct.connectors.intake import ingest

    if connector not in names():
        fail(f"there is no connector {connector!r}; there are {', '.join(sorted(names()))}", USAGE)
    options = {} if seller is None else {"default_seller": seller}
    reading = load_connector(connector).read(raw, {}, options)
    told = [event["data"] for event in reading.events]
    ref = next((str(data["dispute"]) for data in told if isinstance(data, Mapping) and data.get("dispute")), None)
    if ref is None and reading.refused:
        item = reading.refused[0]
        fail(f"this body cannot be read: {f'{item.type} {item.field}: {item.detail}'.strip(' :')}")
    if ref is None:
        fail("this body tells of no dispute; give one such as Stripe's charge.dispute.created")
    outcome = ingest(connector, raw, {}, signed=False, secrets=(), now=now, options=options)
    if outcome.refused:
        part = outcome.refused[0]
        fail(f"{part.type} {part.field}: {part.problem}".strip())
    return ref


def _decided(ref: str) -> BankDispute:
    """Decides what waits until the dispute stands in the mirror; another lane may be quicker."""
    from safeconduct.kernel.decisions import lanes
    from safeconduct.kernel.scope import engine_scope
    from safeconduct.kernel.vault.pseudonyms import lookup
    from safeconduct.protections.transactions.chargebacks.models import BankDispute

    until = time.monotonic() + _PATIENCE_S
    while True:
        with engine_scope():
            key = lookup("dispute", ref)
            found = None if key is None else BankDispute.objects.filter(dispute_key=key).first()
        if found is not None:
            return found
        if not lanes.work():
            if time.monotonic() > until:
                fail(f"the dispute {ref} was not decided within {_PATIENCE_S:.0f} s; is a lane stuck? See `doctor`")
            time.sleep(0.1)


def _made(order: str, code: str, now: datetime) -> bytes:
    """Stripe's body of a dispute about an order that was placed here; the same order makes the same dispute."""
    from safeconduct.kernel.events.catalogue import CATALOGUE
    from safeconduct.kernel.scope import engine_scope, query
    from safeconduct.kernel.vault.pseudonyms import lookup
    from safeconduct.protections.transactions.chargebacks.reason_codes import table

    entry = table(now.date()).codes.get(code)
    if entry is None:
        fail(f"there is no reason code {code!r}; write network and code, such as visa/10.4", USAGE)
    with engine_scope():
        key = lookup("order", order)
        row: tuple[Any, ...] | None = query(
            'SELECT e.data FROM fact f JOIN event e ON e.moment = f.moment WHERE f."order" = %b AND f.type = %b'
            " ORDER BY f.moment LIMIT 1",
            [key, CATALOGUE["order.placed"].code],
        ).fetchone()
    placed: Mapping[str, Any] = {} if row is None else row[0]
    amount = placed.get("amount")
    if not amount:
        fail(f"no order {order!r} was placed here; give the shop's id of an order, as events name it")
    opened = int(now.timestamp())
    return json.dumps({
        "id": f"evt_{order}", "object": "event", "type": "charge.dispute.created", "created": opened,
        "data": {
            "object": {
                "id": f"dp_{order}", "object": "dispute", "created": opened, "status": "needs_response",
                "amount": amount["minor"], "currency": str(amount["currency"]).lower(), "charge": f"ch_{order}",
                "reason": entry.reason.value, "metadata": {"order_id": order, "seller_id": placed.get("seller")},
                "payment_method_details": {
                    "type": "card",
                    "card": {"brand": entry.network, "network_reason_code": entry.code, "case_type": "chargeback"},
                },
                "evidence_details": {"due_by": int((now + _DAYS).timestamp())},
            }
        },
    }).encode()  # fmt: skip


def _print(report: Report) -> None:
    from rich.console import Console

    from safeconduct.protections.transactions.chargebacks.packs import packs
    from safeconduct.protections.transactions.chargebacks.reading import said

    documents = packs().documents

    def titles(names: list[str]) -> str:
        return " / ".join(said(documents[name].title, "en") for name in names)

    console = Console(highlight=False)
    for step in report.steps:
        console.print(f"{step.ms:>7,} ms  {step.says}", markup=False)
    console.print(f"{report.total_ms:>7,} ms  in all", style="bold")
    console.print(f"Dispute {report.ref} ({report.dispute}): the answer is {report.percent} % complete.", markup=False)
    for entry in report.exhibits:
        console.print(f"  E{entry['number']}  {titles([entry['document']])}", markup=False)
    for name in report.missing:
        console.print(f"  missing: {titles([name])}", markup=False)
    for group in report.open_groups:
        console.print(f"  missing, one of: {titles(group)}", markup=False)
    for name in report.would_help:
        console.print(f"  would help: {titles([name])}", markup=False)
    if report.pdf:
        console.print(f"The bank's copy, with personal data in clear, is in {report.pdf}.", markup=False)
    sys.stdout.flush()
