"""What a piece of evidence out of the records shows, in one sentence of each language.

Times are in UTC and say so: readers of every zone read the same sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from safeconduct.kernel.cases.workflow import LANGUAGES, Sentence
from safeconduct.kernel.ui.formats import calendar_day, count, money

#: Letters of a title, of terms or of a serial number that stand in a sentence; the piece itself has all of them.
_MOST: Final = 80
#: What carriers report, in words.
_SCANS: Final[Mapping[str, Sentence]] = {
    "accepted": {"en": "taken over", "zh": "已揽收", "es": "recogido"},
    "in_transit": {"en": "in transit", "zh": "运输中", "es": "en tránsito"},
    "customs": {"en": "at customs", "zh": "清关中", "es": "en aduana"},
    "out_for_delivery": {"en": "out for delivery", "zh": "派送中", "es": "en reparto"},
    "exception": {"en": "something went wrong", "zh": "异常", "es": "incidencia"},
    "returned": {"en": "on its way back", "zh": "退回途中", "es": "devuelto al remitente"},
}


def ordered(at: datetime) -> Sentence:
    """That the order was placed."""
    when = _when(at)
    return {"en": f"Ordered {when['en']}", "zh": f"下单时间 {when['zh']}", "es": f"Pedido el {when['es']}"}


def offered(title: str, price: Mapping[str, Any], since: datetime | None) -> Sentence:
    """What the page promised when the order was placed. ``since``: when it became so, None where that is not told."""
    name, costs, day = _short(title), _money(price), _day(since)
    return {
        "en": f"Offered as “{name}”{_and(', ', costs['en'])}{_and(', unchanged since ', day['en'])}",
        "zh": f"商品页面：“{name}”{_and('，', costs['zh'])}{_and('，此内容自 ', day['zh'], ' 起未变')}",
        "es": f"Ofrecido como «{name}»{_and(', ', costs['es'])}{_and(', sin cambios desde el ', day['es'])}",
    }


def accepted(at: datetime, terms: str) -> Sentence:
    """Which terms the buyer accepted."""
    when, which = _when(at), _short(terms)
    return {
        "en": f"Terms accepted {when['en']}: {which}",
        "zh": f"接受条款时间 {when['zh']}：{which}",
        "es": f"Condiciones aceptadas el {when['es']}: {which}",
    }


def sent(at: datetime) -> Sentence:
    """That the parcel was handed over."""
    when = _when(at)
    return {
        "en": f"Handed to the carrier {when['en']}",
        "zh": f"交运时间 {when['zh']}",
        "es": f"Entregado al transportista el {when['es']}",
    }


def weighed(grams: int) -> Sentence:
    """The weight of all parcels when they left."""
    written = {language: count(grams, language) for language in LANGUAGES}
    return {
        "en": f"Weighed {written['en']} g when it was sent",
        "zh": f"发货重量 {written['zh']} 克",
        "es": f"Pesaba {written['es']} g al enviarse",
    }


def numbered(serials: Sequence[str]) -> Sentence:
    """The serial numbers that left."""
    which = _short(", ".join(dict.fromkeys(serials)))
    return {
        "en": f"Serial number when it was sent: {which}",
        "zh": f"发货序列号：{which}",
        "es": f"Número de serie al enviarse: {which}",
    }


def scanned(last: datetime, number: int) -> Sentence:
    """How often the carrier saw the parcel."""
    when = _when(last)
    return {
        "en": f"Scans by the carrier: {number}, the last {when['en']}",
        "zh": f"承运商扫描 {number} 次，最近一次 {when['zh']}",
        "es": f"Registros del transportista: {number}, el último el {when['es']}",
    }


def scanned_once(at: datetime, what: str) -> Sentence:
    """That the carrier saw the parcel once more, and how. ``what``: the carrier's word for it, "" where none."""
    when, how = _when(at), _SCANS.get(what, {})
    return {
        "en": f"Scanned by the carrier {when['en']}{_and(': ', how.get('en', ''))}",
        "zh": f"承运商扫描时间 {when['zh']}{_and('：', how.get('zh', ''))}",
        "es": f"Registro del transportista del {when['es']}{_and(': ', how.get('es', ''))}",
    }


def arrived(at: datetime, *, signed: bool, at_home: bool | None) -> Sentence:
    """That it was delivered. ``at_home``: to the address of the order, to another one, or not told."""
    when = _when(at)
    en, zh, es = (", signed for", "，已签收", ", firmado") if signed else ("", "", "")
    to = {
        None: ("", "", ""),
        True: (", to the address of the order", "，送达订单地址", ", en la dirección del pedido"),
        False: (
            ", to another address than the order's",
            "，送达地址与订单不符",
            ", no en la dirección del pedido",
        ),
    }[at_home]
    return {
        "en": f"Delivered {when['en']}{to[0]}{en}",
        "zh": f"妥投时间 {when['zh']}{to[1]}{zh}",
        "es": f"Entregado el {when['es']}{to[2]}{es}",
    }


def signed(at: datetime) -> Sentence:
    """That somebody signed."""
    when = _when(at)
    return {
        "en": f"Somebody signed for it {when['en']}",
        "zh": f"签收时间 {when['zh']}",
        "es": f"Alguien firmó la entrega el {when['es']}",
    }


def refunded(at: datetime, amount: Mapping[str, Any]) -> Sentence:
    """That money went back."""
    when, much = _when(at), _money(amount)
    return {
        "en": f"Refunded {when['en']}{_and(': ', much['en'])}",
        "zh": f"退款时间 {when['zh']}{_and('：', much['zh'])}",
        "es": f"Reembolsado el {when['es']}{_and(': ', much['es'])}",
    }


def _when(at: datetime) -> dict[str, str]:
    here = at.astimezone(UTC)
    return {language: f"{calendar_day(here, language)}, {here:%H:%M} UTC" for language in LANGUAGES}


def _day(at: datetime | None) -> dict[str, str]:
    return {language: "" if at is None else calendar_day(at.astimezone(UTC), language) for language in LANGUAGES}


def _money(amount: Mapping[str, Any]) -> dict[str, str]:
    minor, currency = amount.get("minor"), amount.get("currency")
    if not isinstance(minor, int) or not isinstance(currency, str):
        return dict.fromkeys(LANGUAGES, "")
    return {language: money(minor, currency, language) for language in LANGUAGES}


def _and(before: str, words: str, after: str = "") -> str:
    return f"{before}{words}{after}" if words else ""


def _short(words: str) -> str:
    one_line = " ".join(words.split())
    return one_line if len(one_line) <= _MOST else f"{one_line[: _MOST - 1]}…"
