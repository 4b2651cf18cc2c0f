"""The breach desk: one moment of knowing starts every clock that applies, and nothing but proof stops one in time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.utils.translation import override
from tests.kernel.builders import person
from tests.portal import shops
from tests.portal.shops import ago
from tests.protections.data_security.people import staff

from safeconduct.cli import incidents as incidents_command
from safeconduct.foundation.clocks.terms import read_term
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.readings import log as reading_log
from safeconduct.kernel.readings.log import Read
from safeconduct.kernel.readings.models import Reading
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.scope import Actor, engine_scope, query, savepoint, staff_scope
from safeconduct.protections.data_security.dated import DataFault
from safeconduct.protections.data_security.desk_errors import DataSecurityError, OutOfOrder
from safeconduct.protections.data_security.history import DataStep
from safeconduct.protections.data_security.incidents import actions, clockwork, letters, queries, regimes
from safeconduct.protections.data_security.incidents.models import Incident, IncidentClock, Proof
from safeconduct.protections.data_security.incidents.regimes import Operator, Risk
from safeconduct.protections.data_security.incidents.words import CATEGORIES, STEPS, WARNINGS

AWARE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
OFFICER = Actor("usr_officer", "lead")


def told(**changes: Any) -> actions.Told:
    return actions.Told(**{
        "title": "A list of buyers lay open", "what": "A file with buyers' addresses could be read for two days.",
        "aware_at": AWARE, "categories": ("contact", "address"), **changes,
    })  # fmt: skip


def opened(people: Mapping[str, int], *, at: datetime = AWARE + timedelta(minutes=5), **changes: Any) -> str:
    with staff_scope():
        return actions.open_incident(told(**changes), people, OFFICER, at=at)


def clocks(incident_id: str, now: datetime = AWARE + timedelta(minutes=5)) -> list[queries.Shown]:
    with staff_scope():
        return queries.clocks_of(Incident.objects.get(id=incident_id), now)


def states(incident_id: str, now: datetime = AWARE + timedelta(minutes=5)) -> dict[str, str]:
    return {f"{s.regime.id}/{s.clock.clock}": s.state for s in clocks(incident_id, now)}


def due(incident_id: str) -> dict[str, datetime | None]:
    return {f"{s.regime.id}/{s.clock.clock}": s.clock.due_at for s in clocks(incident_id)}


def send(incident_id: str, *names: str, at: datetime, why_late: str = "", now: datetime | None = None) -> str:
    found = {f"{s.regime.id}/{s.clock.clock}": s.clock.id for s in clocks(incident_id)}
    sent = actions.Sent("CNIL, online form", at, text="We notify you of …", why_late=why_late)
    with staff_scope():
        return actions.record_proof(incident_id, [found[n] for n in names], sent, OFFICER, at=now or at)


def steps(incident_id: str) -> list[tuple[str, Any]]:
    with staff_scope():
        rows = DataStep.objects.filter(subject=incident_id).order_by("id")
        return [(step.verb, step.facts.get("percent")) for step in rows if step.verb.startswith("clock_")]


# -- which clocks, and until when ---------------------------------------------------------------------------------------


def test_one_incident_starts_every_clock_of_where_the_people_live_the_strictest_first(empty_database: None) -> None:
    key = opened({"DE": 1200, "US-CA": 340, "SG": 3, "JP": 8}, established=("CN",), upstream=("amazon",))
    ends = due(key)
    assert ends["eu-gdpr/authority"] == AWARE + timedelta(hours=72)
    assert ends["cn-incidents/ordinary"] == AWARE + timedelta(hours=4)
    assert ends["amazon-dpp/platform"] == AWARE + timedelta(hours=24)
    # Days are those of the place: the day of knowing is not counted, and they end with the last second of the last.
    assert ends["sg-pdpa/authority"] == datetime(2026, 11, 5, 15, 59, 59, tzinfo=UTC)
    assert ends["jp-appi/preliminary"] == datetime(2026, 11, 5, 14, 59, 59, tzinfo=UTC)
    assert "cn-incidents/critical" not in ends and "us-california/authority" not in ends, "340 are not above 500"
    shown = [s for s in clocks(key) if s.clock.runs]
    at_once = [s for s in shown if s.state == "at_once"]
    assert shown[: len(at_once)] == at_once, "what must be done at once stands before every term"
    terms = [s.clock.due_at for s in shown if s.clock.due_at]
    assert terms == sorted(terms) and shown[len(at_once)].regime.id == "cn-incidents"


@pytest.mark.parametrize(("operator", "hours"), [("ordinary", 4), ("central", 2), ("critical", 1)])
def test_in_china_the_hours_depend_on_who_the_operator_is(empty_database: None, operator: str, hours: int) -> None:
    key = opened({"CN": 10}, established=("CN",), operator=Operator(operator))
    assert due(key)[f"cn-incidents/{operator}"] == AWARE + timedelta(hours=hours)


def test_working_days_leave_out_the_holidays_of_the_country(empty_database: None) -> None:
    # 2026-11-02 is All Souls' in Brazil, a holiday and a Monday; three working days after it end on Thursday.
    assert due(opened({"BR": 5}))["br-lgpd/authority"] == datetime(2026, 11, 6, 2, 59, 59, tzinfo=UTC)


def test_a_clock_says_half_four_fifths_and_missed_at_exactly_these_times_and_once(empty_database: None) -> None:
    key = opened({"FR": 4})
    half, late, end = (AWARE + timedelta(hours=h) for h in (36, 57.6, 72))
    second = timedelta(seconds=1)
    for moment, more in ((half, ("clock_warned", 50)), (late, ("clock_warned", 80)), (end, ("clock_missed", 100))):
        before = steps(key)
        clockwork.sweep(moment - second)
        assert steps(key) == before
        clockwork.sweep(moment)
        assert steps(key) == [*before, more]
        clockwork.sweep(moment + second)
        assert steps(key) == [*before, more], "twice is once"
    assert states(key, end)["eu-gdpr/authority"] == "missed"


def test_a_sweep_that_slept_through_everything_says_missed_late_rather_than_never(empty_database: None) -> None:
    key = opened({"FR": 4})
    assert clockwork.sweep(AWARE + timedelta(days=30)) == 1
    assert steps(key)[-1] == ("clock_missed", 100)


def test_in_doubt_every_clock_runs_and_a_judgement_with_a_reason_lets_one_lapse_and_come_back(
    empty_database: None,
) -> None:
    key = opened({"FR": 4})
    assert states(key)["eu-gdpr/people"] == "at_once"
    with staff_scope(), pytest.raises(DataSecurityError, match="why"):
        actions.change(key, told(risk=Risk.RISK), 1, OFFICER, at=AWARE + timedelta(hours=1))
    judged = Actor("usr_officer", "lead", "The file was encrypted.")
    with staff_scope():
        actions.change(key, told(risk=Risk.RISK), 1, judged, at=AWARE + timedelta(hours=1))
    assert states(key)["eu-gdpr/people"] == "lapsed" and states(key)["eu-gdpr/authority"] == "runs"
    with staff_scope():
        actions.change(key, told(risk=Risk.HIGH), 2, OFFICER, at=AWARE + timedelta(hours=2))
    assert states(key)["eu-gdpr/people"] == "at_once"
    with staff_scope(), pytest.raises(OutOfOrder, match="meanwhile"):
        actions.change(key, told(), 1, judged, at=AWARE + timedelta(hours=3))


def test_people_found_later_start_clocks_that_run_from_the_same_moment_of_knowing(empty_database: None) -> None:
    key = opened({"FR": 4})
    with staff_scope():
        actions.set_people(key, {"KR": 12}, OFFICER, at=AWARE + timedelta(hours=20))
    assert due(key)["kr-pipa/authority"] == AWARE + timedelta(hours=72)


def test_the_authority_of_california_is_told_after_the_people_where_they_are_more_than_five_hundred(
    empty_database: None,
) -> None:
    key = opened({"US-CA": 501})
    assert states(key)["us-california/authority"] == "waits"
    told_at = AWARE + timedelta(days=10)
    send(key, "us-california/people", at=told_at)
    end = due(key)["us-california/authority"]
    assert end is not None and end.date() == date(2026, 11, 28), "15 days after 12 November, ending in Los Angeles"


def test_people_of_a_country_count_for_the_laws_of_its_parts_until_it_is_known_where_they_live(
    empty_database: None,
) -> None:
    key = opened({"US": 1200})
    assert states(key)["us-california/people"] == "runs" and states(key)["us-california/authority"] == "waits"
    with staff_scope():
        actions.set_people(key, {"US-TX": 1200}, OFFICER, at=AWARE + timedelta(hours=1))
    assert states(key)["us-california/people"] == "lapsed"
    with staff_scope():
        actions.set_people(key, {"US-CA": 3}, OFFICER, at=AWARE + timedelta(hours=2))
    assert states(key)["us-california/people"] == "runs"
    assert "us-california/authority" not in states(opened({"US": 500})), (
        "500 of the country are no more in a part of it"
    )


def test_the_administrators_are_told_of_an_incident_and_of_each_level_of_its_clocks_once(empty_database: None) -> None:
    officer = person(StaffRole.ADMINISTRATOR)
    key = opened({"FR": 4})
    for moment in (AWARE + timedelta(hours=36), AWARE + timedelta(hours=36), AWARE + timedelta(hours=80)):
        clockwork.sweep(moment)
    with staff_scope():
        told = [
            (one.code, one.person_id, one.values.get("level"), one.url) for one in StoredNotice.objects.order_by("id")
        ]
    here = f"/console/data_security/incidents/{key}/"
    assert told == [
        ("incident.opened", officer.id, None, here), ("incident.clock", officer.id, "half", here),
        ("incident.clock", officer.id, "missed", here),
    ]  # fmt: skip


# -- proof -----------------------------------------------------------------------------------------------------------


def test_only_proof_stops_a_clock_and_late_needs_the_reason(empty_database: None) -> None:
    key = opened({"FR": 4}, risk=Risk.RISK)
    at = AWARE + timedelta(hours=80)
    clockwork.sweep(at)
    with pytest.raises(DataSecurityError, match="after its time"):
        send(key, "eu-gdpr/authority", at=at)
    proof = send(key, "eu-gdpr/authority", at=at, why_late="We looked for the cause first.")
    assert states(key)["eu-gdpr/authority"] == "sent_late"
    assert clockwork.sweep(AWARE + timedelta(days=90)) == 0
    with staff_scope(), pytest.raises(IntegrityError), savepoint():
        IncidentClock.objects.filter(incident_id=key).update(proof=None)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), staff_scope():
        query("UPDATE data_incident_proof SET sent_at = now() WHERE id = %s", [proof])


def test_sent_in_time_and_written_down_later_is_in_time(empty_database: None) -> None:
    key = opened({"FR": 4}, risk=Risk.RISK)
    send(key, "eu-gdpr/authority", at=AWARE + timedelta(hours=71), now=AWARE + timedelta(hours=100))
    assert states(key)["eu-gdpr/authority"] == "sent"


def test_an_incident_closes_when_no_clock_runs_and_every_step_is_in_the_record(empty_database: None) -> None:
    key = opened({"FR": 4}, risk=Risk.RISK)
    lesson = Actor("usr_officer", "lead", "Links expire after an hour now.")
    with staff_scope(), pytest.raises(OutOfOrder, match="GDPR"):
        actions.close(key, lesson, at=AWARE + timedelta(hours=2))
    send(key, "eu-gdpr/authority", at=AWARE + timedelta(hours=3))
    with staff_scope():
        actions.close(key, lesson, at=AWARE + timedelta(hours=4))
    with staff_scope(), pytest.raises(OutOfOrder, match="closed"):
        actions.set_people(key, {"DE": 1}, OFFICER, at=AWARE + timedelta(hours=5))
    sequencer.keep_up(AWARE + timedelta(hours=6))
    with engine_scope():
        rows = query("SELECT count(*) FROM record_entry WHERE kind = 'data_step'").fetchone()
    with staff_scope():
        assert rows == (DataStep.objects.count(),)


@pytest.mark.parametrize(
    ("people", "changes", "words"),
    [
        ({"Germany": 1}, {}, "no place"),
        ({"DE": -1}, {}, "0 or more"),
        ({}, {"categories": ()}, "at least one"),
        ({}, {"categories": ("shoe size",)}, "shoe size"),
        ({}, {"aware_at": AWARE + timedelta(days=400)}, "future"),
        ({}, {"established": ("Chile",)}, "no country"),
        ({}, {"what": " "}, "what happened"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(
    empty_database: None, people: dict[str, int], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataSecurityError, match=words):
        opened(people, **changes)
    with staff_scope():
        assert not Incident.objects.exists() and not DataStep.objects.exists()


# -- data and words ----------------------------------------------------------------------------------------------------

GOOD = """
- id: xx
  law: A law
  people_in: [DE]
  since: 2026-01-01
  source: here
  sure: memory
  clocks:
    - {id: a, to: authority, term: 72 hours, says: [nature]}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("term: 72 hours", "term: soon", "a: term does not read"),
        ("term: 72 hours, ", "", "term is needed"),
        ("people_in: [DE]", "people_in: [Germany]", "people_in has 'Germany'"),
        ("people_in: [DE]", "people_in: []", "never apply"),
        ("sure: memory", "sure: certain", "sure is 'certain'"),
        ("  source: here\n", "", "source is missing"),
        ("since: 2026-01-01", "since: soon", "since must be a day"),
        ("to: authority", "to: press", "to is 'press'"),
        ("law: A law", "law: A law\n  colour: red", "colour is not known here"),
        ("says: [nature]}", "says: [nature], after: b}", "which is not there"),
        ("- id: xx", "- id: xx\n- id: xx", "is there twice|law is missing"),
    ],
)
def test_wrong_data_names_the_entry_the_field_and_what_would_do(old: str, new: str, words: str) -> None:
    assert set(regimes.load(GOOD)) == {"xx"}
    with pytest.raises(DataFault, match=words):
        regimes.load(GOOD.replace(old, new, 1))


def test_every_regime_names_its_source_how_sure_it_is_and_the_figures_of_the_reference() -> None:
    found = regimes.regimes()
    assert found["eu-gdpr"].clock("authority").term == read_term("72 hours")
    assert found["us-california"].clock("people").term == read_term("30 days")
    assert found["br-lgpd"].clock("authority").term == read_term("3 working days")
    assert found["au-ndb"].clock("assessment").term == read_term("30 days")
    assert all(one.source and one.sure for one in found.values())
    assert {w for one in found.values() for w in one.warnings} == set(WARNINGS)


def test_what_an_authority_reads_says_everything_and_names_what_is_still_missing(empty_database: None) -> None:
    key = opened({"FR": 4, "US-CA": 9}, contact="dpo@market.example")
    (clock,) = (s.clock for s in clocks(key) if s.regime.id == "eu-gdpr" and s.clock.clock == "authority")
    with staff_scope():
        incident = Incident.objects.get(id=key)
        text = letters.letter(incident, clock, queries.people_of(incident), "en")
        for language in ("zh", "es"):
            other = letters.letter(incident, clock, queries.people_of(incident), language)
            assert incident.what in other and "Legal basis" in text and "Legal basis" not in other
    assert "GDPR, articles 33 and 34" in text and "2026-11-02 09:30" in text and "dpo@market.example" in text
    assert "FR: 4" in text and "US-CA" not in text, "Californians are no business of this authority"
    assert "[describe what was and will be done]" in text


# -- pages -------------------------------------------------------------------------------------------------------------


def test_the_desk_opens_counts_proves_and_closes_an_incident(empty_database: None) -> None:
    shops.open_for_business()
    shops.order(at=ago(30), ship_country="DE", buyer="buy-1")
    shops.order(at=ago(29), ship_country="DE", buyer="buy-1")
    shops.order(at=ago(28), ship_country="KR", buyer="buy-2")
    client = staff(StaffRole.LEAD)
    given = {
        "title": "A key was stolen", "what": "Somebody used a key of sel-1.", "aware_at": _local(ago(2)),
        "categories": ["contact"], "operator": "ordinary", "risk": "unknown", "major": "unknown", "places": "FR 3",
    }  # fmt: skip
    bad = client.post("/console/data_security/incidents/new/", {**given, "places": "FR many"})
    assert bad.status_code == 422 and "Line 1 does not read" in unescape(bad.content.decode())
    answer = client.post("/console/data_security/incidents/new/", given)
    assert answer.status_code == 303, unescape(answer.content.decode())
    here = answer.headers["Location"]
    counting = {"sellers": "sel-1", "since": _local(ago(48)), "until": _local(ago(1))}
    assert client.post(f"{here}count/", {**counting, "sellers": "nobody"}).status_code == 422
    assert client.post(f"{here}count/", counting).status_code == 303
    with staff_scope():
        incident = Incident.objects.get()
        assert {p.place: (p.people, p.counted) for p in queries.people_of(incident)} == {
            "FR": (3, False), "DE": (1, True), "KR": (1, True),
        }  # fmt: skip
        running = [c.id for c in IncidentClock.objects.filter(incident=incident)]
    shown = shops.read(client, here)
    assert "GDPR, articles 33 and 34" in shown and "counted from orders" in shown and len(shown) < 100_000
    assert "Notification of an incident" in shops.read(client, f"{here}text/{_authority(incident)}/?language=en")
    refused = client.post(f"{here}close/", {"reason": "done"}, follow=True)
    assert "Clocks still run" in unescape(refused.content.decode())
    proof = {"clocks": running, "sent_to": "all of them", "sent_at": _local(ago(1)), "why_late": "at once, nearly"}
    file = SimpleUploadedFile("receipt.pdf", b"%PDF-1.7 receipt")
    assert client.post(f"{here}proof/", {**proof, "file": file}).status_code == 303
    with staff_scope():
        assert Proof.objects.get().file_name == "receipt.pdf"
    assert client.post(f"{here}close/", {"reason": "Keys live a day now."}).status_code == 303
    assert "A key was stolen" in shops.read(client, "/console/data_security/incidents/?show=closed")
    assert "Keys live a day now." in unescape(shops.read(client, here))


def test_who_is_affected_is_counted_from_what_somebody_read(empty_database: None) -> None:
    shops.open_for_business()
    read_one = shops.order(at=ago(30), ship_country="DE", buyer="buy-1")
    shops.order(at=ago(29), ship_country="DE", buyer="buy-3")
    of_another = shops.order(at=ago(28), ship_country="KR", buyer="buy-2", seller="sel-2")
    thief = Actor("usr_thief", "analyst")
    with staff_scope():
        for sold, who in ((read_one, thief), (read_one, thief), (of_another, Actor("usr_other", "analyst"))):
            reading_log.note([Read(Scene.CASE, ("address",), sold.seller_key, sold.key)], who, ago(5))
    incident_id = opened({"FR": 3})
    client, here = staff(StaffRole.LEAD), f"/console/data_security/incidents/{incident_id}/"
    given = {"reader": "usr_thief", "read_since": _local(ago(48)), "read_until": _local(ago(1))}
    for wrong, words in (
        ({"reader": "", "seller": ""}, "Say who read"),
        ({"reader": "nobody@example.org"}, "Nobody has this"),
        ({"seller": "sel-9"}, "not known"),
        ({"read_until": _local(ago(49))}, "after the beginning"),
        ({"read_since": _local(ago(2))}, "Nothing was read"),
    ):
        refused = client.post(f"{here}readings/", {**given, **wrong})
        assert refused.status_code == 422 and words in unescape(refused.content.decode()), wrong
    assert client.post(f"{here}readings/", given).status_code == 303
    with staff_scope():
        found = {p.place: (p.people, p.counted) for p in queries.people_of(Incident.objects.get())}
        assert found == {"FR": (3, False), "DE": (1, True)}
        assert Reading.objects.filter(scene="incident", batch=incident_id).count() == 1, (
            "the look itself is written down"
        )
    assert client.post(f"{here}readings/", {**given, "reader": "", "seller": "sel-2"}).status_code == 303
    with staff_scope():
        assert {p.place for p in queries.people_of(Incident.objects.get())} == {"FR", "DE", "KR"}


def test_the_command_lists_clocks_and_fails_where_one_was_missed(
    empty_database: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert incidents_command.listed(as_json=False) == 0
    assert "no open incident" in capsys.readouterr().out
    key = opened({"KR": 3}, aware_at=ago(1), at=ago(0.5))
    assert incidents_command.listed(as_json=True) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["id"] == key and {c["state"] for c in one["clocks"]} == {"runs"}
    with staff_scope():
        actions.change(key, told(aware_at=ago(80)), 1, OFFICER, at=ago(0))
    assert incidents_command.listed(as_json=False) == 1
    assert "missed" in capsys.readouterr().out


def test_an_analyst_does_not_come_to_the_desk(empty_database: None) -> None:
    assert staff(StaffRole.ANALYST).get("/console/data_security/incidents/").status_code == 403


def test_every_verb_and_category_has_its_words() -> None:
    with override("en"):
        assert all(map(str, STEPS.values())) and all(map(str, CATEGORIES.values()))


def _authority(incident: Incident) -> str:
    with staff_scope():
        return IncidentClock.objects.get(incident=incident, regime="eu-gdpr", clock="authority").id


def _local(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M")
