"""The console's forms: what may be sent, and what is said where it is not as expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from safeconduct.console.words import (
    ENTITIES,
    KEY_SCOPES,
    LABELS,
    LIST_KINDS,
    MESSAGE_KINDS,
    PAUSE_SCOPES,
    ROLES,
    field_name,
)
from safeconduct.kernel.parties.ending_sessions import SHORTEST_REASON
from safeconduct.kernel.parties.forms import AcceptForm as AcceptForm
from safeconduct.kernel.parties.keys import LIFE


class LabelForm(forms.Form):
    """What an order turned out to be."""

    kind = forms.ChoiceField(label=_("It was"), choices=[(key, name) for key, (name, _tone) in LABELS.items()])
    note = forms.CharField(label=_("How this is known"), max_length=500, required=False)


class DraftForm(forms.Form):
    """A policy's text in the editor."""

    text = forms.CharField(label=_("Policy text"), widget=forms.Textarea, max_length=500_000, strip=False)
    note = forms.CharField(label=_("What this version changes"), max_length=500, required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)


class NewPolicyForm(forms.Form):
    """A new policy begins with its name."""

    name = forms.RegexField(
        r"^[a-z][a-z0-9-]{1,79}$", label=_("Name"), help_text=_("a to z, 0 to 9 and hyphens, such as order-risk"),
    )  # fmt: skip


class SnoozeForm(forms.Form):
    """A rule that is to rest for a while: for everyone, or for one entity of an event that was decided."""

    decision = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    entity = forms.CharField(max_length=40, required=False)
    rule = forms.CharField(widget=forms.HiddenInput, max_length=80)
    hours = forms.IntegerField(min_value=1, max_value=24 * 90, initial=24)
    reason = forms.CharField(max_length=2000)


class NewListForm(forms.Form):
    """A new list: what it is for and what stands on it."""

    name = forms.RegexField(
        r"^[a-z][a-z0-9-]{1,79}$", label=_("Name"), help_text=_("a to z, 0 to 9 and hyphens, such as denied-cards"),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Kind"), choices=[(key, name) for key, (name, _tone) in LIST_KINDS.items()])
    entity = forms.ChoiceField(label=_("What stands on it"))
    purpose = forms.CharField(label=_("What it is for"), max_length=500, required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["entity"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*((name, field_name(name)) for name in ENTITIES), ("text", _("Plain values"))]


class EntriesForm(forms.Form):
    """Values for a list, one a line or as a CSV file, with a reason and an end."""

    values = forms.CharField(
        label=_("Values"), help_text=_("One on each line."), widget=forms.Textarea(attrs={"rows": 4}), required=False,
        max_length=200_000,
    )  # fmt: skip
    file = forms.FileField(label=_("or a CSV file"), help_text=_("The first column is read."), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=500)
    until = forms.DateField(
        label=_("Until"), help_text=_("Empty: without end."), required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )  # fmt: skip


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(label=_("E-mail address"))
    role = forms.ChoiceField(label=_("Role"), choices=list(ROLES.items()))


class EndpointForm(forms.Form):
    """Where messages go, and which."""

    url = forms.CharField(
        label=_("Address"), max_length=500, help_text=_("https://…, where your own system takes messages.")
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=80, required=False)
    kinds = forms.MultipleChoiceField(
        label=_("Messages"),
        choices=[(kind, name) for kind, name in MESSAGE_KINDS.items() if kind != "webhook.test"],
        widget=forms.CheckboxSelectMultiple,
    )


class ResendForm(forms.Form):
    """A period whose messages are sent again."""

    since = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    until = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    delivered_too = forms.BooleanField(label=_("Also what was accepted"), required=False)


class EndSessionsForm(forms.Form):
    """Whose sessions end, and why."""

    email = forms.EmailField(
        label=_("E-mail address"), required=False, help_text=_("Of one person. Empty: everybody's sessions end."),
    )  # fmt: skip
    why = forms.CharField(
        label=_("Why"), min_length=SHORTEST_REASON, max_length=300,
        help_text=_("The people it is about read this; it stands in the record as well."),
    )  # fmt: skip
    everybody = forms.BooleanField(
        label=_("Yes, everybody's: people are signed out while they work"), required=False,
    )  # fmt: skip

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        address = given.get("email")
        if not address and not given.get("everybody") and "email" not in self.errors:
            self.add_error("email", _("Give an address, or say that you mean everybody."))
        if address and given.get("everybody"):
            self.add_error("everybody", _("An address is given: say whether you mean that person, or everybody."))
        return given


class BreakGlassForm(forms.Form):
    """For whom a sealed code is asked, and why."""

    person = forms.ChoiceField(label=_("For"))
    why = forms.CharField(
        label=_("Why"), max_length=300, min_length=10, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("How you know that it is really them who ask: by telephone, at the desk …"),
    )  # fmt: skip

    def __init__(self, *args: object, people: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["person"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "–"), *people]


class SealedCodeForm(forms.Form):
    """What whoever was let in types from paper."""

    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    code = forms.CharField(
        label=_("Sealed code"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Eight groups of four letters and digits."),
    )  # fmt: skip


class KeyForm(forms.Form):
    """A new API key: who uses it, for what, from where, until when."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("Who uses it: the shop system, the warehouse …")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=list(KEY_SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    networks = forms.CharField(
        label=_("Only from these addresses"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Addresses or networks, one on each line, such as 203.0.113.0/24. Empty: from anywhere."),
    )  # fmt: skip
    days = forms.IntegerField(label=_("Days until it ends"), min_value=1, max_value=LIFE.days, initial=90)


class MacroForm(forms.Form):
    """A text that is ready to be adapted, or a new version of one. `kinds`: kind of case → its name."""

    code = forms.RegexField(
        r"^[a-z][a-z0-9-]{1,59}$", label=_("Short name"), max_length=60,
        help_text=_("a to z, 0 to 9 and hyphens, such as ask-photo; one that is there gets a new version"),
    )  # fmt: skip
    name = forms.CharField(label=_("Name, as colleagues choose it"), max_length=120)
    purpose = forms.ChoiceField(
        label=_("What it is for"), choices=[("message", _("A message to the parties")), ("reason", _("Reasons"))]
    )
    kind = forms.ChoiceField(label=_("Kind of case"), required=False)
    en = forms.CharField(label="English", widget=forms.Textarea(attrs={"rows": 4}), max_length=3000)
    zh = forms.CharField(label="中文", widget=forms.Textarea(attrs={"rows": 4, "lang": "zh"}), max_length=3000)
    es = forms.CharField(label="Español", widget=forms.Textarea(attrs={"rows": 4, "lang": "es"}), max_length=3000)

    def __init__(self, *args: object, kinds: Mapping[str, str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All kinds")), *sorted(kinds.items(), key=lambda one: one[1])]


class PauseForm(forms.Form):
    """A time in which clocks of cases stand still: whose, from when until when, and why."""

    scope = forms.ChoiceField(
        label=_("Whose clocks"), choices=[(key.value, name) for key, name in PAUSE_SCOPES.items()]
    )
    value = forms.CharField(
        label=_("Which"), max_length=60, required=False,
        help_text=_("the country's two letters, the carrier as the shop names it, the case's code; empty for everyone"),
    )  # fmt: skip
    begins_at = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    ends_at = forms.DateTimeField(
        label=_("Until"), required=False, help_text=_("Empty: until further notice."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )  # fmt: skip
    why_en = forms.CharField(label=_("Why (English)"), max_length=300, help_text=_("Both sides of a case read it."))
    why_zh = forms.CharField(label=_("Why (中文)"), max_length=300)
    why_es = forms.CharField(label=_("Why (Español)"), max_length=300)


class PauseEndForm(forms.Form):
    """When a pause ends; empty: now."""

    ends_at = forms.DateTimeField(required=False)


class OutsideBodyForm(forms.Form):
    """A body outside the marketplace. `kinds`: kind of case → its name; `ways`: kinds of bodies with their names."""

    way = forms.ChoiceField(label=_("What kind of body"))
    name = forms.CharField(label=_("Name"), max_length=160)
    url = forms.CharField(label=_("Its own address"), max_length=400, help_text=_("where cases are filed, https://…"))
    source = forms.CharField(label=_("Where this is written"), max_length=400)
    read_on = forms.DateField(label=_("Read on"), widget=forms.DateInput(attrs={"type": "date"}))
    certified_by = forms.CharField(label=_("Certified by"), max_length=160, required=False)
    certified_until = forms.DateField(
        label=_("Certified until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    kinds = forms.MultipleChoiceField(
        label=_("For these kinds of case; none chosen: all"), required=False, widget=forms.CheckboxSelectMultiple
    )
    sellers = forms.CharField(
        label=_("For sellers of these countries"), max_length=200, required=False,
        help_text=_("two letters each, such as ES, DE; left out: all"),
    )  # fmt: skip
    takes_from = forms.MultipleChoiceField(
        label=_("Whose cases it takes; none chosen: as law says, or sellers'"), required=False,
        widget=forms.CheckboxSelectMultiple, choices=[("seller", _("sellers'")), ("buyer", _("buyers'"))],
    )  # fmt: skip
    refer_within = forms.CharField(
        label=_("Takes a case within"), max_length=60, required=False,
        help_text=_("of the decision, such as 6 months; only where its rules say so"),
    )  # fmt: skip
    decides_within = forms.CharField(
        label=_("Answers within"), max_length=60, required=False,
        help_text=_("such as 60 days; of certified bodies law says it"),
    )  # fmt: skip
    pays_en = forms.CharField(label=_("Who bears the costs (English)"), max_length=500, required=False)
    pays_zh = forms.CharField(label=_("Who bears the costs (中文)"), max_length=500, required=False)
    pays_es = forms.CharField(label=_("Who bears the costs (Español)"), max_length=500, required=False)

    def __init__(
        self, *args: object, kinds: Mapping[str, str], ways: Sequence[tuple[str, object]], **kwargs: object
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for name, choices in (("kinds", sorted(kinds.items(), key=lambda one: one[1])), ("way", list(ways))):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
