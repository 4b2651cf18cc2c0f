"""Pages for buyers, who have no account: the door behind a signed link (`buyer_links`), and how files are served.

The link is the same for all protections; the address before it says which of them is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from tempfile import SpooledTemporaryFile
from typing import Any, Concatenate, Final, ParamSpec, Protocol

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from safeconduct.kernel.buyer_links import order_of as order_of
from safeconduct.kernel.buyer_links import token_of as token_of
from safeconduct.kernel.cases import bundle, evidence
from safeconduct.kernel.cases.errors import NoSuchEvidence
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.file_door import led_to_file
from safeconduct.kernel.link_door import in_addresses
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.reader import read_as
from safeconduct.kernel.ui.views import fault

P = ParamSpec("P")
#: A ZIP larger than this is written to disk.
_IN_MEMORY: Final = 8 * 1024 * 1024
#: Who acts behind a link.
BUYER: Final = Actor("buyer/link", "buyer")


class Order(Protocol):
    """What the door needs of an order: the language it was placed in, "" where nobody said."""

    language: str


View = Callable[Concatenate[Any, P], HttpResponseBase]


def behind_the_link(find: Callable[[int], Order | None]) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Admits whoever has a good link, and opens an engine scope: buyers have no login of their own.

    ``find``: what the protection knows of an order, by its key; the view finds it as `request.order`, and what stands
    for the link's token in addresses as `request.token` (`kernel.link_door`).
    """

    def guard(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            key = order_of(token)
            if key is None:
                return fault(request, 404, detail=_("This link is not valid any more. Ask the shop for a new one."))
            with engine_scope():
                order = find(key)
                if order is None:
                    return fault(request, 404, detail=_("This order is not known here. Ask the shop."))
                read_as(request, order.language, "")
                request.order, request.token = order, in_addresses(request, token)  # type: ignore[attr-defined]
                return view(request, *args, **kwargs)

        return never_cache(guarded)

    return guard


def back(address: str) -> HttpResponse:
    """After an action, done or refused: the page it came from."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response


def served(case_id: str, evidence_id: str, role: Role, actor: Actor | None) -> HttpResponseBase:
    """A piece of evidence for a role, as a file to keep, read in the scope that is open. ``actor``: who reads; None for
    the buyer. Raises Http404.
    """
    try:
        found, parts = evidence.read(case_id, evidence_id, role, actor, at=timezone.now())
        content = list(parts)
    except NoSuchEvidence:
        raise Http404 from None
    elsewhere = led_to_file(case_id, evidence_id, role)
    if elsewhere is not None:
        return elsewhere
    return StreamingHttpResponse(content, headers=dict(evidence.headers(found)))


def bundled(case_id: str, role: Role, actor: Actor | None) -> HttpResponseBase:
    """A case as a ZIP for a role, written in the scope that is open; on disk where it is large. ``actor``: who reads;
    None for the buyer."""
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  the response closes it
    bundle.write(case_id, role, file, actor, timezone.now())
    file.seek(0)
    response = FileResponse(file, as_attachment=True, filename=f"{case_id}.zip", content_type="application/zip")
    response["Cache-Control"] = "private, no-store"
    return response
