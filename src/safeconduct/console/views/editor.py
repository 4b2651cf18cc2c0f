"""The policy editor: a draft is kept whatever it says, checked as it is, and never overwritten unseen."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, done, page, staff_page
from safeconduct.console.forms import DraftForm, NewPolicyForm
from safeconduct.console.readings import reading_of, tests_of
from safeconduct.console.views.versions import faults_of
from safeconduct.kernel.decisions import policies as lives
from safeconduct.kernel.decisions import queries
from safeconduct.kernel.decisions.errors import ChangedMeanwhile, NotFound, WrongState
from safeconduct.kernel.decisions.models import PolicyVersion, VersionState
from safeconduct.kernel.ui.parts import Diffed

_BEGINNING = """\
policy: {name}
on: order.placed
in: {currency}

features:
  card_shops_1h: {{distinct: seller, by: card, over: 1 hour}}

rules:
  card_at_many_shops:
    when: card_shops_1h >= 3 AND amount > money('50 {currency}')
    then: review
    because:
      en: "Card used at {{card_shops_1h}} shops within an hour"
      zh: "同一张卡在一小时内用于 {{card_shops_1h}} 家店铺"
      es: "Tarjeta usada en {{card_shops_1h}} tiendas en una hora"
"""


@require_http_methods(["GET", "POST"])
@staff_page()
def new(request: StaffRequest) -> HttpResponse:
    """A new policy: a name, and a draft that already runs."""
    form = NewPolicyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        if PolicyVersion.objects.filter(policy=name).exists():
            form.add_error("name", _("There is a policy of this name already; open it and start a draft there."))
        else:
            text = _BEGINNING.format(name=name, currency=settings.REPORTING_CURRENCY)
            draft = lives.save_draft(request.user, name, text, at=timezone.now())
            return done(request, _("The draft is begun."), reverse("console:edit", args=[draft.id]))
    context = {"form": form}
    return page(request, "console/new_policy.html", "policies", context, status=422 if form.errors else 200)


@require_POST
@staff_page()
def start(request: StaffRequest, name: str) -> HttpResponse:
    """A new draft, beginning with the text of a version or of the live one."""
    wanted = request.POST.get("from", "")
    origin = PolicyVersion.objects.filter(policy=name, id=wanted).first() if wanted else queries.live_version(name)
    if origin is None:
        origin = PolicyVersion.objects.filter(policy=name).order_by("-number").first()
    if origin is None:
        raise NotFound("policy", name)
    draft = lives.save_draft(request.user, name, origin.text, at=timezone.now())
    text = _("Draft %(number)s begins with the text of version %(origin)s.")
    words = text % {"number": draft.number, "origin": origin.number}
    return done(request, words, reverse("console:edit", args=[draft.id]))


@require_http_methods(["GET", "POST"])
@staff_page()
def edit(request: StaffRequest, version_id: str) -> HttpResponse:
    """The editor. ``do=check`` only checks; otherwise the text is saved, with its errors, and checked."""
    draft = PolicyVersion.objects.select_related("author").filter(id=version_id).first()
    if draft is None:
        raise NotFound("policy version", version_id)
    if draft.state != VersionState.DRAFT:
        raise WrongState(f"version {draft.number} of {draft.policy}", VersionState(draft.state).label, "draft")
    if request.method == "GET":
        form = DraftForm(initial={"text": draft.text, "note": draft.note, "revision": draft.revision})
        return _editor(request, draft, form, draft.text)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return _editor(request, draft, form, request.POST.get("text", ""), status=422)
    text = form.cleaned_data["text"].replace("\r\n", "\n")
    if request.POST.get("do") == "check":
        return _editor(request, draft, form, text)
    note, revision = form.cleaned_data["note"], form.cleaned_data["revision"] or 0
    try:
        lives.save_draft(
            request.user, draft.policy, text, at=timezone.now(), note=note, draft_id=draft.id, revision=revision
        )
    except ChangedMeanwhile:
        return _conflict(request, PolicyVersion.objects.get(id=version_id), text, note)
    errors = len(reading_of(text).errors)
    words = _("Saved, with errors: they stand above the text.") if errors else _("Saved.")
    return done(request, words, reverse("console:edit", args=[draft.id]))


def _editor(
    request: StaffRequest, draft: PolicyVersion, form: DraftForm, text: str, *, status: int = 200
) -> HttpResponse:
    reading = reading_of(text)
    tested = tests_of(reading)
    context = {
        "version": draft, "form": form, "tested": tested, "errors": len(reading.errors),
        "faults": faults_of(reading, tested.faults if tested else ()),
        "warnings": len(reading.warnings), "text": text, "readable": reading.policy is not None,
        "rules": len(reading.policy.rules) if reading.policy else 0,
        "features": len(reading.policy.features) if reading.policy else 0, "live": queries.live_version(draft.policy),
    }  # fmt: skip
    return page(request, "console/edit.html", "policies", context, status=status)


def _conflict(request: StaffRequest, current: PolicyVersion, text: str, note: str) -> HttpResponse:
    """Somebody saved first: both texts beside each other, and the choice."""
    form = DraftForm({"text": text, "note": note, "revision": current.revision})
    context = {
        "version": current, "form": form, "text": text, "faults": faults_of(reading_of(text)),
        "diff": Diffed(current.text, text, _("saved by %(name)s") % {"name": current.author or "?"}, _("yours")),
    }  # fmt: skip
    return page(request, "console/conflict.html", "policies", context, status=409)
