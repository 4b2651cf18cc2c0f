"""The inbox: told once, to those whom it concerns, in their language."""

from __future__ import annotations

import zoneinfo
from datetime import timedelta

import pytest
from tests.kernel.builders import START, minutes
from tests.kernel.notices.notices_world import SHOP, member, money_held, payout_sent, shop, tell

from safeconduct.kernel.notices import actions, queries
from safeconduct.kernel.notices.errors import NoticeMalformed, SettingRefused
from safeconduct.kernel.notices.outbox import notify
from safeconduct.kernel.notices.rendering import Reader
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import engine_scope, seller_scope

SANTIAGO = Reader("es", zoneinfo.ZoneInfo("America/Santiago"), START)


@pytest.fixture(autouse=True)
def the_shop() -> None:
    shop()


def test_a_repeated_step_tells_nobody_twice() -> None:
    ana = member()
    notice = payout_sent(payout="po-1")
    assert [tell(notice), tell(notice, notice)] == [1, 0]
    with seller_scope(SHOP):
        assert queries.unread_count(ana.id) == 1


def test_what_is_undone_has_told_nobody() -> None:
    ana = member()
    with pytest.raises(ZeroDivisionError), engine_scope():
        notify([money_held()])
        raise ZeroDivisionError
    with seller_scope(SHOP):
        assert queries.inbox(ana.id).items == []


def test_the_notice_goes_to_owners_and_to_the_roles_of_its_text() -> None:
    owner, finance, support = member(), member(MemberRole.FINANCE), member(MemberRole.SUPPORT)
    tell(payout_sent())
    with seller_scope(SHOP):
        assert [queries.unread_count(p.id) for p in (owner, finance, support)] == [1, 1, 0]


def test_a_shop_sees_no_notice_of_another() -> None:
    shop(502)
    ana, other = member(), member(key=502)
    tell(payout_sent())
    with seller_scope(502):
        assert queries.inbox(ana.id).items == queries.inbox(other.id).items == []


def test_every_reader_is_told_in_their_words_and_zone() -> None:
    ana = member()
    tell(money_held(at=START))
    with seller_scope(SHOP):
        (line,) = queries.latest(ana.id, limit=5, reader=SANTIAGO)
        opened = queries.one(ana.id, line.id, reader=SANTIAGO)
    assert line.subject == "99,00 US$ retenido"
    assert opened is not None
    assert "Motivo: El banco pregunta por este pago" in opened.paragraphs
    assert not any("libera a más tardar" in part for part in opened.paragraphs)  # no time was given


def test_nobody_opens_what_was_told_to_another() -> None:
    ana, ben = member(), member(MemberRole.SUPPORT)
    tell(payout_sent())
    with seller_scope(SHOP):
        (line,) = queries.latest(ana.id, limit=5)
        assert queries.one(ben.id, line.id) is None
        assert queries.one(ana.id, "ntc_unknown") is None


def test_pages_lose_and_repeat_nothing() -> None:
    ana = member()
    tell(*(payout_sent(at=START + minutes(n // 3)) for n in range(25)))
    seen, after = [], ""
    with seller_scope(SHOP):
        while True:
            page = queries.inbox(ana.id, after=after, size=10)
            seen += [line.id for line in page.items]
            if not page.next:
                break
            after = page.next
        back = queries.inbox(ana.id, before=page.previous, size=10)
    assert len(seen) == len(set(seen)) == 25
    assert [line.id for line in back.items] == seen[10:20]


def test_reading_all_leaves_what_came_meanwhile() -> None:
    ana = member()
    tell(payout_sent(at=START), payout_sent(at=START + minutes(9)))
    with seller_scope(SHOP):
        assert actions.mark_all_read(ana.id, at=START + minutes(5)) == 1
        assert [line.at for line in queries.inbox(ana.id, unread=True).items] == [START + minutes(9)]
        (line,) = queries.inbox(ana.id, unread=True).items
        assert actions.mark_read(ana.id, [line.id], at=START + minutes(9)) == 1
        assert queries.unread_count(ana.id) == 0


def test_a_new_member_finds_what_was_told_before_and_gets_no_old_mail() -> None:
    member()
    tell(payout_sent(at=START), payout_sent(at=START - timedelta(days=200)))
    late = member(MemberRole.FINANCE)
    from safeconduct.kernel.parties.models import Membership

    with seller_scope(SHOP):
        assert actions.catch_up(Membership.objects.get(person=late), at=START + minutes(1)) == 1
        assert queries.unread_count(late.id) == 1


def test_preferences_change_one_by_one() -> None:
    ana = member()
    with seller_scope(SHOP):
        assert actions.preferences(ana.id).digest == "now"
        actions.set_preferences(ana.id, quiet_from_hour=22, quiet_until_hour=7)
        kept = actions.set_preferences(ana.id, digest="daily")
        assert kept == actions.preferences(ana.id)
        assert (kept.digest, kept.quiet_from_hour, kept.quiet_until_hour) == ("daily", 22, 7)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"digest": "sometimes"}, "digest"),
        ({"daily_hour": 24}, "daily_hour"),
        ({"quiet_from_hour": 22}, "quiet_until_hour"),
        ({"quiet_from_hour": 9, "quiet_until_hour": 9}, "quiet_until_hour"),
    ],
)
def test_a_wrong_preference_is_refused_by_name(changes: dict[str, object], field: str) -> None:
    ana = member()
    with seller_scope(SHOP), pytest.raises(SettingRefused) as refused:
        actions.set_preferences(ana.id, **changes)  # type: ignore[typeddict-item]
    assert refused.value.field == field


def test_a_notice_that_its_text_does_not_know_is_a_mistake_of_the_program() -> None:
    with engine_scope(), pytest.raises(NoticeMalformed, match="colour"):
        notify([payout_sent(values={"amount": {"minor": 1, "currency": "USD"}, "payout": "po", "colour": "red"})])
