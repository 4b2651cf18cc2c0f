"""The score as a person reads it: what was caught, what got through, and who was wrongly suspected."""

from __future__ import annotations

from rich import box
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from safeconduct.demo.account_scoring import NewAccounts
from safeconduct.demo.books import Books
from safeconduct.demo.case_scoring import CaseReport
from safeconduct.demo.cover_scoring import CoverReport
from safeconduct.demo.scoring import AttackScore, DecoyScore, Report

_BAR = 6
_GOOD_ENOUGH, _POOR = 0.8, 0.5
_CALM, _WORRYING = 0.01, 0.05
_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€"}


def render(report: Report, console: Console) -> None:
    """Print the score: the headline, the attacks, what nobody could see, and the honest people."""
    console.print(Panel(_headline(report), title="Score", title_align="left", border_style="cyan", padding=(1, 2)))
    console.print(_attack_table(report))
    if report.unseen:
        console.print(_unseen_table(report))
    console.print(_decoy_table(report))


def _headline(report: Report) -> Group:
    caught = Text.assemble(
        "Caught ", (f"{report.caught:,} of {report.bad_orders:,}", "bold"), " fraudulent orders (",
        (percent(report.recall), _good(report.recall)), "): ", (amount(report.saved_minor, report), "bold green"),
        " kept safe, ", (amount(report.lost_minor, report), "bold red"), " lost.",
    )  # fmt: skip
    precise = Text()
    if report.precision is not None:
        precise = Text.assemble(
            "Of every 100 orders stopped, ", (f"{report.precision * 100:.0f}", _good(report.precision)), " were fraud."
        )
    good = Text.assemble(
        "Good orders stopped: ", (f"{report.good_stopped:,} of {report.good_orders:,}", "bold"), " (",
        (percent(report.good_stop_rate, 2), bad_style(report.good_stop_rate)), "), worth ",
        amount(report.good_stopped_minor, report), ". Among the honest look-alikes: ",
        (percent(report.decoy_stop_rate), bad_style(report.decoy_stop_rate)), ".",
    )  # fmt: skip
    return Group(caught, precise, good)


def render_cover(report: CoverReport, console: Console) -> None:
    """Print the score of cover: who was refused or covered wrongly, whether the fund paid rightly, and the decoys."""
    console.print(Panel(_cover_lines(report), title="Cover", title_align="left", border_style="cyan", padding=(1, 2)))
    if report.decoys:
        console.print(_cover_decoys(report))


def render_cases(report: CaseReport, console: Console) -> None:
    """Print the score of cases: banks, complaints, rulings, the strike, and what waits."""
    console.print(Panel(_case_lines(report), title="Cases", title_align="left", border_style="cyan", padding=(1, 2)))
    if report.abuse:
        console.print(_abuse_table(report))


def render_books(books: Books, console: Console) -> None:
    """Print what became of the money."""

    def of(minor: int) -> str:
        return amount(minor, books)

    paid = Text.assemble(
        "Buyers paid ", (of(books.captured_minor), "bold"), "; sellers got ",
        (of(books.paid_out_minor), "bold green"), f" in {books.payouts:,} payouts, ",
        f"{of(books.paid_out_last_month_minor)} of it in the last month ({books.payouts_last_month:,}).",
    )  # fmt: skip
    waits = Text.assemble(
        f"On its way: {of(books.pending_minor)} until returns are over, {of(books.available_minor)} for the next ",
        "payout, ", (of(books.held_minor), "yellow"), f" on hold for {books.holds_open:,} open matters ",
        f"({books.holds_ended:,} holds have ended). Sellers owe {of(books.owed_minor)}.",
    )  # fmt: skip
    fund = Text.assemble(
        "The protection fund paid ", (of(books.fund_paid_minor), "bold green"), f" for {books.fund_claims:,} orders, ",
        f"and {of(books.fund_for_now_minor)} for now, until banks have decided. ",
        ("The books balance.", "green") if books.balanced else ("The books do not balance!", "bold red"),
    )  # fmt: skip
    lines = (paid, waits, fund)
    console.print(Panel(Group(*lines), title="Money", title_align="left", border_style="cyan", padding=(1, 2)))


def _case_lines(report: CaseReport) -> Group:
    def money(minor: int) -> str:
        return amount(minor, report)

    earlier, strike = report.earlier, report.strike
    exact = "bold green" if earlier.exact else "bold red"
    banks = Text.assemble(
        "Friendly fraud at the bank: told rightly that earlier payments answer it ",
        (f"{earlier.answerable_told} of {earlier.answerable}", exact),
        ", that it misses this by a day or an element ", (f"{earlier.nearly_told} of {earlier.nearly}", exact), ".",
    )  # fmt: skip
    accused = Text.assemble(
        "Honest complaints that the advice spoke of: ", (f"{report.honest_accused:,} of {report.honest:,}", "bold"),
        " (", (percent(report.false_accusation_rate, 2), bad_style(report.false_accusation_rate)), "). Honest buyers' ",
        f"cases that staff ruled on rightly: {report.honest_judged_right:,} of {report.honest_judged:,}. ",
        "Abuse cost shops ", (money(report.lost_minor), "red"), "; ", (money(report.saved_minor), "bold green"),
        " was saved.",
    )  # fmt: skip
    stood = Text.assemble(
        f"The customs strike: {strike.disputes:,} disputes, the clocks of {strike.paused:,} stood still; ",
        "counted against shops ", (f"{strike.counted:,}", "red" if strike.counted else "green"),
        ", deadlines they missed ", (f"{strike.missed:,}", "red" if strike.missed else "green"), ".",
    )  # fmt: skip
    told = ", ".join(f"{who} {count:,}" for who, count in report.waiting.items()) or "nobody"
    times = Text(f"Open cases, by whose turn it is: {told}.")
    if report.median_h_to_action is not None and report.median_h_to_decision is not None:
        times.append(
            f" A dispute was taken up after {duration(report.median_h_to_action * 3600)} and decided after"
            f" {duration(report.median_h_to_decision * 3600)} (medians)."
        )
    return Group(banks, accused, stood, times)


def _abuse_table(report: CaseReport) -> Table:
    table = sheet(
        "Complaints that were not honest",
        "noticed: advice to look closer, never a refusal; people decide. right: how much of it was abuse",
    )
    table.add_column("abuse", no_wrap=True)
    table.add_column("noticed", no_wrap=True)
    for name in ("of all", "right", "people", "judged"):
        table.add_column(name, justify="right")
    table.add_column("saved", justify="right", style="green", no_wrap=True)
    table.add_column("lost", justify="right", style="red", no_wrap=True)
    for one in report.abuse:
        table.add_row(
            one.cause.replace("_", " "), bar(one.recall), f"{one.noticed:,}/{one.complaints:,}",
            "–" if one.precision is None else percent(one.precision), f"{one.incidents_noticed:,}/{one.incidents:,}",
            f"{one.judged_right:,}/{one.judged:,}", amount(one.saved_minor, report), amount(one.lost_minor, report),
        )  # fmt: skip
    return table


def _cover_lines(report: CoverReport) -> Group:
    def dollars(minor: int) -> str:
        return amount(minor, report)

    void = Text.assemble(
        "Sellers who kept every term: ", (f"{report.deserving:,} orders", "bold"), "; cover refused for a term to ",
        (f"{report.wrongly_void:,}", bad_style(report.wrongly_void_rate)), ", ", f"{report.stopped:,} stopped and ",
        f"{report.waiting:,} still held by risk checks.",
    )  # fmt: skip
    if report.void_for:
        told = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in report.void_for.items())
        void.append(f" Refused for: {told}.")
    covered = Text.assemble(
        "A term missed, or the shop a thief: ", (f"{report.undeserving:,} orders", "bold"), "; covered all the same ",
        (f"{report.wrongly_covered:,}", bad_style(report.wrongly_covered_rate)),
        f", of which {report.of_thieves:,} where only the shop's crime speaks against it.",
    )  # fmt: skip
    paid = Text.assemble(
        "Claims the fund owes: ", (f"{report.owed:,}", "bold"), f" ({dollars(report.owed_minor)}); paid rightly ",
        (f"{report.paid_rightly:,} ({dollars(report.paid_rightly_minor)})", "bold green"), ", left unpaid ",
        (f"{report.unpaid:,} ({dollars(report.unpaid_minor)})", "red" if report.unpaid else "green"),
        ", paid without owing ",
        (f"{report.paid_wrongly:,} ({dollars(report.paid_wrongly_minor)})", "red" if report.paid_wrongly else "green"),
        ".",
    )  # fmt: skip
    return Group(void, covered, paid)


def _cover_decoys(report: CoverReport) -> Table:
    table = sheet("Honest sellers of odd orders", "orders whose seller kept every term")
    table.add_column("orders of")
    table.add_column("orders", justify="right")
    table.add_column("wrongly void", justify="right")
    table.add_column("stopped", justify="right")
    for decoy in report.decoys:
        void = Text("none ✓", style="green") if not decoy.wrongly_void else Text(f"{decoy.wrongly_void:,}", style="red")
        table.add_row(decoy.decoy.replace("_", " "), f"{decoy.deserving:,}", void, f"{decoy.stopped:,}")
    return table


def _attack_table(report: Report) -> Table:
    table = sheet("Attacks", "right: how much of what was stopped there was fraud; after: until the first was stopped")
    table.add_column("attack")  # a name may take two lines, so that no amount is cut off in a narrow window
    table.add_column("recall", no_wrap=True)
    table.add_column("caught", justify="right")
    table.add_column("right", justify="right")
    table.add_column("saved", justify="right", style="green", no_wrap=True)
    table.add_column("lost", justify="right", style="red", no_wrap=True)
    table.add_column("after", justify="right")
    for attack in report.attacks:
        table.add_row(
            _attack_name(attack), bar(attack.recall), _caught(attack),
            "–" if attack.precision is None else percent(attack.precision), amount(attack.saved_minor, report),
            amount(attack.lost_minor, report), _noticed(attack),
        )  # fmt: skip
    return table


def _attack_name(attack: AttackScore) -> Text:
    name = Text(attack.attack.replace("_", " "))
    return name if attack.unit == "orders" else name.append(" (events)", style="dim")


def _caught(attack: AttackScore) -> Text:
    text = Text(f"{attack.caught:,}/{attack.rows:,}")
    return text.append(f"\n{attack.undecided:,} undecided", style="dim") if attack.undecided else text


def _noticed(attack: AttackScore) -> str:
    return "never" if attack.median_s_to_first_catch is None else duration(attack.median_s_to_first_catch)


def _unseen_table(report: Report) -> Table:
    table = sheet(
        "Nobody could tell when it was placed",
        "neither success nor mistake: the answer to these is evidence later on",
    )
    table.add_column("attack")
    table.add_column("kind")
    table.add_column("orders", justify="right")
    table.add_column("stopped", justify="right")
    table.add_column("money", justify="right")
    for row in report.unseen:
        table.add_row(
            row.attack.replace("_", " "), row.role.replace("_", " "), f"{row.orders:,}", f"{row.stopped:,}",
            amount(row.amount_minor, report),
        )  # fmt: skip
    return table


def _decoy_table(report: Report) -> Table:
    table = sheet("Honest people who look like thieves")
    table.add_column("who")
    table.add_column("orders", justify="right")
    table.add_column("wrongly stopped", justify="right")
    table.add_column("challenged", justify="right")
    table.add_column("rate", justify="right")
    for decoy in report.decoys:
        table.add_row(
            decoy.decoy.replace("_", " "), f"{decoy.orders:,}", f"{decoy.stopped:,}", f"{decoy.challenged:,}",
            _accusation(decoy),
        )  # fmt: skip
    return table


def _accusation(decoy: DecoyScore) -> Text:
    if decoy.stopped == 0:
        return Text("none ✓", style="green")
    return Text(percent(decoy.false_accusation_rate), style=bad_style(decoy.false_accusation_rate))


def sheet(title: str, caption: str | None = None) -> Table:
    """A table of a score: narrow enough, with its columns, for a terminal of 80 characters."""
    return Table(
        title=f"\n{title}", title_justify="left", title_style="bold", header_style="dim", box=box.SIMPLE_HEAD,
        pad_edge=False, padding=(0, 1, 0, 0), caption=caption, caption_justify="left",
    )  # fmt: skip


def bar(share: float) -> Text:
    full = round(share * _BAR)
    style = _good(share)
    return Text.assemble(("█" * full, style), ("░" * (_BAR - full), "dim"), (f" {percent(share):>5}", style))


def _good(share: float) -> str:
    return "bold green" if share >= _GOOD_ENOUGH else "bold yellow" if share >= _POOR else "bold red"


def bad_style(share: float) -> str:
    return "bold green" if share <= _CALM else "bold yellow" if share <= _WORRYING else "bold red"


def percent(share: float, digits: int = 0) -> str:
    return f"{share * 100:.{digits}f} %"


def amount(minor: int, report: Report | CoverReport | CaseReport | NewAccounts | Books) -> str:
    whole = f"{(minor + 50) // 100:,}"
    symbol = _SYMBOLS.get(report.currency)
    return f"{symbol}{whole}" if symbol else f"{whole} {report.currency}"


def duration(seconds: float) -> str:
    match seconds:
        case s if s < 1:
            return "at once"
        case s if s < 90:
            return f"{s:.0f} s"
        case s if s < 90 * 60:
            return f"{s / 60:.0f} min"
        case s if s < 48 * 3600:
            return f"{s / 3600:.0f} h"
        case s:
            return f"{s / 86_400:.0f} d"
