"""The code at the foot of each mail: whoever gets one can ask whether it is from us.

It is made from the mail's id with a key of ours, so that nobody can make one up, and a mail that is sent twice carries
the same. What is kept of a mail beside it names nobody: what kind it was, when, to whom in the company's own ids, and
the address with most of its letters taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import get_language

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.notices.letters import domain, site
from safeconduct.kernel.notices.models import NoticeCopy, SentMail
from safeconduct.kernel.notices.rendering import Reader, reader_of, summary
from safeconduct.kernel.notices.texts import frame
from safeconduct.kernel.scope import engine_scope, query
from safeconduct.kernel.vault.holder import steady_hash

#: Crockford's letters, none of which is taken for another. Twelve are 60 bits; who asks is counted (`parties.asking`).
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 12
_MISREAD: Final = str.maketrans("OIL", "011")
#: How long it can be asked; the house's own number: a mailbox is searched for last year's mail too.
KEPT: Final = timedelta(days=400)
#: Notices of a collection that are named where the mail is one's own.
_NAMED: Final = 50


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail on its way. ``about``: the code of its notice, `collection`, or another word that `portal.words` knows."""

    mail_id: str
    about: str
    to: str
    person_id: str | None = None
    seller_key: int | None = None


def code_of(mail_id: str) -> str:
    """The code of a mail, in groups of four."""
    digest = steady_hash("mail-code", mail_id.encode())
    number = int.from_bytes(digest[:8])
    letters = "".join(_LETTERS[number >> (5 * place) & 31] for place in range(_LENGTH))
    return "-".join(letters[start : start + 4] for start in range(0, _LENGTH, 4))


def keep(mails: Sequence[Sent], at: datetime) -> None:
    """Keeps what can be asked about these; one that is kept stays as it is. One statement, in a scope of the engine."""
    if not mails:
        return
    query(
        "INSERT INTO sent_mail (code, mail_id, about, person_id, seller_key, to_masked, at)"
        " SELECT code, mail_id, about, person, seller, masked, %b"
        " FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::text[])"
        " AS r(code, mail_id, about, person, seller, masked) ON CONFLICT DO NOTHING",
        [
            at, [_plain(code_of(m.mail_id)) for m in mails], [m.mail_id for m in mails], [m.about for m in mails],
            [m.person_id for m in mails], [m.seller_key for m in mails], [masked(m.to) for m in mails],
        ],
    )  # fmt: skip


def foot(mail_id: str, language: str) -> str:
    """The sentence at the foot of a mail: its code, and where to ask."""
    return frame()[language]["code"].format(code=code_of(mail_id), url=site() + reverse("message"))


def carry(mail: EmailMessage, about: str, *, at: datetime, seller_key: int | None = None) -> None:
    """Gives a mail that is no notice its code, before it is sent: at the foot, in the language that is active, and
    kept in a transaction of its own. ``mail`` is plain text and has one receiver."""
    mail_id = new_id("eml")
    with engine_scope():
        keep([Sent(mail_id, about, mail.to[0], None, seller_key)], at)
    words = foot(mail_id, reader_of(get_language() or "en", "", at).language)
    mail.extra_headers["Message-ID"] = f"<{mail_id}@{domain()}>"
    mail.body = f"{str(mail.body).rstrip()}\n\n-- \n{words}\n"


def look_up(code: str) -> SentMail | None:
    """The mail behind a code as somebody typed it. In a scope of the engine."""
    found = _plain(code)
    return SentMail.objects.filter(code=found).first() if len(found) == _LENGTH else None


def subjects_of(mail: SentMail, reader: Reader) -> list[str]:
    """What its notices were about, for its receiver. One query, in a scope of the engine."""
    copies = NoticeCopy.objects.filter(mail_id=mail.mail_id, person_id=mail.person_id).select_related("notice")
    return [summary(c.notice.code, c.notice.values, reader)[0] for c in copies.order_by("at", "notice_id")[:_NAMED]]


def forget(before: datetime) -> int:
    """Deletes what is past its time; how many. In a scope of the engine."""
    return query("DELETE FROM sent_mail WHERE at < %s", [before]).rowcount


def masked(address: str) -> str:
    """An address that its owner knows again and nobody else learns: c•••@e•••.org."""
    name, _at, host = address.partition("@")
    place, dot, ending = host.rpartition(".")
    return f"{name[:1]}•••@{(place or host)[:1]}•••{dot}{ending if dot else ''}"[:80]


def _plain(code: str) -> str:
    return "".join(letter for letter in code[:40].upper() if letter.isalnum()).translate(_MISREAD)
