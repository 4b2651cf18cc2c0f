"""Names and e-mail addresses of the people of the product, members and staff, sealed where they stand.

An address is what somebody signs in with, so it has to be found. It is sealed with AES-SIV (RFC 5297), which makes the
same bytes of the same address each time: who has the key finds it, and the database keeps it unique. That shows *that*
two rows hold one address, as a blind index does, and nothing more. A name is never looked for, and is sealed as other
values are (`vault.sealing`).

Both are under one key of the vault (`people`, `account`), which a process has at hand, so that a page with a hundred
people asks for it once, if at all. They are bound to their column, and not to their row, which Django does not tell
whoever opens a value.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, ClassVar, Final, cast

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.data_keys import DataKey
from safeconduct.kernel.vault.errors import SealBroken
from safeconduct.kernel.vault.framing import framed
from safeconduct.kernel.vault.holder import deployment, holder
from safeconduct.kernel.vault.key_types import Item
from safeconduct.kernel.vault.sealing import Column, Place, key_number, seal_with, unseal_with

SUBJECT: Final = "people"
PURPOSE: Final = "account"
#: What a sealed text begins with; an empty one stays empty.
MARK: Final = "sealed:"


class _Sealed(models.Field):  # type: ignore[type-arg]
    """A text that is sealed on its way into the database and opened on its way out. What stands in clear, as an earlier
    version wrote it, is read as it is (`sealing_people` seals it)."""

    #: What can be asked about it in the database.
    asked: ClassVar[frozenset[str]] = frozenset({"isnull"})

    @property
    def place(self) -> Column:
        return Column(f"{self.model._meta.db_table}.{self.column}", PURPOSE)

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "text"

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name in self.asked else None

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        found = super().get_db_prep_value(value, connection, prepared)
        return self.sealed(found) if found else found

    def from_db_value(self, value: str | None, expression: object, connection: BaseDatabaseWrapper) -> str | None:
        return None if value is None else self.opened(value)

    def sealed(self, text: str) -> str:
        """A text as it is kept."""
        made = self._seal(data_keys.standing(SUBJECT, PURPOSE), text.encode())
        return MARK + base64.urlsafe_b64encode(made).decode()

    def opened(self, kept: str) -> str:
        """A text as it was. Raises SealBroken for one that was changed, or comes from another column."""
        if not kept.startswith(MARK):
            return kept
        try:
            sealed = base64.b64decode(kept.removeprefix(MARK), b"-_", validate=True)
        except binascii.Error:
            raise SealBroken(f"what stands in {self.place.name} was changed") from None
        return self._open(data_keys.standing(SUBJECT, PURPOSE), sealed).decode()

    def _seal(self, key: DataKey, plain: bytes) -> bytes:
        raise NotImplementedError

    def _open(self, key: DataKey, sealed: bytes) -> bytes:
        raise NotImplementedError


class SealedName(_Sealed, models.CharField):  # type: ignore[type-arg]
    """What a person is called."""

    def _seal(self, key: DataKey, plain: bytes) -> bytes:
        return seal_with(key, self.place, "", plain)

    def _open(self, key: DataKey, sealed: bytes) -> bytes:
        if key_number(sealed) != key.id:
            raise SealBroken(f"a name of {self.place.name} was sealed under another key")
        return unseal_with(key, self.place, Place("", SUBJECT), sealed)


class SealedAddress(_Sealed, models.EmailField):  # type: ignore[type-arg]
    """An e-mail address, in small letters, which is found when it is known whole."""

    asked = frozenset({"exact", "in", "isnull"})

    def _seal(self, key: DataKey, plain: bytes) -> bytes:
        return holder().seal_for_finding([Item(key, self._bound(), plain)])[0]

    def _open(self, key: DataKey, sealed: bytes) -> bytes:
        (plain,) = holder().open_found([Item(key, self._bound(), sealed)])
        if plain is None:
            raise SealBroken(f"an address of {self.place.name} does not open: moved or changed")
        return plain

    def _bound(self) -> bytes:
        return framed("safeconduct", deployment(), self.place.name)


class AllauthAddress(SealedAddress):
    """The address in allauth's own table. For migrations it stays the field that allauth made."""

    def deconstruct(self) -> Any:
        name, _path, positional, named = super().deconstruct()
        return name, "django.db.models.EmailField", positional, named


def field_of(model: type[models.Model], name: str) -> _Sealed:
    """The field of a column, for who reads it by a query of their own."""
    return cast("_Sealed", model._meta.get_field(name))


def take_their_place() -> None:
    """allauth keeps addresses in a table of its own, and no setting names another kind of column for it."""
    from allauth.account.models import EmailAddress  # loads people, whose model stands on this file

    EmailAddress._meta.get_field("email").__class__ = AllauthAddress
