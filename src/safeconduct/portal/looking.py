"""A member of staff who looks as a seller: the one guard before every page they open.

Nothing but reading comes through: another method is refused here, and what a page would write while it is read, the
database refuses (`scope.looking_only`). Each page stands in the seller's security log.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from safeconduct.kernel.parties import looks
from safeconduct.kernel.parties.models import MemberRole, Membership, StaffLook, User
from safeconduct.kernel.scope import staff_scope
from safeconduct.kernel.ui.views import fault

_READS: Final = frozenset({"GET", "HEAD"})


def look_of(request: HttpRequest, user: User, now: datetime) -> StaffLook | None:
    """The look that this session is in; one that is over is forgotten."""
    key = request.session.get(looks.SESSION_KEY)
    if key is None:
        return None
    with staff_scope():
        look = looks.current(str(key), user, at=now)
    if look is None:
        del request.session[looks.SESSION_KEY]
    return look


def refusal(request: HttpRequest) -> HttpResponse | None:
    """What is answered to anything that is no reading."""
    return None if request.method in _READS else changes_nothing(request)


def changes_nothing(request: HttpRequest) -> HttpResponse:
    """The answer to whatever would change something."""
    return fault(request, 403, detail=_("You look as the seller and can change nothing. Stop looking first."))


def note_reading(request: HttpRequest, look: StaffLook, user: User, now: datetime) -> None:
    """Writes the page down before it is shown, in a transaction of its own."""
    match = request.resolver_match
    with staff_scope():
        looks.read(look, user, match.view_name if match is not None else "", at=now)


def as_member(look: StaffLook, user: User) -> Membership:
    """What the pages take the person for: somebody who sees what an owner sees. It is never stored."""
    return Membership(person=user, seller_key=look.seller_key, role=MemberRole.OWNER, created_at=look.started_at)
