"""What people brought, from a host name of its own (`faces.Face.FILES`), which no cookie of ours is sent to: whatever a
file of somebody else does in a browser, it does it where nobody is signed in.

The face that was asked has looked who may have the file, and written the reading down. It leads on by a ticket that
works once and for a minute; what the ticket stands for is in the shared cache, under a hash of it: evidence of a case,
or a file that a protection keeps (`Protection.file`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from safeconduct.kernel.cases import evidence
from safeconduct.kernel.cases.errors import NoSuchEvidence
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.faces import Face, origin_of
from safeconduct.kernel.protection import protections
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.ui.views import fault

_GOOD_FOR_S: Final = 60
#: Whose a file is where it is no protection's.
_EVIDENCE: Final = "evidence"


def led_to_file(case_id: str, evidence_id: str, role: Role) -> HttpResponseBase | None:
    """Leads to a piece of evidence that its reader may have; None where files have no host name of their own."""
    return led_to(_EVIDENCE, case_id, evidence_id, role.value)


def led_to(whose: str, *about: str) -> HttpResponseBase | None:
    """Leads to a file of a protection, by its name, that its reader may have; None where files have no host name of
    their own. ``about``: what its `Protection.file` is given to find it."""
    origin = origin_of(Face.FILES)
    if not origin:
        return None
    ticket = secrets.token_urlsafe(24)
    cache.set(f"file/{ticket}", [whose, *about], _GOOD_FOR_S)
    response = HttpResponseRedirect(f"{origin}/files/{ticket}/")
    response.status_code = 303
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
def hand_out(request: HttpRequest, ticket: str) -> HttpResponseBase:
    """The file of a ticket, once."""
    kept = cache.get(f"file/{ticket}")
    # Of two who bring one ticket at once, one deletes it.
    if kept is None or not cache.delete(f"file/{ticket}"):
        return fault(request, 404, detail=_("This address works once. Go back to the page and open the file again."))
    whose, *about = kept
    with engine_scope():
        try:
            return _evidence(*about) if whose == _EVIDENCE else _of_protection(whose, about)
        except (Http404, NoSuchEvidence):
            return fault(request, 404)


def _evidence(case_id: str, evidence_id: str, role: str) -> HttpResponseBase:
    found, parts = evidence.read(case_id, evidence_id, Role(role), None, at=timezone.now())
    return StreamingHttpResponse(list(parts), headers=dict(evidence.headers(found)))


def _of_protection(name: str, about: Sequence[str]) -> HttpResponseBase:
    opener = next((one.file for one in protections() if one.name == name and one.file is not None), None)
    if opener is None:
        raise Http404
    return opener(about)
