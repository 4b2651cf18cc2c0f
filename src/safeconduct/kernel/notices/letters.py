"""Mails: text and simple HTML with nothing remote in it, from one notice or a day's collection of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.utils import DNS_NAME
from django.template.loader import render_to_string

from safeconduct.kernel.faces import site_of
from safeconduct.kernel.notices.rendering import Reader, render, summary
from safeconduct.kernel.notices.texts import frame
from safeconduct.kernel.ui.formats import count, direction

#: The address of `safeconduct serve` where nothing says otherwise.
_LOCAL: Final = "http://127.0.0.1:8000"
#: Notices that one collection spells out; the rest are counted.
_COLLECTED: Final = 50


@dataclass(frozen=True, slots=True)
class Item:
    """A notice to be mailed."""

    notice_id: str
    code: str
    values: Mapping[str, Any]
    url: str
    at: datetime
    of_seller: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """What is in a mail, before it has a receiver."""

    subject: str
    text: str
    html: str


def site(path: str = "/") -> str:
    """Where an address of this deployment is reached: under its face's name, else the first origin of the settings."""
    named = site_of(path)
    if named:
        return named
    origins: Sequence[str] = settings.CSRF_TRUSTED_ORIGINS
    return origins[0].rstrip("/") if origins else _LOCAL


def letter(items: Sequence[Item], shop: str, reader: Reader, code: str = "") -> Letter:
    """The mail about these notices: one notice in full, several as a collection. ``shop``: the seller's name. ``code``:
    the sentence about its code, for its foot."""
    words = frame()[reader.language]
    shop = " ".join(shop.split())
    of_seller = any(item.of_seller for item in items)
    context: dict[str, Any] = {
        "language": reader.language, "direction": direction(reader.language), "open": words["open"],
        "footer": (words["footer"] if of_seller else words["footer_staff"]).format(shop=shop),
        "zone": words["zone"].format(zone=reader.zone), "settings": words["settings"],
        "settings_url": f"{site()}/portal/settings/" if of_seller else "", "paragraphs": (), "items": [], "more": "",
        "url": "", "code": code,
    }  # fmt: skip
    if len(items) == 1:
        rendered = render(items[0].code, items[0].values, reader)
        context |= {
            "subject": rendered.subject,
            "paragraphs": rendered.paragraphs,
            "url": _address(items[0]),
        }
    else:
        context |= _collection(items, shop, reader, words)
    return Letter(context["subject"], _as_text(context), render_to_string("notices/mail.html", context))


def message(made: Letter, to: str, mail_id: str, former: Sequence[str] = ()) -> EmailMultiAlternatives:
    """The mail to one receiver, also at ``former`` addresses of theirs. The Message-ID hangs on `mail_id` alone, so
    that one sent twice is recognised."""
    mail = EmailMultiAlternatives(
        made.subject,
        made.text,
        to=[to],
        bcc=list(former),
        headers={"Message-ID": f"<{mail_id}@{domain()}>", "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(made.html, "text/html")
    return mail


def _collection(items: Sequence[Item], shop: str, reader: Reader, words: Mapping[str, str]) -> dict[str, Any]:
    rows = []
    for item in items[:_COLLECTED]:
        subject, short = summary(item.code, item.values, reader)
        rows.append({"subject": subject, "short": short, "url": _address(item)})
    left = len(items) - _COLLECTED
    return {
        "subject": words["digest_subject"].format(count=count(len(items), reader.language), shop=shop),
        "paragraphs": (words["digest_lead"],),
        "items": rows,
        "more": words["digest_more"].format(count=count(left, reader.language)) if left > 0 else "",
        "url": f"{site()}/portal/notices/" if items[0].of_seller else "",
    }


def _as_text(context: Mapping[str, Any]) -> str:
    parts = list(context["paragraphs"])
    for item in context["items"]:
        parts.append("\n".join(line for line in (item["subject"], item["short"], item["url"]) if line))
    if context["more"]:
        parts.append(context["more"])
    if context["url"]:
        parts.append(f"{context['open']}: {context['url']}")
    ending = f"{context['zone']} {context['footer']}"
    if context["settings_url"]:
        ending += f"\n{context['settings']}: {context['settings_url']}"
    if context["code"]:
        ending += f"\n\n{context['code']}"
    return "\n\n".join([*parts, "-- \n" + ending]) + "\n"


def _address(item: Item) -> str:
    """Where a notice is opened: its own place, else the inbox."""
    if item.url:
        return site(item.url) + item.url
    return f"{site()}/portal/notices/{item.notice_id}/" if item.of_seller else ""


def domain() -> str:
    """What ids of mails end with."""
    _name, _at, domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")
    return domain.rstrip(">").strip() or str(DNS_NAME)
