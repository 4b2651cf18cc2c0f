"""Who there is: sellers, and people with their roles."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

from safeconduct.foundation.ids import new_id


def _user_id() -> str:
    return new_id("usr")


def _seller_id() -> str:
    return new_id("sel")


def _invitation_id() -> str:
    return new_id("inv")


class StaffRole(models.TextChoices):
    """What a member of staff may do; each role may do what those before it may.

    Analysts rule on orders and write policies; leads approve and publish them; administrators manage people and keys.
    """

    NONE = "", "no staff"
    ANALYST = "analyst", "analyst"
    LEAD = "lead", "lead"
    ADMINISTRATOR = "administrator", "administrator"


class Users(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Creates a person. The e-mail address is the name to sign in with."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in: staff, or a member of a seller."""

    id = models.CharField(primary_key=True, max_length=30, default=_user_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    staff_role = models.CharField(max_length=16, choices=StaffRole, default=StaffRole.NONE, blank=True)
    language = models.CharField(max_length=16, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = Users()

    class Meta:
        db_table = "person"

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        return self.is_active and self.staff_role != StaffRole.NONE

    def may(self, role: StaffRole) -> bool:
        """Whether this member of staff has at least this role."""
        order = [StaffRole.NONE, StaffRole.ANALYST, StaffRole.LEAD, StaffRole.ADMINISTRATOR]
        return self.is_active and order.index(StaffRole(self.staff_role)) >= order.index(role)


class Invitation(models.Model):
    """An invitation to join the staff. Only the hash of its token is kept."""

    id = models.CharField(primary_key=True, max_length=30, default=_invitation_id, editable=False)
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=StaffRole)
    token_hash = models.BinaryField(unique=True)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "invitation"


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
