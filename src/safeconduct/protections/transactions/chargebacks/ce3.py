"""Visa's Compelling Evidence 3.0: do two earlier payments prove that the cardholder made this one?

For Visa 10.4 only, and tried once. Two earlier payments of the same card at the same merchant, neither disputed nor
reported as fraud, must have the *same* two identifiers as the disputed one, one of them the IP address or the device.

The sources disagree about the ages of the earlier payments: Visa's merchant readiness (March 2023) counts 120 to 365
days from the dispute; its dispute guidelines (June 2024) from the dispute's processing; Stripe's pages from the
disputed payment's processing, its API page up to 364 days. So there are two profiles, and both answers are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import combinations, combinations_with_replacement
from typing import Final

from safeconduct.protections.transactions.chargebacks import identifiers
from safeconduct.protections.transactions.chargebacks.identifiers import ELEMENT_OF, MAIN, Address, Element, Identifier

#: Stripe's name of it among a dispute's ``enhanced_eligibility_types``.
ELIGIBLE: Final = "visa_compelling_evidence_3"
MIN_AGE_DAYS: Final = 120
#: Checkout.com asks for the same first six characters of the billing descriptor.
_DESCRIPTOR: Final = 6

Values = Mapping[Identifier, str]


class Anchor(StrEnum):
    """From which day the age of an earlier payment counts."""

    DISPUTED = "dispute"
    DISPUTE_PROCESSED = "dispute_processing"
    PAYMENT = "disputed_payment"


@dataclass(frozen=True, slots=True)
class Profile:
    """One reading of the rule. ``email``: whether an e-mail address counts although it is no login."""

    name: str
    anchors: tuple[Anchor, ...]
    max_age_days: int
    email: bool


VISA: Final = Profile("visa", (Anchor.DISPUTED,), 365, email=False)
#: What passes here passes with every source. Stripe's own list of identifiers has the e-mail address.
STRIPE: Final = Profile("stripe", tuple(Anchor), 364, email=True)
PROFILES: Final = (VISA, STRIPE)


class Status(StrEnum):
    """Stripe's words for the answer."""

    QUALIFIED = "qualified"
    REQUIRES_ACTION = "requires_action"
    NOT_QUALIFIED = "not_qualified"


class Required(StrEnum):
    """Stripe's names of what is missing."""

    PRIOR_TRANSACTIONS = "missing_prior_undisputed_transactions"
    IDENTIFIERS = "missing_customer_identifiers"
    DESCRIPTION = "missing_disputed_transaction_description"
    PRIOR_DESCRIPTION = "missing_prior_undisputed_transaction_description"
    MERCHANDISE_OR_SERVICES = "missing_merchandise_or_services"


class WhyNot(StrEnum):
    """Why nothing that is filled in would help."""

    NOT_VISA = "not_visa"
    OTHER_CODE = "other_reason_code"
    PROCESSOR_SAYS_NO = "processor_does_not_offer_it"
    IDENTIFIERS_DIFFER = "identifiers_differ"


class Unfit(StrEnum):
    """Why an earlier payment does not count."""

    ITSELF = "the_disputed_payment"
    OTHER_CARD = "other_card"
    OTHER_MERCHANT = "other_merchant"
    NOT_SETTLED = "not_settled"
    VALIDATION = "validation_only"
    REPORTED = "reported_or_disputed_as_fraud"
    TOO_YOUNG = "too_young"
    TOO_OLD = "too_old"


class Remark(StrEnum):
    """What a person should look at although it does not decide."""

    NO_ARN = "prior_without_acquirer_reference"
    NO_PROVIDED_ON = "prior_without_date_of_provision"
    DESCRIPTOR_DIFFERS = "descriptor_differs"
    FINGERPRINT_ATTRIBUTES_UNKNOWN = "fingerprint_attributes_unknown"


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as far as the rule asks. ``credential``: the card, as a fingerprint or number. ``merchant``: whoever is
    merchant of record. ``processed_at``: when it was settled. ``validation``: nothing was to be paid.
    ``fraud_reported``, ``fraud_disputed``: by the issuer. ``initial``: for a payment the merchant started, the id of
    the buyer's own first one. ``arn``: acquirer reference number. ``provided_on``: when goods or services were given.
    ``charge``: the processor's own id of it.
    """

    id: str
    processed_at: datetime
    credential: str
    merchant: str
    amount_minor: int = 0
    currency: str = ""
    settled: bool = True
    validation: bool = False
    fraud_reported: bool = False
    fraud_disputed: bool = False
    merchant_initiated: bool = False
    initial: str | None = None
    ip: str | None = None
    device_id: str | None = None
    fingerprint: str | None = None
    fingerprint_attributes: int | None = None
    account_id: str | None = None
    address: Address | None = None
    email: str | None = None
    description: str = ""
    merchandise_or_services: str = ""
    descriptor: str = ""
    arn: str = ""
    provided_on: date | None = None
    charge: str = ""


@dataclass(frozen=True, slots=True)
class Dispute:
    """The bank's dispute. ``eligible_types``: what the processor lists; None where it gives no list."""

    network: str
    reason_code: str
    disputed_at: datetime
    processed_at: datetime | None = None
    eligible_types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """One identifier that is equal in the disputed payment and in both earlier ones. ``value``: personal data."""

    identifier: Identifier
    element: Element
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rule says in one profile. ``priors``: ids of the two, the older first; ``ages``: of each, in days by
    anchor. ``unfit``: how many of the history did not count, and why. ``equal_in``: of each identifier that the
    disputed payment has, in how many of the ``candidates`` it is the same; one that is not named is absent.
    """

    profile: str
    status: Status
    required_actions: tuple[Required, ...] = ()
    why_not: WhyNot | None = None
    priors: tuple[str, ...] = ()
    ages: Mapping[str, Mapping[Anchor, int]] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    candidates: int = 0
    unfit: Mapping[Unfit, int] = field(default_factory=dict)
    equal_in: Mapping[Identifier, int] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()


def check(dispute: Dispute, disputed: Payment, history: Sequence[Payment], profile: Profile = STRIPE) -> Answer:
    """Whether the dispute qualifies, with which two earlier payments, and what is missing if it does not."""
    refused = _gate(dispute)
    if refused is not None:
        return Answer(profile.name, Status.NOT_QUALIFIED, why_not=refused)
    unfit: Counter[Unfit] = Counter()
    fit: list[Payment] = []
    for prior in history:
        reason = _unfit(prior, dispute, disputed, profile)
        if reason is None:
            fit.append(prior)
        else:
            unfit[reason] += 1
    by_id = {one.id: one for one in (*history, disputed)}
    wanted = values(disputed, by_id, profile)
    found = {prior.id: values(prior, by_id, profile) for prior in fit}
    equal_in = {name: sum(prior.get(name) == value for prior in found.values()) for name, value in wanted.items()}
    common = _actions_of(disputed)
    pair = _best_pair(wanted, fit, found)
    if pair is None:
        if len(fit) < 2:
            missing = (Required.PRIOR_TRANSACTIONS, *((Required.IDENTIFIERS,) if not sufficient(wanted) else ()))
        elif _could_be_filled(wanted, found.values(), profile):
            missing = (Required.IDENTIFIERS,)
        else:
            return Answer(
                profile.name, Status.NOT_QUALIFIED, why_not=WhyNot.IDENTIFIERS_DIFFER, candidates=len(fit), unfit=unfit,
                equal_in=equal_in,
            )  # fmt: skip
        return Answer(
            profile.name, Status.REQUIRES_ACTION, (*missing, *common), candidates=len(fit), unfit=unfit,
            equal_in=equal_in,
        )  # fmt: skip
    equal = _equal(wanted, found[pair[0].id]) & _equal(wanted, found[pair[1].id])
    actions = (*((Required.PRIOR_DESCRIPTION,) if not all(one.description.strip() for one in pair) else ()), *common)
    return Answer(
        profile.name,
        Status.REQUIRES_ACTION if actions else Status.QUALIFIED,
        actions,
        priors=tuple(one.id for one in pair),
        ages={one.id: ages(one, dispute, disputed) for one in pair},
        proofs=tuple(Proof(one, ELEMENT_OF[one], wanted[one]) for one in Identifier if one in equal),
        candidates=len(fit),
        unfit=unfit,
        equal_in=equal_in,
        remarks=tuple(_remarks(disputed, pair, equal)),
    )


def ages(prior: Payment, dispute: Dispute, disputed: Payment) -> dict[Anchor, int]:
    """The age of an earlier payment in calendar days (UTC), by each anchor."""
    anchors = {
        Anchor.DISPUTED: dispute.disputed_at,
        Anchor.DISPUTE_PROCESSED: dispute.processed_at or dispute.disputed_at,
        Anchor.PAYMENT: disputed.processed_at,
    }
    return {anchor: (at.date() - prior.processed_at.date()).days for anchor, at in anchors.items()}


def values(payment: Payment, by_id: Mapping[str, Payment], profile: Profile) -> Values:
    """The identifiers of a payment that the scheme would accept, each in one spelling.

    Verifi: a payment that the merchant started has the IP address of the buyer's own first one.
    """
    source = by_id.get(payment.initial or "") if payment.merchant_initiated else payment
    found = {
        Identifier.PURCHASE_IP: None if source is None else identifiers.public_ip(source.ip),
        Identifier.DEVICE_ID: identifiers.device_id(payment.device_id),
        Identifier.DEVICE_FINGERPRINT: identifiers.fingerprint(payment.fingerprint, payment.fingerprint_attributes),
        Identifier.ACCOUNT_ID: identifiers.account_id(payment.account_id),
        Identifier.SHIPPING_ADDRESS: identifiers.full_address(payment.address),
        Identifier.EMAIL: identifiers.email_address(payment.email) if profile.email else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def sufficient(equal: Iterable[Identifier]) -> bool:
    """Whether these equal identifiers are enough: two elements, and one of them the IP address or the device."""
    elements = {ELEMENT_OF[one] for one in equal}
    return len(elements) >= 2 and bool(elements & MAIN)


def _gate(dispute: Dispute) -> WhyNot | None:
    if dispute.network.strip().lower() != "visa":
        return WhyNot.NOT_VISA
    if "".join(dispute.reason_code.split()) != "10.4":
        return WhyNot.OTHER_CODE
    if dispute.eligible_types is not None and ELIGIBLE not in dispute.eligible_types:
        return WhyNot.PROCESSOR_SAYS_NO
    return None


def _unfit(prior: Payment, dispute: Dispute, disputed: Payment, profile: Profile) -> Unfit | None:
    if prior.id == disputed.id:
        return Unfit.ITSELF
    if prior.credential != disputed.credential:
        return Unfit.OTHER_CARD
    if prior.merchant != disputed.merchant:
        return Unfit.OTHER_MERCHANT
    if prior.validation:
        return Unfit.VALIDATION
    if not prior.settled:
        return Unfit.NOT_SETTLED
    if prior.fraud_reported or prior.fraud_disputed:
        return Unfit.REPORTED
    old = ages(prior, dispute, disputed)
    if any(old[anchor] < MIN_AGE_DAYS for anchor in profile.anchors):
        return Unfit.TOO_YOUNG
    if any(old[anchor] > profile.max_age_days for anchor in profile.anchors):
        return Unfit.TOO_OLD
    return None


def _equal(a: Values, b: Values) -> frozenset[Identifier]:
    return frozenset(name for name, value in a.items() if b.get(name) == value)


def _best_pair(
    wanted: Values, fit: Sequence[Payment], found: Mapping[str, Values]
) -> tuple[Payment, Payment] | None:  # fmt: skip
    """The pair with most equal elements; of several the oldest. Of payments alike in what is equal, two are enough."""
    alike: dict[frozenset[Identifier], list[Payment]] = {}
    for prior in sorted(fit, key=lambda one: (one.processed_at, one.id)):
        group = alike.setdefault(_equal(wanted, found[prior.id]), [])
        if len(group) < 2:
            group.append(prior)
    best: tuple[tuple[int, datetime, datetime], tuple[Payment, Payment]] | None = None
    for one, other in combinations_with_replacement(alike, 2):
        if not sufficient(one & other):
            continue
        pairs = combinations(alike[one], 2) if one == other else ((a, b) for a in alike[one] for b in alike[other])
        for a, b in pairs:
            first, second = sorted((a, b), key=lambda payment: (payment.processed_at, payment.id))
            elements = len({ELEMENT_OF[name] for name in one & other})
            rank = (-elements, first.processed_at, second.processed_at)
            if best is None or rank < best[0]:
                best = rank, (first, second)
    return None if best is None else best[1]


def _could_be_filled(wanted: Values, priors: Iterable[Values], profile: Profile) -> bool:
    """Whether two of the payments would do if what is absent were told and turned out equal."""
    counted = [name for name in Identifier if name is not Identifier.EMAIL or profile.email]
    alike = Counter(
        frozenset(name for name in counted if name not in wanted or name not in prior or wanted[name] == prior[name])
        for prior in priors
    )
    return any(
        sufficient(one & other)
        for one, other in combinations_with_replacement(alike, 2)
        if one != other or alike[one] > 1
    )


def _actions_of(disputed: Payment) -> tuple[Required, ...]:
    missing = []
    if not disputed.description.strip():
        missing.append(Required.DESCRIPTION)
    if disputed.merchandise_or_services not in ("merchandise", "services"):
        missing.append(Required.MERCHANDISE_OR_SERVICES)
    return tuple(missing)


def _remarks(disputed: Payment, pair: Sequence[Payment], equal: frozenset[Identifier]) -> Iterable[Remark]:
    if not all(one.arn for one in pair):
        yield Remark.NO_ARN
    if not all(one.provided_on for one in pair):  # Visa: for disputes processed from 19 October 2024
        yield Remark.NO_PROVIDED_ON
    if len({one.descriptor[:_DESCRIPTOR].casefold() for one in (disputed, *pair)}) > 1:
        yield Remark.DESCRIPTOR_DIFFERS
    if Identifier.DEVICE_FINGERPRINT in equal and Identifier.DEVICE_ID not in equal:
        if any(one.fingerprint_attributes is None for one in (disputed, *pair)):
            yield Remark.FINGERPRINT_ATTRIBUTES_UNKNOWN
