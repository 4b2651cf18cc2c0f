"""Mails by SMTP, with the certificates of `SAFECONDUCT_EMAIL_URL`."""

from __future__ import annotations

import ssl
from functools import cached_property

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend


class CheckedMail(EmailBackend):
    """Django's way by SMTP, which with a certificate of ours believes no authority at all: here it believes the one
    given, or the system's."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=settings.EMAIL_SSL_CA or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ssl_certfile:
            context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile)
        return context
