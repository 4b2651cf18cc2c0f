"""Passwords that are long enough and easy to guess all the same: words of the place, patterns, and breached ones.

Each is a validator of Django's. The list of breached passwords is the operator's: one that was imported
(`foundation.hash_list`), or a text in the form of *Pwned Passwords* (a SHA-1 in hex at the start of each line, sorted).
It is searched where it lies, and nothing leaves the machine. A folded text is without accents, signs and capitals.
"""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from safeconduct.foundation.hash_list import HashList, ListBroken, is_list
from safeconduct.kernel.parties.members import sellers_of
from safeconduct.kernel.parties.models import Seller, User
from safeconduct.kernel.scope import engine_scope

_log = logging.getLogger(__name__)
#: Shorter words stand in others by chance.
_SHORTEST_WORD: Final = 4
#: So many signs must be left that are neither words of the place nor a pattern; the house's own number.
LEFT_AT_LEAST: Final = 8
_ROWS: Final = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_RUN: Final = 4
#: What comes behind is not looked at: a password that long is not made of names alone.
_READ: Final = 256
_PARTS: Final = re.compile(r"[^\W_]+")


class WordsOfThePlace:
    """Refuses what is made of the product's, operator's, shop's or person's name, or of a pattern, and little else."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError with the way out."""
        left = without_patterns(_without_words(folded(password[:_READ]), words_of(user)))
        if len(left) < LEFT_AT_LEAST:
            raise ValidationError(self.get_help_text(), code="password_of_the_place")

    def get_help_text(self) -> str:
        return _("Do not build it from names (yours, your shop's, ours), rows of keys or repetitions: take others.")


class Breached:
    """Refuses what stands in the operator's list of breached passwords; without a list, nothing."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError with the way out."""
        if is_breached(password):
            raise ValidationError(self.get_help_text(), code="password_breached")

    def get_help_text(self) -> str:
        return _("It must not be a password that has come to light in a breach.")


def is_breached(password: str) -> bool | None:
    """Whether a password stands in the operator's list; None where there is none, or it cannot be read."""
    if not settings.BREACHED_PASSWORDS:
        return None
    file = Path(settings.BREACHED_PASSWORDS)
    try:
        return HashList(file).has(password) if is_list(file) else is_listed(password, file)
    except FileNotFoundError:
        return None
    except (OSError, ListBroken) as problem:  # it keeps nobody from signing in; `safeconduct doctor` names it
        _log.error("breached passwords: %s", problem)
        return None


def is_listed(password: str, file: Path) -> bool:
    """Whether a sorted file of SHA-1 hashes has this password's. A few dozen reads, however large the file is."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with file.open("rb") as lines:
        low, high = 0, lines.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            lines.seek(max(middle - 1, 0))
            if middle:
                lines.readline()  # to the beginning of a line: the one that begins at `middle`, or the next
            found = lines.readline()[:40].upper()
            if found and found < wanted:
                low = middle + 1
            else:
                high = middle
        lines.seek(max(low - 1, 0))
        if low:
            lines.readline()
        return lines.readline()[:40].upper() == wanted


def words_of(user: User | None) -> set[str]:
    """The words of the place, folded: product, hosts, the operator's own, and of a person name, address and shops."""
    texts = ["safeconduct", "password", "passwort", *settings.PASSWORD_WORDS, *settings.ALLOWED_HOSTS]
    if user is not None:
        texts += [user.name, user.email]
        if user.id:
            texts += _shops(user)
    return {word for text in texts for word in _parts(text) if len(word) >= _SHORTEST_WORD}


def folded(text: str) -> str:
    """Without accents, capitals and signs."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalnum())


def without_patterns(text: str) -> str:
    """What is left of a folded text without runs of the keyboard and the alphabet, and without repetitions."""
    rows = [way for row in _ROWS for way in (row, row[::-1])]
    kept, at = [], 0
    while at < len(text):
        run = max((_run(text, at, row) for row in rows), default=0)
        if run >= _RUN:
            at += run
            continue
        kept.append(text[at])
        at += 1
    # A piece that comes again at once, of whatever length, counts once.
    return re.sub(r"(.+?)\1+", r"\1", "".join(kept))


def _run(text: str, at: int, row: str) -> int:
    begin, length = row.find(text[at]), 0
    while begin >= 0 and text[at : at + length + 1] == row[begin : begin + length + 1] and at + length < len(text):
        length += 1
        if begin + length >= len(row):
            break
    return length


def _without_words(text: str, words: Iterable[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text


def _parts(text: str) -> Iterator[str]:
    yield folded(text)
    for part in _PARTS.findall(text):
        yield folded(part)


def _shops(user: User) -> list[str]:
    keys = [membership.seller_key for membership in sellers_of(user, at=timezone.now())]
    with engine_scope():  # whoever chooses a password stands before the door of their shop
        return list(Seller.objects.filter(key__in=keys).values_list("name", flat=True))
