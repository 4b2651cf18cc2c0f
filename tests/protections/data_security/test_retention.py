"""Retention: what is past its time is gone from the database, the proof of it stays, and a hold wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.kernel.builders import event, person
from tests.kernel.cases.test_files import png
from tests.portal import shops
from tests.portal.shops import Sold, ago
from tests.protections.data_security.people import staff

from safeconduct.kernel.events.bodies import BODY
from safeconduct.kernel.parties import members, ownership, security_events
from safeconduct.kernel.parties.invitations import FORGOTTEN
from safeconduct.kernel.parties.models import Invitation, MemberRole, OwnershipClaim, SecurityEvent, StaffRole
from safeconduct.kernel.parties.security_events import Happened, Origin
from safeconduct.kernel.record import keys, proving, receipts, sequencer
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope
from safeconduct.kernel.vault import erasure
from safeconduct.kernel.vault.erasure import Kept
from safeconduct.kernel.vault.errors import KeyGone
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.kernel.vault.sealing import seal, unseal
from safeconduct.protections.accounts.ownership import papers
from safeconduct.protections.data_security.dated import DataFault
from safeconduct.protections.data_security.desk_errors import DataSecurityError, OutOfOrder
from safeconduct.protections.data_security.history import DataStep
from safeconduct.protections.data_security.requests import actions as requests
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.data_security.requests.words import Kind
from safeconduct.protections.data_security.retention import holds, schedule, sweeping
from safeconduct.protections.data_security.retention.models import LegalHold, RetentionRun
from safeconduct.protections.data_security.retention.words import LINES
from safeconduct.protections.transactions.chargebacks.models import BankDispute
from safeconduct.protections.transactions.chargebacks.sending import ANSWER, whose

NOW = shops.NOW
OLD = 24 * 365 * 4
OFFICER = Actor("usr_officer", "lead", "Case 12")


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    shops.open_for_business()


def bought(hours: float, name: str, **data: Any) -> Sold:
    return shops.order(
        at=ago(hours), buyer=f"buy-{name}", email=f"{name}@example.org", address=f"{name} street 1", **data
    )


def bodies(sold: Sold) -> list[str]:
    """The ids of the order's events whose content is still there."""
    with engine_scope():
        rows = query(
            "SELECT e.id FROM event_body b JOIN event e ON e.moment = b.moment WHERE e.order_key = %s", [sold.key]
        )
        return [key for (key,) in rows]


def known(kind: str, value: str) -> bool:
    with engine_scope():
        return lookup(kind, value) is not None


def runs(line: str = "order_data") -> list[RetentionRun]:
    with staff_scope():
        return list(RetentionRun.objects.filter(line=line).order_by("id"))


def test_what_is_past_its_time_is_gone_and_its_proof_can_be_computed_again() -> None:
    old, young = bought(OLD, "ana"), bought(24, "ben")
    ids = bodies(old)
    assert len(ids) == 2 and known("email", "ana@example.org")
    assert sweeping.sweep(NOW) >= 2
    assert not bodies(old) and len(bodies(young)) == 2
    assert not known("email", "ana@example.org") and not known("buyer", "buy-ana") and known("buyer", "buy-ben")
    (run,) = runs()
    assert run.rows == 2 and run.sha256 == sweeping.digest(ids) and run.first_at < run.last_at < run.cutoff
    sequencer.keep_up(NOW)
    with engine_scope():
        step = DataStep.objects.get(subject="retention/order_data")
        proof = proving.proof_of("data_step", step.id)
    assert proof is not None and proof["content"]["shown"]["facts"]["sha256"] == run.sha256
    assert sweeping.sweep(NOW) == 0 and len(runs()) == 1, "twice is once"


def destroyed(line: str) -> set[tuple[str, str]]:
    """Subjects and purposes of the keys that the receipts of a line's proofs name."""
    with engine_scope():
        steps = DataStep.objects.filter(subject=f"retention/{line}")
        notes = receipts.notes([key for step in steps for key in step.facts["receipts"]])
        trusted = [key.verifier for key in keys.chain()]
    found = [receipts.read(note, trusted) for note in notes.values()]
    return {(one.subject, one.purpose) for receipt in found for one in receipt.destroyed}


def test_with_the_last_body_goes_the_key_and_with_it_every_older_copy_of_the_data() -> None:
    old, young = bought(OLD, "ana"), bought(24, "ben")
    with engine_scope():
        email = lookup("email", "ana@example.org")
        sealed = dict(
            query(
                "SELECT e.id, b.sealed FROM event e JOIN event_body b USING (moment) WHERE e.order_key = %s", [old.key]
            ).fetchall()
        )
    sweeping.sweep(NOW, batch=1)
    assert {(f"order/{old.key}", "event"), (f"entity/{email}", "pseudonym")} <= destroyed("order_data")
    assert f"order/{young.key}" not in {subject for subject, _purpose in destroyed("order_data")}
    for event_id, value in sealed.items():
        with engine_scope(), pytest.raises(KeyGone):
            unseal(BODY, event_id, f"order/{old.key}", bytes(value))
    with engine_scope():
        assert query("SELECT 1 FROM vault_salt WHERE key = %s", [email]).fetchone() is None


def test_what_belongs_to_no_order_goes_by_whole_months_of_its_source() -> None:
    for hours, name in ((OLD, "ana"), (24, "ben")):
        shops.happen(event("review.posted", at=ago(hours), seller="sel-1", buyer=f"buy-{name}", review_text="Fresh!"))
    month = f"{ago(OLD):%Y-%m}"
    sweeping.sweep(NOW)
    (gone,) = {subject for subject, purpose in destroyed("month_events") if purpose == "event"}
    assert gone.startswith("source/") and gone.endswith(month)
    assert not known("buyer", "buy-ana") and known("buyer", "buy-ben")


def test_a_ground_of_the_vault_keeps_an_order_beyond_its_time() -> None:
    sold = bought(OLD, "ana")
    with engine_scope():
        ground = Kept(f"order/{sold.key}", "event", "a claim", NOW + timedelta(days=9), ("claims",))
        erasure.keep_until([ground], OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert bodies(sold)
    sweeping.sweep(NOW + timedelta(days=10))
    assert not bodies(sold)


def test_it_goes_in_batches_each_with_its_own_proof() -> None:
    for name in ("a", "b", "c"):
        bought(OLD, name)
    sweeping.sweep(NOW, batch=2)
    assert [run.rows for run in runs()] == [2, 2, 2]


def test_an_old_order_that_something_still_happens_to_stays_whole() -> None:
    sold = bought(OLD, "ana")
    shops.happen(event("refund.created", at=ago(24 * 30), order=sold.ref, seller="sel-1", buyer="buy-ana"))
    sweeping.sweep(NOW)
    assert len(bodies(sold)) == 3 and known("email", "ana@example.org")


@pytest.mark.parametrize("scope", ["order", "seller"])
def test_a_hold_wins_until_it_ends(scope: str) -> None:
    held, other = bought(OLD, "ana"), bought(OLD, "ben", seller="sel-2")
    with staff_scope():
        ref = held.ref if scope == "order" else "sel-1"
        hold = holds.place(scope, ref, "Court order 12 O 34/26", NOW + timedelta(days=30), OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert bodies(held) and not bodies(other)
    with staff_scope():
        holds.end(hold, OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert not bodies(held)


def test_a_hold_that_is_over_keeps_nothing_and_raw_deliveries_wait_for_every_hold() -> None:
    held = bought(OLD, "ana")
    with engine_scope():
        query(
            "INSERT INTO delivery (id, connector, digest, received_at, state, reason, topic, events, unknown, refused,"
            " sealed) VALUES ('dlv_1', 'shopify', '\\x01', %s, 'read', '', '', 1, 0, 0, '\\x02')",
            [ago(OLD)],
        )
    until = NOW + timedelta(days=30)
    with staff_scope():
        holds.place("order", held.ref, "Court order 12 O 34/26", until, OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert bodies(held) and not runs("raw_deliveries")
    sweeping.sweep(until + timedelta(seconds=1))
    assert not bodies(held) and [run.rows for run in runs("raw_deliveries")] == [1]
    assert not destroyed("raw_deliveries"), "its month had no key"


def test_where_sign_ins_came_from_is_taken_out_and_what_happened_stays() -> None:
    shop = shops.seller_key()
    with engine_scope():
        for days in (181, 179):
            happened = Happened("signed_in", seller_key=shop, origin=Origin("203.0.113.5", "Firefox"))
            security_events.note([happened], OFFICER, NOW - timedelta(days=days))
    sweeping.sweep(NOW)
    with staff_scope():
        rows = list(SecurityEvent.objects.filter(kind="signed_in").order_by("at").values_list("origin", flat=True))
    assert rows[0] is None and rows[1] is not None and [run.rows for run in runs("sign_in_origins")] == [1]


def claimed(seller: str, months: int) -> str:
    """A claim to a shop with words and a paper, decided so long ago; its id."""
    member, judge, at = shops.member(seller), person(StaffRole.LEAD), ago(24 * 31 * months)
    with engine_scope():
        claim = ownership.by_member(shops.seller_key(seller), member, "partner", f"I founded {seller} myself.", at=at)
        papers.bring(claim.id, "claimant", member.id, [SimpleUploadedFile("a.png", png())], at=at)
        ownership.decide(claim.id, "both", "The register names them both.", judge, at=at)
    return claim.id


def kept_of_claim(claim_id: str) -> tuple[int, ...]:
    """Words, papers and keys of a claim that are there."""
    with engine_scope():
        row = query(
            "SELECT (SELECT count(*) FROM ownership_word WHERE claim_id = %s),"
            " (SELECT count(*) FROM ownership_paper WHERE claim_id = %s),"
            " (SELECT count(*) FROM vault_key WHERE subject = %s)",
            [claim_id, claim_id, ownership.subject_of(claim_id)],
        ).fetchone()
    assert row is not None
    return tuple(row)


def test_words_and_papers_of_a_claim_to_a_shop_go_after_two_years_and_the_decision_stays() -> None:
    old, young = claimed("sel-1", 26), claimed("sel-2", 20)
    with staff_scope():
        hold = holds.place("seller", "sel-1", "The court's order 12/2026", NOW + timedelta(days=9), OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert kept_of_claim(old) == (1, 1, 1), "a hold wins"
    with staff_scope():
        holds.end(hold, OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert kept_of_claim(old) == (0, 0, 0) and kept_of_claim(young) == (1, 1, 1)
    (run,) = runs("ownership_claims")
    assert run.rows == 1 and run.sha256 == sweeping.digest([old])
    with staff_scope():
        claim = OwnershipClaim.objects.get(id=old)
        assert claim.finding == "both" and ownership.words_of(claim) == []
    assert sweeping.sweep(NOW) == 0, "twice is once"


def test_the_address_of_who_was_invited_goes_a_month_after_the_invitation_ended() -> None:
    with staff_scope():
        lapsed, taken_up, young = (
            members.invite_member(
                f"guest-{days}@example.org", shops.seller_key(), MemberRole.SUPPORT, None, at=ago(24 * days)
            )[0]
            for days in (40, 35, 20)
        )
        Invitation.objects.filter(id=taken_up.id).update(accepted_at=ago(24 * 34))
    sweeping.sweep(NOW)
    with staff_scope():
        left = {one.id: one.email for one in Invitation.objects.all()}
    assert left == {lapsed.id: FORGOTTEN, taken_up.id: FORGOTTEN, young.id: "guest-20@example.org"}
    (run,) = runs("invitations")
    assert run.rows == 2 and run.sha256 == sweeping.digest([lapsed.id, taken_up.id])
    assert sweeping.sweep(NOW) == 0, "twice is once"


def test_answers_to_banks_go_two_years_after_the_dispute_was_closed() -> None:
    for months in (26, 20):
        sold = bought(24 * 31 * (months + 3), f"buyer{months}")
        shops.dispute(sold, at=ago(24 * 31 * (months + 2)), outcome="won", closed_at=ago(24 * 31 * months))
    with engine_scope():
        old, young = BankDispute.objects.order_by("closed_at")
        sealed = {one.id: seal(ANSWER, f"{one.id}/bank", whose(one.id), b"Ana") for one in (old, young)}
    sweeping.sweep(NOW)
    (run,) = runs("bank_answers")
    assert run.rows == 1 and run.sha256 == sweeping.digest([old.id])
    with pytest.raises(KeyGone):
        unseal(ANSWER, f"{old.id}/bank", whose(old.id), sealed[old.id])
    assert unseal(ANSWER, f"{young.id}/bank", whose(young.id), sealed[young.id]) == b"Ana"
    assert sweeping.sweep(NOW) == 0, "twice is once"


def test_what_somebody_wrote_with_a_request_goes_a_year_after_the_answer() -> None:
    asked = []
    for months in (14, 11):
        member, at = shops.member(), ago(24 * 31 * months)
        with engine_scope():
            made = requests.ask_as_member(
                member, shops.seller_key(), "CL", Kind.CORRECTION, "I am called Soto.", OFFICER, at=at
            )
        with staff_scope():
            requests.answer(made, OFFICER, at=at)
        asked.append(made)
    sweeping.sweep(NOW)
    with staff_scope():
        old, young = (DataRequest.objects.get(id=key) for key in asked)
        assert requests.words_of(old) == "" and old.words is None and requests.words_of(young) == "I am called Soto."
    with engine_scope():
        left = query("SELECT subject FROM vault_key WHERE purpose = 'data_request'").fetchall()
    assert left == [(f"data_request/{young.id}",)] and runs("request_words")[0].rows == 1


def test_proofs_and_steps_cannot_be_rewritten_even_by_the_owner() -> None:
    bought(OLD, "ana")
    sweeping.sweep(NOW)
    for statement in ("UPDATE retention_run SET rows = 1", "DELETE FROM data_step"):
        with pytest.raises(psycopg.errors.IntegrityError, match="stays"), owner_scope():
            query(statement)


def test_a_hold_needs_a_basis_an_end_and_something_that_is_there() -> None:
    until = NOW + timedelta(days=1)
    for scope, ref, basis, end, words in (
        ("order", "no such", "court", until, "There is no order"),
        ("seller", "sel-1", " ", until, "Name the basis"),
        ("seller", "sel-1", "court", NOW, "in the future"),
        ("planet", "x", "court", until, "There is no planet"),
    ):
        with staff_scope(), pytest.raises(DataSecurityError, match=words):
            holds.place(scope, ref, basis, end, OFFICER, at=NOW)
    with staff_scope():
        hold = holds.place("seller", "sel-1", "court", until, OFFICER, at=NOW)
        with pytest.raises(DataSecurityError, match="why"):
            holds.end(hold, Actor("usr_officer", "lead"), at=NOW)
        holds.end(hold, OFFICER, at=NOW)
        with pytest.raises(OutOfOrder):
            holds.end(hold, OFFICER, at=NOW)


def test_the_page_shows_schedule_runs_and_holds_and_places_one() -> None:
    sold = bought(OLD, "ana")
    sweeping.sweep(NOW)
    client = staff(StaffRole.LEAD)
    page = shops.read(client, "/console/data_security/retention/")
    assert runs()[0].sha256 in page and "E-Commerce Law" in page and len(page) < 100_000
    given = {"scope": "order", "ref": sold.ref, "basis": "Investigation 7", "until": "2030-01-01T00:00"}
    bad = client.post("/console/data_security/retention/holds/", {**given, "ref": "nothing"})
    assert bad.status_code == 422
    assert client.post("/console/data_security/retention/holds/", given).status_code == 303
    assert "Investigation 7" in shops.read(client, "/console/data_security/retention/")
    with staff_scope():
        hold = LegalHold.objects.get()
    client.post(f"/console/data_security/retention/holds/{hold.id}/end/", {"reason": "It is over."})
    assert "Investigation 7" not in shops.read(client, "/console/data_security/retention/")


def test_every_line_has_words_and_wrong_lines_are_named() -> None:
    assert set(schedule.schedule()) == set(LINES)
    good = "- {id: x, keep: 3 days, from: event, then: delete, by: operator, since: 2026-01-01, source: s, sure: house}"
    assert schedule.load(good)["x"].cutoff(datetime(2026, 1, 4, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)
    for old, new, words in (
        ("keep: 3 days, ", "", "keep is needed"),
        ("keep: 3 days", "keep: 3 hours", "days or months"),
        ("by: operator, ", "", "sweeper is needed"),
        ("then: delete", "then: forget", "then is 'forget'"),
        ("by: operator", "by: operator, sweeper: order_data", "not both"),
    ):
        with pytest.raises(DataFault, match=words):
            schedule.load(good.replace(old, new))
    assert schedule.months_on(datetime(2028, 2, 29, tzinfo=UTC), -36) == datetime(2025, 2, 28, tzinfo=UTC)
