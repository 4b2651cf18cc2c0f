"""The reasons of one decision, as sentences with their values filled in.

Values are shown like this: an amount in the policy's currency as people of the language write it; a quotient or score
with at most two decimals, or with `{name:%}` as a percentage with at most one; a time in ISO 8601, UTC; an unknown
value as "unknown".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from babel.numbers import format_decimal, format_percent

from safeconduct.foundation.moments import at_micros
from safeconduct.foundation.money import Money
from safeconduct.foundation.policy.nodes import Action, Disclosure, Part, Policy, Ratio, Rule
from safeconduct.foundation.policy.prose import Teller
from safeconduct.foundation.policy.to_python import Verdict
from safeconduct.foundation.policy.tree import names
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.words import locale_of, words

_SHOWN_TEXT = 80


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule counts in a decision.

    ``action``: what it called for. ``decisive``: whether the decision's action is its doing. ``overridden``: whether an
    allow-list took its effect away. ``full``: the exact sentence, for staff. ``told``: what its subject is told, by the
    rule's class of disclosure; never empty. ``missing``: for a rule that could not be checked, what was not known.
    """

    rule: str
    action: Action
    decisive: bool
    overridden: bool
    full: str
    told: str
    disclosure: Disclosure
    category: str
    teaches: str | None
    missing: tuple[str, ...] = ()


def explain(policy: Policy, values: Mapping[str, object], verdict: Verdict, language: str = "en") -> tuple[Reason, ...]:
    """The reasons of a decision, strictest first: each rule that fired, and each that could not be checked.

    ``values``: the event's fields, features and scores by name, as they were given to the rules.
    """
    found = []
    for position in (*verdict.fired, *verdict.unknown):
        rule = policy.rules[position]
        unknown = position in verdict.unknown
        missing = _missing(policy, rule, values) if unknown else ()
        full = _not_checked(policy, missing, language) if unknown else reason_text(policy, rule, values, language)
        found.append(
            Reason(
                rule=rule.name,
                action=rule.unknown if unknown else rule.then,
                decisive=position in verdict.decisive,
                overridden=position in verdict.overridden,
                full=full,
                told=_told(rule, full, language),
                disclosure=rule.disclosure,
                category=rule.category,
                teaches=rule.teaches,
                missing=missing,
            )
        )
    return tuple(sorted(found, key=lambda r: (not r.decisive, r.overridden, -r.action.rank)))


def reason_text(policy: Policy, rule: Rule, values: Mapping[str, object], language: str) -> str:
    """The rule's own sentence in a language (or its base language, or English), with the values filled in."""
    sentences = rule.because
    chosen = next((c for c in (language, language.split("-")[0], "en") if c in sentences), "en")
    return "".join(
        part.text or "" if part.name is None else value_text(policy, part, values, chosen) for part in sentences[chosen]
    )


def value_text(policy: Policy, part: Part, values: Mapping[str, object], language: str) -> str:
    """One value of a sentence, as the module says."""
    assert part.name is not None
    return shown(part.type or Type.TEXT, _value(policy, part.name, values), policy.currency, language, part.percent)


def shown(kind: Type, value: object, currency: str | None, language: str, percent: bool = False) -> str:
    """A value of a type as people of a language read it; an unknown one as the word for that."""
    w, locale = words(language), locale_of(language)
    match kind, value:
        case Type.BOOLEAN, bool():
            return w.yes if value else w.no
        case Type.INTEGER, int():
            return str(format_decimal(value, locale=locale))
        case Type.MONEY, int() if currency is not None:
            return Money(value, currency).format(locale)
        case Type.MONEY_RATE, (int(minor), int(count)) if currency is not None and count:
            rounded = (Decimal(minor) / Decimal(count)).to_integral_value(rounding=ROUND_HALF_EVEN)
            return Money(int(rounded), currency).format(locale)
        case Type.RATIONAL, (int(numerator), int(denominator)) if denominator:
            return _number(Fraction(numerator, denominator), locale, percent)
        case Type.NUMBER, (float() | int()):
            return _number(Fraction(value), locale, percent)
        case Type.TIMESTAMP, int():
            return at_micros(value).isoformat().replace("+00:00", "Z")
        case Type.TEXT, str():
            # What an event says is somebody else's text: nothing in it may steer a terminal, a page or a reader's eye.
            plain = "".join(c for c in value if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
            return plain if len(plain) <= _SHOWN_TEXT else plain[: _SHOWN_TEXT - 1] + "…"
    return w.unnamed_value


def _number(value: Fraction, locale: str, percent: bool) -> str:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if percent:
        return str(format_percent(exact, format="#,##0.#%", locale=locale))
    return str(format_decimal(exact, format="#,##0.##", locale=locale))


def _value(policy: Policy, name: str, values: Mapping[str, object]) -> object:
    """The value of a name; a ratio is the pair of its parts."""
    feature = policy.features.get(name)
    if isinstance(feature, Ratio):
        above, below = values.get(feature.numerator), values.get(feature.denominator)
        return (above, below) if above is not None and below else None
    return values.get(name)


def _missing(policy: Policy, rule: Rule, values: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(sorted(n for n in names(rule.when) if _value(policy, n, values) is None))


def _not_checked(policy: Policy, missing: tuple[str, ...], language: str) -> str:
    teller = Teller(policy, language, brief=True)
    shown_names = ", ".join(teller.name(n) for n in missing) or teller.words.unnamed_value
    return teller.words.fill(teller.words.not_checked, names=shown_names)


def _told(rule: Rule, full: str, language: str) -> str:
    w = words(language)
    match rule.disclosure:
        case Disclosure.FULL:
            return full
        case Disclosure.CATEGORY:
            return w.fill(w.category, category=w.categories.get(rule.category, f"“{rule.category}”"))
        case Disclosure.WITHHELD:
            return w.withheld
