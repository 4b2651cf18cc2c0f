"""`ledger`: is it right, a seller's statement, and what people book by hand."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from safeconduct.cli.output import FAILED, OK, USAGE, emit_json, fail
from safeconduct.cli.start import start_django

if TYPE_CHECKING:
    from safeconduct.kernel.ledger.queries import Statement
    from safeconduct.kernel.parties.models import Seller


def check(*, as_json: bool) -> int:
    """Asks every question of the ledger. Exit code 1 where an answer is not as it must be."""
    start_django()
    from safeconduct.kernel.claims import checking as claims
    from safeconduct.kernel.ledger.checking import QUESTIONS, Answer, asked
    from safeconduct.kernel.scope import staff_scope

    answers: list[Answer] = []
    shows = sys.stderr.isatty()
    with staff_scope():
        for answer in chain(asked(), claims.asked(datetime.now(UTC))):
            answers.append(answer)
            if shows:
                sys.stderr.write(f"\r{len(answers)} of {QUESTIONS + claims.QUESTIONS} questions")
                sys.stderr.flush()
    if shows:
        sys.stderr.write("\r\033[K")
    ok = all(answer.ok for answer in answers)
    if as_json:
        emit_json(
            {"ok": ok, "questions": [{"question": a.question, "ok": a.ok, "wrong": list(a.wrong)} for a in answers]}
        )
        return OK if ok else FAILED
    for answer in answers:
        sys.stdout.write(f"{'ok   ' if answer.ok else 'WRONG'} {answer.question}\n")
        sys.stdout.writelines(f"      {found}\n" for found in answer.wrong)
    sys.stdout.write("\n" + ("The ledger is right.\n" if ok else _WRONG))
    return OK if ok else FAILED


_WRONG = (
    "The ledger is not right: someone has changed rows past the database's own guards. Stop payouts, compare with the\n"
    "newest backup, and post what is missing; do not edit rows.\n"
)


def statement(
    seller_ref: str, *, since: date | None, until: date, currency: str | None, file_format: str, out: Path | None,
    language: str | None, zone_name: str | None,
) -> int:  # fmt: skip
    """Writes a seller's statement from the first moment of ``since`` to the last of ``until``, in the seller's zone."""
    if file_format not in ("csv", "pdf"):
        fail(f"--format {file_format!r} is neither csv nor pdf", USAGE)
    start_django()
    from safeconduct.kernel.ledger import queries
    from safeconduct.kernel.ledger.statements import statement_csv, statement_pdf
    from safeconduct.kernel.scope import staff_scope
    from safeconduct.kernel.ui.reader import known_zone
    from safeconduct.kernel.vault.pseudonyms import reveal

    with staff_scope():
        seller = _seller(seller_ref)
        zone = known_zone(zone_name or seller.time_zone)
        if zone is None and zone_name:
            fail(f"--zone {zone_name!r} is no time zone; write one such as America/Santiago", USAGE)
        zone = zone or UTC
        start = datetime.combine(since or until.replace(day=1), time(), zone)
        end = datetime.combine(until + timedelta(days=1), time(), zone)
        if end <= start:
            fail(f"--until {until} is before --from {since}", USAGE)
        code = _currency(sorted(queries.balances(seller.key)), currency)
        told = queries.statement(seller.key, code, start, end)
        orders = {key: value for key, (_, value) in reveal(_orders(told)).items()}
    spoken = language or seller.language or "en"
    if file_format == "csv":
        made = statement_csv(told, spoken, zone, orders=orders)
    else:
        made = statement_pdf(told, spoken, zone, seller=str(seller), orders=orders)
    path = out or Path(f"statement-{code}-{start:%Y-%m-%d}-{until}.{file_format}")
    path.write_bytes(made)
    sys.stdout.write(f"{path}: {len(told.lines)} movements in {code}\n")
    if not told.complete:
        fail(f"there are more than {queries.MOST_LINES} movements, the file holds the first; ask for a shorter time")
    return OK


def book(
    event: str, *, amount: str, currency: str, key: str, why: str, seller_ref: str | None, order_ref: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Books something that no event tells of, in the name of the command line."""
    start_django()
    from safeconduct.foundation.money import Money, MoneyError
    from safeconduct.kernel.ledger import by_hand
    from safeconduct.kernel.ledger.entries import Entry
    from safeconduct.kernel.ledger.errors import LedgerError
    from safeconduct.kernel.scope import Actor, staff_scope
    from safeconduct.kernel.vault.pseudonyms import lookup

    try:
        money = Money.parse(amount, currency.upper())
    except MoneyError as problem:
        fail(f"--amount {amount!r} --currency {currency!r}: {problem}", USAGE)
    with staff_scope():
        seller = None if seller_ref is None else _seller(seller_ref)
        order = None if order_ref is None else lookup("order", order_ref)
        if order_ref is not None and order is None:
            fail(f"--order {order_ref!r} was never told of; give the shop's id of the order")
        entry = Entry(
            event, key, datetime.now(UTC), money.currency, None if seller is None else seller.key, order,
            {"amount": money.minor},
        )  # fmt: skip
        try:
            made = by_hand.book(entry, Actor("command line", "owner", why))
        except LedgerError as refused:
            fail(f"{refused.field}: {refused.problem}", USAGE if refused.status == 422 else FAILED)
    return _booked(made, f"{money.format()}, {by_hand.bookable()[event].says}", as_json=as_json)


def take_back(transaction_id: str, *, key: str, why: str, as_json: bool) -> int:
    """Reverses what was booked by hand."""
    start_django()
    from safeconduct.kernel.ledger import by_hand
    from safeconduct.kernel.ledger.errors import LedgerError
    from safeconduct.kernel.scope import Actor, staff_scope

    with staff_scope():
        try:
            made = by_hand.take_back(transaction_id, key, Actor("command line", "owner", why), datetime.now(UTC))
        except LedgerError as refused:
            fail(f"{refused.field}: {refused.problem}", USAGE if refused.status == 422 else FAILED)
    return _booked(made, f"the opposite of {transaction_id}", as_json=as_json)


def _booked(made: str, what: str, *, as_json: bool) -> int:
    if as_json:
        emit_json({"transaction": made})
    else:
        sys.stdout.write(f"{made}: {what}\n")
    return OK


def _orders(told: Statement) -> set[int]:
    return {line.order_key for line in told.lines if line.order_key is not None}


def _seller(ref: str) -> Seller:
    from safeconduct.kernel.parties.models import Seller

    found = Seller.objects.filter(id=ref).first() or Seller.objects.filter(ref=ref).first()
    if found is None:
        fail(f"there is no seller {ref!r}; give the shop's id of the seller, or the sel_… of the console")
    return found


def _currency(there: list[str], asked: str | None) -> str:
    if asked is not None:
        code = asked.upper()
        if code not in there:
            fail(f"the seller has no account in {code}; there are {', '.join(there) or 'none'}", USAGE)
        return code
    if len(there) != 1:
        fail(f"say which --currency; the seller has accounts in {', '.join(there) or 'none'}", USAGE)
    return there[0]
