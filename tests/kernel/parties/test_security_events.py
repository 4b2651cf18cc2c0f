"""What happened to an account is kept, recorded, and seen by the right seller only."""

from __future__ import annotations

import psycopg
import pytest
from django.db import IntegrityError
from tests.kernel.builders import START, person

from safeconduct.kernel.parties import members, security_events
from safeconduct.kernel.parties.models import MemberRole, Seller, StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level, Origin
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, seller_scope, staff_scope

SHOP, OTHER_SHOP = 701, 702
ACTOR = Actor("usr_x", "person")


@pytest.fixture
def member_of_two() -> User:
    someone, administrator = person(StaffRole.NONE), person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        for key in (SHOP, OTHER_SHOP):
            Seller.objects.create(ref=f"sel-{key}", key=key, name=f"Shop {key}", first_seen_at=START)
            members.add_member(someone, key, MemberRole.OWNER, administrator, at=START)
    return someone


def test_each_seller_of_a_person_sees_what_happened_and_no_other_sellers_row(member_of_two: User) -> None:
    happened = Happened("signed_in", Level.NOTICE, member_of_two.id, facts={"new_device": True})
    with engine_scope():
        ids = security_events.note_for_person(happened, ACTOR, START)
    assert len(ids) == 2
    for key in (SHOP, OTHER_SHOP):
        with seller_scope(key):
            seen = security_events.of_seller(key, since=START)
            assert [(e.seller_key, e.kind, e.facts) for e in seen] == [(key, "signed_in", {"new_device": True})]
            assert query("SELECT count(*) FROM security_event").fetchone() == (1,)


def test_a_member_writes_for_the_seller_in_scope_only_and_every_row_has_its_leaf(member_of_two: User) -> None:
    with seller_scope(SHOP):
        (key,) = security_events.note([Happened("member_added", seller_key=SHOP)], ACTOR, START)
    with engine_scope():
        assert query("SELECT kind FROM leaf WHERE subject = %s", [key]).fetchall() == [("security_event",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege), seller_scope(SHOP):
        security_events.note([Happened("member_added", seller_key=OTHER_SHOP)], ACTOR, START)


def test_where_it_came_from_is_sealed_and_can_be_taken_out_while_the_rest_stays(member_of_two: User) -> None:
    origin = Origin("203.0.113.9", "Firefox")
    with engine_scope():
        (key,) = security_events.note([Happened("signed_in", person_id=member_of_two.id, origin=origin)], ACTOR, START)
        (event,) = security_events.of_person(member_of_two.id, since=START)
        assert security_events.origin_of(event) == origin
        assert b"203.0.113" not in bytes(event.origin or b"")
        query("UPDATE security_event SET origin = NULL")
        (event,) = security_events.of_person(member_of_two.id, since=START)
        assert event.id == key and security_events.origin_of(event) is None


def test_not_even_the_owner_of_the_database_rewrites_what_happened(member_of_two: User) -> None:
    with engine_scope():
        security_events.note([Happened("signed_in", person_id=member_of_two.id)], ACTOR, START)
    for statement in ("UPDATE security_event SET kind = 'nothing'", "DELETE FROM security_event"):
        with pytest.raises((IntegrityError, psycopg.errors.IntegrityError)), owner_scope():
            query(statement)
