"""What Compelling Evidence 3.0 said of a dispute, as it is kept with the answer and as people read it.

Neither values nor orders are kept: that two payments have the same address may be told to the seller, which address it
is and which other shop's order it was may not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from safeconduct.protections.transactions.chargebacks.ce3 import (
    PROFILES,
    STRIPE,
    VISA,
    Anchor,
    Answer,
    Remark,
    Required,
    Status,
    Unfit,
    WhyNot,
)
from safeconduct.protections.transactions.chargebacks.identifiers import Identifier

Text = str | Promise

STATUSES: Final[Mapping[Status, tuple[str, Text]]] = {
    Status.QUALIFIED: ("good", lazy("Qualifies")),
    Status.REQUIRES_ACTION: ("warn", lazy("Something is missing")),
    Status.NOT_QUALIFIED: ("bad", lazy("Does not qualify")),
}
IDENTIFIERS: Final[Mapping[Identifier, Text]] = {
    Identifier.PURCHASE_IP: lazy("IP address"),
    Identifier.DEVICE_ID: lazy("Device id"),
    Identifier.DEVICE_FINGERPRINT: lazy("Device fingerprint"),
    Identifier.ACCOUNT_ID: lazy("Account the buyer signed in to"),
    Identifier.SHIPPING_ADDRESS: lazy("Delivery address, in parts"),
    Identifier.EMAIL: lazy("E-mail address"),
}
REQUIRED: Final[Mapping[Required, Text]] = {
    Required.PRIOR_TRANSACTIONS: lazy("two earlier payments of the same card that count"),
    Required.IDENTIFIERS: lazy("identifiers of the buyer: the IP address or the device, and one more"),
    Required.DESCRIPTION: lazy("what was bought with this payment"),
    Required.PRIOR_DESCRIPTION: lazy("what was bought with the earlier payments"),
    Required.MERCHANDISE_OR_SERVICES: lazy("whether it was goods or a service"),
}
WHY_NOT: Final[Mapping[WhyNot, Text]] = {
    WhyNot.NOT_VISA: lazy("Only Visa has this rule."),
    WhyNot.OTHER_CODE: lazy("The rule is for Visa 10.4 only."),
    WhyNot.PROCESSOR_SAYS_NO: lazy("The processor does not offer it for this dispute."),
    WhyNot.IDENTIFIERS_DIFFER: lazy("There are earlier payments, but their identifiers are other ones."),
}
UNFIT: Final[Mapping[Unfit, Text]] = {
    Unfit.ITSELF: lazy("the disputed payment itself"),
    Unfit.OTHER_CARD: lazy("another card"),
    Unfit.OTHER_MERCHANT: lazy("another merchant"),
    Unfit.NOT_SETTLED: lazy("not paid"),
    Unfit.VALIDATION: lazy("nothing was to be paid"),
    Unfit.REPORTED: lazy("reported or disputed as fraud"),
    Unfit.TOO_YOUNG: lazy("less than 120 days old"),
    Unfit.TOO_OLD: lazy("too old"),
}
REMARKS: Final[Mapping[Remark, Text]] = {
    Remark.NO_ARN: lazy("The acquirer's reference numbers of the earlier payments are to be added at the processor."),
    Remark.NO_PROVIDED_ON: lazy("Of an earlier payment it is not known when the goods arrived."),
    Remark.DESCRIPTOR_DIFFERS: lazy("The name on the card statement differs between the payments."),
    Remark.FINGERPRINT_ATTRIBUTES_UNKNOWN: lazy(
        "The device is proved by its fingerprint alone; it must be made of two or more of its properties."
    ),
}
_NAMES: Final = {one.name: one for one in PROFILES}


def stored(answers: Mapping[str, Answer]) -> dict[str, Any] | None:
    """What is kept of the answers, by profile; None where the rule does not speak of the dispute."""
    return {name: _stored(answer) for name, answer in answers.items()} or None


def _stored(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status.value,
        "required_actions": [one.value for one in answer.required_actions],
        "why_not": answer.why_not and answer.why_not.value,
        "candidates": answer.candidates,
        "unfit": {one.value: n for one, n in answer.unfit.items()},
        "equal_in": {one.value: n for one, n in answer.equal_in.items()},
        "proofs": [one.identifier.value for one in answer.proofs],
        "ages": [{anchor.value: days for anchor, days in answer.ages[prior].items()} for prior in answer.priors],
        "remarks": [one.value for one in answer.remarks],
    }


def shown(kept: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The rows of the page: the narrower profile, by which the answer is made, and what the other one says."""
    if not kept:
        return None
    found, other = kept[STRIPE.name], kept[VISA.name]
    tone, word = STATUSES[Status(found["status"])]
    return {
        "tone": tone, "word": word, "found": found,
        "why_not": WHY_NOT[WhyNot(found["why_not"])] if found["why_not"] else "",
        "missing": [REQUIRED[Required(one)] for one in found["required_actions"]],
        "rows": [_row(one, found) for one in Identifier],
        "ages": [_aged(one) for one in found["ages"]],
        "left_out": [(UNFIT[Unfit(why)], n) for why, n in found["unfit"].items()],
        "remarks": [REMARKS[Remark(one)] for one in found["remarks"]],
        "visa": STATUSES[Status(other["status"])],
        "differs": other["status"] != found["status"],
    }  # fmt: skip


def _row(one: Identifier, found: Mapping[str, Any]) -> dict[str, Any]:
    """One identifier: whether it proves, and in how many of the earlier payments it is the same."""
    n, of = found["equal_in"].get(one.value), found["candidates"]
    if n is None:
        says = _("not told with this payment, or not in a form that banks take")
    else:
        says = ngettext("the same in %(n)s of %(of)s", "the same in %(n)s of %(of)s", n) % {"n": n, "of": of}
    proves = one.value in found["proofs"]
    return {"name": IDENTIFIERS[one], "says": says, "proves": proves, "absent": n is None}


def _aged(one: Mapping[str, int]) -> str:
    return _("%(payment)s days before this payment, %(dispute)s before the dispute") % {
        "payment": one[Anchor.PAYMENT.value], "dispute": one[Anchor.DISPUTED.value],
    }  # fmt: skip


def documents(kept: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The same for programs, one entry a profile."""
    return [{"profile": name, **kept[name]} for name in _NAMES if name in kept] if kept else []
