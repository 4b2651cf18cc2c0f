"""What a browser calls itself, taken apart: its name, its system, and the kind of device. Good enough for a list of
sessions and to compare sign-ins; whoever lies about it is only as unusual as what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: The first that is found counts: most browsers name others as well. Each pattern's group is the version.
_BROWSERS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("Edge", r"\bEdg(?:e|A|iOS)?/(\d+)"),
        ("Opera", r"\bOPR/(\d+)"),
        ("Samsung Internet", r"\bSamsungBrowser/(\d+)"),
        ("WeChat", r"\bMicroMessenger/(\d+)"),
        ("Firefox", r"\b(?:Firefox|FxiOS)/(\d+)"),
        ("Chrome", r"\b(?:HeadlessChrome|Chrome|CriOS)/(\d+)"),
        ("Safari", r"\bVersion/(\d+)[^ ]* (?:Mobile/\w+ )?Safari/"),
    )
)
#: What browsers are called here.
NAMES: Final = tuple(name for name, _ in _BROWSERS)
_SYSTEMS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("HarmonyOS", r"\bHarmonyOS(?: (\d+))?"),
        ("Android", r"\bAndroid(?: (\d+))?"),
        ("iOS", r"\b(?:iPhone|CPU) OS (\d+)"),
        ("Windows", r"\bWindows NT (\d+)"),
        ("macOS", r"\bMac OS X (\d+)"),
        ("ChromeOS", r"\bCrOS\b(?: \w+ (\d+))?"),
        ("Linux", r"\bLinux\b()"),
    )
)
_PHONE: Final = re.compile(r"\b(?:Mobi|Mobile|iPhone)\b")
_TABLET: Final = re.compile(r"\b(?:iPad|Tablet)\b")


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser as it presents itself; an empty text where it says nothing. Versions are whole numbers."""

    name: str
    version: str
    system: str
    system_version: str
    kind: str

    def __str__(self) -> str:
        """`Firefox, Windows`; empty where nothing is known."""
        return ", ".join(part for part in (self.name, self.system) if part)


def browser_of(user_agent: str) -> Browser:
    """Takes a User-Agent header apart."""
    name, version = _first(_BROWSERS, user_agent)
    system, system_version = _first(_SYSTEMS, user_agent)
    kind = "tablet" if _TABLET.search(user_agent) else "phone" if _PHONE.search(user_agent) else "computer"
    return Browser(name, version, system, system_version, kind if name or system else "")


def _first(known: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> tuple[str, str]:
    for name, pattern in known:
        found = pattern.search(text)
        if found is not None:
            return name, found[1] or ""
    return "", ""
