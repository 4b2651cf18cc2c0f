"""Lists that policies ask: who is trusted, who is refused, and whatever else an operator keeps."""

from __future__ import annotations

import csv
import io
from datetime import datetime, time, timedelta

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, done, page, staff_page
from safeconduct.console.case import Names
from safeconduct.console.forms import EntriesForm, NewListForm
from safeconduct.console.words import LIST_KINDS, field_name
from safeconduct.foundation.moments import moment as moment_of
from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.decisions import actions, queries
from safeconduct.kernel.decisions.errors import DecisionsError, NotFound
from safeconduct.kernel.decisions.models import ListEntry, ListKind, WatchList
from safeconduct.kernel.paging import Order, Slice
from safeconduct.kernel.paging import page as page_of
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.staff_pages import lasting_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Page, View

#: Values that one form or file may add; larger lists are loaded by the command.
ADD_LIMIT = 20_000
_NEWEST = Order("from_moment", descending=True)


class FileUnreadable(DecisionsError):
    """An uploaded file or field that cannot be taken; the message names the line."""

    code = "file_unreadable"
    status = 422


@require_http_methods(["GET", "POST"])
@staff_page()
def lists(request: StaffRequest) -> HttpResponse:
    """All lists, and the form for a new one."""
    form = NewListForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if WatchList.objects.filter(name=given["name"]).exists():
            form.add_error("name", _("There is a list of this name already."))
        else:
            actions.create_list(given["name"], ListKind(given["kind"]), given["entity"], given["purpose"])
            return done(request, _("The list is there, and empty."), reverse("console:list", args=[given["name"]]))
    rows = [
        {"list": w, "count": n, "kind": LIST_KINDS[w.kind][0], "tone": LIST_KINDS[w.kind][1], "entity": _entity(w)}
        for w, n in queries.watch_lists(at=timezone.now())
    ]
    context = {"rows": rows, "form": form}
    return page(request, "console/lists.html", "lists", context, status=422 if form.errors else 200)


def _entity(found: WatchList) -> str:
    return _("Plain values") if found.entity == "text" else field_name(found.entity)


@require_GET
@staff_page()
def one(request: StaffRequest, name: str) -> HttpResponseBase:
    """One list: its entries, and the form to add some."""
    found = _get(name)
    ended = request.GET.get("show") == "ended"
    if request.GET.get("format") == "csv":
        return _csv(request, found, ended)
    entries = page_of(
        queries.list_entries(name, at=timezone.now(), ended=ended), _NEWEST, after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    here = reverse("console:list", args=[name])
    context = {
        "list": found, "kind": LIST_KINDS[found.kind][0], "tone": LIST_KINDS[found.kind][1], "entity": _entity(found),
        "rows": _rows(entries), "page": Page(entries.next, entries.previous, len(entries.items)), "form": EntriesForm(),
        "ended": ended,
        "views": [
            View(_("In force"), here, current=not ended), View(_("Ended"), f"{here}?show=ended", current=ended),
        ],
    }  # fmt: skip
    return page(request, "console/list.html", "lists", context)


def _rows(entries: Slice[ListEntry]) -> list[dict[str, object]]:
    names = Names(e.key for e in entries.items)
    actors = {e.actor for e in entries.items}
    people = {p.id: str(p) for p in User.objects.filter(id__in=actors)} if actors else {}
    return [
        {
            "entry": e, "value": e.text or names.of(e.key), "who": people.get(e.actor, e.actor),
            "since": moment_time(e.from_moment), "until": moment_time(e.until_moment) if e.until_moment else None,
        }
        for e in entries.items
    ]  # fmt: skip


@require_POST
@staff_page()
def add(request: StaffRequest, name: str) -> HttpResponse:
    """Adds values from the field and the file, with a reason and an end."""
    found = _get(name)
    form = EntriesForm(request.POST, request.FILES)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise FileUnreadable(f"{form.fields[field].label}: {' '.join(str(e) for e in errors)}")
    values = [line.strip() for line in form.cleaned_data["values"].splitlines() if line.strip()]
    values += _values_of(form.cleaned_data["file"])
    if not values:
        raise FileUnreadable(_("There is no value in the field or the file."))
    if len(values) > ADD_LIMIT:
        raise FileUnreadable(
            _("%(n)s values at once are too many; send at most %(limit)s.") % {"n": len(values), "limit": ADD_LIMIT}
        )
    _refuse_long(values)
    until = form.cleaned_data["until"]
    end = None
    if until is not None:
        end_at = datetime.combine(until + timedelta(days=1), time.min, timezone.get_current_timezone())
        if end_at <= timezone.now():
            raise FileUnreadable(_("The end lies in the past."))
        end = moment_of(end_at)
    actor = Actor(request.user.id, request.user.staff_role, form.cleaned_data["reason"])
    made = actions.add_to_list(found.name, values, actor, until_moment=end)
    text = ngettext("%(n)s value is on the list from now on.", "%(n)s values are on the list from now on.", len(made))
    return done(request, text % {"n": len(made)}, reverse("console:list", args=[name]))


def _values_of(upload: object) -> list[str]:
    """The first column of an uploaded CSV file; a heading named value is passed over."""
    if upload is None:
        return []
    raw: bytes = upload.read()  # type: ignore[attr-defined]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise FileUnreadable(_("The file is not UTF-8 text (byte %(n)s).") % {"n": problem.start + 1}) from problem
    try:
        column = [row[0].strip() for row in csv.reader(io.StringIO(text)) if row and row[0].strip()]
    except csv.Error as problem:
        raise FileUnreadable(str(problem)) from problem
    return column[1:] if column and column[0].lower() in ("value", "values") else column


def _refuse_long(values: list[str]) -> None:
    for number, value in enumerate(values, 1):
        if len(value) > 200:
            raise FileUnreadable(_("Line %(n)s is longer than 200 characters.") % {"n": number})


@require_POST
@staff_page()
def end(request: StaffRequest, name: str, entry_id: str) -> HttpResponse:
    """Takes an entry off from now on."""
    if not ListEntry.objects.filter(id=entry_id, watch_list=name).exists():
        raise NotFound("entry in force", entry_id)
    actions.end_list_entry(entry_id, Actor(request.user.id, request.user.staff_role))
    return done(
        request, _("The entry has ended. What was decided until now stays."), reverse("console:list", args=[name])
    )


def _get(name: str) -> WatchList:
    found = WatchList.objects.filter(name=name).first()
    if found is None:
        raise NotFound("list", name)
    return found


def _csv(request: StaffRequest, found: WatchList, ended: bool) -> HttpResponseBase:
    at = timezone.now()

    def read(after: str) -> tuple[list[Row], str]:
        entries = page_of(queries.list_entries(found.name, at=at, ended=ended), _NEWEST, after=after, size=1000)
        rows: list[Row] = [
            (r["value"], _iso(r["since"]), _iso(r["until"]), r["who"], r["entry"].why)  # type: ignore[attr-defined]
            for r in _rows(entries)
        ]
        return rows, entries.next

    return stream(f"list-{found.name}", ("value", "from", "until", "added_by", "reason"), read, lasting_scope(request))


def _iso(at: object) -> str:
    return at.isoformat() if isinstance(at, datetime) else ""
