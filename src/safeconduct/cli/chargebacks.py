"""`chargebacks readiness`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from safeconduct.cli.output import OK, emit_json, fail
from safeconduct.cli.start import start_django

if TYPE_CHECKING:
    from safeconduct.protections.transactions.chargebacks.readiness import Readiness

_NAMES = {"ip": "the IP address", "device": "the device id", "address": "the delivery address"}


def readiness(seller: str | None, days: int, *, as_json: bool) -> int:
    """Counts and prints."""
    start_django()
    from django.conf import settings

    from safeconduct.kernel.scope import engine_scope
    from safeconduct.kernel.vault.pseudonyms import lookup
    from safeconduct.protections.transactions.chargebacks.readiness import readiness as count

    with engine_scope():
        key = None if seller is None else lookup("seller", seller)
        if seller is not None and key is None:
            fail(f"no seller is called {seller!r}; take the shop's id of the seller, as events name it")
        found = count(
            datetime.now(UTC), seller=key, across_sellers=settings.MERCHANT_OF_RECORD == "platform",
            window=timedelta(days=days), progress=_show if sys.stderr.isatty() and not as_json else None,
        )  # fmt: skip
    if as_json:
        emit_json(found.as_json())
    else:
        _print(found)
    return OK


def _show(orders: int) -> None:
    sys.stderr.write(f"\r{orders:,} orders …")


def _print(found: Readiness) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if not found.orders:
        console.print(f"No orders from {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}.")
        return
    console.print(
        f"[bold]{found.could_qualify / found.orders:.1%}[/] of {found.orders:,} orders since {found.since:%Y-%m-%d}"
        " could qualify for Compelling Evidence 3.0 if they were disputed as fraud (Visa 10.4)."
    )
    console.print(
        f"{found.by_card:,} tell their card; {found.two_earlier:,} have two earlier payments of 120 to 364 days"
        f" {'at this marketplace' if found.across_sellers else 'at the same seller'} that nobody disputed as fraud."
    )
    for name, lacking in found.lacking.items():
        if lacking.orders:
            console.print(
                f"{lacking.orders:,} lack {_NAMES[name]}; with it up to {lacking.would_add:,} more could qualify."
            )
