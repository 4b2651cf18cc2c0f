"""The life of a policy version: draft → shadow → live → retired, each step one transaction.

Locks are taken in this order: the policy's name (advisory), then its versions by number.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.conf import settings

from safeconduct.foundation.policy.reader import Reading, read_policy
from safeconduct.kernel.decisions import record_staff
from safeconduct.kernel.decisions.errors import (
    ChangedMeanwhile,
    NotFound,
    NothingToChallenge,
    NothingToRollBackTo,
    PolicyHasErrors,
    PolicyNameDiffers,
    RoleNeeded,
    SecondPersonNeeded,
    ShareRefused,
    WrongState,
)
from safeconduct.kernel.decisions.models import PolicyStep, PolicyVersion, VersionState, WatchList
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import Actor, query


def check(text: str, *, file: str = "policy.yaml") -> Reading:
    """Reads a policy against this marketplace's catalogue, currency and lists. Needs an open scope."""
    names = set(WatchList.objects.values_list("name", flat=True))
    return read_policy(text, CATALOGUE, file=file, currency=settings.REPORTING_CURRENCY, lists=names)


def save_draft(
    author: User | None, policy: str, text: str, *, at: datetime, note: str = "",
    draft_id: str | None = None, revision: int | None = None,
) -> PolicyVersion:  # fmt: skip
    """Stores a draft, new or changed. A text with errors may be kept as a draft; it can go no further.

    Raises ChangedMeanwhile where the draft is not at `revision` any more, WrongState where it is no draft.
    """
    _lock(policy)
    if draft_id is None:
        last = PolicyVersion.objects.filter(policy=policy).order_by("-number").first()
        version = PolicyVersion(policy=policy, number=(last.number if last else 0) + 1, author=author, created_at=at)
    else:
        version = _get(draft_id)
        _expect(version, VersionState.DRAFT)
        if revision is not None and version.revision != revision:
            raise ChangedMeanwhile(f"draft {version.number} of {policy}")
        version.revision += 1
        version.author = author
        version.approval_asked_at = None
    version.text, version.note, version.updated_at = text.replace("\r\n", "\n"), note, at
    version.save()
    _step(version, "saved", author, note, at)
    return version


def ask_approval(version_id: str, asker: User, *, at: datetime) -> PolicyVersion:
    """Asks a second person to publish a draft or a shadowed version. Raises PolicyHasErrors, WrongState."""
    version = _locked(version_id)
    _expect(version, VersionState.DRAFT, VersionState.SHADOW)
    _readable(version)
    version.approval_asked_at = at
    version.save()
    _step(version, "asked", asker, "", at)
    return version


def start_shadow(version_id: str, person: User | None, *, at: datetime) -> PolicyVersion:
    """Lets a draft decide without effect, beside the live version. Raises PolicyHasErrors, WrongState."""
    version = _locked(version_id)
    _expect(version, VersionState.DRAFT)
    _readable(version)
    version.state = VersionState.SHADOW
    version.save()
    _step(version, "shadowed", person, "", at)
    return version


def publish(
    version_id: str, approver: User | None, *, at: datetime, percent: int = 100, why: str = "",
    revision: int | None = None,
) -> PolicyVersion:  # fmt: skip
    """Makes a version decide: for all orders, or as challenger for a share of them.

    ``approver``: a second person with the role lead; None only for a version that no person wrote (a shipped one).
    ``revision``: the one that they read; they answer for no other. Raises SecondPersonNeeded, RoleNeeded, ShareRefused,
    ChangedMeanwhile, NothingToChallenge, PolicyHasErrors, WrongState.
    """
    if not 1 <= percent <= 100:
        raise ShareRefused
    version = _locked(version_id)
    _expect(version, VersionState.DRAFT, VersionState.SHADOW, VersionState.CHALLENGER)
    _readable(version)
    if approver is None:
        if version.author_id is not None:
            raise SecondPersonNeeded
    elif not approver.may(StaffRole.LEAD):
        raise RoleNeeded(StaffRole.LEAD.label)
    elif approver.id == version.author_id:
        raise SecondPersonNeeded
    if revision is not None and version.revision != revision:
        raise ChangedMeanwhile(f"version {version.number} of {version.policy}")
    if percent < 100 and not PolicyVersion.objects.filter(policy=version.policy, state=VersionState.LIVE).exists():
        raise NothingToChallenge(version.policy)
    version.approved_by = approver
    version.published_at = at
    version.rollout_percent = percent
    if percent < 100:
        _retire(PolicyVersion.objects.filter(policy=version.policy, state=VersionState.CHALLENGER), version, at)
        version.state = VersionState.CHALLENGER
    else:
        running = PolicyVersion.objects.filter(
            policy=version.policy, state__in=[VersionState.LIVE, VersionState.CHALLENGER]
        )
        _retire(running, version, at)
        version.state = VersionState.LIVE
    version.save()
    _step(version, "published" if percent == 100 else f"challenger {percent} %", approver, why, at)
    return version


def retire(version_id: str, person: User | None, *, at: datetime, why: str = "") -> PolicyVersion:
    """Takes a version out of force; it is kept. Retiring the live one leaves its events undecided."""
    version = _locked(version_id)
    _expect(version, *(s for s in VersionState if s is not VersionState.RETIRED))
    version.state, version.retired_at = VersionState.RETIRED, at
    version.save()
    _step(version, "retired", person, why, at)
    return version


def roll_back(policy: str, person: User, *, at: datetime, why: str) -> PolicyVersion:
    """Puts the version that was live before the present one back in force, in one step.

    It was approved when it was published, so no second person is needed to return to it; the role lead is.
    Raises NothingToRollBackTo, RoleNeeded.
    """
    if not person.may(StaffRole.LEAD):
        raise RoleNeeded(StaffRole.LEAD.label)
    _lock(policy)
    live = PolicyVersion.objects.filter(policy=policy, state=VersionState.LIVE).first()
    earlier = live_before(policy)
    if earlier is None:
        raise NothingToRollBackTo(policy)
    if live is not None:
        live.state, live.retired_at = VersionState.RETIRED, at
        live.save()
        _step(live, "rolled back", person, why, at)
    earlier.state, earlier.retired_at, earlier.rollout_percent = VersionState.LIVE, None, 100
    earlier.save()
    _step(earlier, "live again", person, why, at)
    return earlier


def live_before(policy: str) -> PolicyVersion | None:
    """The version to which `roll_back` returns: of those that were live for all, the one retired last.

    A challenger that ended was only ever approved for its share, and is none.
    """
    were_live = PolicyVersion.objects.filter(
        policy=policy, state=VersionState.RETIRED, published_at__isnull=False, rollout_percent=100
    )
    return were_live.order_by("-retired_at", "-number").first()


def install(text: str, *, at: datetime, actor: Actor) -> PolicyVersion | None:
    """Puts a shipped policy in force where no version of it is; returns None where there is one already."""
    reading = read_policy(text, CATALOGUE)
    if reading.policy is None:
        raise PolicyHasErrors(reading.render())
    name = reading.policy.name
    _lock(name)
    if PolicyVersion.objects.filter(policy=name).exists():
        return None
    version = save_draft(None, name, text, at=at, note=f"shipped with Safeconduct; installed by {actor.id}")
    return publish(version.id, None, at=at, why=actor.why)


def _retire(versions: object, successor: PolicyVersion, at: datetime) -> None:
    for version in versions:  # type: ignore[attr-defined]
        if version.id != successor.id:
            version.state, version.retired_at = VersionState.RETIRED, at
            version.save()
            _step(version, "retired", None, f"followed by version {successor.number}", at)


def _readable(version: PolicyVersion) -> None:
    reading = check(version.text)
    if reading.policy is None:
        raise PolicyHasErrors(reading.render())
    if reading.policy.name != version.policy:
        raise PolicyNameDiffers(version.policy, reading.policy.name)


def _lock(policy: str) -> None:
    number = int.from_bytes(hashlib.sha256(f"policy/{policy}".encode()).digest()[:8], "big", signed=True)
    query("SELECT pg_advisory_xact_lock(%s)", [number])


def _locked(version_id: str) -> PolicyVersion:
    _lock(_get(version_id).policy)
    return _get(version_id)


def _get(version_id: str) -> PolicyVersion:
    version = PolicyVersion.objects.filter(id=version_id).first()
    if version is None:
        raise NotFound("policy version", version_id)
    return version


def _expect(version: PolicyVersion, *states: VersionState) -> None:
    if version.state not in states:
        wanted = " or ".join(state.label for state in states)
        raise WrongState(f"version {version.number} of {version.policy}", VersionState(version.state).label, wanted)


def _step(version: PolicyVersion, verb: str, person: User | None, why: str, at: datetime) -> None:
    note_step(version.id, verb, person.id if person else "system", why, at)


def note_step(version_id: str, verb: str, actor: str, why: str, at: datetime) -> None:
    """Keeps what was done with a version, for its history and for the record."""
    step = PolicyStep.objects.create(version_id=version_id, verb=verb, actor=actor, why=why, at=at)
    leaves.add(record_staff.POLICY_STEP, [record_staff.step_subject(step.id)], at)
