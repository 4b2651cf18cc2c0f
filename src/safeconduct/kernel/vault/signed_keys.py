"""Keys of what is signed for ourselves alone: links, tokens, cookies, what a session is bound to.

Once Django signed these with a secret of its own. Now only whoever holds the keys does, by the same way: a key is
SHA-256 of a salt and that secret. So links that are out there, and sessions, are good as before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from safeconduct.kernel.vault.key_file import derive

#: Purpose → salt, as Django's `Signer`, cookies and tokens make it.
SIGNED: Final[Mapping[str, str]] = {
    "signed/links of buyers": "safeconduct.disputes.linksigner",
    "signed/links of notices": "safeconduct.accounts.not-mesigner",
    "signed/links of claims to shops": "safeconduct.accounts.ownershipsigner",
    "signed/links for passwords": "django.contrib.auth.tokens.PasswordResetTokenGenerator",
    "signed/messages of pages": "django.contrib.messagessignerdjango.http.cookies",
    "signed/sessions": "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash",
}


def derived(root: bytes, purpose: str) -> bytes:
    """The key of any purpose, of one root key."""
    salt = SIGNED.get(purpose)
    return (
        derive(root, purpose)
        if salt is None
        else hashlib.sha256(f"{salt}{derive(root, 'django').hex()}".encode()).digest()
    )
