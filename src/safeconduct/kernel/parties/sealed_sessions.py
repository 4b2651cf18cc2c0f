"""Sessions in the database, sealed to their row: what a sign-in carries with it names people, and says how they got in.

Django would keep them as text that anybody reads who has a copy. One that is moved to another session's row is as good
as none.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from django.contrib.sessions.backends.db import SessionStore as InDatabase

from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.errors import SealBroken
from safeconduct.kernel.vault.sealing import Column, Place, seal_with, unseal_with

DATA: Final = Column("django_session.session_data", "session")
_SUBJECT: Final = "people"


class SessionStore(InDatabase):
    """What Django keeps of a browser, sealed."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        key = data_keys.standing(_SUBJECT, DATA.purpose)
        plain = self.serializer().dumps(session_dict)
        return base64.b64encode(seal_with(key, DATA, self.session_key or "", plain)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """What the session holds; nothing where it was changed, or not sealed for this row."""
        key = data_keys.standing(_SUBJECT, DATA.purpose)
        try:
            sealed = base64.b64decode(session_data, validate=True)
            plain = unseal_with(key, DATA, Place(self.session_key or "", _SUBJECT), sealed)
        except (SealBroken, binascii.Error, ValueError):
            return {}
        found: dict[str, Any] = self.serializer().loads(plain)
        return found
