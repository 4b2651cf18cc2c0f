"""What people do at the breach desk: open an incident, say more, count who is affected, record proof, close."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from django.db.models import Count, Min
from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.notices.administrators import tell_administrators
from safeconduct.kernel.scope import Actor
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.desk_errors import DataSecurityError, NotThere, OutOfOrder
from safeconduct.protections.data_security.history import Done
from safeconduct.protections.data_security.incidents import clockwork
from safeconduct.protections.data_security.incidents.models import AffectedPeople, Incident, IncidentClock, Proof
from safeconduct.protections.data_security.incidents.regimes import (
    Addressee,
    Judged,
    Operator,
    Risk,
    Upstream,
    regimes,
)
from safeconduct.protections.data_security.incidents.words import CATEGORIES
from safeconduct.protections.data_security.places import is_place

#: Most people that one place can have; more is a slip of the hand.
_MOST_PEOPLE: Final = 2_000_000_000
LONGEST_TEXT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Told:
    """What a person says of an incident. Nobody is named in it: the words go into messages."""

    title: str
    what: str
    aware_at: datetime
    categories: tuple[str, ...]
    established: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    operator: Operator = Operator.ORDINARY
    risk: Risk = Risk.UNKNOWN
    major: Judged = Judged.UNKNOWN
    consequences: str = ""
    measures: str = ""
    advice: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What proves that a message was sent: its text, or the file by name and content."""

    to: str
    at: datetime
    text: str = ""
    file_name: str = ""
    content: bytes = field(default=b"", repr=False)
    why_late: str = ""


def open_incident(told: Told, people: Mapping[str, int], actor: Actor, *, at: datetime) -> str:
    """Opens an incident; every clock that applies runs from when the operator was aware. Returns its id."""
    _check(told, at)
    incident = Incident(id=new_id("inc"), opened_at=at)
    _fill(incident, told)
    incident.save(force_insert=True)
    facts = {"aware_at": told.aware_at.isoformat(), "categories": sorted(told.categories)}
    history.note([Done(incident.id, "incident_opened", facts)], actor, at)
    _set_people(incident, people, False, actor, at)
    clockwork.wind(incident, actor, at=at)
    _tell(incident, at)
    return incident.id


def change(incident_id: str, told: Told, revision: int, actor: Actor, *, at: datetime) -> None:
    """Says more of an incident, or something else; clocks start and lapse as it is judged now.

    ``revision``: of the incident as the person saw it. A lower risk needs a reason (`actor.why`), which is kept.
    """
    incident = _locked(incident_id)
    if incident.revision != revision:
        raise OutOfOrder(_("Somebody else changed this incident meanwhile. Look at it again, then change it."))
    _check(told, at)
    order = list(Risk)
    eased = told.risk != incident.risk and order.index(told.risk) < order.index(Risk.HIGH) or (
        told.major is Judged.NO and incident.major != Judged.NO
    )  # fmt: skip
    if eased and not actor.why.strip():
        raise DataSecurityError(_("Say why it is judged so; the reason is kept, and authorities ask for it."), "why")
    before = {"risk": incident.risk, "major": incident.major, "aware_at": incident.aware_at.isoformat()}
    moved = told.aware_at != incident.aware_at
    _fill(incident, told)
    incident.revision += 1
    incident.save()
    after = {"risk": incident.risk, "major": incident.major, "aware_at": incident.aware_at.isoformat()}
    history.note([Done(incident.id, "incident_changed", {"from": before, "to": after})], actor, at)
    if moved:
        _from_the_start(incident)
    clockwork.wind(incident, actor, at=at)


def set_people(
    incident_id: str, people: Mapping[str, int], actor: Actor, *, at: datetime, counted: bool = False
) -> None:
    """Says how many people of which places are affected; places that are not named stay. New places start clocks.

    ``counted``: from what was exposed, not by a person.
    """
    incident = _locked(incident_id)
    _set_people(incident, people, counted, actor, at)
    clockwork.wind(incident, actor, at=at)


def record_proof(incident_id: str, clock_ids: Collection[str], sent: Sent, actor: Actor, *, at: datetime) -> str:
    """Records what was sent and stops these clocks with it: one message may serve several. Returns the proof's id."""
    incident = _locked(incident_id)
    clocks = list(IncidentClock.objects.filter(incident=incident, id__in=list(clock_ids)))
    _check_proof(incident, clocks, clock_ids, sent, at)
    content = sent.content or sent.text.encode()
    proof = Proof(
        id=new_id("prf"), incident=incident, sent_to=sent.to.strip(), sent_at=sent.at, text=sent.text,
        file_name=sent.file_name, sha256=hashlib.sha256(content).hexdigest(), why_late=sent.why_late.strip(),
        recorded_by=actor.id, recorded_at=at,
    )  # fmt: skip
    proof.save(force_insert=True)
    steps = []
    for one in clocks:
        one.stopped_at, one.wake_at, one.proof = sent.at, None, proof
        facts = {**clockwork.facts_of(one), "proof": proof.id, "sha256": proof.sha256, "sent_at": sent.at.isoformat()}
        steps.append(Done(incident.id, "clock_stopped_late" if _late(one, sent.at) else "clock_stopped", facts))
    IncidentClock.objects.bulk_update(clocks, ["stopped_at", "wake_at", "proof"])
    for one in clocks:
        started = clockwork.follow(incident, one)
        steps += [Done(incident.id, "clock_started", clockwork.facts_of(next_one)) for next_one in started]
    history.note(steps, actor, at)
    return proof.id


def close(incident_id: str, actor: Actor, *, at: datetime) -> None:
    """Closes an incident with what was learned (`actor.why`), once no clock runs any more."""
    incident = _locked(incident_id)
    running = IncidentClock.objects.filter(incident=incident, stopped_at=None, lapsed_at=None)
    open_ones = [f"{regimes()[one.regime].law} ({one.clock})" for one in running]
    if open_ones:
        raise OutOfOrder(
            _("Clocks still run: %(clocks)s. Record the proof of each, or judge the incident so that it lapses.")
            % {"clocks": "; ".join(sorted(open_ones))}
        )
    if not actor.why.strip():
        raise DataSecurityError(_("Say what was learned; it is kept with the incident."), "why")
    incident.closed_at = at
    incident.save(update_fields=["closed_at"])
    history.note([Done(incident.id, "incident_closed")], actor, at)


def _locked(incident_id: str) -> Incident:
    incident = Incident.objects.select_for_update().filter(id=incident_id).first()
    if incident is None:
        raise NotThere
    if incident.closed_at is not None:
        raise OutOfOrder(_("This incident is closed. Open a new one for what became known since."))
    return incident


def _tell(incident: Incident, at: datetime) -> None:
    """Tells the administrators, of whom one is the data-protection officer, that an incident is there."""
    running = IncidentClock.objects.filter(incident=incident, stopped_at=None, lapsed_at=None)
    counted = running.aggregate(clocks=Count("id"), due=Min("due_at"))
    values = {"incident": incident.id, "clocks": counted["clocks"], "due": counted["due"]}
    url = clockwork.page_of(incident.id)
    tell_administrators("incident.opened", values, f"incident/{incident.id}/opened", at=at, url=url)


def _fill(incident: Incident, told: Told) -> None:
    incident.title, incident.what, incident.aware_at = told.title.strip(), told.what.strip(), told.aware_at
    incident.categories, incident.established = sorted(told.categories), sorted(told.established)
    incident.upstream, incident.operator = sorted(told.upstream), told.operator.value
    incident.risk, incident.major = told.risk.value, told.major.value
    incident.consequences, incident.measures = told.consequences.strip(), told.measures.strip()
    incident.advice, incident.contact = told.advice.strip(), told.contact.strip()


def _check(told: Told, at: datetime) -> None:
    if not told.title.strip() or not told.what.strip():
        raise DataSecurityError(_("Say in a line and in some sentences what happened."), "what")
    if told.aware_at.tzinfo is None or told.aware_at.astimezone(UTC) > at:
        raise DataSecurityError(_("The moment at which you became aware cannot lie in the future."), "aware_at")
    unknown = sorted(set(told.categories) - CATEGORIES.keys())
    if unknown or not told.categories:
        raise DataSecurityError(
            _("Choose the kinds of data from the list, at least one. Unknown: %(names)s")
            % {"names": ", ".join(unknown) or "–"},
            "categories",
        )
    for place in told.established:
        if len(place) != 2 or not is_place(place):
            raise DataSecurityError(_("%(place)s is no country; write two letters such as DE.") % {"place": place},
                                    "established")  # fmt: skip
    if set(told.upstream) - set(Upstream):
        raise DataSecurityError(_("This platform is not known here."), "upstream")


def _set_people(
    incident: Incident, people: Mapping[str, int], counted: bool, actor: Actor, at: datetime
) -> None:  # fmt: skip
    for place, number in people.items():
        if not is_place(place):
            raise DataSecurityError(
                _("%(place)s is no place; write a country such as DE, or a part of one such as US-CA.")
                % {"place": place}, "people",
            )  # fmt: skip
        if not 0 <= number <= _MOST_PEOPLE:
            raise DataSecurityError(_("The number of people must be 0 or more; 0 while it is unknown."), "people")
    if not people:
        return
    AffectedPeople.objects.bulk_create(
        [AffectedPeople(incident=incident, place=p, people=n, counted=counted, at=at) for p, n in people.items()],
        update_conflicts=True, unique_fields=["incident", "place"], update_fields=["people", "counted", "at"],
    )  # fmt: skip
    facts = {"people": dict(sorted(people.items())), "counted": counted}
    history.note([Done(incident.id, "people_set", facts)], actor, at)


def _check_proof(
    incident: Incident, clocks: list[IncidentClock], wanted: Collection[str], sent: Sent, at: datetime
) -> None:
    if not wanted or len(clocks) != len(set(wanted)):
        raise DataSecurityError(_("Choose the clocks that this message stops."), "clocks")
    for one in clocks:
        if not one.runs:
            raise OutOfOrder(_("One of these clocks does not run any more; reload the page."))
        if one.started_at is None:
            raise OutOfOrder(_("One of these clocks has not begun: it runs from another message, which comes first."))
    if not sent.to.strip():
        raise DataSecurityError(_("Say to whom it was sent, and how."), "sent_to")
    if not incident.aware_at <= sent.at <= at:
        raise DataSecurityError(_("It was sent between when you became aware and now."), "sent_at")
    if bool(sent.text.strip()) == bool(sent.file_name):
        raise DataSecurityError(_("Give the text that was sent, or the file; one of them."), "text")
    if len(sent.text) > LONGEST_TEXT or (sent.file_name and not sent.content):
        raise DataSecurityError(_("The text is too long, or the file is empty."), "text")
    late = any(_late(one, sent.at) and one.to != Addressee.OWN for one in clocks)
    if late and not sent.why_late.strip():
        raise DataSecurityError(_("It was sent after its time: say why, as the message has to."), "why_late")


def _late(one: IncidentClock, sent_at: datetime) -> bool:
    return one.due_at is not None and sent_at > one.due_at


def _from_the_start(incident: Incident) -> None:
    """Sets clocks that run from when the operator was aware anew, because that moment was corrected."""
    rows = list(IncidentClock.objects.filter(incident=incident, stopped_at=None, lapsed_at=None))
    for one in rows:
        regime = regimes()[one.regime]
        clock = regime.clock(one.clock)
        if not clock.after:
            one.warned_percent = 0
            clockwork.run(one, regime, clock, incident.aware_at)
    clockwork.save(rows)
