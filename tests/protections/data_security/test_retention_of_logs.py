"""Logs have an end, too: who looked, what happened to accounts, touches of canaries; the record stays whole."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources

import psycopg
import pytest
from tests.kernel.builders import event
from tests.portal import shops
from tests.portal.shops import NOW, ago

from safeconduct.kernel.decisions import policies
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.models import SecurityEvent
from safeconduct.kernel.parties.security_events import Happened, Origin
from safeconduct.kernel.readings import embargoes, log
from safeconduct.kernel.readings.log import Read
from safeconduct.kernel.readings.models import Embargo, Reading
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.record.verification import verify
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.accounts.risk.judging import POLICY
from safeconduct.protections.data_security.history import DataStep
from safeconduct.protections.data_security.leases.models import CanaryTouch
from safeconduct.protections.data_security.retention import holds, sweeping
from safeconduct.protections.data_security.retention.models import RetentionRun

OFFICER = Actor("usr_officer", "lead", "Case 12")
MONTH = 24 * 31


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    shops.open_for_business()


def looked(months: int, scene: str = "care", seller: str = "sel-1", batch: str = "") -> str:
    """Somebody of the staff looks at a shop's data so long ago; returns the reading's id."""
    key = shops.seller_key(seller)
    with staff_scope():
        (made,) = log.note([Read(scene, ("email",), key, batch=batch)], OFFICER, ago(months * MONTH))
    return made


def happened(months: int, seller: str = "sel-1", origin: Origin | None = None) -> str:
    key = shops.seller_key(seller)
    with engine_scope():
        told = Happened("signed_in", seller_key=key, origin=origin)
        (made,) = security_events.note([told], OFFICER, ago(months * MONTH))
    return made


def touched(months: int, name: str = "a", *, judged: bool = True) -> str:
    key, at, made = shops.seller_key(), ago(months * MONTH), f"cnt_{name}"
    with engine_scope():
        query(
            "INSERT INTO contact_export (id, seller_key, person_id, role, scene, fields, placed_from, placed_until,"
            " orders, canaries, decision_id, at) VALUES (%s, %s, 'usr_1', 'owner', 'manual_ship', '{}', %s, %s, 1, 1,"
            " '', %s)",
            [f"exp_{name}", key, at, at, at],
        )
        query(
            "INSERT INTO canary (id, export_id, seller_key, address_key, phone_key, sealed, at)"
            " VALUES (%s, %s, %s, %s, %s, '\\x02', %s)",
            [f"can_{name}", f"exp_{name}", key, ord(name), ord(name) + 100, at],
        )
        query(
            "INSERT INTO canary_touch (id, canary_id, seller_key, moment, at, judged_at, decision_id)"
            " VALUES (%s, %s, %s, 1, %s, %s, '')",
            [made, f"can_{name}", key, at, at if judged else None],
        )
    return made


def there(model: type[Reading] | type[SecurityEvent] | type[CanaryTouch], *ids: str) -> set[str]:
    with staff_scope():
        return set(model.objects.filter(id__in=ids).values_list("id", flat=True))


def proof(line: str) -> tuple[RetentionRun, DataStep]:
    with staff_scope():
        return RetentionRun.objects.get(line=line), DataStep.objects.get(subject=f"retention/{line}")


def test_of_who_looked_only_counts_stay_after_three_years() -> None:
    old = [looked(40), looked(39), looked(38, "dispute")]
    young = looked(30)
    sweeping.sweep(NOW)
    assert there(Reading, *old, young) == {young}
    run, step = proof("reading_log")
    assert run.sha256 == sweeping.digest(old) and run.rows == 3 and step.facts["counts"] == {"care": 2, "dispute": 1}
    sequencer.keep_up(NOW)
    report = verify()
    assert report.ok and report.erased >= 3, "what was deleted is no tampering, and its line still stands"
    assert sweeping.sweep(NOW) == 0, "twice is once"


def signed_in(months: int, device: str = "dev-1") -> tuple[str, str]:
    """Somebody of a shop signs in so long ago and is judged; returns the event's id and the decision's."""
    asked = event(
        "access.requested", at=ago(months * MONTH), member="usr_1", seller="sel-1", act="sign_in", ip="203.0.113.5",
        device=device, new_device=True, new_country=True,
    )  # fmt: skip
    (made,) = [one for one in shops.happen(asked) if one.policy == POLICY]
    with engine_scope():
        ((known,),) = query(
            "SELECT e.id FROM event e JOIN decision d ON d.moment = e.moment WHERE d.id = %s", [made.id]
        ).fetchall()
    return known, made.id


def known_of(event: str, decision: str) -> set[str]:
    """Where anything of a judged sign-in still stands."""
    with engine_scope():
        found = query(
            "SELECT 'event' FROM event WHERE id = %s"
            " UNION ALL SELECT 'fact' FROM fact f JOIN event e ON e.moment = f.moment WHERE e.id = %s"
            " UNION ALL SELECT 'body' FROM event_body b JOIN event e ON e.moment = b.moment WHERE e.id = %s"
            " UNION ALL SELECT 'decision' FROM decision WHERE id = %s"
            " UNION ALL SELECT 'review' FROM review WHERE decision_id = %s",
            [event, event, event, decision, decision],
        )
        return {where for (where,) in found}


@pytest.fixture
def judged() -> None:
    with staff_scope():
        policies.install((resources.files("safeconduct.protections.accounts") / "policies/account-risk.yaml").read_text(
            encoding="utf-8"), at=ago(40 * MONTH), actor=Actor("test", "owner"))  # fmt: skip


ALL = {"event", "fact", "body", "decision"}


def test_the_history_for_risk_goes_after_eighteen_months_with_what_was_decided(judged: None) -> None:
    old, young = signed_in(21, "dev-old"), signed_in(16, "dev-young")
    assert known_of(*old) == known_of(*young) == ALL
    shop = shops.order(at=ago(30 * MONTH))
    sweeping.sweep(NOW)
    assert known_of(*old) == set() and known_of(*young) == ALL
    assert proof("risk_history")[0].sha256 == sweeping.digest([old[0]])
    assert proof("risk_history")[1].facts["receipts"], "the key of that month of sign-ins is destroyed"
    with engine_scope():
        assert lookup("device", "dev-old") is None and lookup("device", "dev-young") is not None
        assert query("SELECT FROM decision WHERE order_key = %s", [shop.key]).fetchall(), "orders have their own time"
    sequencer.keep_up(NOW)
    assert verify().ok
    assert sweeping.sweep(NOW) == 0, "twice is once"


def test_what_waits_for_a_person_and_what_a_hold_keeps_stays_in_the_history_for_risk(judged: None) -> None:
    waits, held = signed_in(21), signed_in(22)
    with engine_scope():
        query(
            "INSERT INTO review (decision_id, state, due_at, top_reason, opened_at, outcome, asked_by, asked_why)"
            " VALUES (%s, 'open', %s, 'x', %s, '', '', '')",
            [waits[1], NOW, NOW],
        )
    with staff_scope():
        hold = holds.place("seller", "sel-1", "Court order 12", NOW + timedelta(days=30), OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert known_of(*held) == ALL
    with staff_scope():
        holds.end(hold, OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert known_of(*held) == set() and known_of(*waits) == {*ALL, "review"}
    with engine_scope():
        query("UPDATE review SET state = 'done', done_at = %s, outcome = 'allow'", [NOW])
    sweeping.sweep(NOW)
    assert known_of(*waits) == set()


def test_no_clock_deletes_a_decision_early_and_none_about_an_order(judged: None) -> None:
    young = signed_in(2)
    sweeping.sweep(NOW + timedelta(days=4000))
    assert known_of(*young) == ALL - {"body"}, "what came with it is as old as that clock says"
    for scope in (engine_scope, staff_scope):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), scope():
            query("DELETE FROM decision")
    with pytest.raises(psycopg.errors.IntegrityError, match="stays"), engine_scope():
        query("SELECT decision_forget(%s)", [[young[1]]])
    shops.order(at=ago(30 * MONTH))
    with engine_scope():
        ((ordered,),) = query("SELECT id FROM decision WHERE order_key IS NOT NULL LIMIT 1").fetchall()
    with pytest.raises(psycopg.errors.IntegrityError, match="stays"), engine_scope():
        query("SELECT decision_forget(%s)", [[ordered]])


def test_what_happened_to_an_account_goes_after_a_year_and_never_with_an_origin_in_it() -> None:
    old, young = happened(14, origin=Origin("203.0.113.5", "Firefox")), happened(11)
    sweeping.sweep(NOW)
    assert there(SecurityEvent, old, young) == {young}
    assert [proof(line)[0].sha256 for line in ("sign_in_origins", "security_logs")] == [sweeping.digest([old])] * 2
    sequencer.keep_up(NOW)
    assert verify().ok


def test_touches_of_canaries_go_after_seven_years_when_they_were_judged() -> None:
    old, young, waits = touched(90), touched(80, "b"), touched(90, "c", judged=False)
    sweeping.sweep(NOW)
    assert there(CanaryTouch, old, young, waits) == {young, waits}
    assert proof("canary_hits")[0].sha256 == sweeping.digest([old])


def test_a_hold_on_a_shop_keeps_its_logs_until_it_ends() -> None:
    shops.order(at=ago(2), seller="sel-2")
    kept = looked(40), happened(14), touched(90)
    other = looked(40, seller="sel-2")
    with staff_scope():
        hold = holds.place("seller", "sel-1", "Court order 12", NOW + timedelta(days=30), OFFICER, at=NOW)
    sweeping.sweep(NOW)
    models = (Reading, SecurityEvent, CanaryTouch)
    assert all(there(model, key) for model, key in zip(models, kept, strict=True)) and not there(Reading, other)
    with staff_scope():
        holds.end(hold, OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert not any(there(model, key) for model, key in zip(models, kept, strict=True))


def test_what_an_investigation_hides_is_shown_to_its_seller_before_it_goes() -> None:
    with staff_scope():
        Embargo.objects.create(
            id="emb_1", seller_key=shops.seller_key(), basis="Case 12", why="Theft", begun_at=ago(41 * MONTH),
            until=NOW + timedelta(days=1), set_by="usr_lead", ended_by="",
        )  # fmt: skip
    hidden = looked(40)
    sweeping.sweep(NOW)
    assert there(Reading, hidden)
    later = NOW + timedelta(days=2)
    with engine_scope():
        assert embargoes.lift(later) == 1
    sweeping.sweep(later)
    assert not there(Reading, hidden)


def test_it_goes_in_batches_each_with_its_own_proof() -> None:
    for _ in range(3):
        looked(40)
    sweeping.sweep(NOW, batch=2)
    with staff_scope():
        assert sorted(RetentionRun.objects.filter(line="reading_log").values_list("rows", flat=True)) == [1, 2]


@pytest.mark.parametrize("table", ["reading", "security_event"])
def test_no_login_deletes_a_log_and_a_clock_that_runs_ahead_deletes_nothing_early(table: str) -> None:
    young = looked(1) if table == "reading" else happened(1)
    sweeping.sweep(NOW + timedelta(days=4000))
    model = Reading if table == "reading" else SecurityEvent
    assert there(model, young)
    for scope in (engine_scope, staff_scope):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), scope():
            query(f"DELETE FROM {table}")
    with pytest.raises(psycopg.errors.IntegrityError, match="stays"), owner_scope():
        query(f"DELETE FROM {table} WHERE id = %s", [young])
    with pytest.raises(psycopg.errors.IntegrityError, match="stays"), engine_scope():
        query(f"SELECT {table}_forget(%s)", [[young]])
    with pytest.raises(psycopg.errors.InsufficientPrivilege), staff_scope():
        query(f"SELECT {table}_forget(%s)", [[young]])
