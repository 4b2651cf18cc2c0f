"""What the components show: small frozen values that views fill and templates draw.

Every tag also takes any object, or dict, with attributes of the same names: a kernel's own type may be passed as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise
EVERYTHING: Final[Text] = _("All")

#: action of a decision → (tone, icon, name)
ACTIONS: Final[Mapping[str, tuple[str, str, Text]]] = {
    "allow": ("good", "check", pgettext_lazy("action", "Allow")),
    "challenge": ("info", "question", pgettext_lazy("action", "Challenge")),
    "review": ("warn", "eye", pgettext_lazy("action", "Review")),
    "block": ("bad", "block", pgettext_lazy("action", "Block")),
}


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A place in the rail. `go`: the key after g. `group`: the heading it stands under (`kernel.ui.menu`). `also`: how
    the addresses of other pages begin that belong to it.
    """

    label: Text
    url: str
    icon: str = ""
    count: int | None = None
    tone: str = ""
    current: bool = False
    go: str = ""
    group: Text = ""
    also: Sequence[str] = ()

    def leads_to(self, path: str) -> int:
        """How much of an address it covers: letters, 0 where the page is another's."""
        return max((len(begins) for begins in (self.url, *self.also) if path.startswith(begins)), default=0)


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """The entries under one heading. `label` is empty for what stands on top, which never folds."""

    label: Text
    entries: Sequence[MenuEntry]

    @property
    def open(self) -> bool:
        """Whether the page shown is one of these."""
        return any(entry.current for entry in self.entries)

    @property
    def count(self) -> int:
        """What waits on these pages together: seen while they are folded away."""
        return sum(entry.count or 0 for entry in self.entries)

    @property
    def tone(self) -> str:
        """The tone of that count: the first that one of its parts has."""
        return next((entry.tone for entry in self.entries if entry.count and entry.tone), "")


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in, as the foot of the rail shows it. `links`: (label, url, icon) of the account sheet."""

    name: str
    detail: Text = ""
    sign_out_url: str = ""
    links: Sequence[tuple[Text, str, str]] = ()

    @property
    def initials(self) -> str:
        """One or two letters; one character where the name is written without spaces (Chinese)."""
        words = self.name.split()
        return "".join(w[0] for w in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


@dataclass(frozen=True, slots=True)
class Hint:
    """One line of the keyboard sheet."""

    keys: Sequence[str]
    does: Text


@dataclass(frozen=True, slots=True)
class Looking:
    """Somebody looks at pages that are not theirs: at whose, until when, and where they end it (by a POST)."""

    name: Text
    until: datetime
    end_url: str


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around every page of the portal or the console; pass it to the template as ``shell``.

    `headings`: the order of the menu's headings. `folds`: whether what stands under them folds away, but for the page's
    own.
    """

    menu: Sequence[MenuEntry]
    home_url: str
    account: Account | None = None
    search_url: str = ""
    hints: Sequence[Hint] = ()
    looking: Looking | None = None
    headings: Sequence[Text] = ()
    folds: bool = False

    @property
    def groups(self) -> list[MenuGroup]:
        """The menu under its headings: what has none first, then `headings`, then others as they come."""
        found: dict[Text, list[MenuEntry]] = {"": [], **{label: [] for label in self.headings}}
        for entry in self.menu:
            found.setdefault(entry.group, []).append(entry)
        return [MenuGroup(label, entries) for label, entries in found.items() if entries]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a decision, in the reader's words. `facts`: (name, value) pairs as already written.

    `language`: that of `text` where it is a person's own words in another language than the reader's; `gist` then says
    in the reader's what they did.
    """

    text: Text
    action: str = ""
    rule: str = ""
    version: str = ""
    facts: Sequence[tuple[Text, Text]] = ()
    url: str = ""
    lesson_url: str = ""
    lesson: Text = ""
    language: str = ""
    gist: Text = ""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What spoke against (weight above 0) or in favour (below), and how much."""

    label: Text
    weight: float
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline. `tone`: good, warn, bad, info, or next for what has not happened yet."""

    title: Text
    at: datetime | None = None
    detail: Text = ""
    tone: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a workflow: ``done``, ``now``, ``failed`` or empty for still to come. ``at``: since when it is so;
    ``until``: when its time is over."""

    label: Text
    note: Text = ""
    state: str = ""
    at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter; `count` where it is known."""

    value: str
    label: Text
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a list: one query parameter, its choices, what is chosen (empty for all)."""

    key: str
    label: Text
    choices: Sequence[Choice]
    value: str = ""
    everything: Text = EVERYTHING

    @property
    def chosen(self) -> Choice | None:
        return next((c for c in self.choices if c.value == self.value), None) if self.value else None


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: a link with its own address."""

    label: Text
    url: str
    count: int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Cursors of a list. An empty cursor means there is nothing that way; `total` only where it is cheap."""

    next: str = ""
    previous: str = ""
    shown: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Diffed:
    """Two texts to compare, with the names of their versions."""

    old: str
    new: str
    old_name: Text = ""
    new_name: Text = ""
    context: int = field(default=3)


def query(current: QueryDict, **changes: object) -> str:
    """The page's query string with some parameters changed; None removes one. A changed list starts at its beginning,
    so that cursors are dropped unless one is given."""
    pairs: list[tuple[str, str]] = []
    dropped = {"after", "before", "format"} | set(changes)
    for key in current:
        if key not in dropped:
            pairs.extend((key, value) for value in current.getlist(key) if value)
    pairs.extend((key, str(value)) for key, value in changes.items() if value not in (None, ""))
    return f"?{urlencode(pairs)}" if pairs else "?"
