"""Pages of the sellers' portal, for whoever writes them: what a view is given, and how it answers.

The portal opens its door before every address, its own and those under a protection's ``portal_urls``
(`kernel.protection`): only members of a seller come in, and the scope of that seller is open until the page is written.
A view therefore sees the rows of one seller, and says only which roles it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise

from safeconduct.kernel.parties.models import MemberRole, Membership, Seller, User
from safeconduct.kernel.parties.session_guard import AccessEnded, session_of
from safeconduct.kernel.scope import query, seller_scope
from safeconduct.kernel.ui.parts import Shell

#: Where the roles that a view is for are kept, for the door to read, and what it does, in plain words.
ROLES: Final = "portal_roles"
SAYS: Final = "portal_says"
V = TypeVar("V", bound=Callable[..., Any])


class MemberRequest(HttpRequest):
    """A request behind the door: `user` acts for `seller`; `memberships` are all the sellers this person acts for.

    `shell` is what stands around the page.
    """

    user: User
    seller: Seller
    membership: Membership
    memberships: list[Membership]
    shell: Shell


def only_for(*roles: MemberRole, says: str | Promise = "") -> Callable[[V], V]:
    """Says which roles a view is for, and what it does, for the page that shows what somebody could do: a test fails
    where that is missing. An owner may do everything. Without it, every member may see the page, which changes nothing
    of the shop's.
    """

    def mark(view: V) -> V:
        setattr(view, ROLES, frozenset({MemberRole.OWNER, *roles}))
        setattr(view, SAYS, says)
        return view

    return mark


def page(request: MemberRequest, template: str, context: Mapping[str, object], *, status: int = 200) -> HttpResponse:
    """A page in the portal's shell. Rendered now, inside the scope."""
    return render(request, template, {"shell": request.shell, "seller": request.seller, **context}, status=status)


def lasting_scope(request: MemberRequest) -> Callable[[], AbstractContextManager[None]]:
    """Scopes of the seller for an answer that is written after its view: a file of many pages. Each asks anew whether
    the person still acts for the seller, in this role and session; who was cut off meanwhile gets no more of it."""
    key, session, member = request.seller.key, session_of(request), request.membership
    looks = member._state.adding  # of the staff: `portal.looking` makes a membership that is never stored

    @contextmanager
    def scope() -> Iterator[None]:
        with seller_scope(key):
            (goes_on,) = query(
                "SELECT (%s = '' OR EXISTS (SELECT FROM sign_in_session WHERE id = %s AND ended_at IS NULL))"
                " AND (%s OR EXISTS (SELECT FROM membership WHERE id = %s AND role = %s AND ended_at IS NULL"
                "  AND (expires_at IS NULL OR expires_at > now())))",
                [session, session, looks, member.id, member.role],
            ).fetchone() or (False,)
            if not goes_on:
                raise AccessEnded
            yield

    return scope


def done(request: HttpRequest, text: str, target: str) -> HttpResponse:
    """After an action: says what was done, on the page that follows."""
    messages.success(request, text)
    response = HttpResponseRedirect(target)
    response.status_code = 303
    return response
