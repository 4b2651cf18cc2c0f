"""Where the measurements happen: a folder and a database of their own under build/, and the policy they decide by."""

from __future__ import annotations

import os
import random
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safeconduct.foundation.policy.nodes import Policy

BUILD = Path(__file__).resolve().parent.parent / "build" / "bench-var"
#: 12 features over orders and refunds, 25 rules.
ORDERS = Path(__file__).resolve().parent / "orders.yaml"


@lru_cache(maxsize=1)
def orders_policy() -> Policy:
    """`orders.yaml`, read and checked."""
    from safeconduct.foundation.policy.reader import read_policy
    from safeconduct.kernel.events.catalogue import CATALOGUE

    reading = read_policy(ORDERS.read_text(encoding="utf-8"), CATALOGUE, file=ORDERS.name)
    assert reading.policy is not None, reading.render()
    return reading.policy


def order_event(dice: random.Random, identity: str, at: datetime) -> dict[str, Any]:
    """An order of a middling shop: 9,000 buyers, cards and devices, 180 sellers; as a shop would send it."""
    return {
        "specversion": "1.0", "id": identity, "source": "bench", "type": "order.placed", "time": at.isoformat(),
        "data": {
            "order": identity, "seller": f"s{dice.randrange(180)}", "buyer": f"b{dice.randrange(9000)}",
            "card": f"c{dice.randrange(9000)}", "card_bin": f"4{dice.randrange(300):05d}",
            "device": f"d{dice.randrange(9000)}", "ip": f"10.0.{dice.randrange(90)}.{dice.randrange(90)}",
            "address": f"street {dice.randrange(9000)}",
            "amount": {"minor": round(dice.lognormvariate(8.5, 1.0)), "currency": "USD"},
            "avs": dice.choice("YYYYYYAZN"), "cvv": dice.choice("MMMMMMMMN"), "proxy": dice.random() < 0.05,
            "card_funding": dice.choice(("credit", "debit", "prepaid")), "ip_country": dice.choice(("CL", "CL", "US")),
            "ship_country": "CL", "bill_country": "CL", "card_country": dice.choice(("CL", "CL", "CL", "MX")),
            "three_ds": dice.choice(("none", "none", "authenticated", "attempted")), "freight_forwarder": False,
        },
    }  # fmt: skip


def ready(folder: Path = BUILD) -> None:
    """Django over the embedded server under this folder, brought up to date. One process has one folder."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["SAFECONDUCT_VAR"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "safeconduct.config.settings"
    for name in ("SAFECONDUCT_DATABASE_URL", "DATABASE_URL"):
        os.environ.pop(name, None)
    import django

    django.setup()
    from safeconduct.config.migrate import bring_up_to_date

    bring_up_to_date()


def forget_everything() -> None:
    """Empties all tables, and what this process remembers of them."""
    from safeconduct.kernel.decisions import hot, scoring
    from safeconduct.kernel.events import rates
    from safeconduct.kernel.parties import sellers
    from safeconduct.kernel.scope import owner_scope, query
    from safeconduct.kernel.vault import data_keys, pseudonyms, regions

    with owner_scope():
        names = [
            name
            for (name,) in query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            if name not in {"django_migrations", "django_content_type"}
        ]
        query(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
    for module in (pseudonyms, data_keys, regions, sellers, rates, scoring, hot):
        module.forget()
