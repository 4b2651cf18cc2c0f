"""Commands about money: ledger, payouts, chargebacks."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from safeconduct.cli.commands.options import Json

payouts_app = typer.Typer(no_args_is_help=True, help="Payouts: pay sellers what is available.")
ledger_app = typer.Typer(no_args_is_help=True, help="Ledger: is it right, statements, and what is booked by hand.")
chargebacks_app = typer.Typer(no_args_is_help=True, help="Chargebacks: answer one, and see what could be defended.")


@payouts_app.command("run", epilog="Example: safeconduct payouts run --at 2026-06-04T06:00:00Z --json")
def payouts_run(
    at: Annotated[
        Optional[str],
        typer.Option(help="The run that was due last at this time or day (UTC); default: now."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Pays sellers what is available, as the preset's schedule says. What is held is not paid; again pays nothing."""
    from safeconduct.cli.payouts import run

    raise SystemExit(run(at, as_json=as_json))


@payouts_app.command("returned", epilog="Example: safeconduct payouts returned pay_01jy… --why 'account closed'")
def payouts_returned(
    payout: Annotated[str, typer.Argument(help="The payout's id, `pay_…`.")],
    why: Annotated[str, typer.Option(help="What the bank said; the seller reads it.")],
    as_json: Json = False,
) -> None:
    """Books a payout that the bank sent back: the money is the seller's again. Safe to run twice."""
    from safeconduct.cli.payouts import returned

    raise SystemExit(returned(payout, why, as_json=as_json))


@ledger_app.command("check", epilog="Example: safeconduct ledger check --json")
def ledger_check(as_json: Json = False) -> None:
    """Asks whether every sum is right: postings, balances, holds, payouts. Exit code 1 where one is not."""
    from safeconduct.cli.ledger import check

    raise SystemExit(check(as_json=as_json))


@ledger_app.command(
    "statement",
    epilog="Example: safeconduct ledger statement shop-17 --from 2026-06-01 --until 2026-06-30 --format pdf",
)
def ledger_statement(
    seller: Annotated[str, typer.Argument(help="The shop's id of the seller, or its sel_… id.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day, whole.")],
    since: Annotated[
        Optional[datetime],
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day; default: the first of --until's month."),
    ] = None,
    currency: Annotated[Optional[str], typer.Option(help="Which, where the seller has several.")] = None,
    file_format: Annotated[str, typer.Option("--format", help="csv or pdf.")] = "csv",
    out: Annotated[Optional[Path], typer.Option(dir_okay=False, help="The file; default: a name of its own.")] = None,
    language: Annotated[Optional[str], typer.Option(help="en, zh or es; default: the seller's.")] = None,
    zone: Annotated[Optional[str], typer.Option(help="Time zone of days and times; default: the seller's.")] = None,
) -> None:
    """Writes a seller's statement: balances before and after, and every movement between."""
    from safeconduct.cli.ledger import statement

    raise SystemExit(
        statement(
            seller, since=since.date() if since else None, until=until.date(), currency=currency,
            file_format=file_format, out=out, language=language, zone_name=zone,
        )
    )  # fmt: skip


@ledger_app.command(
    "book",
    epilog="Example: safeconduct ledger book fund_paid_in --amount 500 --currency USD --key bank-7 --why 'First money'",
)
def ledger_book(
    event: Annotated[str, typer.Argument(help="What happened, such as fund_paid_in; a wrong one lists them all.")],
    amount: Annotated[str, typer.Option(help="A decimal amount, such as 12.30.")],
    currency: Annotated[str, typer.Option(help="Its currency, ISO 4217.")],
    key: Annotated[str, typer.Option(help="What makes it happen once: the bank's reference, a number of your own.")],
    why: Annotated[str, typer.Option(help="The reason and, of a fine, its calculation; the seller reads it.")],
    seller: Annotated[
        Optional[str], typer.Option(help="The shop's id of the seller, or its sel_… id, where one is concerned.")
    ] = None,
    order: Annotated[Optional[str], typer.Option(help="The shop's id of the order, where it is about one.")] = None,
    as_json: Json = False,
) -> None:
    """Books money that no event tells of: paid into the fund, deposits, what the bank settled. Safe to run twice."""
    from safeconduct.cli.ledger import book

    raise SystemExit(
        book(
            event, amount=amount, currency=currency, key=key, why=why, seller_ref=seller, order_ref=order,
            as_json=as_json,
        )
    )  # fmt: skip


@ledger_app.command(
    "take-back", epilog="Example: safeconduct ledger take-back txn_01jy… --key bank-771-again --why 'Booked twice'"
)
def ledger_take_back(
    transaction: Annotated[str, typer.Argument(help="The transaction's id, `txn_…`.")],
    key: Annotated[str, typer.Option(help="What makes it happen once.")],
    why: Annotated[str, typer.Option(help="What was wrong; the seller reads it.")],
    as_json: Json = False,
) -> None:
    """Reverses what was booked by hand, once; both lines stay. What events posted follows the events."""
    from safeconduct.cli.ledger import take_back

    raise SystemExit(take_back(transaction, key=key, why=why, as_json=as_json))


@chargebacks_app.command("readiness", epilog="Example: safeconduct chargebacks readiness --seller sel-1042 --json")
def chargebacks_readiness(
    seller: Annotated[
        Optional[str], typer.Option(help="One seller, by the shop's id; otherwise the marketplace.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=730, help="Orders of so many days.")] = 180,
    as_json: Json = False,
) -> None:
    """Counts the orders that could be defended with Visa's Compelling Evidence 3.0, and says what is missing."""
    from safeconduct.cli.chargebacks import readiness

    raise SystemExit(readiness(seller, days, as_json=as_json))


@chargebacks_app.command("answer", epilog="Example: safeconduct chargebacks answer --order ord-90112 --pdf answer.pdf")
def chargebacks_answer(
    file: Annotated[
        Optional[Path], typer.Argument(help="A processor's webhook about a dispute.", exists=True, dir_okay=False)
    ] = None,
    order: Annotated[Optional[str], typer.Option(help="Or: make a dispute of Stripe's about this order.")] = None,
    code: Annotated[str, typer.Option(help="Its reason code, with the network.")] = "visa/10.4",
    connector: Annotated[str, typer.Option(help="Whose webhook it is: stripe or adyen.")] = "stripe",
    seller: Annotated[Optional[str], typer.Option(help="The seller of a webhook that names none.")] = None,
    pdf: Annotated[Optional[Path], typer.Option(help="Write the bank's copy there, with clear data.")] = None,
    at_least: Annotated[int, typer.Option(min=0, max=100, help="Exit code 1 below so many percent.")] = 0,
    as_json: Json = False,
) -> None:
    """From a dispute's webhook to an answer that is ready to be looked at, with the time of each step and the gaps."""
    from safeconduct.cli.chargeback_answer import answer

    raise SystemExit(
        answer(
            file, connector=connector, order=order, code=code, seller=seller, pdf=pdf, at_least=at_least,
            as_json=as_json,
        )
    )  # fmt: skip
