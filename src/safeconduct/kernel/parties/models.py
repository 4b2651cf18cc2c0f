"""Who there is: sellers, and people with their roles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from safeconduct.foundation.ids import new_id

# What belongs to the same tables stands beside; Django looks for models here.
from safeconduct.kernel.parties.ownership_models import OwnershipClaim as OwnershipClaim
from safeconduct.kernel.parties.ownership_models import OwnershipWord as OwnershipWord
from safeconduct.kernel.parties.sealed_fields import SealedAddress, SealedName, field_of
from safeconduct.kernel.parties.sign_in_models import SignInDevice as SignInDevice
from safeconduct.kernel.parties.sign_in_models import SignInFailures as SignInFailures
from safeconduct.kernel.parties.sign_in_models import SignInSession as SignInSession
from safeconduct.kernel.vault.holder import steady_hash


def _user_id() -> str:
    return new_id("usr")


def _seller_id() -> str:
    return new_id("sel")


def _invitation_id() -> str:
    return new_id("inv")


def _membership_id() -> str:
    return new_id("mem")


def _break_glass_id() -> str:
    return new_id("bgl")


def _look_id() -> str:
    return new_id("lok")


def _identity_id() -> str:
    return new_id("idn")


def _key_id() -> str:
    return new_id("key")


class StaffRole(models.TextChoices):
    """What a member of staff may do; each role may do what those before it may.

    Analysts rule on orders and write policies; leads approve and publish them; administrators manage people and keys.
    """

    NONE = "", "no staff"
    ANALYST = "analyst", "analyst"
    LEAD = "lead", "lead"
    ADMINISTRATOR = "administrator", "administrator"


class MemberRole(models.TextChoices):
    """What a member of a seller does there. An owner may do everything and hears of everything; the others each do
    their part; `read_only` looks and changes nothing."""

    OWNER = "owner", "owner"
    FINANCE = "finance", "finance"
    FULFILMENT = "fulfilment", "fulfilment"
    LISTING = "listing", "listing"
    SUPPORT = "support", "support"
    READ_ONLY = "read_only", "read only"


class Users(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Creates a person. The e-mail address is the name to sign in with."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in: staff, or a member of a seller.

    ``password_until``: when a password that somebody else made and handed over opens nothing any more.
    """

    id = models.CharField(primary_key=True, max_length=30, default=_user_id, editable=False)
    email = SealedAddress(unique=True)
    name = SealedName(max_length=120, blank=True)
    staff_role = models.CharField(max_length=16, choices=StaffRole, default=StaffRole.NONE, blank=True)
    language = models.CharField(max_length=16, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    password_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = Users()

    class Meta:
        db_table = "person"

    def __str__(self) -> str:
        said: str = self.name or self.email
        return said

    def get_session_auth_hash(self) -> str:
        """What a session is bound to beside its person: the password. By the root key that has served longest: while it
        is replaced, Django would give a session a new key at every other request, and with its retirement all end."""
        return steady_hash("signed/sessions", self.password.encode()).hex()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """None."""
        return iter(())

    @property
    def sealed_name(self) -> str:
        """What they are called, for a place that outlives the page: sealed as their name is."""
        return field_of(User, "name").sealed(str(self))

    @property
    def is_staff(self) -> bool:
        return self.is_active and self.staff_role != StaffRole.NONE

    def may(self, role: StaffRole) -> bool:
        """Whether this member of staff has at least this role."""
        order = [StaffRole.NONE, StaffRole.ANALYST, StaffRole.LEAD, StaffRole.ADMINISTRATOR]
        return self.is_active and order.index(StaffRole(self.staff_role)) >= order.index(role)


class Invitation(models.Model):
    """An invitation to join the staff (`role`) or a seller (`seller_key` and `member_role`): one of both, never both.

    Only the hash of its token is kept. ``invited_by`` is empty where the operator did it from the command line.
    ``member_until``: when the membership it leads to ends by itself.
    """

    id = models.CharField(primary_key=True, max_length=30, default=_invitation_id, editable=False)
    email = SealedAddress()
    role = models.CharField(max_length=16, choices=StaffRole, blank=True, default=StaffRole.NONE)
    seller_key = models.BigIntegerField(null=True)
    member_role = models.CharField(max_length=16, choices=MemberRole, blank=True, default="")
    member_until = models.DateTimeField(null=True)
    token_hash = models.BinaryField(unique=True)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "invitation"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(seller_key__isnull=True, member_role="") & ~Q(role=""))
                | (Q(seller_key__isnull=False, role="") & ~Q(member_role="")),
                name="invitation_to_one_side",
            )
        ]


class Membership(models.Model):
    """A person acts for a seller, in a role, until it is ended or expires. Rows are never deleted: who could act for a
    seller at some time stays known. ``added_by`` is empty where the operator did it from the command line."""

    id = models.CharField(primary_key=True, max_length=30, default=_membership_id, editable=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    seller_key = models.BigIntegerField()
    role = models.CharField(max_length=16, choices=MemberRole)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "membership"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "seller_key"], condition=Q(ended_at__isnull=True), name="membership_once"
            ),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "finance", "fulfilment", "listing", "support", "read_only"]),
                name="membership_role",
            ),
            # An owner who lapses by the clock could leave a seller without anyone; owners are ended by hand.
            models.CheckConstraint(
                condition=~Q(role="owner") | Q(expires_at__isnull=True), name="membership_owner_does_not_expire"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller_key"], condition=Q(ended_at__isnull=True), name="membership_of_seller")
        ]

    def active(self, at: datetime) -> bool:
        """Whether the person may act for the seller at this time."""
        return self.ended_at is None and (self.expires_at is None or self.expires_at > at)


class SecurityEvent(models.Model):
    """Something that happened to an account (`security_events`). Append-only; only `origin` can be taken out, and after
    12 months `security_event_forget` deletes the row."""

    id = models.CharField(primary_key=True, max_length=30)
    person = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    seller_key = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=60)
    level = models.CharField(max_length=8)
    facts = models.JSONField()
    origin = models.BinaryField(null=True)
    actor = models.CharField(max_length=60)
    role = models.CharField(max_length=40)
    why = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "security_event"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(level__in=["info", "notice", "alert"]), name="security_event_level"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "-id"], name="security_event_of_seller"),
            models.Index(fields=["person", "-id"], name="security_event_of_person"),
            models.Index(fields=["at"], condition=Q(origin__isnull=False), name="security_event_with_origin"),
            models.Index(fields=["at"], name="security_event_by_time"),
        ]


class StaffIdentity(models.Model):
    """A member of staff as the company's directory knows them (`identities`): its name for them only as a keyed hash,
    ``hashed_with`` a key of the root key of that name (empty: of the first there was). One for each person and
    directory."""

    id = models.CharField(primary_key=True, max_length=30, default=_identity_id, editable=False)
    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    issuer = models.CharField(max_length=300)
    subject_hash = models.BinaryField(unique=True)
    hashed_with = models.CharField(max_length=40, default="")
    linked_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    class Meta:
        db_table = "staff_identity"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "issuer"], name="staff_identity_one_of_directory")
        ]


class AccountCase(models.Model):
    """Somebody said *this was not me* about an event: what was frozen, and what a person of the staff found. One case
    for each event; while it is open, and ever after, nothing is given back by itself."""

    id = models.CharField(primary_key=True, max_length=30)
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    event = models.OneToOneField(SecurityEvent, models.PROTECT, related_name="+")
    frozen = models.JSONField()
    opened_at = models.DateTimeField()
    finding = models.CharField(max_length=16, blank=True, default="")
    why = models.TextField(blank=True, default="")
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "account_case"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by__isnull=True, finding="", why="")
                | (Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(finding="") & ~Q(why="")),
                name="account_case_decided_with_reasons",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["-id"], condition=Q(decided_at__isnull=True), name="account_case_open"),
        ]


class StaffLook(models.Model):
    """A member of staff looks at a seller's pages as the seller does (`looks`): why, since when, until when at most."""

    id = models.CharField(primary_key=True, max_length=30, default=_look_id, editable=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    seller_key = models.BigIntegerField()
    why = models.CharField(max_length=300)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "staff_look"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at__isnull=True), name="staff_look_one_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(why=""), name="staff_look_says_why"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("started_at") + timedelta(minutes=30)), name="staff_look_half_an_hour"
            ),
        ]


class BreakGlass(models.Model):
    """A sealed code for somebody who has lost every passkey (`break_glass`): asked for by one administrator, agreed to
    by another, used once. Only its hash is kept."""

    id = models.CharField(primary_key=True, max_length=30, default=_break_glass_id, editable=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    why = models.CharField(max_length=300)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    agreed_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    code_hash = models.BinaryField(unique=True, null=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "break_glass"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(used_at__isnull=True, withdrawn_at__isnull=True), name="break_glass_open"
            ),
            models.CheckConstraint(
                condition=~Q(asked_by=F("person"))
                & (Q(agreed_by__isnull=True) | (~Q(agreed_by=F("asked_by")) & ~Q(agreed_by=F("person")))),
                name="break_glass_two_others",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by__isnull=True, code_hash__isnull=True, used_at__isnull=True)
                | Q(agreed_by__isnull=False, code_hash__isnull=False),
                name="break_glass_code_needs_both",
            ),
            models.CheckConstraint(condition=~Q(why=""), name="break_glass_says_why"),
        ]


class ApiKey(models.Model):
    """A key of a machine (`keys`). Only its hash is kept; `hint` is its beginning, to tell keys apart.

    ``created_by``: the person who made it, or the command line. ``reads_only_until``: its scopes that write begin then.
    ``demoted_at``: since then it has none that write. ``elsewhere_on``: the last day it was used from an address that
    it is not for. ``seller_key``: the seller whose app has it (`app_grants`) and whose rows alone it reads; empty for
    the marketplace's own.
    """

    id = models.CharField(primary_key=True, max_length=30, default=_key_id)
    name = models.CharField(max_length=120)
    hint = models.CharField(max_length=12)
    secret_hash = models.BinaryField(unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    networks = ArrayField(models.CharField(max_length=50), default=list)
    created_by = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    reads_only_until = models.DateTimeField(null=True)
    demoted_at = models.DateTimeField(null=True)
    replaces = models.ForeignKey("self", models.PROTECT, related_name="+", null=True)
    last_used_on = models.DateField(null=True)
    elsewhere_on = models.DateField(null=True)
    seller_key = models.BigIntegerField(null=True)

    class Meta:
        db_table = "api_key"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(seller_key__isnull=True)
                | Q(scopes__contained_by=["coverage:read", "disputes:read", "money:read", "returns:read"]),
                name="api_key_of_an_app_reads",
            ),
            models.UniqueConstraint(
                fields=["replaces"], condition=Q(revoked_at__isnull=True), name="api_key_one_successor"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_by"], name="api_key_of_maker"),
            models.Index(fields=["seller_key"], condition=Q(seller_key__isnull=False), name="api_key_of_seller"),
        ]


class Seller(models.Model):
    """A seller of the marketplace. `ref` is the shop system's id, `key` the pseudonym that stands in facts."""

    id = models.CharField(primary_key=True, max_length=30, default=_seller_id, editable=False)
    ref = models.CharField(max_length=200, unique=True)
    key = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=2, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=16, blank=True)
    registered_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "seller"
        indexes: ClassVar = [models.Index(fields=["name", "id"], name="seller_by_name")]

    def __str__(self) -> str:
        return self.name or self.ref
