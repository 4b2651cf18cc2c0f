"""Coverage templates as the staff work on them: written, tried over history, approved by a second person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.code import Diagnostic
from safeconduct.kernel.ui.formats import calendar_day
from safeconduct.kernel.ui.parts import Diffed, Moment
from safeconduct.protections.transactions import versions
from safeconduct.protections.transactions.console_simulation import shown
from safeconduct.protections.transactions.console_words import CAUSES, STARTS, SURE, spoken
from safeconduct.protections.transactions.coverage.reading import TemplateError, read_template
from safeconduct.protections.transactions.coverage.shipped import DEFAULT, shipped_templates
from safeconduct.protections.transactions.coverage.template import Condition, Origin, Template
from safeconduct.protections.transactions.errors import (
    ChangedSinceRead,
    NotTheAuthor,
    OtherApproverNeeded,
    SavedMeanwhile,
)
from safeconduct.protections.transactions.models import TemplateState, TemplateVersion
from safeconduct.protections.transactions.simulation import simulate

#: How long before it counts a change of terms is told to sellers: Regulation (EU) 2019/1150, Article 3(2), at least
#: fifteen days from the notice. A draft begins with that day; an earlier one is pointed out, not refused.
NOTICE_DAYS: Final = 15
#: A page simulates the newest so many orders at most, which takes some seconds; the command takes all of them.
PAGE_ORDERS: Final = 20_000
_DAYS: Final = (30, 90, 365)
_VALID_FROM: Final = re.compile(r"^valid_from:.*$", re.MULTILINE)


class TemplateForm(forms.Form):
    """A template's text in the editor."""

    text = forms.CharField(label=lazy("Template"), widget=forms.Textarea, max_length=200_000, strip=False)
    note = forms.CharField(label=lazy("What this version changes"), max_length=500, required=False)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)


@require_GET
def templates(request: StaffRequest) -> HttpResponse:
    """All versions with their days, and what to begin a draft with."""
    found, today = versions.listed(), timezone.now().date()
    people = _people(found)
    counting = versions.in_force(today)
    context = {
        "rows": [_row(v, found, people, counting) for v in found], "counting": counting,
        "shipped": sorted(shipped_templates()),
    }  # fmt: skip
    return page(request, "transactions/console/templates.html", context)


@require_GET
def version(request: StaffRequest, version_id: str) -> HttpResponse:
    """One version: what it promises in words, its text, and the steps that are open to this person."""
    found = versions.one(version_id)
    now = timezone.now()
    context = {
        **_head(found, versions.in_force(now.date()), _people([found])),
        "promise": promise_of(versions.parsed(found.text)),
        "may": _may(request.user, found), "lines": found.text.rstrip("\n").split("\n"),
        "days": _DAYS, "early": _too_early(found, now.date()), "notice_days": NOTICE_DAYS,
        "seen": found.written_at.isoformat(),
    }  # fmt: skip
    return page(request, "transactions/console/template.html", context)


@require_http_methods(["GET", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """A new draft, beginning with the text of a version or of a shipped template. Only a text that reads is kept."""
    if request.method == "POST":
        form = TemplateForm(request.POST)
        if not form.is_valid():
            return _editor(request, form, request.POST.get("text", ""), None, status=422)
        text = _text(form)
        try:
            if request.POST.get("do") == "check":
                read_template(text)
                return _editor(request, form, text, None)
            made = versions.draft(text, actor_of(request, form.cleaned_data["note"]), timezone.now())
        except TemplateError as problem:
            return _editor(request, form, text, None, problem)
        return done(request, _("Kept as a draft. Simulate it, then ask a colleague to approve it."), _url(made))
    text = _dated(_beginning(request.GET.get("from", "")), timezone.now().date() + timedelta(days=NOTICE_DAYS))
    return _editor(request, TemplateForm(initial={"text": text}), text, None)


@require_http_methods(["GET", "POST"])
def edit(request: StaffRequest, version_id: str) -> HttpResponse:
    """The author goes on with a draft."""
    draft = versions.one(version_id)
    if draft.written_by != request.user.id:
        raise NotTheAuthor
    if request.method == "GET":
        seen = draft.written_at.isoformat()
        form = TemplateForm(initial={"text": draft.text, "note": draft.why, "seen": seen})
        return _editor(request, form, draft.text, draft)
    form = TemplateForm(request.POST)
    if not form.is_valid():
        return _editor(request, form, request.POST.get("text", ""), draft, status=422)
    text = _text(form)
    try:
        if request.POST.get("do") == "check":
            read_template(text)
            return _editor(request, form, text, draft)
        actor = actor_of(request, form.cleaned_data["note"])
        versions.revise(draft.id, text, _seen_at(form), actor, timezone.now())
    except TemplateError as problem:
        return _editor(request, form, text, draft, problem)
    return done(request, _("Saved."), _url(draft))


@require_GET
def compare(request: StaffRequest, version_id: str) -> HttpResponse:
    """What differs from the version that counts when this one would begin."""
    found = versions.one(version_id)
    before = versions.before(found)
    old = _("before the first version") if before is None else _name(before)
    diff = Diffed("" if before is None else before.text, found.text, old, _name(found))
    context = {**_head(found, None, {}), "before": before, "diff": diff}
    return page(request, "transactions/console/compare.html", context)


@require_POST
def simulation(request: StaffRequest, version_id: str) -> HttpResponse:
    """What the version would have promised and paid over past orders, beside what was in force."""
    found, now = versions.one(version_id), timezone.now()
    given = request.POST.get("days", "")
    days = int(given) if given in {str(day) for day in _DAYS} else 0
    template = versions.parsed(found.text)
    result = simulate(
        template, now=now, since=now - timedelta(days=days) if days else None, most=PAGE_ORDERS
    )  # fmt: skip
    context = {**_head(found, None, {}), "days": days, "most": PAGE_ORDERS, **shown(result, template)}
    return page(request, "transactions/console/simulation.html", context)


@require_POST
@for_role(StaffRole.LEAD)
def approve(request: StaffRequest, version_id: str) -> HttpResponse:
    """The second person puts a draft in force, from its day on."""
    actor = actor_of(request, request.POST.get("reason", "").strip())
    made = versions.approve(version_id, actor, timezone.now(), seen_at=_read_at(request.POST.get("seen", "")))
    day = calendar_day(made.valid_from, get_language() or "en")
    text = _("Approved: orders placed from %(day)s on get it.") % {"day": day}
    return done(request, text, _url(made))


@require_POST
def reject(request: StaffRequest, version_id: str) -> HttpResponse:
    """A lead, or the author, puts a draft aside."""
    found = versions.one(version_id)
    if not request.user.may(StaffRole.LEAD) and found.written_by != request.user.id:
        raise OtherApproverNeeded
    made = versions.reject(version_id, actor_of(request, request.POST.get("reason", "").strip()), timezone.now())
    return done(request, _("Put aside. Its text is kept."), _url(made))


# -- what pages show --------------------------------------------------------------------------------------------------


def promise_of(template: Template) -> dict[str, Any]:
    """What a template promises, arranged for reading."""
    return {
        "template": template, "title": spoken(template.title), "about": spoken(template.about),
        "causes": [(CAUSES[c.cause], _origin(c.origin)) for c in template.covered],
        "conditions": [
            {**_condition(condition), "asked": [CAUSES[c.cause] for c in template.covered if name in c.conditions]}
            for name, condition in template.conditions.items()
        ],
        "excluded": [(CAUSES[e.cause], spoken(e.because), _origin(e.origin)) for e in template.excluded],
        "limits": [
            (label, money) for label, money in (
                (_("for an order"), template.limits.order), (_("for a seller in a year"), template.limits.seller_year),
                (_("for all sellers in a year"), template.limits.fund_year),
            ) if money is not None
        ],
        "period": _days(template.period.within_us), "period_after": STARTS[template.period.after],
        "warn_share": template.warning.share_percent, "warn_before": timedelta(microseconds=template.warning.before_us),
        "late_news": timedelta(microseconds=template.late_news_us),
        "review_before": timedelta(microseconds=template.review.before_us),
        "authorisation": timedelta(microseconds=template.review.authorisation_us),
        "origins": [_origin(origin) for origin in dict.fromkeys((
            template.limits.origin, template.period.origin, template.warning.origin, template.late_news_origin,
            template.review.origin,
        ))],
    }  # fmt: skip


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "name": condition.name, "says": spoken(condition.says), "do": spoken(condition.do),
        "origin": _origin(condition.origin),
    }  # fmt: skip


def _origin(origin: Origin) -> dict[str, Any]:
    name, tone = SURE[origin.sure]
    return {"source": origin.source, "sure": name, "tone": tone}


def _days(micros: int) -> timedelta:
    return timedelta(microseconds=micros)


def _row(
    found: TemplateVersion, all_of_them: Sequence[TemplateVersion], people: dict[str, str],
    counting: TemplateVersion | None,
) -> dict[str, Any]:  # fmt: skip
    later = [
        v.valid_from for v in all_of_them if v.state == TemplateState.LIVE and v.valid_from > found.valid_from
    ] if found.state == TemplateState.LIVE else []  # fmt: skip
    return {**_head(found, counting, people), "until": min(later, default=None)}


def _head(found: TemplateVersion, counting: TemplateVersion | None, people: dict[str, str]) -> dict[str, Any]:
    state, tone = _state(found, counting)
    return {
        "version": found, "name": _name(found), "state": state, "tone": tone,
        "writer": people.get(found.written_by, "Safeconduct" if found.written_by == versions.SHIPPED else ""),
        "ruler": people.get(found.approved_by, "Safeconduct" if found.approved_by == versions.SHIPPED else ""),
        "history": _history(found, people),
    }  # fmt: skip


def _state(found: TemplateVersion, counting: TemplateVersion | None) -> tuple[str, str]:
    if found.state == TemplateState.DRAFT:
        return _("Draft"), "warn"
    if found.state == TemplateState.REJECTED:
        return _("Put aside"), ""
    if counting is not None and found.id == counting.id:
        return _("In force"), "good"
    if found.valid_from > timezone.now().date():
        return _("Approved, not yet in force"), "info"
    return _("Approved"), ""


def _history(found: TemplateVersion, people: dict[str, str]) -> list[Moment]:
    def by(person: str) -> str:
        return people.get(person, "Safeconduct" if person == versions.SHIPPED else _("somebody"))

    draft = found.state == TemplateState.DRAFT
    moments = [
        Moment(_("%(name)s wrote it") % {"name": by(found.written_by)}, found.written_at, found.why if draft else "")
    ]
    if found.approved_at is not None:
        approved = found.state == TemplateState.LIVE
        words = _("%(name)s approved it") if approved else _("%(name)s put it aside")
        moments.append(
            Moment(words % {"name": by(found.approved_by)}, found.approved_at, found.why, "good" if approved else "bad")
        )
    return moments


def _may(person: User, found: TemplateVersion) -> dict[str, bool]:
    draft, own = found.state == TemplateState.DRAFT, found.written_by == person.id
    lead = person.may(StaffRole.LEAD)
    return {
        "edit": draft and own, "approve": draft and lead and not own, "reject": draft and (lead or own),
        "own": draft and own, "wait": draft and not own and not lead,
    }  # fmt: skip


def _too_early(found: TemplateVersion, today: date) -> bool:
    return found.state == TemplateState.DRAFT and found.valid_from < today + timedelta(days=NOTICE_DAYS)


def _name(found: TemplateVersion) -> str:
    return f"{found.name} {found.number}"


def _people(found: Iterable[TemplateVersion]) -> dict[str, str]:
    ids = {person for v in found for person in (v.written_by, v.approved_by)} - {"", versions.SHIPPED}
    return {person.id: str(person) for person in User.objects.filter(id__in=ids)} if ids else {}


def _url(found: TemplateVersion) -> str:
    return reverse("console:transactions:template", args=[found.id])


# -- the editor -------------------------------------------------------------------------------------------------------


def _beginning(origin: str) -> str:
    """The text to begin with: a shipped template, a version, or what is in force."""
    shipped = shipped_templates()
    if origin in shipped:
        return shipped[origin].text
    found = versions.one(origin) if origin else versions.in_force(timezone.now().date())
    return shipped[DEFAULT].text if found is None else found.text


def _dated(text: str, day: date) -> str:
    return _VALID_FROM.sub(f"valid_from: {day.isoformat()}", text, count=1)


def _text(form: TemplateForm) -> str:
    return str(form.cleaned_data["text"]).replace("\r\n", "\n")


def _seen_at(form: TemplateForm) -> datetime:
    """When the text had been written that the author changed. Raises SavedMeanwhile where the form does not say."""
    try:
        return datetime.fromisoformat(form.cleaned_data["seen"])
    except ValueError:
        raise SavedMeanwhile from None


def _read_at(given: str) -> datetime:
    """When the text had been written that was read. Raises ChangedSinceRead where the form does not say."""
    try:
        return datetime.fromisoformat(given)
    except ValueError:
        raise ChangedSinceRead from None


def _editor(
    request: StaffRequest, form: TemplateForm, text: str, draft: TemplateVersion | None,
    problem: TemplateError | None = None, *, status: int = 200,
) -> HttpResponse:  # fmt: skip
    faults = [] if problem is None else [
        Diagnostic(d.span.line, d.span.column, d.message, d.hint or "") for d in problem.found
    ]  # fmt: skip
    checked = request.method == "POST" and problem is None and status == 200
    context = {
        "form": form, "text": text, "faults": faults, "draft": draft, "checked": checked,
        "name": "" if draft is None else _name(draft),
    }  # fmt: skip
    return page(request, "transactions/console/edit.html", context, status=422 if faults else status)
