"""Outcomes as statements of reasons under article 17 of Regulation (EU) 2022/2065 (Digital Services Act).

The form is that of the Commission's DSA Transparency Database (its request rules as of 2026-06-24). Such a statement
is about a restriction that the marketplace imposes on content, money, service or account because of what the seller
offers; who is refunded is none by itself. Nothing of it is personal data: what people wrote in their own words never
stands in one. `problems` says what the database would refuse before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from safeconduct.kernel.cases.errors import CaseMalformed
from safeconduct.kernel.cases.models import Case, StoredOutcome
from safeconduct.kernel.cases.words import Disclosure

#: Statements of one call, as the database takes them.
MOST_AT_ONCE: Final = 100
_DECISIONS: Final = ("decision_visibility", "decision_monetary", "decision_provision", "decision_account")
_PUID: Final = re.compile(r"[A-Za-z0-9_-]{1,500}")
#: The European Economic Area: the countries that the database takes.
TERRITORY: Final = frozenset(
    (
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI",
        "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    )
)  # fmt: skip
#: Field → largest number of characters.
LENGTHS: Final = {
    "decision_facts": 5_000, "illegal_content_legal_ground": 500, "illegal_content_explanation": 2_000,
    "incompatible_content_ground": 500, "incompatible_content_explanation": 2_000, "content_type_other": 500,
    "source_identity": 500, "decision_ground_reference_url": 500,
}  # fmt: skip
#: Field → what it may say. Where a value is a list, each of it.
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "decision_visibility": frozenset(
        f"DECISION_VISIBILITY_{what}"
        for what in (
            "CONTENT_REMOVED", "CONTENT_DISABLED", "CONTENT_DEMOTED", "CONTENT_AGE_RESTRICTED",
            "CONTENT_INTERACTION_RESTRICTED", "CONTENT_LABELLED", "OTHER",
        )
    ),
    "decision_monetary": frozenset(f"DECISION_MONETARY_{what}" for what in ("SUSPENSION", "TERMINATION", "OTHER")),
    "decision_provision": frozenset(
        f"DECISION_PROVISION_{what}"
        for what in ("PARTIAL_SUSPENSION", "TOTAL_SUSPENSION", "PARTIAL_TERMINATION", "TOTAL_TERMINATION")
    ),
    "decision_account": frozenset({"DECISION_ACCOUNT_SUSPENDED", "DECISION_ACCOUNT_TERMINATED"}),
    "account_type": frozenset({"ACCOUNT_TYPE_BUSINESS", "ACCOUNT_TYPE_PRIVATE"}),
    "decision_ground": frozenset({"DECISION_GROUND_ILLEGAL_CONTENT", "DECISION_GROUND_INCOMPATIBLE_CONTENT"}),
    "content_type": frozenset(
        f"CONTENT_TYPE_{what}"
        for what in ("APP", "AUDIO", "IMAGE", "PRODUCT", "SYNTHETIC_MEDIA", "TEXT", "VIDEO", "OTHER")
    ),
    "category": frozenset(
        f"STATEMENT_CATEGORY_{what}"
        for what in (
            "ANIMAL_WELFARE", "CONSUMER_INFORMATION", "CYBER_VIOLENCE", "CYBER_VIOLENCE_AGAINST_WOMEN",
            "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS", "ILLEGAL_OR_HARMFUL_SPEECH",
            "INTELLECTUAL_PROPERTY_INFRINGEMENTS", "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
            "NOT_SPECIFIED_NOTICE", "OTHER_VIOLATION_TC", "PROTECTION_OF_MINORS", "RISK_FOR_PUBLIC_SECURITY",
            "SCAMS_AND_FRAUD", "SELF_HARM", "UNSAFE_AND_PROHIBITED_PRODUCTS", "VIOLENCE",
        )
    ),
    "source_type": frozenset(
        {"SOURCE_ARTICLE_16", "SOURCE_TRUSTED_FLAGGER", "SOURCE_TYPE_OTHER_NOTIFICATION", "SOURCE_VOLUNTARY"}
    ),
    "automated_detection": frozenset({"Yes", "No"}),
    "automated_decision": frozenset(
        f"AUTOMATED_DECISION_{what}" for what in ("FULLY", "PARTIALLY", "NOT_AUTOMATED")
    ),
}  # fmt: skip
#: Every field that the database knows; of a statement that has another it would take nothing.
FIELDS: Final = frozenset(
    (
        *_DECISIONS, *LENGTHS, *ALLOWED, "incompatible_content_illegal", "category_addition", "category_specification",
        "category_specification_other", "territorial_scope", "content_language", "content_date", "application_date",
        "end_date_account_restriction", "end_date_monetary_restriction", "end_date_service_restriction",
        "end_date_visibility_restriction", "puid", "content_id", "content_id_ean",
    )
)  # fmt: skip
#: Date field → the first and the last year that it can be of.
_YEARS: Final = {"content_date": (2000, 2038), "application_date": (2020, 2038)}
_REQUIRED: Final = (
    "decision_ground", "content_type", "category", "content_date", "application_date", "decision_facts", "source_type",
    "automated_detection", "automated_decision", "puid",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Restriction:
    """What an outcome restricts, in the words of the database. ``decisions``: at least one of visibility, monetary,
    provision, account → its value. ``illegal``: the legal ground, where the content is illegal; else the ``terms`` it
    breaks. ``facts``: what was found, in words that are the house's own; it can be left out of an outcome that a rule
    made. ``notified``: how the marketplace learned of it; "" where it looked itself."""

    decisions: Mapping[str, str]
    category: str
    content_types: tuple[str, ...]
    content_date: date
    territory: tuple[str, ...] = ()
    illegal: str = ""
    terms: str = ""
    facts: str = ""
    notified: str = ""
    automated_detection: bool = False
    until: date | None = None


def statement(outcome: StoredOutcome, restriction: Restriction, language: str = "en") -> dict[str, Any]:
    """The statement for an outcome. Raises CaseMalformed with everything the database would refuse.

    It never says what was withheld from the parties, nor a person's own words, which may name somebody.
    """
    told = restriction.facts
    if not told and not outcome.automated:
        raise CaseMalformed("facts", "a person's words may name somebody; say in the house's own what was found")
    if not told:
        told = outcome.told.get(language) or next(iter(outcome.told.values()))
    if outcome.disclosure == Disclosure.CATEGORY:
        told = f"{outcome.category}: {told}"
    named = replace(restriction, terms=restriction.terms or outcome.rule)
    return _made(named, told, outcome.id, outcome.at, automated=outcome.automated)


def hold_of(case_id: str) -> str:
    """The name (`puid`) of the statement about what a case holds while it runs; the outcome has its own."""
    return f"{case_id}-hold"


def suspension(case: Case, restriction: Restriction) -> dict[str, Any]:
    """The statement for a payment that is held while a case runs, before anybody has found anything. Raises
    CaseMalformed as `statement`."""
    return _made(restriction, restriction.facts, hold_of(case.id), case.opened_at, automated=True)


def _made(restriction: Restriction, told: str, puid: str, at: datetime, *, automated: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        f"decision_{name}": [value] if name == "visibility" else value
        for name, value in restriction.decisions.items()
    }  # fmt: skip
    made |= {
        "decision_facts": told, "category": restriction.category, "content_type": list(restriction.content_types),
        "content_date": restriction.content_date.isoformat(), "application_date": at.date().isoformat(),
        "territorial_scope": sorted(restriction.territory),
        "source_type": restriction.notified or "SOURCE_VOLUNTARY",
        "automated_detection": "Yes" if restriction.automated_detection else "No",
        "automated_decision": f"AUTOMATED_DECISION_{'FULLY' if automated else 'NOT_AUTOMATED'}",
        "puid": puid,
    }  # fmt: skip
    if restriction.illegal:
        made["decision_ground"] = "DECISION_GROUND_ILLEGAL_CONTENT"
        made["illegal_content_legal_ground"] = restriction.illegal
        made["illegal_content_explanation"] = told[: LENGTHS["illegal_content_explanation"]]
    else:
        made["decision_ground"] = "DECISION_GROUND_INCOMPATIBLE_CONTENT"
        made["incompatible_content_ground"] = restriction.terms
        made["incompatible_content_explanation"] = told[: LENGTHS["incompatible_content_explanation"]]
    if restriction.until is not None:
        made |= {f"end_date_{_END[name]}_restriction": restriction.until.isoformat() for name in restriction.decisions}
    found = problems(made)
    if found:
        raise CaseMalformed("restriction", "; ".join(found))
    return made


def problems(made: Mapping[str, Any]) -> Sequence[str]:
    """What the database would refuse of a statement, one sentence each."""
    found = [f"{name} is missing" for name in _REQUIRED if not made.get(name)]
    found += [f"{name} is no field of the database" for name in sorted(made.keys() - FIELDS)]
    if not any(made.get(name) for name in _DECISIONS):
        found.append(f"one of {', '.join(_DECISIONS)} is needed")
    for name, allowed in ALLOWED.items():
        values = made.get(name) or ()
        for value in values if isinstance(values, (list, tuple)) else (values,):
            if value not in allowed:
                found.append(f"{name} is {value!r}, which the database does not know")
    for name, most in LENGTHS.items():
        if len(made.get(name) or "") > most:
            found.append(f"{name} is longer than {most} characters")
    for name, (first, last) in _YEARS.items():
        if made.get(name) and not first <= date.fromisoformat(made[name]).year <= last:
            found.append(f"{name} is not of the years {first} to {last}")
    if "CONTENT_TYPE_OTHER" in (made.get("content_type") or ()) and not made.get("content_type_other"):
        found.append("content_type_other is missing")
    if set(made.get("territorial_scope") or ()) - TERRITORY:
        found.append("territorial_scope has a country outside the European Economic Area")
    if made.get("puid") and not _PUID.fullmatch(made["puid"]):
        found.append("puid has characters other than letters, digits, - and _")
    return found


_END: Final = {"visibility": "visibility", "monetary": "monetary", "provision": "service", "account": "account"}
