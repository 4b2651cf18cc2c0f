"""Outcomes that restrict a seller, in the form of the DSA Transparency Database."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.kernel.cases.builders import decided, opened, take

from safeconduct.kernel.cases.dsa import ALLOWED, FIELDS, LENGTHS, Restriction, problems, statement
from safeconduct.kernel.cases.errors import CaseMalformed
from safeconduct.kernel.cases.models import StoredOutcome
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.scope import staff_scope


def outcome() -> StoredOutcome:
    take(opened(), "accept", Role.SELLER)
    with staff_scope():
        return StoredOutcome.objects.get()


def of_a_person() -> StoredOutcome:
    case_id = decided(facts={"en": "Ana Rojas of Calle Sur 4 sent pictures."})
    with staff_scope():
        return StoredOutcome.objects.get(case_id=case_id)


def restriction(**changes: Any) -> Restriction:
    fields: dict[str, Any] = {
        "decisions": {"visibility": "DECISION_VISIBILITY_CONTENT_REMOVED"},
        "category": "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS", "content_types": ("CONTENT_TYPE_PRODUCT",),
        "content_date": date(2026, 5, 1), "territory": ("ES", "DE"), "terms": "Terms of sale 4.2", **changes,
    }  # fmt: skip
    return Restriction(**fields)


def test_every_field_is_one_that_the_database_takes(shared_data: Path) -> None:
    known = json.loads((shared_data / "dsa_sor_fields.json").read_text())
    made = statement(outcome(), restriction(until=date(2026, 9, 1)))
    assert made.keys() <= known["fields"].keys() and known["fields"].keys() == FIELDS
    required = {
        name for name, said in known["fields"].items() if str(said).startswith("required ") and " if " not in said
    }
    assert required <= made.keys()
    for ours, theirs in (
        ("decision_visibility", "DECISION_VISIBILITIES"), ("decision_monetary", "DECISION_MONETARIES"),
        ("decision_provision", "DECISION_PROVISIONS"), ("decision_account", "DECISION_ACCOUNTS"),
        ("decision_ground", "DECISION_GROUNDS"), ("content_type", "CONTENT_TYPES"),
        ("category", "STATEMENT_CATEGORIES"), ("source_type", "SOURCE_TYPES"), ("account_type", "ACCOUNT_TYPES"),
        ("automated_decision", "AUTOMATED_DECISIONS"),
    ):  # fmt: skip
        assert ALLOWED[ours] == set(known["enums"][theirs]), ours
    for name, most in LENGTHS.items():
        assert f"<={most}" in known["fields"][name], name


def test_a_statement_says_what_the_parties_were_told() -> None:
    made = statement(outcome(), restriction())
    assert made["decision_facts"] == "The seller agreed."
    assert made["automated_decision"] == "AUTOMATED_DECISION_FULLY"
    assert made["source_type"] == "SOURCE_VOLUNTARY"
    assert problems(made) == []


def test_a_persons_own_words_never_stand_in_a_statement() -> None:
    given = of_a_person()
    with pytest.raises(CaseMalformed, match="a person's words"):
        statement(given, restriction())
    made = statement(given, restriction(facts="A person decided."))
    assert made["decision_facts"] == made["incompatible_content_explanation"] == "A person decided."
    assert "Ana" not in json.dumps(made)


def test_fields_and_days_that_the_database_does_not_know_are_refused() -> None:
    made = statement(outcome(), restriction())
    assert problems({**made, "seller": "sel-1"}) == ["seller is no field of the database"]
    assert problems({**made, "content_date": "1999-12-31"}) == ["content_date is not of the years 2000 to 2038"]


@pytest.mark.parametrize(
    "changes",
    [
        {"decisions": {}}, {"decisions": {"account": "DECISION_ACCOUNT_FORGOTTEN"}}, {"territory": ("CN",)},
        {"content_types": ("CONTENT_TYPE_OTHER",)}, {"terms": "x" * 501}, {"category": "STATEMENT_CATEGORY_MOOD"},
    ],
)  # fmt: skip
def test_what_the_database_would_refuse_is_said_before(changes: dict[str, Any]) -> None:
    with pytest.raises(CaseMalformed):
        statement(outcome(), restriction(**changes))
