"""Scoring the demo: what the product decided and covered, held against the truth that lies beside its database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from safeconduct.cli.demo_account_score import read_account_score
from safeconduct.cli.demo_case_score import read_case_score
from safeconduct.cli.output import emit_json, fail

if TYPE_CHECKING:
    from safeconduct.demo import AccountReport, CoverReport, Decision, Report
    from safeconduct.demo.books import Books
    from safeconduct.demo.case_scoring import CaseReport

SEEDS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a world: the engine's decisions, the cover of its orders, its cases and
    accounts; and what the ledger says."""

    decisions: Report
    cover: CoverReport
    cases: CaseReport
    accounts: AccountReport
    books: tuple[Books, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            **self.decisions.as_json(), "cover": self.cover.as_json(), "cases": self.cases.as_json(),
            "accounts": self.accounts.as_json(), "books": [one.as_json() for one in self.books],
        }  # fmt: skip


def score_world(folder: Path, *, moved_days: int, built_at: datetime) -> Scores:
    """Compares what the engine decided at once, and cover as it stands, with the truth. ``moved_days``: by how many
    days the world's times were moved when it was run. ``built_at``: what was received later (orders that kept coming
    in) is no part of the world whose truth is known.
    """
    from safeconduct.demo import Standing, read_covers, read_truth, score, score_cover
    from safeconduct.kernel.scope import query, staff_scope

    with staff_scope():
        covered = query(
            "SELECT order_ref, certificate->'positions', pays_minor, rulings, (extract(epoch FROM changed_at) * 1e6"
            " - extract(epoch FROM timestamptz '2020-01-01T00:00Z') * 1e6)::bigint FROM coverage"
        ).fetchall()
    standings = [
        Standing(
            ref, {cause: (p[0], p[1]) for cause, p in positions.items()}, pays, held_seconds(rulings, until_us)
        )
        for ref, positions, pays, rulings, until_us in covered
    ]  # fmt: skip
    return Scores(
        score(read_truth(folder / "truth.jsonl"), decided_by(built_at, timedelta(days=moved_days))),
        score_cover(read_covers(folder / "cover.jsonl"), standings),
        read_case_score(folder),
        read_account_score(folder, moved_days=moved_days),
        read_books(),
    )


def decided_by(built_at: datetime, moved: timedelta) -> list[Decision]:
    """What the engine decided at once about events of the world that were received by then, in the world's times."""
    from safeconduct.demo import Action
    from safeconduct.demo import Decision as Judged
    from safeconduct.kernel.scope import query, staff_scope

    with staff_scope():
        decided = query(
            "SELECT e.source_id, e.data->>'order', d.action, d.decided_at, e.data->'amount'->>'minor', d.fired"
            " FROM decision d JOIN event e USING (moment)"
            " WHERE d.kind = 'live' AND e.source = 'haihang' AND e.received_at <= %s",
            [built_at],
        ).fetchall()
    return [
        Judged(event_id, order, Action(action), at - moved, int(minor or 0), tuple(fired))
        for event_id, order, action, at, minor, fired in decided
    ]


_BOOKS = """
WITH moved AS (
    SELECT p.currency, -sum(p.amount_minor) FILTER (WHERE t.event = 'capture' AND a.kind = 'psp_clearing') AS captured,
        -sum(p.amount_minor) FILTER (WHERE t.event = 'protection_reimbursement' AND a.kind = 'protection_fund') AS fund,
        count(DISTINCT t.order_key) FILTER (WHERE t.event = 'protection_reimbursement') AS claims,
        -sum(p.amount_minor) FILTER (WHERE starts_with(t.event, 'provisional') AND a.kind = 'protection_fund') AS ahead
    FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
    JOIN ledger_account a ON a.id = p.account_id
    WHERE t.event IN ('capture', 'protection_reimbursement') OR starts_with(t.event, 'provisional') GROUP BY 1
), latest AS (
    SELECT max(at) - interval '30 days' AS since FROM ledger_payout
), paid AS (
    SELECT currency, count(*) AS n, sum(amount_minor) AS total, count(*) FILTER (WHERE at > since) AS n_month,
        sum(amount_minor) FILTER (WHERE at > since) AS month
    FROM ledger_payout, latest GROUP BY 1
), have AS (
    SELECT currency, sum(balance_minor) FILTER (WHERE kind = 'pending') AS pending,
        sum(balance_minor) FILTER (WHERE kind = 'available') AS available,
        sum(balance_minor) FILTER (WHERE kind = 'on_hold') AS held,
        -sum(balance_minor) FILTER (WHERE kind = 'seller_receivable') AS owed
    FROM ledger_account WHERE seller_key IS NOT NULL GROUP BY 1
), holds AS (
    SELECT currency, count(*) FILTER (WHERE ended_at IS NULL) AS open, count(ended_at) AS ended
    FROM ledger_hold GROUP BY 1
)
SELECT m.currency, m.captured, p.n, p.total, p.n_month, p.month, v.pending, v.available, v.held, h.open, h.ended,
    v.owed, m.claims, m.fund, m.ahead
FROM moved m LEFT JOIN paid p USING (currency) LEFT JOIN have v USING (currency) LEFT JOIN holds h USING (currency)
ORDER BY m.currency
"""


def read_books() -> tuple[Books, ...]:
    """What the ledger says, by currency, and whether it balances."""
    from safeconduct.demo.books import Books
    from safeconduct.kernel.ledger import checking
    from safeconduct.kernel.scope import query, staff_scope

    with staff_scope():
        balanced = all(answer.ok for answer in checking.check())
        rows = query(_BOOKS).fetchall()
    names = [field.name for field in fields(Books)][1:-1]
    return tuple(
        Books(currency=row[0], balanced=balanced, **{n: int(v or 0) for n, v in zip(names, row[1:], strict=True)})
        for row in rows
    )


#: A review that nobody ends is over six days after the order: seven of a card authorisation, less one (the shipped
#: template's `review`).
_LONGEST_REVIEW_US: Final = 6 * 86_400_000_000


def held_seconds(rulings: Sequence[Sequence[Any]], until_us: int) -> int:
    """How long an order was held, by its risk decisions (microseconds, moment, action), looked at last at a time."""
    held = 0
    since: int | None = None
    for at_us, _, action in sorted(rulings, key=lambda ruling: (ruling[0], ruling[1])):
        if action == "review":
            since = at_us if since is None else since
        elif since is not None:
            held, since = held + at_us - since, None
    running = 0 if since is None else min(_LONGEST_REVIEW_US, max(0, until_us - since))
    return (held + running) // 1_000_000


def score_seeds(*, shift: str, orders: int, as_json: bool) -> None:
    """Scores three public seeds, each in a database of its own that is thrown away afterwards."""
    reports = {}
    for seed in SEEDS:
        folder = Path(os.environ.get("SAFECONDUCT_VAR", "var")) / f"score-{seed}"
        done = subprocess.run(
            [
                sys.executable, "-m", "safeconduct", "demo", "--seed", str(seed), "--shift", shift, "--orders",
                str(orders), "--no-serve", "--fresh", "--json",
            ],
            env={**os.environ, "SAFECONDUCT_VAR": str(folder)}, stdout=subprocess.PIPE, check=False,
        )  # fmt: skip
        if done.returncode:
            fail(f"scoring seed {seed} ended with exit code {done.returncode}")
        reports[seed] = json.loads(done.stdout)["score"]
    if as_json:
        emit_json({"shift": shift, "orders": orders, "seeds": reports})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Three public seeds, shift {shift}")
    for name in (
        "seed", "caught", "precision", "good orders stopped", "decoys stopped", "wrongly void", "wrongly covered",
        "claims paid rightly", "banks answerable", "complaints accused", "rulings right", "takeovers held",
        "paid to thieves", "honest acts held",
    ):  # fmt: skip
        table.add_column(name, justify="right")
    for seed, r in reports.items():
        cover, cases, accounts = r["cover"], r["cases"], r["accounts"]
        new = accounts["new_accounts"]
        earlier, ruled = cases["earlier"], [cases["honest_judged_right"], cases["honest_judged"]]
        for abuse in cases["abuse"]:
            ruled = [ruled[0] + abuse["judged_right"], ruled[1] + abuse["judged"]]
        table.add_row(
            str(seed), f"{r['recall']:.1%}", f"{r['precision']:.1%}" if r["precision"] is not None else "–",
            f"{r['good_stop_rate']:.2%}", f"{r['decoy_stop_rate']:.2%}", f"{cover['wrongly_void_rate']:.2%}",
            f"{cover['wrongly_covered_rate']:.2%}", f"{cover['paid_rightly']:,} of {cover['owed']:,}",
            f"{earlier['answerable_told']} of {earlier['answerable']}, nearly {earlier['nearly_told']} of"
            f" {earlier['nearly']}",
            f"{cases['false_accusation_rate']:.2%}", f"{ruled[0]} of {ruled[1]}",
            f"{new['stopped']} of {new['changes']}", f"{new['paid_minor'] / 100:,.0f}",
            f"{accounts['honest_held_rate']:.2%}",
        )  # fmt: skip
    Console().print(table)
