"""The text to send: what a regime wants said, in the reader's language, filled with what is known of the incident.

A template, never sent by itself: a person reads it, adds what is missing, sends it, and records the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from django.utils import translation
from django.utils.translation import gettext as _

from safeconduct.protections.data_security.incidents.models import AffectedPeople, Incident, IncidentClock
from safeconduct.protections.data_security.incidents.regimes import Addressee, Section, protects, regimes
from safeconduct.protections.data_security.incidents.words import CATEGORIES
from safeconduct.protections.data_security.words import django_language


def letter(incident: Incident, clock: IncidentClock, people: Sequence[AffectedPeople], language: str) -> str:
    """The message of one clock, as plain text. What nobody has written yet stands in square brackets."""
    regime = regimes()[clock.regime]
    rule = regime.clock(clock.clock)
    places = [one.place for one in people]
    numbers = [one for one in people if not regime.people_in or protects(regime, one.place, places)]
    with translation.override(django_language(language)):
        lines = [_opening(Addressee(clock.to)), _("Legal basis: %(law)s") % {"law": regime.law}, ""]
        for section in rule.says:
            lines += [_heading(section), _content(section, incident, numbers), ""]
        lines.append(_("Our reference: %(id)s") % {"id": incident.id})
    return "\n".join(lines)


def _opening(to: Addressee) -> str:
    match to:
        case Addressee.AUTHORITY:
            return _("Notification of an incident with personal data")
        case Addressee.PEOPLE:
            return _("Your personal data: something happened that you should know")
        case Addressee.PLATFORM:
            return _("Notice of a security incident under our agreement")
        case Addressee.OWN:
            return _("Assessment of an incident with personal data")


def _heading(section: Section) -> str:
    match section:
        case Section.NATURE:
            return _("What happened")
        case Section.CATEGORIES:
            return _("What information was involved")
        case Section.NUMBERS:
            return _("How many people are concerned")
        case Section.CONSEQUENCES:
            return _("What can come of it")
        case Section.MEASURES:
            return _("What we are doing")
        case Section.ADVICE:
            return _("What you can do")
        case Section.CONTACT:
            return _("For more information")


def _content(section: Section, incident: Incident, people: Sequence[AffectedPeople]) -> str:
    match section:
        case Section.NATURE:
            known = incident.aware_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
            return incident.what + "\n" + _("We became aware of it on %(at)s (UTC).") % {"at": known}
        case Section.CATEGORIES:
            return "\n".join(f"- {CATEGORIES[name]}" for name in incident.categories)
        case Section.NUMBERS:
            known_ones = [f"{one.place}: {one.people}" for one in people if one.people]
            return "; ".join(known_ones) or _("[not known yet; it follows]")
        case Section.CONSEQUENCES:
            return incident.consequences or _("[describe what is likely to come of it]")
        case Section.MEASURES:
            return incident.measures or _("[describe what was and will be done]")
        case Section.ADVICE:
            return incident.advice or _("[say what people can do to protect themselves]")
        case Section.CONTACT:
            return incident.contact or _("[name and reach of the data-protection officer or another contact]")
