"""The score of accounts as a person reads it."""

from __future__ import annotations

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from safeconduct.demo.account_scoring import AccountReport
from safeconduct.demo.scoreboard import amount, bad_style, bar, duration, percent, sheet


def render_accounts(report: AccountReport, console: Console) -> None:
    """Print it: what thieves would have been paid, who was held for nothing, and who of the staff looked."""
    console.print(Panel(_lines(report), title="Accounts", title_align="left", border_style="cyan", padding=(1, 2)))
    console.print(_attack_table(report))
    console.print(_decoy_table(report))


def _lines(report: AccountReport) -> Group:
    new, snooping = report.new_accounts, report.snooping
    paid = Text.assemble(
        "Payout accounts named by thieves: ", (f"{new.changes:,}", "bold"), "; payouts stopped in time for ",
        (f"{new.stopped:,}", "bold green" if new.stopped == new.changes else "bold red"), ", paid to them ",
        (amount(new.paid_minor, new), "bold red" if new.paid_minor else "bold green"), ".",
    )  # fmt: skip
    if new.median_h_ahead is not None:
        paid.append(f" Half of the stops began {new.median_h_ahead:.0f} h or more before money could have left.")
    honest = Text.assemble(
        "Acts of honest people: ", (f"{report.honest:,}", "bold"), "; payouts held because of ",
        (f"{report.honest_held:,}", bad_style(report.held_rate)), f" ({percent(report.held_rate, 2)}), a passkey ",
        f"asked for at {report.honest_challenged:,}.",
    )  # fmt: skip
    if report.held_for:
        told = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in list(report.held_for.items())[:6])
        honest.append(f" Held for: {told}.")
    read = Text.assemble(
        f"Staff looked without a case {snooping.planted:,} times: written down ",
        (f"{snooping.found:,}", "green" if snooping.found == snooping.planted else "red"),
        f" ({snooping.snooped:,} readings), shown to the shop ",
        (f"{snooping.seen:,}", "green" if snooping.seen == snooping.snooped else "red"),
        f"; beside {snooping.with_case:,} readings for cases.",
    )  # fmt: skip
    return Group(paid, honest, read)


def _attack_table(report: AccountReport) -> Table:
    table = sheet("Attacks on accounts", "steps: met as they call for; held: payouts of the shop stopped")
    table.add_column("attack", no_wrap=True)
    table.add_column("recall", no_wrap=True)
    for name in ("steps", "right", "noticed", "after", "held", "after"):
        table.add_column(name, justify="right")
    for one in report.attacks:
        table.add_row(
            one.attack.replace("_", " "), bar(one.recall), f"{one.caught:,}/{one.steps:,}",
            "–" if one.precision is None else percent(one.precision), f"{one.noticed:,}/{one.incidents:,}",
            _after(one.median_s_to_notice), f"{one.held:,}/{one.incidents:,}", _after(one.median_s_to_hold),
        )  # fmt: skip
    return table


def _after(seconds: float | None) -> str:
    return "never" if seconds is None else duration(seconds)


def _decoy_table(report: AccountReport) -> Table:
    table = sheet("Honest members who look like thieves")
    table.add_column("who")
    for name in ("acts", "held", "challenged", "people held"):
        table.add_column(name, justify="right")
    for one in report.decoys:
        rate = one.false_accusation_rate
        people = Text(f"{one.people_held:,}/{one.people:,}", style=bad_style(rate))
        table.add_row(one.decoy.replace("_", " "), f"{one.acts:,}", f"{one.held:,}", f"{one.challenged:,}", people)
    return table
