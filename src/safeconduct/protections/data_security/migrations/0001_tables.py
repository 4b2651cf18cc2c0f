import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import safeconduct.protections.data_security.incidents.regimes
from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_tables"),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="ContactExport",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("person_id", models.CharField(max_length=60)),
                    ("role", models.CharField(max_length=40)),
                    ("scene", models.CharField(max_length=40)),
                    ("fields", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                    ("placed_from", models.DateTimeField()),
                    ("placed_until", models.DateTimeField()),
                    ("orders", models.IntegerField()),
                    ("canaries", models.IntegerField()),
                    ("decision_id", models.CharField(blank=True, max_length=30)),
                    ("at", models.DateTimeField()),
                ],
                options={
                    "db_table": "contact_export",
                    "indexes": [models.Index(fields=["seller_key", "-id"], name="contact_export_of_seller")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("canaries__gt", 0), ("orders__gt", 0)),
                            name="contact_export_carries_canaries",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Canary",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("address_key", models.BigIntegerField(unique=True)),
                    ("phone_key", models.BigIntegerField(unique=True)),
                    ("email_key", models.BigIntegerField(null=True, unique=True)),
                    ("sealed", models.BinaryField()),
                    ("at", models.DateTimeField()),
                    (
                        "export",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="data_security.contactexport",
                        ),
                    ),
                ],
                options={
                    "db_table": "canary",
                },
            ),
            migrations.CreateModel(
                name="ContactRight",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("person_id", models.CharField(max_length=60)),
                    ("given_by", models.CharField(max_length=60)),
                    ("given_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    ("ended_by", models.CharField(blank=True, max_length=60)),
                ],
                options={
                    "db_table": "contact_right",
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=("seller_key", "person_id"),
                            name="contact_right_once",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("expires_at__gt", models.F("given_at"))), name="contact_right_expires"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="CanaryTouch",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("moment", models.BigIntegerField()),
                    ("at", models.DateTimeField()),
                    ("judged_at", models.DateTimeField(null=True)),
                    ("decision_id", models.CharField(blank=True, max_length=30)),
                    (
                        "canary",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="data_security.canary"
                        ),
                    ),
                ],
                options={
                    "db_table": "canary_touch",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("judged_at__isnull", True)), fields=["at"], name="canary_touch_to_judge"
                        ),
                        models.Index(fields=["seller_key", "-id"], name="canary_touch_of_seller"),
                        models.Index(fields=["at"], name="canary_touch_by_time"),
                    ],
                    "constraints": [models.UniqueConstraint(fields=("canary", "moment"), name="canary_touch_once")],
                },
            ),
            migrations.CreateModel(
                name="BuyerLease",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("order_key", models.BigIntegerField()),
                    ("person_id", models.CharField(max_length=60)),
                    ("role", models.CharField(max_length=40)),
                    ("scene", models.CharField(max_length=40)),
                    (
                        "paid",
                        models.CharField(choices=[("order", "the order's own"), ("tenth", "the tenth")], max_length=8),
                    ),
                    ("at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                    (
                        "export",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="data_security.contactexport",
                        ),
                    ),
                ],
                options={
                    "db_table": "buyer_lease",
                    "indexes": [
                        models.Index(fields=["seller_key", "at"], name="buyer_lease_of_seller"),
                        models.Index(fields=["order_key", "person_id", "-expires_at"], name="buyer_lease_of_order"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("paid", "order")),
                            fields=("order_key",),
                            name="buyer_lease_one_of_order",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("paid__in", ["order", "tenth"])), name="buyer_lease_paid"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                (
                                    "scene__in",
                                    ["ship_label_carrier", "manual_ship", "dropship", "pickup", "after_sale", "care"],
                                )
                            ),
                            name="buyer_lease_scene",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("expires_at__gt", models.F("at"))), name="buyer_lease_expires"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="DataRequest",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("access", "access"),
                                ("export", "export"),
                                ("correction", "correction"),
                                ("erasure", "erasure"),
                            ],
                            max_length=12,
                        ),
                    ),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("asked", "asked"),
                                ("identified", "identified"),
                                ("approved", "approved"),
                                ("done", "done"),
                                ("refused", "refused"),
                                ("withdrawn", "withdrawn"),
                            ],
                            max_length=12,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("order_key", models.BigIntegerField(null=True)),
                    ("buyer_key", models.BigIntegerField(null=True)),
                    ("place", models.CharField(blank=True, default="", max_length=6)),
                    ("language", models.CharField(default="en", max_length=16)),
                    ("rule", models.CharField(max_length=40)),
                    ("words", models.BinaryField(null=True)),
                    (
                        "identified",
                        models.CharField(
                            blank=True,
                            choices=[("signed_in", "signed_in"), ("matched", "matched"), ("by_staff", "by_staff")],
                            default="",
                            max_length=10,
                        ),
                    ),
                    ("tries", models.SmallIntegerField(default=0)),
                    ("statement", models.JSONField(default=dict)),
                    ("asked_at", models.DateTimeField()),
                    ("due_at", models.DateTimeField()),
                    ("extended_at", models.DateTimeField(null=True)),
                    ("overdue_at", models.DateTimeField(null=True)),
                    ("answered_at", models.DateTimeField(null=True)),
                    ("rest_at", models.DateTimeField(null=True)),
                    (
                        "person",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "data_request",
                    "indexes": [
                        models.Index(fields=["asked_at", "id"], name="data_request_by_time"),
                        models.Index(
                            condition=models.Q(("state__in", ["asked", "identified", "approved"])),
                            fields=["due_at", "id"],
                            name="data_request_due",
                        ),
                        models.Index(fields=["person", "asked_at"], name="data_request_of_person"),
                        models.Index(fields=["buyer_key", "asked_at"], name="data_request_of_buyer"),
                        models.Index(
                            condition=models.Q(("rest_at__isnull", False)), fields=["rest_at"], name="data_request_rest"
                        ),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("buyer_key__isnull", True),
                                    ("order_key__isnull", True),
                                    ("person__isnull", False),
                                    ("seller_key__isnull", False),
                                ),
                                models.Q(
                                    ("buyer_key__isnull", False),
                                    ("order_key__isnull", False),
                                    ("person__isnull", True),
                                    ("seller_key__isnull", True),
                                ),
                                _connector="OR",
                            ),
                            name="data_request_of_one_person",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state__in", ["identified", "approved", "done"]), _negated=True),
                                models.Q(("identified", ""), _negated=True),
                                _connector="OR",
                            ),
                            name="data_request_identified_before_it_is_answered",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("answered_at__isnull", True), ("state__in", ["asked", "identified", "approved"])
                                ),
                                models.Q(
                                    models.Q(("state__in", ["asked", "identified", "approved"]), _negated=True),
                                    ("answered_at__isnull", False),
                                ),
                                _connector="OR",
                            ),
                            name="data_request_answered_at",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("due_at__gte", models.F("asked_at"))), name="data_request_due_later"
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("state__in", ["asked", "identified", "approved"])),
                            fields=("person", "kind"),
                            name="data_request_once_a_person",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("state__in", ["asked", "identified", "approved"])),
                            fields=("buyer_key", "kind"),
                            name="data_request_once_a_buyer",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="TransferCounter",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "scope", "year", "kind", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("scope", models.CharField(max_length=40)),
                    ("year", models.SmallIntegerField()),
                    ("kind", models.CharField(max_length=12)),
                    ("people", models.IntegerField()),
                ],
                options={
                    "db_table": "transfer_counter",
                },
            ),
            migrations.CreateModel(
                name="TransferSubject",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "scope",
                            "year",
                            "kind",
                            "subject_key",
                            blank=True,
                            editable=False,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("scope", models.CharField(max_length=40)),
                    ("year", models.SmallIntegerField()),
                    ("kind", models.CharField(max_length=12)),
                    ("subject_key", models.BigIntegerField()),
                ],
                options={
                    "db_table": "transfer_subject",
                },
            ),
            migrations.CreateModel(
                name="DataStep",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("subject", models.CharField(max_length=40)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("verb", models.CharField(max_length=40)),
                    ("facts", models.JSONField()),
                    ("actor", models.CharField(max_length=60)),
                    ("role", models.CharField(max_length=40)),
                    ("why", models.TextField(blank=True)),
                    ("at", models.DateTimeField()),
                ],
                options={
                    "db_table": "data_step",
                    "indexes": [models.Index(fields=["subject", "id"], name="data_step_of_subject")],
                },
            ),
            migrations.CreateModel(
                name="Incident",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("title", models.CharField(max_length=200)),
                    ("what", models.TextField()),
                    ("consequences", models.TextField(blank=True, default="")),
                    ("measures", models.TextField(blank=True, default="")),
                    ("advice", models.TextField(blank=True, default="")),
                    ("contact", models.CharField(blank=True, default="", max_length=300)),
                    ("aware_at", models.DateTimeField()),
                    (
                        "categories",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), size=None
                        ),
                    ),
                    (
                        "established",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=2), default=list, size=None
                        ),
                    ),
                    (
                        "upstream",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), default=list, size=None
                        ),
                    ),
                    (
                        "operator",
                        models.CharField(
                            choices=[("ordinary", "ordinary"), ("critical", "critical"), ("central", "central")],
                            max_length=10,
                        ),
                    ),
                    (
                        "risk",
                        models.CharField(
                            choices=[
                                ("unknown", "unknown"),
                                ("none_likely", "none_likely"),
                                ("risk", "risk"),
                                ("high", "high"),
                            ],
                            max_length=12,
                        ),
                    ),
                    (
                        "major",
                        models.CharField(choices=[("unknown", "unknown"), ("yes", "yes"), ("no", "no")], max_length=8),
                    ),
                    ("revision", models.IntegerField(default=1)),
                    ("opened_at", models.DateTimeField()),
                    ("closed_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "data_incident",
                    "indexes": [models.Index(fields=["aware_at", "id"], name="data_incident_by_time")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("aware_at__lte", models.F("opened_at"))),
                            name="data_incident_known_first",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                (
                                    "risk__in",
                                    [
                                        safeconduct.protections.data_security.incidents.regimes.Risk["UNKNOWN"],
                                        safeconduct.protections.data_security.incidents.regimes.Risk["NONE_LIKELY"],
                                        safeconduct.protections.data_security.incidents.regimes.Risk["RISK"],
                                        safeconduct.protections.data_security.incidents.regimes.Risk["HIGH"],
                                    ],
                                )
                            ),
                            name="data_incident_risk",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                (
                                    "major__in",
                                    [
                                        safeconduct.protections.data_security.incidents.regimes.Judged["UNKNOWN"],
                                        safeconduct.protections.data_security.incidents.regimes.Judged["YES"],
                                        safeconduct.protections.data_security.incidents.regimes.Judged["NO"],
                                    ],
                                )
                            ),
                            name="data_incident_major",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="AffectedPeople",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "incident", "place", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("place", models.CharField(max_length=6)),
                    ("people", models.IntegerField()),
                    ("counted", models.BooleanField()),
                    ("at", models.DateTimeField()),
                    (
                        "incident",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="people",
                            to="data_security.incident",
                        ),
                    ),
                ],
                options={
                    "db_table": "data_incident_people",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("people__gte", 0)), name="data_incident_people_not_negative"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="LegalHold",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    (
                        "scope",
                        models.CharField(
                            choices=[("seller", "seller"), ("order", "order"), ("case", "case")], max_length=8
                        ),
                    ),
                    ("ref", models.CharField(max_length=200)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("order_key", models.BigIntegerField(null=True)),
                    ("case_id", models.CharField(blank=True, default="", max_length=30)),
                    ("basis", models.TextField()),
                    ("until", models.DateTimeField()),
                    ("placed_by", models.CharField(max_length=60)),
                    ("placed_at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    ("ended_by", models.CharField(blank=True, default="", max_length=60)),
                ],
                options={
                    "db_table": "legal_hold",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=["seller_key"],
                            name="legal_hold_of_seller",
                        ),
                        models.Index(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=["order_key"],
                            name="legal_hold_of_order",
                        ),
                        models.Index(fields=["placed_at", "id"], name="legal_hold_by_time"),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("case_id", ""),
                                    ("order_key__isnull", True),
                                    ("scope", "seller"),
                                    ("seller_key__isnull", False),
                                ),
                                models.Q(
                                    ("case_id", ""),
                                    ("order_key__isnull", False),
                                    ("scope", "order"),
                                    ("seller_key__isnull", True),
                                ),
                                models.Q(
                                    ("scope", "case"),
                                    ("seller_key__isnull", True),
                                    models.Q(("case_id", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="legal_hold_has_one_scope",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("basis", ""), _negated=True), name="legal_hold_has_a_basis"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("until__gt", models.F("placed_at"))), name="legal_hold_ends_later"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Proof",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("sent_to", models.CharField(max_length=200)),
                    ("sent_at", models.DateTimeField()),
                    ("text", models.TextField(blank=True, default="")),
                    ("file_name", models.CharField(blank=True, default="", max_length=200)),
                    ("sha256", models.CharField(max_length=64)),
                    ("why_late", models.TextField(blank=True, default="")),
                    ("recorded_by", models.CharField(max_length=60)),
                    ("recorded_at", models.DateTimeField()),
                    (
                        "incident",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="data_security.incident"
                        ),
                    ),
                ],
                options={
                    "db_table": "data_incident_proof",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="data_proof_has_a_hash"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("text", ""), _negated=True),
                                models.Q(("file_name", ""), _negated=True),
                                _connector="OR",
                            ),
                            name="data_proof_text_or_file",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("sent_at__lte", models.F("recorded_at"))), name="data_proof_sent_first"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="IncidentClock",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("regime", models.CharField(max_length=40)),
                    ("clock", models.CharField(max_length=40)),
                    (
                        "to",
                        models.CharField(
                            choices=[
                                ("authority", "authority"),
                                ("people", "people"),
                                ("platform", "platform"),
                                ("own", "own"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("started_at", models.DateTimeField(null=True)),
                    ("due_at", models.DateTimeField(null=True)),
                    ("half_at", models.DateTimeField(null=True)),
                    ("late_at", models.DateTimeField(null=True)),
                    ("warned_percent", models.SmallIntegerField(default=0)),
                    ("wake_at", models.DateTimeField(null=True)),
                    ("lapsed_at", models.DateTimeField(null=True)),
                    ("stopped_at", models.DateTimeField(null=True)),
                    (
                        "incident",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="clocks",
                            to="data_security.incident",
                        ),
                    ),
                    (
                        "proof",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="clocks",
                            to="data_security.proof",
                        ),
                    ),
                ],
                options={
                    "db_table": "data_incident_clock",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("wake_at__isnull", False)),
                            fields=["wake_at"],
                            name="data_incident_clock_wake",
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("incident", "regime", "clock"), name="data_incident_clock_once"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("proof__isnull", True), ("stopped_at__isnull", True)),
                                models.Q(("proof__isnull", False), ("stopped_at__isnull", False)),
                                _connector="OR",
                            ),
                            name="data_incident_clock_stops_with_proof",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("wake_at__isnull", True),
                                models.Q(("due_at__isnull", False), ("stopped_at__isnull", True)),
                                _connector="OR",
                            ),
                            name="data_incident_clock_wakes_while_it_runs",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("warned_percent__in", [0, 50, 80, 100])),
                            name="data_incident_clock_warned",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="RetentionRun",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("line", models.CharField(max_length=40)),
                    ("cutoff", models.DateTimeField()),
                    ("rows", models.IntegerField()),
                    ("first_at", models.DateTimeField()),
                    ("last_at", models.DateTimeField()),
                    ("sha256", models.CharField(max_length=64)),
                    ("at", models.DateTimeField()),
                ],
                options={
                    "db_table": "retention_run",
                    "indexes": [models.Index(fields=["at", "id"], name="retention_run_by_time")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("rows__gt", 0)), name="retention_run_deleted_something"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("last_at__lt", models.F("cutoff"))), name="retention_run_past_its_time"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="TransferDestination",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("name", models.CharField(max_length=120)),
                    ("country", models.CharField(max_length=2)),
                    (
                        "role",
                        models.CharField(
                            choices=[("controller", "controller"), ("processor", "processor"), ("joint", "joint")],
                            max_length=12,
                        ),
                    ),
                    ("purpose", models.CharField(max_length=300)),
                    (
                        "categories",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), size=None
                        ),
                    ),
                    (
                        "mechanism",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("standard_contract", "standard_contract"),
                                ("certification", "certification"),
                                ("assessment", "assessment"),
                                ("security_requirements", "security_requirements"),
                            ],
                            default="",
                            max_length=24,
                        ),
                    ),
                    ("reference", models.CharField(blank=True, default="", max_length=200)),
                    ("good_until", models.DateField(null=True)),
                    ("made_at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "transfer_destination",
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=("name", "country"),
                            name="transfer_destination_once",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("good_until__isnull", True), ("mechanism", ""), ("reference", "")),
                                models.Q(
                                    models.Q(("mechanism", ""), _negated=True),
                                    models.Q(("reference", ""), _negated=True),
                                    ("good_until__isnull", False),
                                ),
                                _connector="OR",
                            ),
                            name="transfer_destination_mechanism_whole",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="RequestArchive",
                fields=[
                    (
                        "request",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="archive",
                            serialize=False,
                            to="data_security.datarequest",
                        ),
                    ),
                    ("sealed", models.BinaryField()),
                    ("sha256", models.CharField(max_length=64)),
                    ("size_bytes", models.IntegerField()),
                    ("made_at", models.DateTimeField()),
                    ("good_until", models.DateTimeField()),
                ],
                options={
                    "db_table": "data_request_archive",
                    "indexes": [models.Index(fields=["made_at"], name="data_request_archive_made")],
                },
            ),
        ),
    ]
