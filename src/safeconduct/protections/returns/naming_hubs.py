"""The marketplace's local addresses for returns: how one is named, changed and ended, by a lead or by a machine.

What was named stays as it was, so that the past can be asked: a change is another version of the code, from now or from
a day to come, and the version before it ends then. Buyers who were told an address keep it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from babel import Locale
from django.db.models import Q
from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases.floors import UNION
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import query
from safeconduct.protections.returns import hubs
from safeconduct.protections.returns.errors import HubRefused, NoSuchHub
from safeconduct.protections.returns.models import Hub
from safeconduct.protections.returns.words import HUB_PAYERS, Payer

#: The kind of line that naming a local address, and ending it, leaves in the record.
LINE: Final = "return_hub"
#: Stands for the countries of the European Union, as they were on the day of naming.
_THE_UNION: Final = "EU"
_CODE: Final = re.compile("[a-z0-9][a-z0-9-]{0,39}")
_LONGEST: Final = {"name": 60, "address": 500}
_LONGEST_CATEGORY: Final = 80
_MOST_CATEGORIES: Final = 100
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """A local address to be named, as `Hub` describes its fields. ``serves``: empty for its own country alone; EU for
    those of the Union. ``since``: its first day (UTC), None for at once; ``until``: its last day, None for no end."""

    code: str
    name: str
    country: str
    address: str
    paid_by: Payer
    serves: tuple[str, ...] = ()
    goods: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What became of a draft: the version that holds what it says. ``change``: "new" where there was none of its code,
    "changed" where it follows one, "ends" where only its end is another, "" where nothing is."""

    hub: Hub
    change: str


def name(draft: Draft, by: User | str, *, at: datetime) -> Named:
    """Names a local address; ``by`` a person or the id of a machine's key. What is there already changes nothing, and
    other contents under a code end what was there at the time at which they begin. In a staff or engine scope.

    Raises HubRefused, which names the field.
    """
    fields, until_at = _fields(draft), _until(draft, at)
    query("SELECT pg_advisory_xact_lock(%s)", [Lock.RETURN_HUBS])
    lasting = Hub.objects.filter(Q(until_at=None) | Q(until_at__gt=at), code=draft.code)
    there = list(lasting.order_by("since", "id"))
    same = next((one for one in there if _says(one, fields, draft.since)), None)
    if same is not None:
        if same.until_at == until_at:
            return Named(same, "")
        _end(same, until_at, by, at)
        return Named(same, "ends")
    begins = _begins(draft, at)
    if until_at is not None and until_at <= begins:
        raise HubRefused(_("It ends before it begins; give a later last day."), "until")
    if not there and len(hubs.in_force(at)) >= hubs.MOST_HUBS:
        raise HubRefused(
            _("At most %(n)s local addresses are in force at a time; end one first.") % {"n": hubs.MOST_HUBS}, "code"
        )
    for one in there:
        if one.until_at is None or one.until_at > begins:
            _end(one, max(one.since, begins), by, at)
    by_key = isinstance(by, str)
    made = Hub.objects.create(
        id=new_id("hub"), **fields, since=begins, named_by=None if by_key else by, named_key=by if by_key else "",
        named_at=at,
    )  # fmt: skip
    says = {"step": "named", "code": made.code, "country": made.country, "since": begins.isoformat(), "by": _who(by)}
    leaves.say(LINE, made.id, says, at)
    if until_at is not None:
        _end(made, until_at, by, at)
    return Named(made, "changed" if there else "new")


def end(hub_id: str, by: User | str, *, at: datetime, last_day: date | None = None) -> Hub:
    """Ends a local address: now, or with a day to come (UTC). Returns that were told to go there keep it. Raises
    NoSuchHub, HubRefused."""
    query("SELECT pg_advisory_xact_lock(%s)", [Lock.RETURN_HUBS])
    found = Hub.objects.filter(Q(until_at=None) | Q(until_at__gt=at), id=hub_id).first()
    if found is None:
        raise NoSuchHub
    if last_day is not None and last_day < at.date():
        raise HubRefused(_("That day is over; choose today or a day to come."), "until")
    ends = at if last_day is None else _midnight(last_day + _ONE_DAY)
    if ends < found.since and last_day is not None:
        raise HubRefused(_("It ends before it begins; give a later last day."), "until")
    _end(found, max(found.since, ends), by, at)
    return found


def _end(hub: Hub, until_at: datetime | None, by: User | str, at: datetime) -> None:
    by_key, open_again = isinstance(by, str), until_at is None
    hub.until_at = until_at
    hub.ended_by = None if by_key or open_again else by  # type: ignore[assignment]
    hub.ended_key = by if isinstance(by, str) and not open_again else ""
    hub.save(update_fields=["until_at", "ended_by", "ended_key"])
    until = "" if until_at is None else until_at.isoformat()
    leaves.say(LINE, hub.id, {"step": "ended", "until": until, "by": _who(by)}, at)


def _fields(draft: Draft) -> dict[str, object]:
    """The contents of a draft, each checked. Raises HubRefused."""
    if not _CODE.fullmatch(draft.code):
        raise HubRefused(_("A code is of small letters, digits and hyphens, at most 40, such as de-leipzig."), "code")
    texts = {"name": " ".join(draft.name.split()), "address": _lines(draft.address)}
    for field, most in _LONGEST.items():
        if not texts[field]:
            raise HubRefused(_("This is missing; the buyer writes it on the parcel."), field)
        if len(texts[field]) > most:
            raise HubRefused(_("This has more than %(n)s letters.") % {"n": most}, field)
    if draft.paid_by not in HUB_PAYERS:
        raise HubRefused(_("Its work is paid by the seller or by the marketplace."), "paid_by")
    _country(draft.country, "country")
    serves: set[str] = set()
    for country in draft.serves or (draft.country,):
        serves |= UNION if country == _THE_UNION else {_country(country, "serves")}
    goods = sorted({category.strip() for category in draft.goods} - {""})
    if len(goods) > _MOST_CATEGORIES or any(len(category) > _LONGEST_CATEGORY for category in goods):
        raise HubRefused(
            _("Name at most %(n)s product categories, as orders tell them, of at most %(m)s letters each.")
            % {"n": _MOST_CATEGORIES, "m": _LONGEST_CATEGORY},
            "goods",
        )
    return {
        "code": draft.code, **texts, "country": draft.country, "serves": sorted(serves), "goods": goods,
        "paid_by": draft.paid_by.value,
    }  # fmt: skip


def _says(hub: Hub, fields: dict[str, object], since: date | None) -> bool:
    """Whether a version holds these contents from this day; without a day, whenever it begins."""
    return all(getattr(hub, name) == value for name, value in fields.items()) and since in (None, hub.since.date())


def _begins(draft: Draft, at: datetime) -> datetime:
    if draft.since is None or draft.since == at.date():
        return at
    if draft.since < at.date():
        raise HubRefused(
            _("What is changed begins today or later, since buyers were told what was in force; leave the day out."),
            "since",
        )
    return _midnight(draft.since)


def _until(draft: Draft, at: datetime) -> datetime | None:
    if draft.until is None:
        return None
    if draft.until < at.date():
        raise HubRefused(_("That day is over; choose today or a day to come."), "until")
    return _midnight(draft.until + _ONE_DAY)


def _country(code: str, field: str) -> str:
    if code not in _countries():
        raise HubRefused(_("Write countries as their codes of two letters, such as DE or MX."), field)
    return code


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    """The countries of ISO 3166; CLDR also has codes of groups and of no country."""
    named = {code for code in Locale("en").territories if re.fullmatch("[A-Z]{2}", code)}
    return frozenset(named - {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"})


def _lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines() if line.strip())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _who(by: User | str) -> str:
    return by if isinstance(by, str) else by.id
