"""Webhooks: endpoints, what became of messages, sending again; and mails that could not be sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, done, page, staff_page
from safeconduct.console.forms import EndpointForm, ResendForm
from safeconduct.console.words import DELIVERY_STATES, ENDPOINT_STEPS, MESSAGE_KINDS, OFF_REASONS
from safeconduct.kernel.notices import actions as notices
from safeconduct.kernel.notices import queries as notice_queries
from safeconduct.kernel.notices.errors import EndpointRefused
from safeconduct.kernel.notices.models import DeliveryState, Endpoint, WebhookDelivery
from safeconduct.kernel.notices.rendering import reader_here, summary
from safeconduct.kernel.notices.webhooks import endpoints, queries
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.staff_pages import lasting_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Page, View

_MAILS_SHOWN = 50


@require_http_methods(["GET", "POST"])
@staff_page(StaffRole.ADMINISTRATOR)
def webhooks(request: StaffRequest) -> HttpResponse:
    """All endpoints, the form for a new one, and mails that were given up."""
    form = EndpointForm(request.POST if request.method == "POST" else None)
    secret, made = "", None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made, secret = endpoints.create(
                given["url"], given["kinds"], _actor(request), at=timezone.now(), name=given["name"]
            )  # fmt: skip
            form = EndpointForm()
        except EndpointRefused as refused:
            form.add_error(refused.field, str(refused))
    counts = queries.counts(at=timezone.now())
    context = {
        "rows": [{"endpoint": e, "counts": counts.get(e.id, queries.Counts()), **_health(e)} for e in queries.endpoints()],
        "form": form, "secret": secret, "made": made, "mails": _mails(),
    }  # fmt: skip
    return page(request, "console/webhooks.html", "webhooks", context, status=422 if form.errors else 200)


def _mails() -> list[dict[str, object]]:
    reader = reader_here()
    return [
        {
            "copy": copy, "person": copy.person,
            "subject": summary(copy.notice.code, copy.notice.values, reader)[0],
        }
        for copy in notice_queries.given_up_mails().order_by("-at")[:_MAILS_SHOWN]
    ]  # fmt: skip


def _health(endpoint: Endpoint) -> dict[str, object]:
    if endpoint.off:
        return {"health": OFF_REASONS[endpoint.off], "tone": "" if endpoint.off == Endpoint.Off.PERSON else "bad"}
    if endpoint.failures:
        return {"health": _("Failing"), "tone": "warn"}
    return {"health": _("On"), "tone": "good"}


@require_GET
@staff_page(StaffRole.ADMINISTRATOR)
def webhook(request: StaffRequest, endpoint_id: str) -> HttpResponseBase:
    """One endpoint: its settings, its log, and what was done to it."""
    found = queries.endpoint(endpoint_id)
    if request.GET.get("format") == "csv":
        return _csv(request, found, _state(request))
    return _shown(request, found)


def _shown(
    request: StaffRequest, found: Endpoint, *, form: EndpointForm | None = None, resending: ResendForm | None = None,
    secret: str = "",
) -> HttpResponse:  # fmt: skip
    state, here, now = _state(request), reverse("console:webhook", args=[found.id]), timezone.now()
    log = queries.deliveries(
        found.id, state=state, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )  # fmt: skip
    steps = queries.steps(found.id)
    people = {p.id: str(p) for p in User.objects.filter(id__in={s.actor for s in steps})}
    names = [("", _("All")), *((key, name) for key, (name, _tone) in DELIVERY_STATES.items())]
    context = {
        "endpoint": found, **_health(found), "rows": _rows(log.items), "secret": secret,
        "page": Page(log.next, log.previous, len(log.items)),
        "views": [View(name, f"{here}?state={key}" if key else here, current=(state or "") == key) for key, name in names],
        "steps": [(ENDPOINT_STEPS[s.verb], people.get(s.actor, s.actor), s.why, s.at) for s in steps],
        "form": form or EndpointForm({"url": found.url, "name": found.name, "kinds": found.kinds}),
        "resending": resending or ResendForm(initial={"since": _local(found.off_since or now - timedelta(days=1)), "until": _local(now)}),
    }  # fmt: skip
    wrong = (form is not None and form.errors) or (resending is not None and resending.errors)
    return page(request, "console/webhook.html", "webhooks", context, status=422 if wrong else 200)


def _local(at: datetime) -> str:
    """As a field of type datetime-local wants it, in the reader's zone."""
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M")


def _state(request: StaffRequest) -> DeliveryState | None:
    wanted = request.GET.get("state", "")
    return DeliveryState(wanted) if wanted in DeliveryState.values else None


def _rows(found: list[WebhookDelivery]) -> list[dict[str, object]]:
    return [
        {
            "delivery": row, "kind": MESSAGE_KINDS.get(row.message.kind, row.message.kind),
            "state": DELIVERY_STATES[row.state][0], "tone": DELIVERY_STATES[row.state][1],
            "answer": row.problem or (f"HTTP {row.status}" if row.status else ""),
        }
        for row in found
    ]  # fmt: skip


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def change(request: StaffRequest, endpoint_id: str) -> HttpResponse:
    """Changes address, name or kinds."""
    form = EndpointForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            endpoints.change(
                endpoint_id, _actor(request), at=timezone.now(), url=given["url"], kinds=given["kinds"], name=given["name"]
            )  # fmt: skip
            return done(request, _("Changed. It counts from the next message on."), _page_of(endpoint_id))
        except EndpointRefused as refused:
            form.add_error(refused.field, str(refused))
    return _shown(request, queries.endpoint(endpoint_id), form=form)


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def act(request: StaffRequest, endpoint_id: str, verb: str) -> HttpResponse:
    """Switches an endpoint on or off, has a test message sent, or gives it a new secret."""
    actor, now = _actor(request), timezone.now()
    match verb:
        case "on":
            endpoints.switch_on(endpoint_id, actor, at=now)
            text = _("It is on. What waits for it is being sent; what came meanwhile can be sent again below.")
        case "off":
            endpoints.switch_off(endpoint_id, actor, at=now)
            text = _("It is off. Nothing is delivered until it is switched on again.")
        case "ping":
            sent = endpoints.ping(endpoint_id, actor, at=now)
            return done(request, _("A test message is on its way."), reverse("console:delivery", args=[sent.id]))
        case "rotate" | "rotate-at-once":
            found, secret = endpoints.rotate(endpoint_id, actor, at=now, at_once=verb == "rotate-at-once")
            return _shown(request, found, secret=secret)
        case _:
            raise Http404
    return done(request, text, _page_of(endpoint_id))


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def resend_period(request: StaffRequest, endpoint_id: str) -> HttpResponse:
    """Sends what an endpoint missed in a period."""
    form = ResendForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            n = endpoints.resend_period(
                endpoint_id, given["since"], given["until"], _actor(request), at=timezone.now(),
                delivered_too=given["delivered_too"],
            )  # fmt: skip
            text = ngettext("%(n)s message is being sent again.", "%(n)s messages are being sent again.", n)
            return done(request, text % {"n": n}, _page_of(endpoint_id))
        except EndpointRefused as refused:
            form.add_error("until", str(refused))
    return _shown(request, queries.endpoint(endpoint_id), resending=form)


@require_GET
@staff_page(StaffRole.ADMINISTRATOR)
def delivery(request: StaffRequest, delivery_id: str) -> HttpResponse:
    """One message on its way to one endpoint: what it says, and every attempt."""
    found = queries.delivery(delivery_id)
    (row,) = _rows([found])
    context = {"row": row, "delivery": found, "data": found.message.data, "attempts": queries.attempts(found.id)}
    return page(request, "console/delivery.html", "webhooks", context)


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def resend(request: StaffRequest, delivery_id: str) -> HttpResponse:
    """Sends one message again."""
    endpoints.resend(delivery_id, _actor(request), at=timezone.now())
    text = _("It is being sent again, with its id of the first time.")
    return done(request, text, reverse("console:delivery", args=[delivery_id]))


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def mail_again(request: StaffRequest) -> HttpResponse:
    """Has a mail that was given up tried once more."""
    notices.mail_again(request.POST.get("notice", ""), request.POST.get("person", ""), at=timezone.now())
    return done(request, _("It is being sent again."), reverse("console:webhooks"))


def _actor(request: StaffRequest) -> Actor:
    return Actor(request.user.id, request.user.staff_role)


def _page_of(endpoint_id: str) -> str:
    return reverse("console:webhook", args=[endpoint_id])


def _csv(request: StaffRequest, found: Endpoint, state: DeliveryState | None) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        log = queries.deliveries(found.id, state=state, after=after, size=1000)
        rows: list[Row] = [
            (
                d.id, d.message_id, d.message.kind, d.state, d.attempts, d.status or "", d.problem,
                d.created_at.isoformat(), d.delivered_at.isoformat() if d.delivered_at else "",
            )
            for d in log.items
        ]  # fmt: skip
        return rows, log.next

    head = ("delivery", "message", "kind", "state", "attempts", "status", "problem", "created_at", "delivered_at")
    return stream(f"webhook-{found.id}", head, read, lasting_scope(request))
