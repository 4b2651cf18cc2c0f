"""The card schemes' reason codes as dated data: what is complained about, how long either side has, how sure that is.

The processor's own last day always wins over the terms here; they are what is shown while it has not told one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from safeconduct.protections.transactions.chargebacks.reading import Part, Texts, parse, read_file
from safeconduct.protections.transactions.coverage.words import Cause

_FILE: Final = "reason_codes.yaml"


class Network(StrEnum):
    """A card scheme."""

    VISA = "visa"
    MASTERCARD = "mastercard"
    AMEX = "amex"
    DISCOVER = "discover"


class Category(StrEnum):
    """What a code complains about."""

    FRAUD = "fraud"
    AUTHORIZATION = "authorization"
    PROCESSING = "processing"
    NOT_RECEIVED = "not_received"
    SUBSCRIPTION = "subscription"
    NOT_AS_DESCRIBED = "not_as_described"
    COUNTERFEIT = "counterfeit"
    CREDIT_NOT_PROCESSED = "credit_not_processed"
    CANCELLED = "cancelled"
    OTHER = "other"


class Reason(StrEnum):
    """Stripe's names of what a dispute is about, as far as codes map to them."""

    FRAUDULENT = "fraudulent"
    GENERAL = "general"
    DUPLICATE = "duplicate"
    PRODUCT_NOT_RECEIVED = "product_not_received"
    PRODUCT_UNACCEPTABLE = "product_unacceptable"
    SUBSCRIPTION_CANCELED = "subscription_canceled"
    CREDIT_NOT_PROCESSED = "credit_not_processed"


class Start(StrEnum):
    """From when the issuer's term counts."""

    PROCESSED = "processed"
    DELIVERED = "delivered"
    TOLD = "told"
    CREDIT_DUE = "credit_due"
    CANCELLED = "cancelled"
    BULLETIN = "bulletin"


class Confidence(StrEnum):
    """How sure an entry is: a rulebook as quoted by a source, a second-hand source, sources that disagree, memory."""

    QUOTED = "quoted"
    SECONDARY = "secondary"
    CONFLICT = "conflict"
    MEMORY = "memory"


#: PayPal's reasons of a dispute in Stripe's words (dispute API, paypal-rest-api-specifications ec4d8f3, read 2026-11).
#: PayPal tells no scheme and no code, so that such a dispute stands in no table; its words are understood all the same.
PAYPAL: Final[Mapping[str, Reason]] = {
    "MERCHANDISE_OR_SERVICE_NOT_RECEIVED": Reason.PRODUCT_NOT_RECEIVED,
    "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED": Reason.PRODUCT_UNACCEPTABLE, "UNAUTHORISED": Reason.FRAUDULENT,
    "CREDIT_NOT_PROCESSED": Reason.CREDIT_NOT_PROCESSED, "DUPLICATE_TRANSACTION": Reason.DUPLICATE,
    "INCORRECT_AMOUNT": Reason.GENERAL, "PAYMENT_BY_OTHER_MEANS": Reason.DUPLICATE,
    "CANCELED_RECURRING_BILLING": Reason.SUBSCRIPTION_CANCELED, "PROBLEM_WITH_REMITTANCE": Reason.GENERAL,
    "OTHER": Reason.GENERAL,
}  # fmt: skip
#: As the schemes write themselves.
_WRITTEN: Final = {
    Network.VISA: "Visa", Network.MASTERCARD: "Mastercard", Network.AMEX: "American Express",
    Network.DISCOVER: "Discover",
}  # fmt: skip
#: The cause that coverage knows; a category that is none of them names no cause.
CAUSES: Final[Mapping[Category, Cause]] = {
    Category.FRAUD: Cause.UNAUTHORISED,
    Category.NOT_RECEIVED: Cause.NOT_RECEIVED,
    Category.NOT_AS_DESCRIBED: Cause.NOT_AS_DESCRIBED,
    Category.COUNTERFEIT: Cause.NOT_AS_DESCRIBED,
}
_NAMES: Final = {"american_express": Network.AMEX, "americanexpress": Network.AMEX, "mc": Network.MASTERCARD,
                 "master_card": Network.MASTERCARD, "diners": Network.DISCOVER}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """One code of a scheme. ``sub``: which of the complaints that share a code; "" where there is one. ``pack``: the
    template of its evidence. ``issuer_days`` from ``counted_from``, at most ``cap_days`` after processing; where
    sources disagree the shorter term, and ``or_days`` the longer one. ``answer_days``: the merchant's, unless the
    processor gives a day.
    """

    network: Network
    code: str
    sub: str
    title: Texts
    category: Category
    reason: Reason
    pack: str
    issuer_days: int
    counted_from: Start
    or_days: int | None
    cap_days: int | None
    answer_days: int
    sources: tuple[str, ...]
    sure: Confidence
    note: str

    @property
    def key(self) -> str:
        """Its name everywhere: ``visa/10.4``, ``mastercard/4853/not_received``."""
        return "/".join(part for part in (self.network.value, self.code, self.sub) if part)

    @property
    def cause(self) -> Cause | None:
        """The cause of coverage that it names."""
        return CAUSES.get(self.category)

    def answer_by(self, opened_at: datetime) -> datetime:
        """The merchant's last moment by this table, for a dispute opened then."""
        return opened_at + timedelta(days=self.answer_days)


@dataclass(frozen=True, slots=True)
class Reopening:
    """How long a scheme's banks can go on with a dispute that was won, as a rule. Where sources disagree ``days`` is
    the longer term, and ``or_days`` the shorter one."""

    network: Network
    days: int
    or_days: int | None
    sources: tuple[str, ...]
    sure: Confidence


@dataclass(frozen=True, slots=True)
class Table:
    """One version of the table."""

    valid_from: date
    read_on: date
    sources: Mapping[str, str]
    codes: Mapping[str, ReasonCode]
    reopening: Mapping[Network, Reopening]
    _by_code: Mapping[tuple[Network, str], tuple[ReasonCode, ...]] = field(repr=False)

    def of(self, network: str | None, code: str | None, reason: str | None = None) -> ReasonCode | None:
        """The entry of a scheme's code as processors spell it.

        A code that several complaints share is told apart by Stripe's reason; None where that leaves more than one,
        and for a code that is not in the table: nothing is guessed.
        """
        scheme = network_of(network)
        if scheme is None or not code:
            return None
        found = self._by_code.get((scheme, _spelt(code)), ())
        if len(found) > 1:
            word = (reason or "").strip()
            meant = PAYPAL.get(word.upper(), word.lower())
            found = tuple(one for one in found if one.reason == meant)
            if len(found) > 1:  # Stripe's one word for goods stands for two of the scheme's: the wider one
                found = tuple(one for one in found if one.category is not Category.COUNTERFEIT)
        return found[0] if len(found) == 1 else None

    def reopenable_until(self, network: str | None, ended_at: datetime) -> datetime | None:
        """Until when a bank can go on with a dispute that was won then, as a rule; None for an unknown scheme."""
        scheme = network_of(network)
        found = None if scheme is None else self.reopening.get(scheme)
        return None if found is None else ended_at + timedelta(days=found.days)


def network_of(name: str | None) -> Network | None:
    """A scheme by the names that processors give it."""
    word = (name or "").strip().lower().replace(" ", "_").replace("-", "_")
    return _NAMES.get(word) or next((one for one in Network if one == word), None)


def network_name(name: str) -> str:
    """A scheme as it writes itself; one that is not known as it was told."""
    scheme = network_of(name)
    return name if scheme is None else _WRITTEN[scheme]


def table(day: date) -> Table:
    """The version of a day: the latest that was valid by then, and before the first one that one."""
    found = versions()
    return next((one for one in reversed(found) if one.valid_from <= day), found[0])


@lru_cache(maxsize=1)
def versions() -> tuple[Table, ...]:
    """All versions, the earliest first. Raises DataMalformed."""
    return read(read_file(_FILE), _FILE)


def read(text: str, file: str) -> tuple[Table, ...]:
    """Reads a file of reason codes. Raises DataMalformed."""
    top = parse(text, file)
    top.only("versions")
    found = tuple(_table(part) for part in top.parts("versions"))
    days = [one.valid_from for one in found]
    if sorted(set(days)) != days:
        raise top.wrong("versions", "each must begin on a later day than the one before it")
    return found


def _table(part: Part) -> Table:
    part.only("valid_from", "read_on", "sources", "codes", optional=("reopening",))
    sources = {str(name): str(says) for name, says in part.raw["sources"].items()}
    codes: dict[str, ReasonCode] = {}
    groups: dict[tuple[Network, str], list[ReasonCode]] = {}
    for entry in part.parts("codes"):
        one = _code(entry, sources)
        if one.key in codes:
            raise entry.wrong("code", f"{one.key} stands here twice; remove one")
        codes[one.key] = one
        groups.setdefault((one.network, _spelt(one.code)), []).append(one)
    grouped = {key: tuple(group) for key, group in groups.items()}
    terms = part.parts("reopening") if "reopening" in part.raw else []
    reopening = {one.network: one for one in (_reopening(entry, sources) for entry in terms)}
    return Table(part.day("valid_from"), part.day("read_on"), sources, codes, reopening, grouped)


def _reopening(part: Part, sources: Mapping[str, str]) -> Reopening:
    part.only("network", "days", "sources", "sure", optional=("or_days",))
    days = part.number("days")
    if days is None:
        raise part.wrong("days", "must be a whole number above zero")
    return Reopening(
        part.word("network", Network), days, part.number("or_days"), _named(part, sources),
        part.word("sure", Confidence),
    )  # fmt: skip


def _named(part: Part, sources: Mapping[str, str]) -> tuple[str, ...]:
    """The sources of an entry, which its version must list."""
    named = part.words("sources")
    if not named or any(name not in sources for name in named):
        raise part.wrong("sources", f"must name sources of this version: {', '.join(sources)}")
    return named


def _code(part: Part, sources: Mapping[str, str]) -> ReasonCode:
    part.only(
        "network", "code", "reason", "category", "pack", "issuer_days", "counted_from", "answer_days", "sources",
        "sure", "title", optional=("sub", "or_days", "cap_days", "note"),
    )  # fmt: skip
    named = _named(part, sources)
    issuer, answer = part.number("issuer_days"), part.number("answer_days")
    if issuer is None or answer is None:
        raise part.wrong("issuer_days" if issuer is None else "answer_days", "must be a whole number above zero")
    return ReasonCode(
        part.word("network", Network), part.text("code"), part.text("sub", ""), part.texts("title"),
        part.word("category", Category), part.word("reason", Reason), part.text("pack"), issuer,
        part.word("counted_from", Start), part.number("or_days"), part.number("cap_days"), answer, named,
        part.word("sure", Confidence), part.text("note", ""),
    )  # fmt: skip


def _spelt(code: str) -> str:
    """A code without the blanks and capitals in which processors differ."""
    return "".join(code.split()).lower()
