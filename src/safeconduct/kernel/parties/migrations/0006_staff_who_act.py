import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import safeconduct.kernel.parties.models


class Migration(migrations.Migration):
    """Memberships that end by themselves from the invitation on; members of staff who look as a seller;
    sealed codes for who has lost every passkey."""

    dependencies = [("parties", "0005_keys")]

    operations = [
        migrations.AddField("Invitation", "member_until", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="StaffLook",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.kernel.parties.models._look_id,
                        editable=False,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("seller_key", models.BigIntegerField()),
                ("why", models.CharField(max_length=300)),
                ("started_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "staff_look",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["person"], condition=Q(ended_at__isnull=True), name="staff_look_one_at_a_time"
                    ),
                    models.CheckConstraint(condition=~Q(why=""), name="staff_look_says_why"),
                    models.CheckConstraint(
                        condition=Q(ends_at__lte=F("started_at") + datetime.timedelta(minutes=30)),
                        name="staff_look_half_an_hour",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BreakGlass",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.kernel.parties.models._break_glass_id,
                        editable=False,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("why", models.CharField(max_length=300)),
                ("asked_at", models.DateTimeField()),
                ("code_hash", models.BinaryField(null=True, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                *(
                    (
                        name,
                        models.ForeignKey(
                            null=name == "agreed_by",
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    )
                    for name in ("person", "asked_by", "agreed_by")
                ),
            ],
            options={
                "db_table": "break_glass",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["person"],
                        condition=Q(used_at__isnull=True, withdrawn_at__isnull=True),
                        name="break_glass_open",
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
                ],
            },
        ),
    ]
