import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import safeconduct.kernel.parties.sign_in_models

#: Who worked in a browser with a passkey in the last month goes on to: the console would shut them out otherwise.
KNOWN_BEFORE = """
INSERT INTO staff_device (id, person_id, device, browser, asked_at, approved_at, how, ended_by)
SELECT 'sdv_' || substr(d.id, 5), d.person_id, d.id, '', d.created_at, now(), 'known_before', ''
FROM sign_in_device d JOIN person p ON p.id = d.person_id
WHERE p.staff_role <> '' AND p.is_active AND EXISTS (
    SELECT FROM sign_in_session s WHERE s.device = d.id AND s.person_id = d.person_id AND s.factor = 'passkey'
        AND s.last_seen_at > now() - interval '30 days')
"""


class Migration(migrations.Migration):
    """Browsers that members of the staff work with, let in one by one."""

    dependencies = [("parties", "0017_sessions_of_a_directory")]
    operations = [
        migrations.CreateModel(
            name="StaffDevice",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.kernel.parties.sign_in_models._staff_device_id,
                        editable=False,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("device", models.CharField(max_length=30)),
                ("browser", models.CharField(blank=True, max_length=60)),
                ("asked_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                (
                    "how",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("first_passkey", "First Passkey"),
                            ("administrator", "Administrator"),
                            ("operator", "Operator"),
                            ("known_before", "Known Before"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, default="", max_length=60)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "staff_device",
                "indexes": [
                    models.Index(
                        condition=models.Q(("approved_at__isnull", True), ("ended_at__isnull", True)),
                        fields=["asked_at", "id"],
                        name="staff_device_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)), fields=("device",), name="staff_device_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_at__isnull", True), ("approved_by__isnull", True), ("how", "")),
                            models.Q(("approved_at__isnull", False), models.Q(("how", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="staff_device_let_in_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("how", "administrator"), _negated=True),
                            models.Q(
                                ("approved_by__isnull", False),
                                models.Q(("approved_by", models.F("person")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="staff_device_two_people",
                    ),
                ],
            },
        ),
        migrations.RunSQL(KNOWN_BEFORE, migrations.RunSQL.noop),
    ]
