"""Who is cut off while a file is on its way gets no more of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.parties import members, sessions, staff
from safeconduct.kernel.parties.models import MemberRole, StaffRole, User
from safeconduct.kernel.parties.session_guard import AccessEnded
from safeconduct.kernel.scope import staff_scope, visitor_scope
from safeconduct.portal.views import decisions
from tests.console.test_console import signed_in
from tests.portal import shops


@pytest.fixture(autouse=True)
def a_marketplace(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    shops.open_for_business()
    for number in range(3):
        shops.order(at=shops.ago(20 + number))
    whole = decisions.page_of

    def in_pages_of_one(rows: Any, order: Any, **asked: Any) -> Any:
        return whole(rows, order, **{**asked, "size": 1})

    monkeypatch.setattr(decisions, "page_of", in_pages_of_one)


def file_of(client: Client) -> Iterator[bytes]:
    answer = client.get("/portal/decisions/?action=all&format=csv")
    assert answer.status_code == 200
    return iter(answer.streaming_content)  # type: ignore[attr-defined]


def leaves(user: User) -> None:
    (membership,) = members.sellers_of(user, at=shops.NOW)
    with staff_scope():
        members.end_membership(membership.id, None, at=shops.NOW)


def has_another_role(user: User) -> None:
    (membership,) = members.sellers_of(user, at=shops.NOW)
    with staff_scope():
        members.change_member_role(membership.id, MemberRole.READ_ONLY, None, at=shops.NOW)


def is_signed_out(user: User) -> None:
    with visitor_scope():
        sessions.end_all(user.id, sessions.Ended.BY_OWNER, shops.NOW)


@pytest.mark.parametrize("cut_off", [leaves, has_another_role, is_signed_out])
def test_the_file_breaks_off(cut_off: Callable[[User], None]) -> None:
    user, client = shops.member("sel-1", role=MemberRole.FINANCE), Client()
    client.force_login(user)
    whole = list(file_of(client))
    assert len(whole) == 4
    rows = file_of(client)
    next(rows), next(rows)
    cut_off(user)
    with pytest.raises(AccessEnded):
        next(rows)


def test_a_file_of_the_staff_breaks_off_as_well() -> None:
    (client, user), (_other, administrator) = signed_in(StaffRole.LEAD), signed_in(StaffRole.ADMINISTRATOR)
    answer = client.get("/console/sellers/?format=csv")
    assert answer.status_code == 200
    rows = iter(answer.streaming_content)  # type: ignore[attr-defined]
    next(rows)
    with staff_scope():
        staff.deactivate(user.id, administrator, at=shops.NOW)
    with pytest.raises(AccessEnded):
        next(rows)
