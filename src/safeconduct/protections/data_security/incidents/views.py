"""The staff's pages of the breach desk: the incidents, one with its clocks, the texts to send, the proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.kernel.parties.models import Seller, StaffRole, User
from safeconduct.kernel.readings.log import Read, note
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.scope import savepoint
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Moment, Page, Text, View
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.desk_errors import DataSecurityError
from safeconduct.protections.data_security.incidents import actions, affected, letters, queries
from safeconduct.protections.data_security.incidents.forms import (
    ChangeForm,
    CountForm,
    NewIncidentForm,
    PlacesForm,
    ProofForm,
    ReadingsForm,
    said_of,
)
from safeconduct.protections.data_security.incidents.models import Incident, IncidentClock
from safeconduct.protections.data_security.incidents.regimes import regimes
from safeconduct.protections.data_security.incidents.words import (
    ADDRESSEES,
    CATEGORIES,
    OPERATORS,
    RISKS,
    STEPS,
    TONES,
    WARNINGS,
)
from safeconduct.protections.data_security.words import LANGUAGES, SURE

#: state of a clock → its word
STATES: Final[dict[str, Text]] = {
    "at_once": gettext_lazy("at once"),
    "waits": gettext_lazy("waits for another"),
    "runs": gettext_lazy("runs"),
    "half": gettext_lazy("half is over"),
    "late": gettext_lazy("four fifths are over"),
    "missed": gettext_lazy("missed"),
    "sent": gettext_lazy("sent in time"),
    "sent_late": gettext_lazy("sent late"),
    "lapsed": gettext_lazy("does not apply"),
}
_MOST_SELLERS: Final = 200


@require_GET
@for_role(StaffRole.LEAD)
def incidents(request: StaffRequest) -> HttpResponse:
    """Open incidents, or closed ones; the latest first."""
    closed = request.GET.get("show") == "closed"
    found = queries.incidents_page(
        closed=closed, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    here = reverse("console:data_security:incidents")
    context = {
        "rows": [{"one": one, "risk": RISKS[one.risk]} for one in found.items], "closed": closed,
        "page": Page(found.next, found.previous, len(found.items)),
        "views": [
            View(_("Open"), here, current=not closed), View(_("Closed"), f"{here}?show=closed", current=closed),
        ],
    }  # fmt: skip
    return page(request, "data_security/console/incidents.html", context)


@require_http_methods(["GET", "POST"])
@for_role(StaffRole.LEAD)
def new(request: StaffRequest) -> HttpResponse:
    """Opens an incident."""
    form = NewIncidentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made: list[str] = []

        def opened() -> None:
            made.append(
                actions.open_incident(
                    form.told(), form.cleaned_data["places"], actor_of(request), at=timezone.now()
                )
            )  # fmt: skip

        if _try(form, opened):
            url = reverse("console:data_security:incident", args=made)
            return done(request, _("The incident is open, and its clocks run."), url)
    context = {"form": form, "title": _("New incident"), "button": _("Open the incident"), "incident": None}
    return page(request, "data_security/console/incident_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@for_role(StaffRole.LEAD)
def change(request: StaffRequest, incident_id: str) -> HttpResponse:
    """Says more of an incident."""
    incident = _found(incident_id)
    form = ChangeForm(request.POST or None, initial=said_of(incident))
    if request.method == "POST" and form.is_valid():

        def changed() -> None:
            given = form.cleaned_data
            actor = actor_of(request, given["why"])
            actions.change(incident.id, form.told(), given["revision"], actor, at=timezone.now())

        if _try(form, changed):
            return done(request, _("Changed. The clocks are those that apply now."), _url(incident))
    context = {"form": form, "title": incident.title, "button": _("Keep"), "incident": incident}
    return page(request, "data_security/console/incident_form.html", context, status=422 if form.errors else 200)


@require_GET
@for_role(StaffRole.LEAD)
def one(request: StaffRequest, incident_id: str) -> HttpResponse:
    """One incident: its clocks, the strictest first, who is affected, what was done."""
    return _page(request, _found(incident_id))


@require_GET
@for_role(StaffRole.LEAD)
def text(request: StaffRequest, incident_id: str, clock_id: str) -> HttpResponse:
    """The text to send for one clock, in a language."""
    incident = _found(incident_id)
    clock = IncidentClock.objects.filter(incident=incident, id=clock_id).first()
    if clock is None:
        raise Http404
    wanted = request.GET.get("language", "")
    language = wanted if wanted in LANGUAGES else (get_language() or "en").split("-")[0]
    here = reverse("console:data_security:incident_text", args=[incident.id, clock.id])
    shown = next(s for s in queries.clocks_of(incident, timezone.now()) if s.clock.id == clock.id)
    context = {
        "incident": incident, "shown": shown, "to": ADDRESSEES[clock.to], "language": language,
        "text": letters.letter(incident, clock, queries.people_of(incident), language),
        "warnings": [WARNINGS[w] for w in shown.regime.warnings],
        "views": [
            View(name, f"{here}?language={code}", current=code == language) for code, name in LANGUAGES.items()
        ],
    }  # fmt: skip
    return page(request, "data_security/console/incident_text.html", context)


@require_POST
@for_role(StaffRole.LEAD)
def people(request: StaffRequest, incident_id: str) -> HttpResponse:
    """Sets how many people of which places are affected."""
    incident, form = _found(incident_id), PlacesForm(request.POST)
    if form.is_valid() and _try(
        form,
        lambda: actions.set_people(
            incident.id, form.cleaned_data["places"], actor_of(request), at=timezone.now()
        ),
    ):  # fmt: skip
        return done(request, _("Set. New places have started their clocks."), _url(incident))
    return _page(request, incident, places=form)


@require_POST
@for_role(StaffRole.LEAD)
def count(request: StaffRequest, incident_id: str) -> HttpResponse:
    """Counts who is affected from the orders that were exposed."""
    incident, form = _found(incident_id), CountForm(request.POST)
    if form.is_valid() and _try(form, lambda: _count(request, incident, form.cleaned_data)):
        return done(request, _("Counted, and the clocks of these places run."), _url(incident))
    return _page(request, incident, counting=form)


def _count(request: StaffRequest, incident: Incident, given: dict[str, Any]) -> None:
    refs = given["sellers"].replace(",", " ").split()
    if len(refs) > _MOST_SELLERS:
        raise DataSecurityError(_("At most %(n)s sellers at once.") % {"n": _MOST_SELLERS}, "sellers")
    keys = dict(Seller.objects.filter(ref__in=refs).values_list("ref", "key"))
    unknown = sorted(set(refs) - set(keys))
    if unknown:
        raise DataSecurityError(_("These sellers are not known: %(refs)s") % {"refs": ", ".join(unknown)}, "sellers")
    if given["since"] >= given["until"]:
        raise DataSecurityError(_("The end must lie after the beginning."), "until")
    found = affected.of_sellers(keys.values(), given["since"], given["until"])
    if not found:
        raise DataSecurityError(_("No buyer with a country ordered there in this time."), "sellers")
    actions.set_people(incident.id, found, actor_of(request), at=timezone.now(), counted=True)


@require_POST
@for_role(StaffRole.LEAD)
def count_readings(request: StaffRequest, incident_id: str) -> HttpResponse:
    """Counts who is affected from what somebody read, as the access log has it."""
    incident, form = _found(incident_id), ReadingsForm(request.POST)
    if form.is_valid() and _try(form, lambda: _count_readings(request, incident, form.cleaned_data)):
        return done(request, _("Counted, and the clocks of these places run."), _url(incident))
    return _page(request, incident, readings=form)


def _count_readings(request: StaffRequest, incident: Incident, given: dict[str, Any]) -> None:
    now, reader, seller = timezone.now(), given["reader"].strip(), None
    if given["read_since"] >= given["read_until"]:
        raise DataSecurityError(_("The end must lie after the beginning."), "read_until")
    if "@" in reader:
        known = User.objects.filter(email=reader.lower()).values_list("id", flat=True).first()
        if known is None:
            raise DataSecurityError(_("Nobody has this e-mail address here."), "reader")
        reader = known
    if given["seller"].strip():
        seller = Seller.objects.filter(ref=given["seller"].strip()).values_list("key", flat=True).first()
        if seller is None:
            raise DataSecurityError(_("These sellers are not known: %(refs)s") % {"refs": given["seller"]}, "seller")
    if not reader and seller is None:
        raise DataSecurityError(_("Say who read, or whose orders."), "reader")
    note([Read(Scene.INCIDENT, ("access_log",), seller, batch=incident.id)], actor_of(request), now)
    found = affected.of_readings(reader, seller, given["read_since"], given["read_until"])
    if found is None:
        raise DataSecurityError(_("More than %(n)s orders were read; count the time in parts.") % {"n": affected.MOST},
                                "read_until")  # fmt: skip
    if not found:
        raise DataSecurityError(_("Nothing was read of orders of buyers with a country in this time."), "reader")
    actions.set_people(incident.id, found, actor_of(request), at=now, counted=True)


@require_POST
@for_role(StaffRole.LEAD)
def proof(request: StaffRequest, incident_id: str) -> HttpResponse:
    """Records what was sent, and stops the clocks that it answers."""
    incident = _found(incident_id)
    shown = queries.clocks_of(incident, timezone.now())
    form = ProofForm(request.POST, request.FILES, clocks=_choices(shown))
    if form.is_valid() and _try(
        form,
        lambda: actions.record_proof(
            incident.id, form.cleaned_data["clocks"], form.sent(), actor_of(request), at=timezone.now()
        ),
    ):  # fmt: skip
        return done(request, _("The proof is kept, and the clocks stand."), _url(incident))
    return _page(request, incident, proving=form)


@require_POST
@for_role(StaffRole.LEAD)
def close(request: StaffRequest, incident_id: str) -> HttpResponse:
    """Closes an incident."""
    incident = _found(incident_id)
    try:
        with savepoint():
            actions.close(incident.id, actor_of(request, request.POST.get("reason", "")), at=timezone.now())
    except DataSecurityError as problem:
        return page_again(request, problem, _url(incident))
    return done(request, _("The incident is closed."), _url(incident))


def _page(
    request: StaffRequest, incident: Incident, *, places: PlacesForm | None = None,
    counting: CountForm | None = None, readings: ReadingsForm | None = None, proving: ProofForm | None = None,
) -> HttpResponse:  # fmt: skip
    now = timezone.now()
    shown = queries.clocks_of(incident, now)
    wrong = any(form is not None and form.errors for form in (places, counting, readings, proving))
    context = {
        "incident": incident, "people": queries.people_of(incident), "closed": incident.closed_at is not None,
        "clocks": [
            {
                "clock": s.clock, "regime": s.regime, "to": ADDRESSEES[s.clock.to], "state": STATES[s.state],
                "tone": s.tone, "sure": SURE[s.regime.sure], "runs": s.clock.runs, "proof": s.clock.proof,
                "warnings": [WARNINGS[w] for w in s.regime.warnings],
            }
            for s in shown
        ],
        "about": [
            (_("Kinds of data"), ", ".join(str(CATEGORIES[name]) for name in incident.categories)),
            (_("Risk"), RISKS[incident.risk]),
            (_("Established in"), ", ".join(incident.established) or "–"),
            (_("In China, you are"), OPERATORS[incident.operator]),
        ],
        "history": [
            Moment(STEPS[step.verb], step.at, _detail(step), TONES.get(step.verb, ""))
            for step in history.of(incident.id)
        ],
        "places": places or PlacesForm(), "counting": counting or CountForm(),
        "readings": readings or ReadingsForm(),
        "proving": proving or ProofForm(clocks=_choices(shown)),
    }  # fmt: skip
    return page(request, "data_security/console/incident.html", context, status=422 if wrong else 200)


def _choices(shown: list[queries.Shown]) -> list[tuple[str, str]]:
    return [
        (s.clock.id, f"{s.regime.law}: {ADDRESSEES[s.clock.to]}")
        for s in shown
        if s.clock.runs and s.clock.started_at is not None
    ]


def _detail(step: history.DataStep) -> str:
    facts = step.facts
    regime = regimes()[facts["regime"]] if "regime" in facts else None
    law = regime.law if regime else ""
    to = str(ADDRESSEES[regime.clock(facts["part"]).to]) if regime and "part" in facts else ""
    parts = [law, to, f"{facts['percent']} %" if "percent" in facts else ""]
    if "people" in facts:
        parts += [f"{place} {number}" for place, number in facts["people"].items()]
    return " · ".join([part for part in parts if part] + ([step.why] if step.why else []))


def _try(form: forms.Form, work: Callable[[], object]) -> bool:
    """Does something; a refusal becomes an error of the form's field, and nothing is kept."""
    try:
        with savepoint():
            work()
    except DataSecurityError as problem:
        form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        return False
    return True


def _found(incident_id: str) -> Incident:
    incident = queries.incident_of(incident_id)
    if incident is None:
        raise Http404
    return incident


def _url(incident: Incident) -> str:
    return reverse("console:data_security:incident", args=[incident.id])
