import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import safeconduct.kernel.parties.models


class Migration(migrations.Migration):
    """Memberships that end by themselves from the invitation on; members of staff who look as a seller."""

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
    ]
