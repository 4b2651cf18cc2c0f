"""`payouts run`, which the schedule does by itself, and `payouts returned`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from safeconduct.cli.output import OK, USAGE, emit_json, fail


def run(at: str | None, *, as_json: bool) -> int:
    """Pays what is available, as the scheduled run that was due last at a time: whom that run paid is passed over."""
    now = datetime.now(UTC)
    when = now if at is None else _time(at)
    if when > now:
        fail(f"--at {at} has not come yet; its run is not due", USAGE)
    from safeconduct.cli.start import start_django

    start_django()
    from safeconduct.kernel.ledger.entries import PayoutState
    from safeconduct.protections.transactions.money import due

    released = due.release(now)
    done = due.run_payouts(now, key=due.scheduled_key(due.schedule(when), when))
    paid = [outcome for outcome in done.outcomes if outcome.state is PayoutState.PAID]
    sums: dict[str, int] = {}
    for outcome in paid:
        sums[outcome.currency] = sums.get(outcome.currency, 0) + outcome.amount_minor
    if as_json:
        emit_json(
            {
                "run": done.key, "at": now.isoformat(), "released": released,
                "paid": {currency: {"minor": total} for currency, total in sorted(sums.items())},
                "outcomes": [
                    {
                        "seller_key": str(o.seller_key), "currency": o.currency, "state": o.state.value,
                        "amount_minor": o.amount_minor, "made_good_minor": o.made_good_minor,
                        "payout": o.payout_id or None,
                    }
                    for o in done.outcomes
                ],
            }
        )  # fmt: skip
        return OK
    from safeconduct.foundation.money import Money

    waiting = sum(outcome.state is PayoutState.BELOW_MINIMUM for outcome in done.outcomes)
    total = ", ".join(Money(minor, currency).format() for currency, minor in sorted(sums.items())) or "nothing"
    sys.stdout.write(f"{done.key}: {len(paid)} payouts, {total}; {waiting} below the smallest payout\n")
    return OK


def returned(payout_id: str, why: str, *, as_json: bool) -> int:
    """Books a payout that came back, and tells the seller why."""
    if len(why.strip()) < 3:
        fail("--why says nothing; write what the bank said, because the seller reads it", USAGE)
    from safeconduct.cli.start import start_django

    start_django()
    from safeconduct.kernel.ledger.errors import NoSuchThing
    from safeconduct.kernel.ledger.payouts import PayoutReturn
    from safeconduct.protections.transactions.money import due

    try:
        done = due.take_back([PayoutReturn(payout_id, why.strip())], datetime.now(UTC))
    except NoSuchThing:
        fail(f"there is no payout {payout_id}; `safeconduct payouts run --json` names those of a run")
    if as_json:
        emit_json({"returned": done})
    else:
        sys.stdout.write(f"{payout_id}: {'booked as returned' if done else 'was booked as returned before'}\n")
    return OK


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--at {text!r} is no time; write a day or a time such as 2026-06-04T06:00:00Z", USAGE)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
