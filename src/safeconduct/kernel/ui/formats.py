"""How values are written for a reader: money, times, spans, shares, counts, by language and zone.

Pure functions; the template tags supply language, zone and the page's one moment.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta, get_timezone_location, get_timezone_name
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from babel.units import format_unit
from django.utils.translation import gettext as _

from safeconduct.foundation.money import Money

#: Languages of right-to-left scripts, by primary subtag.
RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
MINUS = "\N{MINUS SIGN}"


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """The Babel locale of a Django language code (``zh-hans`` → zh_Hans); English where Babel knows none."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, LookupError):
        return Locale.parse("en")


@lru_cache(maxsize=64)
def _calendar(language: str) -> Locale:
    # Bare "en" is American in CLDR (month first, 12 hours); readers of a world market get the international form.
    return Locale.parse("en_150") if language.split("-")[0] == "en" and len(language) == 2 else locale_of(language)


def direction(language: str) -> str:
    """``rtl`` or ``ltr``."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"


def money(amount_minor: int, currency: str, language: str, *, signed: bool = False) -> str:
    """An amount in minor units as people of this language write it; `signed` writes a plus before gains."""
    text = Money(abs(amount_minor), currency).format(str(locale_of(language)))
    if amount_minor < 0:
        return MINUS + text
    return f"+{text}" if signed and amount_minor > 0 else text


def count(value: int, language: str, *, compact: bool = False) -> str:
    """A whole number with the language's grouping; `compact` writes 1.2M."""
    locale = locale_of(language)
    if compact and abs(value) >= 10_000:
        return str(format_compact_decimal(value, locale=locale, fraction_digits=1))
    return str(format_decimal(value, locale=locale)).replace("-", MINUS)


def share(value: float, language: str, *, digits: int = 1, signed: bool = False) -> str:
    """A ratio as a percentage: 0.0184 is 1.8%. The sign, where wanted, is a real minus."""
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    locale = locale_of(language)
    gap = "" if "\xa0" not in locale.percent_formats[None].pattern else "\xa0"
    text = str(format_percent(abs(value), format=f"{pattern}{gap}%", locale=locale))
    if value < 0:
        return MINUS + text
    return f"+{text}" if signed and value > 0 else text


def decimal(value: float, language: str, *, digits: int = 2, signed: bool = False) -> str:
    """A plain number with a fixed number of decimals."""
    text = str(format_decimal(abs(value), format="#,##0." + "0" * digits if digits else "#,##0",
                              locale=locale_of(language)))  # fmt: skip
    if value < 0 and text.strip("0.,"):
        return MINUS + text
    return f"+{text}" if signed and value > 0 else text


def absolute(at: datetime, zone: tzinfo, language: str, now: datetime, *, seconds: bool = False) -> str:
    """Day and time in the reader's zone: ``Tue, 24 Nov, 11:00``; the year only where it is not this year."""
    here, today = at.astimezone(zone), now.astimezone(zone)
    locale = _calendar(language)
    day = format_skeleton("MMMEd" if here.year == today.year else "yMMMEd", here, tzinfo=zone, locale=locale)
    # 24 hours for everyone: a deadline must not hang on AM and PM.
    clock = here.strftime("%H:%M:%S" if seconds else "%H:%M")
    return f"{day}{' ' if locale.language == 'zh' else ', '}{clock}"


def day(at: datetime, zone: tzinfo, language: str, now: datetime) -> str:
    """A day without a time: ``24 Nov``, with the year where it is not this year."""
    here, today = at.astimezone(zone), now.astimezone(zone)
    skeleton = "MMMd" if here.year == today.year else "yMMMd"
    return str(format_skeleton(skeleton, here, tzinfo=zone, locale=_calendar(language)))


def calendar_day(value: date, language: str) -> str:
    """A day of the calendar, which is the same in every zone, always with its year: ``1 Jan 2020``."""
    return str(format_skeleton("yMMMd", value, locale=_calendar(language)))


def calendar_month(value: date, language: str) -> str:
    """A month of the calendar with its year: ``Jan 2020``."""
    return str(format_skeleton("yMMM", value, locale=_calendar(language)))


def country_name(code: str, language: str) -> str:
    """A country by its code (ISO 3166), or the code where nothing is known of it."""
    return str(locale_of(language).territories.get(code.upper(), code))


def language_name(code: str, language: str) -> str:
    """A language by its tag, with the country that the tag names: ``es-CL`` is Spanish (Chile). The tag itself where
    nothing is known of it."""
    tongue, _sep, rest = code.replace("_", "-").partition("-")
    name = locale_of(language).languages.get(tongue.lower(), "")
    if not name:
        return code
    place = rest.rpartition("-")[2]
    return f"{name} ({country_name(place, language)})" if len(place) == 2 else str(name)


def clock(at: datetime, zone: tzinfo, language: str) -> str:
    """Day, time and place, for a page's head: Monday, 23 November, 14:20 (Santiago)."""
    here = at.astimezone(zone)
    locale = _calendar(language)
    city = get_timezone_location(zone, locale=locale, return_city=True) if "/" in str(zone) else str(zone)
    gap = " " if locale.language == "zh" else ", "
    return f"{format_skeleton('MMMMEEEEd', here, locale=locale)}{gap}{here:%H:%M} ({city})"


def full(at: datetime, zone: tzinfo, language: str) -> str:
    """The unmistakable form, for tooltips and print: long date, seconds, the zone's name, and UTC."""
    here = at.astimezone(zone)
    locale = _calendar(language)
    name = get_timezone_name(here, width="long", locale=locale)
    offset = here.strftime("%z")
    utc = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{format_date(here, 'full', locale=locale)} {here:%H:%M:%S} ({name}, {offset[:3]}:{offset[3:5]}) · {utc}"


def _unit(amount: int, unit: str, locale: Locale) -> str:
    # CLDR has no narrow form in some languages (Chinese); Babel then writes the unit's code.
    for length in ("narrow", "short", "long"):
        text = str(format_unit(amount, f"duration-{unit}", length, locale=locale))
        if "duration-" not in text:
            return text
    return f"{amount} {unit}"


def span(delta: timedelta, language: str) -> str:
    """A length of time in at most two units, unsigned: ``1d 3h``, ``38m``, ``12s``."""
    left = abs(int(delta.total_seconds()))
    locale = locale_of(language)
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    for i, (unit, size) in enumerate(units):
        if left >= size or size == 1:
            whole, rest = divmod(left, size)
            parts = [_unit(whole, unit, locale)]
            smaller, smaller_size = units[min(i + 1, 3)]
            # A second unit only while it matters: hours within a week, seconds within ten minutes.
            matters = not (unit == "day" and whole >= 7) and not (unit == "minute" and whole >= 10)
            if unit != "second" and rest >= smaller_size and matters:
                parts.append(_unit(rest // smaller_size, smaller, locale))
            return ("" if locale.language == "zh" else " ").join(parts)
    raise AssertionError("the last unit always matches")


def relative(at: datetime, now: datetime, language: str) -> str:
    """``2 hours ago``, ``in 3 days``; ``just now`` within a minute."""
    delta = at - now
    if abs(delta) < timedelta(minutes=1):
        return _("just now")
    return str(format_timedelta(delta, add_direction=True, threshold=1.2, locale=locale_of(language)))


def remaining(due_at: datetime, now: datetime, language: str, *, compact: bool = False) -> tuple[str, str]:
    """What is left until a deadline, and how pressing it is (a tone): overdue and < 4 h bad, < 24 h warn.

    `compact` leaves out the word for what is left, for a column that says so.
    """
    left = due_at - now
    text = span(left, language)
    if left < timedelta(0):
        return _("%(span)s overdue") % {"span": text}, "bad"
    said = text if compact else _("%(span)s left") % {"span": text}
    if left < timedelta(hours=4):
        return said, "bad"
    return said, "warn" if left < timedelta(hours=24) else "calm"
