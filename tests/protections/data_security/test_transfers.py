"""The transfer gate: every person counts once a year, a near threshold is said, above it nothing leaves by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.portal import shops
from tests.protections.data_security.people import staff

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.protections.data_security.dated import DataFault
from safeconduct.protections.data_security.desk_errors import DataSecurityError
from safeconduct.protections.data_security.history import DataStep
from safeconduct.protections.data_security.transfers import destinations, gate, processing, thresholds
from safeconduct.protections.data_security.transfers.destinations import Lawful
from safeconduct.protections.data_security.transfers.gate import Answer, Verdict
from safeconduct.protections.data_security.transfers.models import TransferDestination
from safeconduct.protections.data_security.transfers.thresholds import Ground, Mechanism
from safeconduct.protections.data_security.transfers.words import PURPOSES, Role

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
OFFICER = Actor("usr_officer", "lead")


def declared(country: str = "DE", *, lawful: Lawful | None = None, name: str = "Cloud", **fields: Any) -> str:
    with staff_scope():
        return destinations.declare(
            name, country, Role.PROCESSOR, "hosting", fields.get("categories", ("contact", "bank_account")), lawful,
            OFFICER, at=AT,
        )  # fmt: skip


def sends(
    to: str, people: Mapping[str, Collection[int]], *, categories: tuple[str, ...] = ("contact",),
    ground: Ground = Ground.OTHER, at: datetime = AT,
) -> Verdict:  # fmt: skip
    with engine_scope():
        return gate.allowed(to, people, categories, ground, OFFICER, at=at)


def why(verdict: Verdict) -> list[tuple[str, str]]:
    return [(reason.why.value, reason.level) for reason in verdict.reasons]


def counted(scope: str, year: int = 2026) -> int:
    with staff_scope():
        return destinations.people_of(year).get(scope, 0)


def test_a_person_counts_once_however_often_and_to_whomever_their_data_goes(empty_database: None) -> None:
    cloud, mail = declared(), declared(name="Mail")
    sends(cloud, {"CN": range(1000)})
    sends(cloud, {"CN": range(500, 1500)})
    sends(mail, {"CN": range(100)})
    assert counted(cloud) == 1500 and counted(mail) == 100 and counted("cn-outbound") == 1500


def test_at_four_fifths_it_is_said_and_above_nothing_leaves_or_counts(empty_database: None) -> None:
    cloud = declared()
    assert sends(cloud, {"CN": range(79_999)}).answer is Answer.PERMIT
    near = sends(cloud, {"CN": range(79_999, 80_100)})
    assert near.answer is Answer.WARN and near.may_leave and ("near", "contract") in why(near)
    over = sends(cloud, {"CN": range(80_100, 100_000)})
    assert over.answer is Answer.STOP and why(over)[0] == ("above", "contract")
    assert over.reasons[0].people == 100_000 and over.reasons[0].limit == 99_999
    assert counted(cloud) == 80_100, "what was stopped did not leave"
    assert sends(cloud, {"CN": range(80_100, 99_999)}).may_leave, "one person fewer is below"
    with staff_scope():
        verbs = list(DataStep.objects.filter(subject=cloud).order_by("id").values_list("verb", flat=True))
    assert verbs[1:] == ["transfer_permit", "transfer_warn", "transfer_stop", "transfer_warn"]


def test_one_sensitive_person_needs_a_contract_and_with_one_it_may_leave(empty_database: None) -> None:
    bare = declared()
    assert why(sends(bare, {"CN": [1]}, categories=("bank_account",)))[0] == ("above", "contract-sensitive")
    contract = Lawful(Mechanism.STANDARD_CONTRACT, "SCC-7", date(2026, 12, 31))
    filed = declared(name="Filed", lawful=contract)
    assert sends(filed, {"CN": [1]}, categories=("bank_account",)).may_leave
    late = datetime(2027, 1, 1, tzinfo=UTC)
    assert not sends(filed, {"CN": [2]}, categories=("bank_account",), at=late).may_leave, "the contract has ended"


def test_shopping_is_exempt_and_counts_for_no_law(empty_database: None) -> None:
    cloud = declared()
    verdict = sends(cloud, {"CN": range(200_000)}, ground=Ground.CONTRACT_NECESSITY)
    assert verdict.answer is Answer.PERMIT and why(verdict) == [("exempt", "")]
    assert counted("cn-outbound") == 0 and counted(cloud) == 200_000


def test_bulk_data_of_americans_stops_at_countries_of_concern_over_two_years(empty_database: None) -> None:
    there = declared("CN")
    before = datetime(2025, 12, 20, tzinfo=UTC)
    assert sends(there, {"US-CA": range(60_000)}, at=before).may_leave
    assert why(sends(there, {"US": range(60_000, 100_001)}))[0] == ("above", "identifiers")
    assert why(sends(declared("FR"), {"US": range(200_000)})) == [("no_rule", "")]


def test_nothing_goes_to_who_has_ended_or_beyond_what_was_declared(empty_database: None) -> None:
    cloud = declared(categories=("contact",))
    assert why(sends(cloud, {"FR": [1]}, categories=("identity",)))[0] == ("undeclared", "")
    with staff_scope():
        destinations.end(cloud, OFFICER, at=AT)
    assert why(sends(cloud, {"FR": [1]}))[0] == ("ended", "")
    assert counted(cloud) == 0
    with pytest.raises(DataSecurityError):
        sends("des_nobody", {"FR": [1]})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"country": "Germany"}, "no country"),
        ({"name": " "}, "who is given"),
        ({"categories": ("shoes",)}, "from the list"),
        ({"lawful": Lawful(Mechanism.ASSESSMENT, "", date(2027, 1, 1))}, "number"),
        ({"lawful": Lawful(Mechanism.ASSESSMENT, "A-1", date(2026, 1, 1))}, "not over"),
    ],
)
def test_a_destination_that_cannot_be_is_refused(empty_database: None, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(DataSecurityError, match=words):
        declared(**fields)


def test_the_pages_show_destinations_thresholds_and_the_record(empty_database: None) -> None:
    client = staff(StaffRole.LEAD)
    given = {
        "name": "Cloud Köln", "country": "de", "role": "processor", "purpose": "hosting", "categories": ["contact"],
        "mechanism": "",
    }  # fmt: skip
    assert client.post("/console/data_security/transfers/destinations/", {**given, "country": "xx1"}).status_code == 422
    assert client.post("/console/data_security/transfers/destinations/", given).status_code == 303
    assert client.post("/console/data_security/transfers/destinations/", given).status_code == 422, "declared already"
    page = shops.read(client, "/console/data_security/transfers/")
    assert "Cloud Köln" in page and "28 CFR part 202" in page and "100,000" in page and len(page) < 100_000
    record = shops.read(client, "/console/data_security/transfers/processing/")
    assert "Cloud Köln" in record and "a machine judges people and acts on it" in record
    assert record.count("not needed by itself") == 1
    with staff_scope():
        one = TransferDestination.objects.get()
    assert client.post(f"/console/data_security/transfers/destinations/{one.id}/end/").status_code == 303
    assert "ended" in shops.read(client, "/console/data_security/transfers/")


def test_the_record_of_processing_names_only_what_is_there() -> None:
    assert set(processing.processing()) == set(PURPOSES)
    kept = processing.about("en")[0]["kept"]
    assert kept["buyers' data in orders"] == "36 months after the last event of the order"
    one = (
        "- {id: delivery, role: processor, people: [buyers], categories: [contact], recipients: [sellers],"
        " retention: [order_data], basis: b, since: 2026-01-01, source: s, sure: house}"
    )
    assert processing.load(one)
    for old, new, words in (
        ("order_data", "for ever", "retention has"),
        ("[contact]", "[shoes]", "categories has"),
        ("role: processor", "role: owner", "role is"),
        ("id: delivery", "id: fun", "has no words"),
        ("basis: b", "basis: b, assess: [boredom]", "assess has"),
    ):
        with pytest.raises(DataFault, match=words):
            processing.load(one.replace(old, new))
    with pytest.raises(DataFault, match="more_than is missing"):
        thresholds.load(
            "- {id: x, law: l, from: [CN], since: 2026-01-01, source: s, sure: house, window: year,"
            " levels: [{id: a, class: any}]}"
        )
