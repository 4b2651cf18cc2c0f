"""People act for sellers: memberships, and invitations to become a member."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import safeconduct.kernel.parties.models

MEMBER_ROLES = [
    ("owner", "owner"), ("finance", "finance"), ("fulfilment", "fulfilment"), ("listing", "listing"),
    ("support", "support"), ("read_only", "read only"),
]  # fmt: skip
STAFF_ROLES = [("", "no staff"), ("analyst", "analyst"), ("lead", "lead"), ("administrator", "administrator")]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("parties", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField("invitation", "seller_key", models.BigIntegerField(null=True)),
        migrations.AddField(
            "invitation",
            "member_role",
            models.CharField(blank=True, choices=MEMBER_ROLES, default="", max_length=16),
        ),
        migrations.AlterField(
            "invitation", "role", models.CharField(blank=True, choices=STAFF_ROLES, default="", max_length=16)
        ),
        migrations.AlterField(
            "invitation",
            "invited_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "invitation",
            models.CheckConstraint(
                condition=(Q(seller_key__isnull=True, member_role="") & ~Q(role=""))
                | (Q(seller_key__isnull=False, role="") & ~Q(member_role="")),
                name="invitation_to_one_side",
            ),
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.kernel.parties.models._membership_id,
                        editable=False,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("seller_key", models.BigIntegerField()),
                ("role", models.CharField(choices=MEMBER_ROLES, max_length=16)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "membership",
                "indexes": [
                    models.Index(fields=["seller_key"], condition=Q(ended_at__isnull=True), name="membership_of_seller")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["person", "seller_key"], condition=Q(ended_at__isnull=True), name="membership_once"
                    ),
                    models.CheckConstraint(
                        condition=Q(role__in=["owner", "finance", "fulfilment", "listing", "support", "read_only"]),
                        name="membership_role",
                    ),
                    models.CheckConstraint(
                        condition=~Q(role="owner") | Q(expires_at__isnull=True),
                        name="membership_owner_does_not_expire",
                    ),
                ],
            },
        ),
    ]
