"""Transaction protection on the seller's home: how many orders are covered, what to do by when, what is at stake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.claims import queries as claims
from safeconduct.kernel.events.orders import order_names
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.protection import Figure, Status, ToDo
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.transactions import queries
from safeconduct.protections.transactions.chargebacks import queries as chargebacks
from safeconduct.protections.transactions.chargebacks.models import BankDispute
from safeconduct.protections.transactions.coverage.certificate import from_json
from safeconduct.protections.transactions.coverage.words import OF_THE_SELLER, Standing, State
from safeconduct.protections.transactions.models import Coverage
from safeconduct.protections.transactions.portal_words import COVERED
from safeconduct.protections.transactions.versions import parsed

_MOST_TO_DOS: Final = 6
#: States of orders that are neither over nor undecided: what the home counts covered orders among.
_COUNTED: Final = COVERED | {State.VOID, State.DENIED}


def menu() -> list[MenuEntry]:
    """Orders, chargebacks."""
    return [
        MenuEntry(_("Orders"), reverse("portal:transactions:orders"), "list", go="o"),
        MenuEntry(
            _("Chargebacks"),
            reverse("portal:transactions:chargebacks"),
            "shield",
            go="b",
            also=(
                reverse("portal:transactions:bank_documents"),
                reverse("portal:transactions:warning", args=["one"]).removesuffix("one/"),
            ),
        ),
    ]


def order_url(order_key: int) -> str:
    """The page of an order."""
    return reverse("portal:transactions:order", args=[order_key])


def status(seller_key: int) -> Status:
    """The line on the home of the seller in scope."""
    now = timezone.now()
    sums, waiting = queries.sums(seller_key, now), queries.waiting(seller_key, now, limit=_MOST_TO_DOS)
    url = reverse("portal:transactions:orders")
    to_dos = tuple(to_do for order in waiting for to_do in _to_dos(order))
    answers = tuple(_answer(one) for one in chargebacks.waiting(seller_key, now, limit=_MOST_TO_DOS))
    missed = _missed(seller_key)
    sentence = _sentence(sums, to_dos)
    if answers and not to_dos:
        sentence = ngettext("%(n)s bank waits for an answer", "%(n)s banks wait for an answer", len(answers)) % {
            "n": len(answers)
        }
        url = reverse("portal:transactions:chargebacks")
    if missed and not to_dos and not answers:
        sentence = ngettext("%(n)s refund did not arrive", "%(n)s refunds did not arrive", len(missed)) % {
            "n": len(missed)
        }
    return Status(
        "attention" if to_dos or answers or missed else "good", sentence, f"{url}?todo=1" if to_dos else url,
        (*answers, *missed, *to_dos),
        _figures(seller_key, sums, now, url),
    )  # fmt: skip


def _sentence(sums: queries.Sums, to_dos: Sequence[ToDo]) -> str:
    if to_dos:
        n = len(to_dos)
        return ngettext(
            "%(n)s order loses its protection unless you act", "%(n)s orders lose their protection unless you act", n
        ) % {"n": n if n < _MOST_TO_DOS else f"{n}+"}  # fmt: skip
    all_of_them = sums.count(*_COUNTED)
    if not all_of_them:
        return _("No orders in the last 30 days")
    return _("%(covered)s of %(all)s orders of the last 30 days are covered") % {
        "covered": sums.count(*COVERED), "all": all_of_them,
    }  # fmt: skip


def _answer(dispute: BankDispute) -> ToDo:
    """A bank that waits for an answer."""
    return ToDo(
        _("%(dispute)s: answer the bank") % {"dispute": dispute.ref},
        reverse("portal:transactions:chargeback", args=[dispute.id]),
        _("With a bank, silence is a loss."), dispute.due_at, dispute.amount_minor, dispute.currency,
    )  # fmt: skip


def _missed(seller_key: int) -> tuple[ToDo, ...]:
    """Refunds that had been sent and did not arrive."""
    found = claims.to_send_again(seller_key, _MOST_TO_DOS)
    names = order_names({one.claim.order_key for one in found})
    return tuple(
        ToDo(
            _("%(order)s: a refund did not arrive") % {"order": names.get(one.claim.order_key, "")},
            order_url(one.claim.order_key), _("The buyer is owed it again."), one.due_at, one.to_send_minor,
            one.currency,
        )
        for one in found
    )  # fmt: skip


def _to_dos(order: Coverage) -> list[ToDo]:
    """The term of an order that ends first."""
    template, certificate = parsed(order.template.text), from_json(order.certificate)
    open_ones = [
        (result.deadline_us, template.conditions[name])
        for name, result in certificate.conditions.items()
        if result.standing is Standing.PENDING and result.deadline_us is not None
        and template.conditions[name].kind in OF_THE_SELLER
    ]  # fmt: skip
    if not open_ones:
        return []
    deadline_us, condition = min(open_ones, key=lambda pair: pair[0])
    language = get_language() or "en"
    title = _("%(order)s: %(do)s") % {"order": order.order_ref, "do": spoken(condition.do, language)}
    return [
        ToDo(
            title, order_url(order.order_key), spoken(condition.says, language), at_micros(deadline_us),
            order.up_to_minor, order.currency,
        )
    ]  # fmt: skip


def _figures(seller_key: int, sums: queries.Sums, now: datetime, url: str) -> tuple[Figure, ...]:
    claims, at_risk = queries.claimed(seller_key)
    paid, paid_claims = queries.paid_back(seller_key, now.year)
    currency, protected = settings.REPORTING_CURRENCY, sums.up_to_minor.get(State.PROTECTED, 0)
    orders = sums.count(State.PROTECTED)
    return (
        Figure(
            _("At risk in claims"), at_risk, currency,
            ngettext("%(n)s open claim", "%(n)s open claims", claims) % {"n": claims},
            "bad" if claims else "", f"{url}?state=claimed",
        ),
        Figure(
            _("Protected"), protected, currency,
            _recent(orders, whole=sums.whole),
            "good" if orders else "", f"{url}?state=protected",
        ),
        Figure(
            _("Covered in claims"), paid, currency,
            ngettext("%(n)s claim this year", "%(n)s claims this year", paid_claims) % {"n": paid_claims},
            "", f"{url}?state=paid",
        ),
    )  # fmt: skip


def _recent(orders: int, *, whole: bool) -> str:
    if not whole:
        return _("at least; the newest %(n)s orders") % {"n": orders}
    return ngettext(
        "%(n)s order of the last 30 days", "%(n)s orders of the last 30 days", orders
    ) % {"n": orders}  # fmt: skip
