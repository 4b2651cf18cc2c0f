"""What people do with notices: read them, settle how mail comes, have a mail tried again.

In the scope of the seller, or of staff.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Unpack

from safeconduct.kernel.notices.models import MailSetting, MailState, NoticeCopy, Pace
from safeconduct.kernel.notices.preferences import Changes, Preferences
from safeconduct.kernel.notices.texts import texts
from safeconduct.kernel.parties.models import MemberRole, Membership
from safeconduct.kernel.scope import query


def mark_read(person_id: str, notice_ids: Sequence[str], *, at: datetime) -> int:
    """Marks notices of a person as read; those that are read stay as they are. Returns how many changed."""
    rows = NoticeCopy.objects.filter(person_id=person_id, notice_id__in=notice_ids, read_at__isnull=True)
    return rows.update(read_at=at)


def mark_all_read(person_id: str, *, at: datetime) -> int:
    """Marks all that a person had been told by `at` as read. What comes while they look stays unread."""
    return NoticeCopy.objects.filter(person_id=person_id, read_at__isnull=True, at__lte=at).update(read_at=at)


def preferences(person_id: str) -> Preferences:
    """How a person wants mail."""
    found = MailSetting.objects.filter(person_id=person_id).first()
    if found is None:
        return Preferences()
    return Preferences(Pace(found.digest), found.daily_hour, found.quiet_from_hour, found.quiet_until_hour)


def set_preferences(person_id: str, **changes: Unpack[Changes]) -> Preferences:
    """Settles how a person wants mail; they do this themselves. What is not named stays. A mail that waits for its hour
    follows the new setting when that hour comes.

    Raises SettingRefused with the field.
    """
    wish = replace(preferences(person_id), **changes)  # type: ignore[arg-type]
    wish.check()
    MailSetting.objects.update_or_create(person_id=person_id, defaults=asdict(wish))
    return wish


def catch_up(member: Membership, *, at: datetime, days: int = 90) -> int:
    """Gives a new member the seller's notices of the last days, in the inbox only: what was told before they came.

    To be called after a membership is made, in the seller's scope or that of staff. Returns how many they got.
    """
    fitting = [
        code for code, text in texts().items() if member.role == MemberRole.OWNER or member.role in text.roles
    ]  # fmt: skip
    found = query(
        "INSERT INTO notice_copy"
        " (notice_id, person_id, seller_key, urgency, at, mail_state, mail_at, mail_id, attempts, problem)"
        " SELECT id, %b, seller_key, urgency, at, 'unwanted', at, '', 0, '' FROM notice"
        " WHERE seller_key = %b AND person_id IS NULL AND at > %b AND code = ANY(%b::text[]) ON CONFLICT DO NOTHING",
        [member.person_id, member.seller_key, at - timedelta(days=days), fitting],
    )
    return found.rowcount


def mail_again(notice_id: str, person_id: str, *, at: datetime) -> int:
    """Has a mail that was given up tried again, from the beginning. For staff."""
    rows = NoticeCopy.objects.filter(notice_id=notice_id, person_id=person_id, mail_state=MailState.GIVEN_UP)
    return rows.update(mail_state=MailState.WAITING, mail_at=at, attempts=0, problem="")
