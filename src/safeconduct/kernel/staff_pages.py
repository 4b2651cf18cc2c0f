"""A protection's pages for the staff: what its views are given, and how they answer.

The console opens its door before every address under a protection's ``console_urls`` (`kernel.protection`): staff with
a second factor only, inside the scope of the login `staff`. No view can be reached without, and none asks for itself;
a view says only which role it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.parties.session_guard import AccessEnded, session_of
from safeconduct.kernel.scope import Actor, query, staff_scope
from safeconduct.kernel.ui.parts import Shell

V = TypeVar("V", bound=Callable[..., Any])


class StaffRequest(HttpRequest):
    """A request behind the door: `user` is a member of staff, `shell` what stands around the page."""

    user: User
    shell: Shell


def for_role(role: StaffRole) -> Callable[[V], V]:
    """Says which role a view needs; without it, every member of staff may open it."""

    def marked(view: V) -> V:
        view.staff_role = role  # type: ignore[attr-defined]
        return view

    return marked


def role_of(view: Callable[..., Any]) -> StaffRole:
    """The role a view needs."""
    return getattr(view, "staff_role", StaffRole.ANALYST)


def page(
    request: StaffRequest, template: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:  # fmt: skip
    """A page in its shell. Rendered now, inside the scope."""
    return render(request, template, {"shell": request.shell, **context}, status=status)


def done(request: HttpRequest, text: str, target: str) -> HttpResponse:
    """After an action: says what was done, on the page that follows."""
    messages.success(request, text)
    response = HttpResponseRedirect(target)
    response.status_code = 303
    return response


def lasting_scope(request: HttpRequest) -> Callable[[], AbstractContextManager[None]]:
    """Scopes of the staff for an answer that is written after its view: a file of many pages. Each asks anew whether
    the person is of the staff, in this role and session; who was shut out meanwhile gets no more of it."""
    person, session = cast(User, request.user), session_of(request)

    @contextmanager
    def scope() -> Iterator[None]:
        with staff_scope():
            (goes_on,) = query(
                "SELECT (%s = '' OR EXISTS (SELECT FROM sign_in_session WHERE id = %s AND ended_at IS NULL))"
                " AND EXISTS (SELECT FROM person WHERE id = %s AND is_active AND staff_role = %s)",
                [session, session, person.id, person.staff_role],
            ).fetchone() or (False,)
            if not goes_on:
                raise AccessEnded
            yield

    return scope


def actor_of(request: StaffRequest, why: str = "") -> Actor:
    """The person who asks, as actions want to know them."""
    return Actor(request.user.id, request.user.staff_role, why)
