"""Conversions from what sources write to what the catalogue wants: exact, or refused with a sentence.

A conversion takes a value as JSON or CSV gives it (text, integer, Decimal, boolean, object, list) and returns the
canonical value, None where the value says nothing (an empty text, the address 0.0.0.0), or raises ConversionError.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from babel import Locale
from babel.core import get_global

from safeconduct.connectors.results import ConversionError, shown
from safeconduct.foundation.money import MOST_MINOR, exponent
from safeconduct.foundation.policy.types import Type
from safeconduct.kernel.events import envelope

INT64_MAX = 2**63 - 1
#: Longest text an event may hold, in characters: the intake's own limit.
MAX_TEXT = envelope.MAX_TEXT
#: Decimal digits beyond which a number is not an amount of money.
_MAX_DIGITS = 40
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{0,40})?", re.ASCII)
#: Digits in groups of three, by decimal mark: with the other mark, an apostrophe or a space between them.
_GROUPED: Final[Mapping[str, re.Pattern[str]]] = {
    mark: re.compile(rf"[+-]?[0-9]{{1,3}}(?:[{between}'\u2019 \u00a0\u202f][0-9]{{3}})+(?:[{mark}][0-9]*)?", re.ASCII)
    for mark, between in ((".", ","), (",", "."))
}
#: A thousand and some, or one and some thousandths.
_TWO_WAYS = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}", re.ASCII)
_BETWEEN_GROUPS: Final = str.maketrans("", "", "'\u2019 \u00a0\u202f")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_UNIX = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,9})?", re.ASCII)
#: Currencies whose minor unit is not a hundredth. Source: ISO 4217, list one, column "Minor unit".
_ISO_DIGITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_END_OF_TIME = 253_402_300_800  # 10000-01-01T00:00:00Z in Unix seconds


def text(value: object) -> str | None:
    """Text of a text, number or boolean; of an object its ``id`` (sources expand references to whole objects)."""
    if isinstance(value, Mapping):
        value = value.get("id")
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        value = plain_number(value)
    if not isinstance(value, (str, int)):
        raise ConversionError("a text is wanted, and this is a list or an object")
    # NUL cannot be stored by the database, and a lone surrogate cannot be written at all.
    cleaned = str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()
    if len(cleaned) > MAX_TEXT:
        raise ConversionError(f"the text has {len(cleaned)} characters, and {MAX_TEXT} are the most")
    return cleaned or None


def first_word(value: object) -> str | None:
    """A text up to its first blank, such as the number before its words."""
    written = text(value)
    return written.split()[0] if written else None


def plain_number(value: Decimal) -> str:
    """A Decimal without an exponent; raises ConversionError for one that is not finite or absurdly long."""
    if not value.is_finite() or abs(value.adjusted()) > _MAX_DIGITS or len(value.as_tuple().digits) > _MAX_DIGITS:
        raise ConversionError("the number is too long")
    return format(value, "f")


def integer(value: object) -> int | None:
    """A whole number within 64 bits."""
    if isinstance(value, bool):
        raise ConversionError("a whole number is wanted, and this is true or false")
    if isinstance(value, int):
        number = value
    else:
        written = text(value)
        if written is None:
            return None
        whole, _, fraction = written.partition(".")
        if not _INTEGER.fullmatch(whole) or fraction.strip("0"):
            raise ConversionError(f"{shown(written)} is not a whole number")
        number = int(whole)
    if abs(number) > INT64_MAX:
        raise ConversionError("the number is too large")
    return number


def boolean(value: object) -> bool | None:
    """True or false; the words true, yes, 1 and false, no, 0 are taken."""
    if isinstance(value, bool):
        return value
    written = text(value)
    match written.lower() if written else None:
        case None:
            return None
        case "true" | "yes" | "y" | "1":
            return True
        case "false" | "no" | "n" | "0":
            return False
    raise ConversionError(f"{shown(written)} is neither true nor false")


def time_field(value: object) -> str | None:
    """As `moment_of`, for a field of an event: no time that only says that none is known, such as 0001-01-01."""
    written = moment_of(value)
    if written is not None and not envelope.in_field_years(envelope.read_time("time", written)):
        raise ConversionError(f"{shown(written)} lies outside the years 1900 to 2200")
    return written


def moment_of(value: object) -> str | None:
    """A time: Unix seconds if it is a number, else ISO 8601."""
    if isinstance(value, bool):
        raise ConversionError("a time is wanted, and this is true or false")
    written = text(value)
    if written is None:
        return None
    return unix_time(written) if _UNIX.fullmatch(written) else iso_time(written)


def unix_time(value: object) -> str | None:
    """ISO 8601 in UTC of Unix seconds."""
    return _from_unix(value, 1)


def unix_ms(value: object) -> str | None:
    """ISO 8601 in UTC of Unix milliseconds."""
    return _from_unix(value, 1000)


def _from_unix(value: object, per_second: int) -> str | None:
    written = None if isinstance(value, bool) else text(value)
    if written is None:
        return None
    if not _DECIMAL.fullmatch(written):
        raise ConversionError(f"{shown(written)} is not a Unix time")
    micros = int(Decimal(written) * (1_000_000 // per_second))
    if not 0 < micros < _END_OF_TIME * 1_000_000:
        raise ConversionError(f"{shown(written)} is not a Unix time of our calendar")
    seconds, rest = divmod(micros, 1_000_000)
    return _write_time(datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest))


def iso_time(value: object) -> str | None:
    """ISO 8601 in UTC of an ISO 8601 time; a time without a zone is taken as UTC, a day as its first instant."""
    written = text(value)
    if written is None:
        return None
    try:
        at = datetime.fromisoformat(written)
        return _write_time(at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC))
    except (ValueError, OverflowError):
        raise ConversionError(f"{shown(written)} is not a time; write 2026-06-01T08:00:00Z") from None


def _write_time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def number(value: object) -> float | None:
    """A number with a fraction, for the few fields that are one; never for money."""
    written = None if isinstance(value, bool) else text(value)
    if written is None:
        return None
    if not _DECIMAL.fullmatch(written):
        raise ConversionError(f"{shown(written)} is not a number")
    return float(written)


def lower(value: object) -> str | None:
    written = text(value)
    return written.lower() if written else None


def upper(value: object) -> str | None:
    written = text(value)
    return written.upper() if written else None


def email(value: object) -> str | None:
    """An e-mail address in lower case."""
    written = lower(value)
    if written and not _EMAIL.fullmatch(written):
        raise ConversionError("this is not an e-mail address")
    return written


def email_domain(value: object) -> str | None:
    """The part of an e-mail address after the last @."""
    written = email(value)
    return written.rpartition("@")[2] if written else None


def phone(value: object) -> str | None:
    """E.164 of a telephone number written with its country code; one without says too little to be a key."""
    written = text(value)
    if written is None or not written.startswith(("+", "00")):
        return None
    digits = re.sub(r"[^0-9]", "", written).lstrip("0")
    return f"+{digits}" if 7 <= len(digits) <= 15 else None


def ip_address(value: object) -> str | None:
    """An IP address in its shortest form; 0.0.0.0, :: and the machine's own address name nobody."""
    written = text(value)
    if written is None:
        return None
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(written)
    except ValueError:
        raise ConversionError("this is not an IP address") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return None if address.is_unspecified or address.is_loopback else str(address)


def locale_tag(value: object) -> str | None:
    """A language tag of BCP 47: ``es_CL`` and ``es-CL`` give es-CL; of a header of several, the first."""
    written = text(value)
    if written is None:
        return None
    tag = re.split(r"[,;]", written)[0].strip().replace("_", "-")
    if not _LOCALE.fullmatch(tag):
        raise ConversionError(f"{shown(written)} is not a language tag such as es-CL")
    return tag


def url_host(value: object) -> str | None:
    """The host of a URL in small letters."""
    written = text(value)
    try:
        return urlsplit(written).hostname if written else None
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Countries by code and by name, small letters: English names, and those of the other languages that ship."""
    english = Locale("en").territories
    names = {str(code) for code in english if len(str(code)) == 2 and str(code).isalpha()}
    known = (set(get_global("territory_currencies")) & names) - {"EU", "UN", "EZ"}
    found = {code.casefold(): code for code in known} | {"uk": "GB"}
    for language in ("en", "es", "zh"):
        territories = Locale(language).territories
        found = {territories[code].casefold(): code for code in known if code in territories} | found
    return found


def country(value: object) -> str | None:
    """ISO 3166-1 alpha-2 of a code in any case, or of a country's name in English, Spanish or Chinese."""
    written = text(value)
    if written is None:
        return None
    code = _countries().get(written.casefold())
    if code is None:
        raise ConversionError(f"{shown(written)} is not a country; give its two letters of ISO 3166-1")
    return code


def currency_code(value: object) -> str | None:
    """A currency code of ISO 4217 in capitals."""
    written = upper(value)
    if written is not None and (not _CURRENCY.fullmatch(written) or written not in get_global("all_currencies")):
        raise ConversionError(f"{shown(written)} is not a currency code of ISO 4217")
    return written


def money_minor(value: object, currency: str, exponents: Mapping[str, int]) -> dict[str, object] | None:
    """Money of an integer of the source's smallest unit.

    ``exponents``: currencies that the source counts with another number of decimals than ISO 4217 does.
    """
    number = integer(value)
    digits = exponents.get(currency, _ISO_DIGITS.get(currency, 2))
    return None if number is None else _money(number, -digits, currency)


def money_decimal(value: object, currency: str, mark: str = ".") -> dict[str, object] | None:
    """Money of a decimal text or number, exactly; more decimals than the currency has are an error unless zero.

    ``mark``: the decimal mark of the source, "." or ",". Groups of three digits may stand apart: 1,234.50 or 1.234,50.
    """
    if isinstance(value, bool):
        raise ConversionError("an amount is wanted, and this is true or false")
    written = text(value)
    if written is None:
        return None
    if isinstance(value, str):
        written = _without_groups(written, mark)
    if not _DECIMAL.fullmatch(written):
        raise ConversionError(f"{shown(written)} is not an amount; write digits such as 12{mark}30")
    whole, _, fraction = written.partition(".")
    return _money(int(whole + fraction), -len(fraction), currency)


def _without_groups(written: str, mark: str) -> str:
    """An amount as text without what stands between groups of digits, its decimal mark a point."""
    other = "," if mark == "." else "."
    if _GROUPED[mark].fullmatch(written):
        if mark == "." and _TWO_WAYS.fullmatch(written):
            way_out = 'write it without the comma, or say `decimal: ","` in the mapping'
            raise ConversionError(f"{shown(written)} can be read in two ways; {way_out}")
        return written.translate(_BETWEEN_GROUPS).replace(other, "").replace(mark, ".")
    if mark == "," and other in written:
        raise ConversionError(
            f"{shown(written)} is not an amount; points stand between groups of three digits: 1.234,50"
        )
    return written.replace(mark, ".")


def _money(number: int, power: int, currency: str) -> dict[str, object]:
    """Money of number × 10^power units of the currency, in the minor units that `foundation.money` counts."""
    shift = power + exponent(currency)
    minor, rest = (number * 10**shift, 0) if shift >= 0 else divmod(number, 10**-shift)
    if rest:
        raise ConversionError(f"the amount is finer than the {exponent(currency)} decimals that {currency} has")
    if abs(minor) > MOST_MINOR:
        raise ConversionError("the amount is too large")
    return {"minor": minor, "currency": currency}


def card_key(brand: object, bin_: object, number: object, month: object, year: object) -> str | None:
    """A key for a card of which only parts are shown: ``visa:424242:4242:2028-08``.

    Needs the first six or eight digits and the last four; with less, too many cards would look like one. Never
    more digits than that are kept, whatever the source sends.
    """
    first = re.sub(r"[^0-9]", "", text(bin_) or "")[:8]
    last = re.sub(r"[^0-9]", "", (text(number) or "")[-4:])
    if len(first) < 6 or len(last) != 4:
        return None
    parts = [re.sub(r"[^a-z]", "", (text(brand) or "").lower()) or "card", first, last]
    expires = (integer(year), integer(month))
    if expires[0] is not None and expires[1] is not None:
        parts.append(f"{expires[0] % 100 + 2000}-{expires[1]:02}")
    return ":".join(parts)


Conversion = Callable[[object], object]

#: The conversions a mapping may name after ``as:``, and the type each gives.
CONVERSIONS: Final[Mapping[str, tuple[Conversion, Type]]] = {
    "text": (text, Type.TEXT),
    "word": (first_word, Type.TEXT),
    "lower": (lower, Type.TEXT),
    "upper": (upper, Type.TEXT),
    "country": (country, Type.TEXT),
    "currency": (currency_code, Type.TEXT),
    "email": (email, Type.TEXT),
    "email_domain": (email_domain, Type.TEXT),
    "phone": (phone, Type.TEXT),
    "ip": (ip_address, Type.TEXT),
    "url_host": (url_host, Type.TEXT),
    "locale": (locale_tag, Type.TEXT),
    "int": (integer, Type.INTEGER),
    "bool": (boolean, Type.BOOLEAN),
    "time": (moment_of, Type.TIMESTAMP),
    "unix_time": (unix_time, Type.TIMESTAMP),
    "unix_ms": (unix_ms, Type.TIMESTAMP),
    "iso_time": (iso_time, Type.TIMESTAMP),
}
