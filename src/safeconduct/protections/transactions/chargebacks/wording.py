"""Words for disputes on every page: what the bank says is wrong, and how complete the answer is: one measure, in the
same words everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext, override

from safeconduct.protections.transactions.chargebacks.models import BankAnswer
from safeconduct.protections.transactions.chargebacks.reading import Texts, said
from safeconduct.protections.transactions.chargebacks.reason_codes import ReasonCode
from safeconduct.protections.transactions.coverage.reading import LANGUAGES

#: Stripe's reasons of a dispute (docs.stripe.com, the dispute object), for one whose scheme's code was not told.
REASONS: Final[Mapping[str, str | Promise]] = {
    "bank_cannot_process": lazy("The bank cannot process the payment"),
    "check_returned": lazy("The cheque was returned"),
    "credit_not_processed": lazy("A credit was not given"),
    "customer_initiated": lazy("The customer asked the bank"),
    "debit_not_authorized": lazy("The debit was not authorised"),
    "duplicate": lazy("Charged twice"),
    "fraudulent": lazy("The cardholder says it was fraud"),
    "general": lazy("The bank gives no reason"),
    "incorrect_account_details": lazy("The account details were wrong"),
    "insufficient_funds": lazy("Not enough money in the account"),
    "noncompliant": lazy("A rule of the scheme was not kept"),
    "product_not_received": lazy("The goods did not arrive"),
    "product_unacceptable": lazy("The goods were not as described"),
    "subscription_canceled": lazy("The subscription was cancelled"),
    "unrecognized": lazy("The cardholder does not know the payment"),
}


def reason_of(code: ReasonCode | None, reason: str, language: str) -> str:
    """What the bank says is wrong: the scheme's code, else the processor's reason, else its words as they came."""
    if code is not None:
        return said(code.title, language)
    found = REASONS.get(reason.strip().lower())
    return reason.replace("_", " ") if found is None else str(found)


def reason_texts(code: ReasonCode | None, reason: str) -> Texts:
    """The same in each language, for notices."""
    if code is not None:
        return dict(code.title)
    texts = {}
    for language in LANGUAGES:
        with override("zh-hans" if language == "zh" else language):
            texts[language] = reason_of(None, reason, language) or "–"
    return texts


def measure(answer: BankAnswer) -> tuple[str, str]:
    """How complete an answer is, as a tone and a sentence. What must be there decides; the percentage counts what helps
    too, so an answer in which nothing is missing may be far from a hundred."""
    lacking = len(answer.missing.get("required", ())) + len(answer.missing.get("any_of", ()))
    if answer.complete or not lacking:
        return "good", _("all that must be there is there; %(percent)s %% of all that helps") % {
            "percent": answer.percent
        }
    words = ngettext(
        "%(n)s document that must be there is missing; %(percent)s %% of all that helps",
        "%(n)s documents that must be there are missing; %(percent)s %% of all that helps", lacking,
    )  # fmt: skip
    return "bad", words % {"n": lacking, "percent": answer.percent}
