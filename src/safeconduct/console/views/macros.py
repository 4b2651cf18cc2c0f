"""The texts that staff choose on the page of a case: everybody reads them, leads write and retire them."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, done, page, staff_page
from safeconduct.console.forms import MacroForm
from safeconduct.kernel.cases import macros as texts
from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchMacro
from safeconduct.kernel.cases.kinds import kinds
from safeconduct.kernel.cases.macros import Draft
from safeconduct.kernel.cases.models import CaseMacro
from safeconduct.kernel.cases.words import MacroPurpose
from safeconduct.kernel.decisions.errors import NotFound, RoleNeeded
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import savepoint
from safeconduct.kernel.ui.parts import Page, View


@require_http_methods(["GET", "POST"])
@staff_page()
def macros(request: StaffRequest) -> HttpResponse:
    """All texts, and for leads the form for a new one, or for a new version of one (``?from=`` its code)."""
    lead, here, titles = request.user.may(StaffRole.LEAD), reverse("console:macros"), _titles()
    if request.method == "POST" and not lead:
        raise RoleNeeded(StaffRole.LEAD)
    form = MacroForm(request.POST or None, initial=_begun(request.GET.get("from", "")), kinds=titles)
    if request.method == "POST" and form.is_valid():
        try:
            with savepoint():
                made = texts.write(_draft(form.cleaned_data), request.user, at=timezone.now())
        except CaseMalformed as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            said = _("Version %(n)s is offered from now on.") % {"n": made.version}
            return done(request, said, here)
    ended = request.GET.get("show") == "ended"
    found = texts.versions(ended=ended, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    language = texts.language_of(get_language() or "en")
    context = {
        "rows": [
            {
                "one": one, "text": one.texts[language], "kind": titles.get(one.kind, one.kind) if one.kind else "",
                "others": [(code, one.texts[code]) for code in texts.LANGUAGES if code != language],
                "message": one.purpose == MacroPurpose.MESSAGE,
            }
            for one in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)), "form": form if lead else None, "ended": ended,
        "views": [
            View(_("In force"), here, current=not ended), View(_("Ended"), f"{here}?show=ended", current=ended),
        ],
        "values": ["{" + name + "}" for name in texts.VALUES],
    }  # fmt: skip
    return page(request, "console/macros.html", "macros", context, status=422 if form.errors else 200)


@require_POST
@staff_page(StaffRole.LEAD)
def retire(request: StaffRequest, macro_id: str) -> HttpResponse:
    """Offers a text no more; what was said with it stays said."""
    try:
        texts.retire(macro_id, request.user, at=timezone.now())
    except NoSuchMacro as problem:
        raise NotFound("text", macro_id) from problem
    return done(request, _("It is offered no more. What was said with it stays."), reverse("console:macros"))


def _titles() -> dict[str, str]:
    """Kind of case → its name in the reader's language."""
    language, found = get_language() or "en", publishing.in_force(kinds().keys(), timezone.now())
    return {name: spoken(workflow.title, language) for name, (_id, workflow) in found.items()}


def _begun(code: str) -> dict[str, str]:
    """What the form begins with: the newest version of a text."""
    found: CaseMacro | None = texts.latest(code) if code else None
    if found is None:
        return {}
    return {"code": found.code, "purpose": found.purpose, "kind": found.kind, "name": found.name, **found.texts}


def _draft(given: dict[str, str]) -> Draft:
    return Draft(
        given["code"], MacroPurpose(given["purpose"]), given["name"],
        {language: given[language] for language in texts.LANGUAGES}, given["kind"],
    )  # fmt: skip
