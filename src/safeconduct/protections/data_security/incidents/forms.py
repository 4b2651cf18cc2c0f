"""The forms of the breach desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from safeconduct.protections.data_security.incidents.actions import LONGEST_TEXT, Sent, Told
from safeconduct.protections.data_security.incidents.models import Incident
from safeconduct.protections.data_security.incidents.regimes import Judged, Operator, Risk
from safeconduct.protections.data_security.incidents.words import CATEGORIES, JUDGED, OPERATORS, RISKS, UPSTREAMS

_MOST_PLACES = 300


def _moment(label: Any, help_text: Any = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label, help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip


def _words(label: Any, help_text: Any = "", *, required: bool = False, rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=4000,
        widget=forms.Textarea(attrs={"rows": rows}),
    )  # fmt: skip


def places_in(text: str) -> dict[str, int]:
    """What `DE 1200` on each line says. Raises ValidationError, which names the line."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace(":", " ").replace(",", " ").split()
        if not words:
            continue
        count = words[1] if len(words) > 1 else "0"
        if len(words) > 2 or not count.isascii() or not count.isdecimal() or len(count) > 10:
            raise forms.ValidationError(
                _now("Line %(n)s does not read: write a place and a number, such as DE 1200.") % {"n": number}
            )
        found[words[0].upper()] = int(count)
    if len(found) > _MOST_PLACES:
        raise forms.ValidationError(_now("At most %(n)s places.") % {"n": _MOST_PLACES})
    return found


class IncidentForm(forms.Form):
    """What happened, and how it is judged."""

    title = forms.CharField(label=_("In one line"), max_length=200)
    what = _words(_("What happened"), _("It goes into the messages. Name nobody."), required=True, rows=4)
    aware_at = _moment(_("When you became aware"), _("Every clock runs from here."))
    categories = forms.MultipleChoiceField(
        label=_("Kinds of data"), choices=list(CATEGORIES.items()), widget=forms.CheckboxSelectMultiple
    )
    established = forms.CharField(
        label=_("Where you are established"), help_text=_("Two letters a country, such as DE CN."), required=False,
        max_length=200,
    )  # fmt: skip
    upstream = forms.MultipleChoiceField(
        label=_("Data came from"), choices=list(UPSTREAMS.items()), widget=forms.CheckboxSelectMultiple, required=False
    )
    operator = forms.ChoiceField(label=_("In China, you are"), choices=list(OPERATORS.items()))
    risk = forms.ChoiceField(
        label=_("Risk"), choices=list(RISKS.items()), help_text=_("While it is not judged, every clock runs.")
    )
    major = forms.ChoiceField(label=_("Relatively major or above by the Chinese grades"), choices=list(JUDGED.items()))
    consequences = _words(_("What can come of it"))
    measures = _words(_("What was and will be done"))
    advice = _words(_("What people can do"))
    contact = forms.CharField(label=_("Contact for questions"), max_length=300, required=False)

    def told(self) -> Told:
        """What was said, for the actions."""
        given = self.cleaned_data
        return Told(
            given["title"], given["what"], given["aware_at"], tuple(given["categories"]),
            tuple(given["established"].replace(",", " ").upper().split()), tuple(given["upstream"]),
            Operator(given["operator"]), Risk(given["risk"]), Judged(given["major"]), given["consequences"],
            given["measures"], given["advice"], given["contact"],
        )  # fmt: skip


class NewIncidentForm(IncidentForm):
    """The same, with where the people live."""

    places = forms.CharField(
        label=_("Affected people by place"), required=False, max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "DE 1200\nUS-CA 340"}),
        help_text=_("A place and a number on each line; 0 while the number is unknown."),
    )  # fmt: skip

    def clean_places(self) -> dict[str, int]:
        return places_in(self.cleaned_data["places"])


class ChangeForm(IncidentForm):
    """The same for an incident that is there, with the reason for a lower risk."""

    why = _words(_("Why it is judged so"), _("Needed where the risk is judged lower."))
    revision = forms.IntegerField(widget=forms.HiddenInput)


class PlacesForm(forms.Form):
    """More places, or other numbers."""

    places = forms.CharField(
        label=_("Affected people by place"), max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "DE 1200"}),
    )  # fmt: skip

    def clean_places(self) -> dict[str, int]:
        return places_in(self.cleaned_data["places"])


class CountForm(forms.Form):
    """Whose orders were exposed, from when to when."""

    sellers = forms.CharField(
        label=_("Sellers"), max_length=4000, help_text=_("Your ids of the sellers whose orders could be read."),
    )  # fmt: skip
    since = _moment(_("Orders from"))
    until = _moment(_("until"))


class ReadingsForm(forms.Form):
    """Who read, from when to when."""

    reader = forms.CharField(
        label=_("Who read"), max_length=200, required=False,
        help_text=_("An e-mail address, or the id of a person or key from the access log; empty for everybody."),
    )  # fmt: skip
    seller = forms.CharField(
        label=_("Only orders of the seller"), max_length=200, required=False, help_text=_("Your id; empty for all.")
    )
    read_since = _moment(_("Read from"))
    read_until = _moment(_("until"))


class ProofForm(forms.Form):
    """What was sent."""

    clocks = forms.MultipleChoiceField(label=_("It answers"), widget=forms.CheckboxSelectMultiple)
    sent_to = forms.CharField(
        label=_("To whom and how"), max_length=200, help_text=_("Such as: CNIL, online form, receipt number.")
    )
    sent_at = _moment(_("Sent at"))
    text = forms.CharField(
        label=_("The text that was sent"), required=False, max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
    )  # fmt: skip
    file = forms.FileField(
        label=_("or the file"), required=False, max_length=200, help_text=_("Only its name and its hash are kept.")
    )
    why_late = _words(_("Why it is late"), _("Only where it is."))

    def __init__(self, *args: Any, clocks: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["clocks"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = clocks

    def sent(self) -> Sent:
        """What was sent, for the actions."""
        given = self.cleaned_data
        file = given["file"]
        return Sent(
            given["sent_to"], given["sent_at"], given["text"], file.name[:200] if file else "",
            file.read() if file else b"", given["why_late"],
        )  # fmt: skip


def said_of(incident: Incident) -> dict[str, Any]:
    """What a form shows of an incident that is there."""
    names = (
        "title", "what", "aware_at", "categories", "upstream", "operator", "risk", "major", "consequences", "measures",
        "advice", "contact", "revision",
    )  # fmt: skip
    return {name: getattr(incident, name) for name in names} | {"established": " ".join(incident.established)}
