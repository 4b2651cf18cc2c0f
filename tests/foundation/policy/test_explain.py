"""Reasons and policies in words, in each shipped language.

Set GOLDEN_WRITE=1 to write the golden prose anew, and read the difference before believing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from policy_shop import FEATURES, policy_text, read
from test_reader import DESIGN_EXAMPLE

from safeconduct.foundation.policy.explain import Reason, explain, shown
from safeconduct.foundation.policy.interpret import interpret
from safeconduct.foundation.policy.nodes import Action, Disclosure, Policy
from safeconduct.foundation.policy.prose import describe
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.foundation.policy.types import Type
from safeconduct.kernel.events.catalogue import CATALOGUE

GOLDEN = Path(__file__).parent / "prose"

REFUNDS = f"""\
policy: refunds
on: order.placed
in: USD
features:{FEATURES}
scores: {{fraud: {{model: order-fraud}}}}
rules:
  shares:
    when: refund_share > 0.3
    then: review
    because:
      en: "{{refund_share:%}} of {{orders_90d}} orders came back, usually {{usual_amount}}, now {{amount}}"
      zh: "{{orders_90d}} 笔订单中有 {{refund_share:%}} 退回，平时 {{usual_amount}}，本次 {{amount}}"
      es: "El {{refund_share:%}} de {{orders_90d}} pedidos volvió; lo usual {{usual_amount}}, ahora {{amount}}"
    disclosure: DISCLOSURE
    category: returns
  scored:
    when: fraud >= 0.9
    then: block
    unknown: challenge
    because: {{en: "Score {{fraud:%}}", zh: "评分 {{fraud:%}}", es: "Puntuación {{fraud:%}}"}}
"""
VALUES: dict[str, object] = {
    "refunds_90d": 500, "orders_90d": 1_200, "usual_amount": (1_000_000, 3), "amount": 123_456
}  # fmt: skip


def policy(disclosure: Disclosure = Disclosure.FULL) -> Policy:
    reading = read(REFUNDS.replace("DISCLOSURE", disclosure.value))
    assert reading.policy is not None, reading.render()
    return reading.policy


def reasons(language: str, disclosure: Disclosure = Disclosure.FULL) -> tuple[Reason, ...]:
    found = policy(disclosure)
    return explain(found, VALUES, interpret(found, VALUES, {}), language)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "41.7% of 1,200 orders came back, usually $3,333.33, now $1,234.56"),
        ("zh", "1,200 笔订单中有 41.7% 退回，平时 US$3,333.33，本次 US$1,234.56"),
        ("es", "El 41,7% de 1.200 pedidos volvió; lo usual 3.333,33 US$, ahora 1.234,56 US$"),
    ],
)
def test_a_reason_shows_its_values_as_people_of_its_language_write_them(language: str, sentence: str) -> None:
    first = reasons(language)[0]
    assert first.full.replace("\N{NO-BREAK SPACE}", " ").replace("US$ ", "US$") == sentence
    assert (first.rule, first.action, first.decisive, first.told) == ("shares", Action.REVIEW, True, first.full)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "A check could not be made, because this is not known: score of the model “order-fraud”."),
        ("zh", "有一项检查无法进行，因为以下信息未知：模型“order-fraud”的评分。"),
        ("es", "No se pudo hacer una comprobación, porque no se conoce: la puntuación del modelo «order-fraud»."),
    ],
)
def test_what_could_not_be_checked_is_named(language: str, sentence: str) -> None:
    last = reasons(language)[1]
    assert (last.rule, last.action, last.decisive, last.missing) == ("scored", Action.CHALLENGE, False, ("fraud",))
    assert last.full == sentence


@pytest.mark.parametrize("language", ["en", "zh", "es", "de", "zh-Hant", "xx-??"])
@pytest.mark.parametrize("disclosure", list(Disclosure))
def test_nobody_is_told_nothing_and_nobody_is_told_too_much(language: str, disclosure: Disclosure) -> None:
    first = reasons(language, disclosure)[0]
    assert first.full and first.told
    match disclosure:
        case Disclosure.FULL:
            assert first.told == first.full
        case Disclosure.CATEGORY:
            assert "returns" in first.told and "1" not in first.told
        case Disclosure.WITHHELD:
            assert "returns" not in first.told and "1" not in first.told


def test_a_language_that_nobody_wrote_gets_the_english_sentence() -> None:
    assert reasons("de")[0].full == reasons("en")[0].full


def test_a_value_that_is_missing_is_called_unknown() -> None:
    found = read(policy_text("items > 3", because="{items} things of {amount} with {ip_risk:%}")).policy
    assert found is not None
    (reason,) = explain(found, {"items": 4}, interpret(found, {"items": 4}, {}))
    assert reason.full == "4 things of unknown with unknown"


def test_a_text_of_the_event_cannot_steer_the_page_it_is_shown_on() -> None:
    nasty = "C\u202eL\x1b[31m\n\u200b" + "x" * 200
    text = shown(Type.TEXT, nasty, None, "en")
    assert text.startswith("CL[31mxxx") and len(text) == 80 and text.endswith("…")


@pytest.mark.parametrize("language", ["en", "zh", "es"])
def test_the_example_of_the_design_in_plain_sentences(language: str) -> None:
    found = read_policy(DESIGN_EXAMPLE, CATALOGUE).policy
    assert found is not None
    golden(f"design.{language}.txt", describe(found, language).text)


#: Condition → how it is said.
SAID = {
    "proxy": "the proxy is true",
    "NOT proxy": "the proxy is false",
    "proxy IS FALSE": "the proxy is false",
    "proxy = FALSE": "the proxy is false",
    "proxy IS NOT TRUE": "the proxy is not true",
    "proxy IS NOT FALSE": "the proxy is not false",
    "(items > 3 AND proxy) IS NOT TRUE": "it is not certain that (“items” is more than 3 and the proxy is true)",
    "NOT (items > 3 OR proxy)": "it is not so that (“items” is more than 3 or the proxy is true)",
    "(items > 3) IS FALSE": "it is not so that “items” is more than 3",
    "(items > 3) IS NOT FALSE": "it is not ruled out that “items” is more than 3",
    "in_list('denied', card) IS NOT TRUE": "the card is not known to be on the list “denied”",
    "NOT in_list('denied', card)": "the card is not on the list “denied”",
    "items BETWEEN 1 AND 5": "“items” is between 1 and 5",
    "now() - created_at < interval '1 hour'": "the time since the buyer registered is less than 1 hour",
    "(items + 1) * 2 > 3": "(“items” + 1) × 2 is more than 3",
    "items + 1 * 2 - (3 - items) > 1000": "“items” + 1 × 2 − (3 − “items”) is more than 1,000",
    "coalesce(fraud, 0.0) > 0.7": (
        "the score of the model “order-fraud” (taken as 0 where it is not known) is more than 0.7"
    ),
    "orders_90d > 3 AND usual_amount < amount": (
        "“orders (90 days)” is more than 3 and “usual amount” is less than the amount"
    ),
    "refund_share > 0.5": "“refund share” is more than 0.5",
    "items IS NULL OR amount IS NOT NULL": "“items” is not known or the amount is known",
}


@pytest.mark.parametrize("when", SAID)
def test_a_condition_is_said_like_this(when: str) -> None:
    found = read(policy_text(when)).policy
    assert found is not None
    expected = SAID[when].replace("“items”", "the items").replace("buyer registered", "created")
    assert describe(found, "en").rules["odd"] == f"If {expected}, a person looks at it first."


@pytest.mark.parametrize("language", ["zh", "es"])
def test_every_condition_can_be_said_in_every_language(language: str) -> None:
    for when in SAID:
        found = read(policy_text(when)).policy
        assert found is not None
        text = describe(found, language).rules["odd"]
        assert "{" not in text and " is " not in text and text != describe(found, "en").rules["odd"]


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("GOLDEN_WRITE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def test_a_policy_about_accounts_asks_the_person_and_not_a_buyer() -> None:
    reading = read_policy(
        "policy: guard\non: access.requested\nbudget: 60 ms\non_failure: challenge\nrules:\n  new_place:\n"
        "    when: new_device\n    then: challenge\n"
        '    because: {en: "A new device", zh: "新设备", es: "Un dispositivo nuevo"}\n',
        CATALOGUE,
    )
    assert reading.policy is not None, reading.render()
    assert describe(reading.policy, "en").text.count("the person is asked to prove who they are") == 2
    for language, buyer in (("en", "buyer"), ("zh", "买家"), ("es", "comprador")):
        assert buyer not in describe(reading.policy, language).text
