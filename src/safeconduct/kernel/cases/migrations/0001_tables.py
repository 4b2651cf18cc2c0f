import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import safeconduct.kernel.cases.outside_models
from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_tables"),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="ClockPause",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    (
                        "scope",
                        models.CharField(
                            choices=[
                                ("everyone", "everyone"),
                                ("country", "country"),
                                ("carrier", "carrier"),
                                ("case", "case"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("value", models.CharField(blank=True, default="", max_length=60)),
                    ("begins_at", models.DateTimeField()),
                    ("ends_at", models.DateTimeField(null=True)),
                    ("why", models.JSONField()),
                    ("declared_by", models.CharField(max_length=40)),
                    ("declared_at", models.DateTimeField()),
                    ("spread_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "case_pause",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                ("ends_at__isnull", True), ("ends_at__gt", models.F("begins_at")), _connector="OR"
                            ),
                            name="case_pause_order",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("scope", "everyone"), ("value", "")),
                                models.Q(
                                    models.Q(("scope", "everyone"), _negated=True),
                                    models.Q(("value", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="case_pause_value",
                        ),
                    ],
                    "indexes": [
                        models.Index(
                            condition=models.Q(("declared_by", "engine"), _negated=True),
                            fields=["-declared_at", "-id"],
                            name="case_pause_of_people",
                        ),
                        models.Index(
                            condition=models.Q(("scope", "case")), fields=["value"], name="case_pause_of_case"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Evidence",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("holder", models.CharField(max_length=60)),
                    ("seller_key", models.BigIntegerField()),
                    ("order_key", models.BigIntegerField(null=True)),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("listing_snapshot", "listing_snapshot"),
                                ("policy_accepted", "policy_accepted"),
                                ("policy_text", "policy_text"),
                                ("order_details", "order_details"),
                                ("payment_checks", "payment_checks"),
                                ("ip_address", "ip_address"),
                                ("device", "device"),
                                ("billing_address", "billing_address"),
                                ("delivery_address", "delivery_address"),
                                ("customer_identity", "customer_identity"),
                                ("activity_log", "activity_log"),
                                ("outbound_weight", "outbound_weight"),
                                ("outbound_serial", "outbound_serial"),
                                ("outbound_photo", "outbound_photo"),
                                ("proof_of_shipment", "proof_of_shipment"),
                                ("tracking", "tracking"),
                                ("proof_of_delivery", "proof_of_delivery"),
                                ("delivery_signature", "delivery_signature"),
                                ("shipping_insurance", "shipping_insurance"),
                                ("customs_document", "customs_document"),
                                ("carrier_statement", "carrier_statement"),
                                ("service_delivered", "service_delivered"),
                                ("photo_of_damage", "photo_of_damage"),
                                ("proof_of_difference", "proof_of_difference"),
                                ("missing_or_empty", "missing_or_empty"),
                                ("not_received", "not_received"),
                                ("expert_report", "expert_report"),
                                ("authority_report", "authority_report"),
                                ("proof_of_return", "proof_of_return"),
                                ("return_tracking", "return_tracking"),
                                ("inbound_weight", "inbound_weight"),
                                ("inbound_serial", "inbound_serial"),
                                ("inbound_photo", "inbound_photo"),
                                ("inspection_report", "inspection_report"),
                                ("return_address", "return_address"),
                                ("receipt", "receipt"),
                                ("proof_of_refund", "proof_of_refund"),
                                ("credit_due", "credit_due"),
                                ("paid_otherwise", "paid_otherwise"),
                                ("duplicate_charge", "duplicate_charge"),
                                ("price_explanation", "price_explanation"),
                                ("earlier_payments", "earlier_payments"),
                                ("contract", "contract"),
                                ("conversation", "conversation"),
                                ("seller_statement", "seller_statement"),
                                ("buyer_statement", "buyer_statement"),
                                ("refusal_explained", "refusal_explained"),
                                ("resolution", "resolution"),
                                ("declaration", "declaration"),
                                ("rights_document", "rights_document"),
                                ("authorisation", "authorisation"),
                                ("supply_chain", "supply_chain"),
                                ("other", "other"),
                            ],
                            max_length=40,
                        ),
                    ),
                    (
                        "source",
                        models.CharField(
                            choices=[
                                ("buyer", "buyer"),
                                ("seller", "seller"),
                                ("rights_owner", "rights_owner"),
                                ("platform", "platform"),
                                ("carrier", "carrier"),
                                ("payment_processor", "payment_processor"),
                                ("bank", "bank"),
                                ("laboratory", "laboratory"),
                                ("authority", "authority"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("given_by", models.CharField(max_length=16)),
                    (
                        "visibility",
                        models.CharField(
                            choices=[("both", "both"), ("gist", "gist"), ("adjudicator", "adjudicator")], max_length=12
                        ),
                    ),
                    ("gist", models.JSONField()),
                    ("sha256", models.CharField(max_length=64)),
                    ("received_sha256", models.CharField(max_length=64)),
                    ("media_type", models.CharField(max_length=40)),
                    ("size_bytes", models.BigIntegerField()),
                    ("chunks", models.IntegerField()),
                    ("captured_at", models.DateTimeField()),
                    ("added_at", models.DateTimeField()),
                    ("added_by", models.CharField(max_length=80)),
                    ("scanned_by", models.CharField(blank=True, default="", max_length=60)),
                    ("shredded_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "case_evidence",
                    "indexes": [
                        models.Index(fields=["order_key"], name="case_evidence_of_order"),
                        models.Index(
                            condition=models.Q(("shredded_at__isnull", True)),
                            fields=["added_by"],
                            include=("size_bytes",),
                            name="case_evidence_of_person",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("holder", "kind", "sha256", "given_by", "visibility"), name="case_evidence_once"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("size_bytes__gt", 0)), name="case_evidence_not_empty"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("gist", {}), _negated=True), name="case_evidence_has_a_gist"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="EvidenceChunk",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "evidence", "number", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("number", models.IntegerField()),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("sealed", models.BinaryField()),
                    (
                        "evidence",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="pieces", to="cases.evidence"
                        ),
                    ),
                ],
                options={
                    "db_table": "case_evidence_chunk",
                },
            ),
            migrations.CreateModel(
                name="PublishedWorkflow",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("kind", models.CharField(max_length=60)),
                    ("version", models.CharField(max_length=40)),
                    ("text", models.TextField()),
                    ("preset", models.TextField(blank=True, default="")),
                    ("since", models.DateTimeField()),
                    ("written_by", models.CharField(max_length=40)),
                    ("approved_by", models.CharField(blank=True, default="", max_length=40)),
                    ("why", models.TextField(blank=True, default="")),
                    ("at", models.DateTimeField()),
                ],
                options={
                    "db_table": "case_workflow",
                    "constraints": [
                        models.UniqueConstraint(fields=("kind", "since"), name="case_workflow_one_at_a_time"),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("written_by", "shipped"),
                                models.Q(
                                    models.Q(("approved_by", ""), _negated=True),
                                    models.Q(("approved_by", models.F("written_by")), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="case_workflow_second_person",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Case",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("key", models.CharField(max_length=200, unique=True)),
                    ("kind", models.CharField(max_length=60)),
                    ("seller_key", models.BigIntegerField()),
                    ("about", models.CharField(blank=True, default="", max_length=60)),
                    ("order_key", models.BigIntegerField(null=True)),
                    ("amount_minor", models.BigIntegerField(null=True)),
                    ("currency", models.CharField(blank=True, default="", max_length=3)),
                    ("route", models.CharField(blank=True, default="", max_length=40)),
                    ("carrier", models.CharField(blank=True, default="", max_length=60)),
                    ("state", models.CharField(max_length=60)),
                    (
                        "status",
                        models.CharField(
                            choices=[
                                ("draft", "draft"),
                                ("open", "open"),
                                ("under_review", "under_review"),
                                ("decided", "decided"),
                                ("appealed", "appealed"),
                                ("closed", "closed"),
                            ],
                            max_length=16,
                        ),
                    ),
                    ("step", models.IntegerField()),
                    ("since", models.DateTimeField()),
                    ("opened_at", models.DateTimeField()),
                    ("closed_at", models.DateTimeField(null=True)),
                    ("outcome_id", models.CharField(max_length=30, null=True)),
                    ("platform_misses", models.SmallIntegerField(default=0)),
                    (
                        "workflow",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.publishedworkflow"
                        ),
                    ),
                ],
                options={
                    "db_table": "case_file",
                    "indexes": [
                        models.Index(fields=["seller_key", "opened_at", "id"], name="case_of_seller"),
                        models.Index(fields=["order_key"], name="case_of_order"),
                        models.Index(fields=["about"], name="case_about"),
                        models.Index(fields=["status", "since", "id"], name="case_by_status"),
                        models.Index(fields=["kind", "opened_at", "id"], name="case_by_kind"),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                ("status__in", ["draft", "open", "under_review", "decided", "appealed", "closed"])
                            ),
                            name="case_status",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("status__in", ["decided", "appealed", "closed"]), _negated=True),
                                ("outcome_id__isnull", False),
                                _connector="OR",
                            ),
                            name="case_never_decided_without_an_outcome",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("closed_at__isnull", False), ("status", "closed")),
                                models.Q(models.Q(("status", "closed"), _negated=True), ("closed_at__isnull", True)),
                                _connector="OR",
                            ),
                            name="case_closed_at",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("amount_minor__isnull", True), ("currency", "")),
                                models.Q(("amount_minor__gte", 0), models.Q(("currency", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="case_amount_has_a_currency",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Exhibit",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "case", "evidence", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("seller_key", models.BigIntegerField()),
                    ("at", models.DateTimeField()),
                    ("by", models.CharField(max_length=80)),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="exhibits", to="cases.case"
                        ),
                    ),
                    (
                        "evidence",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="exhibits", to="cases.evidence"
                        ),
                    ),
                ],
                options={
                    "db_table": "case_exhibit",
                },
            ),
            migrations.CreateModel(
                name="Seat",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "case", "person", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("role", models.CharField(max_length=16)),
                    ("at", models.DateTimeField()),
                    ("left_at", models.DateTimeField(null=True)),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="seats", to="cases.case"
                        ),
                    ),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                        ),
                    ),
                ],
                options={
                    "db_table": "case_seat",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("left_at__isnull", True)), fields=["person"], name="case_seat_mine"
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("case", "person", "role"), name="case_seat_role_of"),
                        models.UniqueConstraint(
                            condition=models.Q(("left_at__isnull", True)),
                            fields=("case", "role"),
                            name="case_seat_one_at_a_time",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("role__in", ["mediator", "arbiter", "reviewer", "approver", "blind_reviewer"])
                            ),
                            name="case_seat_role",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Step",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("number", models.IntegerField()),
                    ("name", models.CharField(max_length=60)),
                    ("from_state", models.CharField(blank=True, max_length=60)),
                    ("to_state", models.CharField(max_length=60)),
                    ("role", models.CharField(max_length=16)),
                    ("actor", models.CharField(max_length=80)),
                    ("why", models.TextField(blank=True, default="")),
                    ("money", models.CharField(max_length=60)),
                    ("facts", models.JSONField(default=dict)),
                    ("outcome_id", models.CharField(max_length=30, null=True)),
                    ("at", models.DateTimeField()),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="cases.case"
                        ),
                    ),
                ],
                options={
                    "db_table": "case_step",
                    "constraints": [models.UniqueConstraint(fields=("case", "number"), name="case_step_number")],
                },
            ),
            migrations.CreateModel(
                name="StoredOutcome",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    (
                        "remedy",
                        models.CharField(
                            choices=[
                                ("nothing", "nothing"),
                                ("refund", "refund"),
                                ("partial_refund", "partial_refund"),
                                ("refund_on_return", "refund_on_return"),
                                ("replacement", "replacement"),
                                ("reimburse", "reimburse"),
                                ("release", "release"),
                                ("take_down", "take_down"),
                                ("restore", "restore"),
                                ("restrict", "restrict"),
                                ("reinstate", "reinstate"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("amount_minor", models.BigIntegerField(null=True)),
                    ("currency", models.CharField(blank=True, default="", max_length=3)),
                    (
                        "liability",
                        models.CharField(
                            choices=[
                                ("nobody", "nobody"),
                                ("seller", "seller"),
                                ("buyer", "buyer"),
                                ("platform", "platform"),
                                ("fund", "fund"),
                                ("carrier", "carrier"),
                                ("rights_owner", "rights_owner"),
                                ("shared", "shared"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("shares", models.JSONField(default=dict)),
                    (
                        "standing",
                        models.CharField(
                            choices=[("counts", "counts"), ("does_not_count", "does_not_count")], max_length=16
                        ),
                    ),
                    ("rule", models.CharField(max_length=120)),
                    ("rule_version", models.CharField(max_length=60)),
                    ("facts", models.JSONField()),
                    ("told", models.JSONField()),
                    (
                        "disclosure",
                        models.CharField(
                            choices=[("full", "full"), ("category", "category"), ("withheld", "withheld")],
                            max_length=10,
                        ),
                    ),
                    ("category", models.CharField(blank=True, default="", max_length=60)),
                    ("withheld_basis", models.TextField(blank=True, default="")),
                    ("withheld_until", models.DateField(null=True)),
                    (
                        "considered",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=30), default=list, size=None
                        ),
                    ),
                    ("missing", models.JSONField(default=list)),
                    ("cure", models.JSONField(default=dict)),
                    ("redress", models.JSONField(default=dict)),
                    ("automated", models.BooleanField()),
                    ("decided_by", models.CharField(max_length=30, null=True)),
                    ("decided_role", models.CharField(max_length=16, null=True)),
                    ("approved_by", models.CharField(max_length=30, null=True)),
                    ("approved_role", models.CharField(max_length=16, null=True)),
                    ("appeal_until", models.DateTimeField(null=True)),
                    ("final", models.BooleanField()),
                    ("replaces", models.CharField(max_length=30, null=True)),
                    (
                        "verdict",
                        models.CharField(
                            blank=True,
                            choices=[("upheld", "upheld"), ("amended", "amended"), ("overturned", "overturned")],
                            default="",
                            max_length=10,
                        ),
                    ),
                    ("at", models.DateTimeField()),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="outcomes", to="cases.case"
                        ),
                    ),
                    ("appeal_paused", models.BooleanField(db_default=False, default=False)),
                    ("proposal_id", models.CharField(max_length=30, null=True)),
                    ("second_above_minor", models.BigIntegerField(null=True)),
                ],
                options={
                    "db_table": "case_outcome",
                    "indexes": [
                        models.Index(fields=["case", "at"], name="case_outcome_of_case"),
                        models.Index(fields=["at"], name="case_outcome_by_time"),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("facts", {}), _negated=True),
                                models.Q(("told", {}), _negated=True),
                                models.Q(("rule", ""), _negated=True),
                                models.Q(("rule_version", ""), _negated=True),
                            ),
                            name="case_outcome_never_silent",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("disclosure", "withheld"), _negated=True),
                                models.Q(
                                    models.Q(("withheld_basis", ""), _negated=True), ("withheld_until__isnull", False)
                                ),
                                _connector="OR",
                            ),
                            name="case_outcome_withheld_with_basis_and_date",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("disclosure", "category"), _negated=True),
                                models.Q(("category", ""), _negated=True),
                                _connector="OR",
                            ),
                            name="case_outcome_category",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("automated", True),
                                models.Q(("decided_by__isnull", False), ("decided_role__isnull", False)),
                                _connector="OR",
                            ),
                            name="case_outcome_of_a_person",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("amount_minor__isnull", True), ("currency", "")),
                                models.Q(("amount_minor__gte", 0), models.Q(("currency", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="case_outcome_amount_has_a_currency",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("replaces__isnull", True), ("verdict", "")),
                                models.Q(("replaces__isnull", False), models.Q(("verdict", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="case_outcome_verdict",
                        ),
                        models.UniqueConstraint(fields=("replaces",), name="case_outcome_replaced_once"),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("appeal_paused", False), ("final", True)),
                                models.Q(("appeal_paused", False), ("appeal_until__isnull", False)),
                                models.Q(("appeal_paused", True), ("appeal_until__isnull", True), ("final", False)),
                                _connector="OR",
                            ),
                            name="case_outcome_can_be_appealed",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("approved_by__isnull", True),
                                    ("proposal_id__isnull", True),
                                    ("second_above_minor__isnull", True),
                                ),
                                models.Q(
                                    ("approved_by__isnull", False),
                                    ("proposal_id__isnull", False),
                                    ("second_above_minor__gte", 0),
                                ),
                                _connector="OR",
                            ),
                            name="case_outcome_confirmed_as_proposed",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("approved_by__isnull", False)),
                            fields=("case", "approved_by"),
                            name="case_outcome_another_second_person_each_time",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="CaseMessage",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("words", "words"),
                                ("offer", "offer"),
                                ("proposal", "proposal"),
                                ("note", "note"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("role", models.CharField(max_length=16)),
                    ("actor", models.CharField(max_length=80)),
                    (
                        "readers",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=16), size=None
                        ),
                    ),
                    ("template", models.CharField(blank=True, default="", max_length=60)),
                    ("sealed", models.BinaryField()),
                    ("offer", models.JSONField(null=True)),
                    ("offer_state", models.CharField(blank=True, default="", max_length=10)),
                    ("answered_by", models.CharField(blank=True, default="", max_length=80)),
                    ("at", models.DateTimeField()),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="cases.case"
                        ),
                    ),
                ],
                options={
                    "db_table": "case_message",
                    "indexes": [models.Index(fields=["case", "at", "id"], name="case_message_of_case")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("kind__in", ["words", "note"]), ("offer__isnull", True), ("offer_state", "")),
                                models.Q(
                                    ("kind__in", ["offer", "proposal"]),
                                    ("offer__isnull", False),
                                    ("offer_state__in", ["open", "accepted", "declined", "withdrawn"]),
                                ),
                                _connector="OR",
                            ),
                            name="case_message_offer",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Deadline",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("key", models.CharField(max_length=60)),
                    ("state_name", models.CharField(max_length=60)),
                    ("owner", models.CharField(max_length=16)),
                    ("platform", models.BooleanField()),
                    ("round", models.SmallIntegerField(default=1)),
                    ("term", models.CharField(max_length=120)),
                    (
                        "extensions",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=120), default=list, size=None
                        ),
                    ),
                    ("calendar", models.JSONField()),
                    ("library", models.CharField(max_length=40)),
                    ("floor", models.CharField(blank=True, default="", max_length=60)),
                    ("starts_on", models.CharField(blank=True, default="", max_length=60)),
                    ("made_at", models.DateTimeField()),
                    ("started_at", models.DateTimeField(null=True)),
                    ("due_at", models.DateTimeField(null=True)),
                    ("wake_at", models.DateTimeField(null=True)),
                    ("reminded", models.SmallIntegerField(default=0)),
                    ("attempts", models.SmallIntegerField(default=0)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("waiting", "waiting"),
                                ("running", "running"),
                                ("met", "met"),
                                ("missed", "missed"),
                                ("lapsed", "lapsed"),
                            ],
                            max_length=8,
                        ),
                    ),
                    ("ended_at", models.DateTimeField(null=True)),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="deadlines", to="cases.case"
                        ),
                    ),
                ],
                options={
                    "db_table": "case_deadline",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("wake_at__isnull", False)), fields=["wake_at"], name="case_deadline_due"
                        ),
                        models.Index(fields=["case", "made_at"], name="case_deadline_of_case"),
                        models.Index(
                            condition=models.Q(("platform", True), ("state", "missed")),
                            fields=["ended_at"],
                            name="case_deadline_platform_missed",
                        ),
                        models.Index(
                            condition=models.Q(("state", "running")),
                            fields=["seller_key", "due_at"],
                            name="case_deadline_of_seller",
                        ),
                        models.Index(
                            condition=models.Q(("state", "running")),
                            fields=["platform", "due_at"],
                            name="case_deadline_running",
                        ),
                        models.Index(
                            condition=models.Q(("owner", "seller"), ("state__in", ["met", "missed"])),
                            fields=["ended_at"],
                            name="case_deadline_of_sellers_ended",
                        ),
                        models.Index(
                            models.F("platform"),
                            django.db.models.functions.comparison.Coalesce(
                                "due_at", models.Value(datetime.datetime(9000, 1, 1, 0, 0, tzinfo=datetime.UTC))
                            ),
                            models.F("id"),
                            condition=models.Q(("state__in", ["waiting", "running"])),
                            name="case_deadline_queue",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("state__in", ["waiting", "running"])),
                            fields=("case",),
                            name="case_deadline_one_open",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("ended_at__isnull", True), ("state__in", ["waiting", "running"])),
                                models.Q(
                                    models.Q(("state__in", ["waiting", "running"]), _negated=True),
                                    ("ended_at__isnull", False),
                                    ("wake_at__isnull", True),
                                ),
                                _connector="OR",
                            ),
                            name="case_deadline_ended",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "running"), _negated=True),
                                ("started_at__isnull", False),
                                _connector="OR",
                            ),
                            name="case_deadline_started",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Party",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "case", "role", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    (
                        "role",
                        models.CharField(
                            choices=[
                                ("buyer", "buyer"),
                                ("seller", "seller"),
                                ("rights_owner", "rights_owner"),
                                ("bank", "bank"),
                                ("operator", "operator"),
                                ("mediator", "mediator"),
                                ("arbiter", "arbiter"),
                                ("reviewer", "reviewer"),
                                ("approver", "approver"),
                                ("blind_reviewer", "blind_reviewer"),
                                ("engine", "engine"),
                            ],
                            max_length=16,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField()),
                    ("key", models.BigIntegerField(null=True)),
                    ("zone", models.CharField(default="UTC", max_length=64)),
                    ("country", models.CharField(blank=True, default="", max_length=2)),
                    ("language", models.CharField(default="en", max_length=16)),
                    (
                        "turn",
                        models.CharField(
                            choices=[
                                ("my_turn", "my_turn"),
                                ("their_turn", "their_turn"),
                                ("under_review", "under_review"),
                                ("can_appeal", "can_appeal"),
                                ("closed", "closed"),
                            ],
                            max_length=16,
                        ),
                    ),
                    ("done", models.BooleanField(default=False)),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="parties", to="cases.case"
                        ),
                    ),
                ],
                options={
                    "db_table": "case_party",
                    "indexes": [
                        models.Index(fields=["seller_key", "role", "turn"], name="case_party_turn"),
                        models.Index(fields=["key"], name="case_party_key"),
                        models.Index(fields=["country"], name="case_party_country"),
                        models.Index(fields=["language"], name="case_party_language"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="BlindReview",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("share_bp", models.SmallIntegerField()),
                    ("chosen_at", models.DateTimeField()),
                    ("taken_role", models.CharField(max_length=16, null=True)),
                    ("taken_at", models.DateTimeField(null=True)),
                    ("remedy", models.CharField(blank=True, default="", max_length=20)),
                    ("liability", models.CharField(blank=True, default="", max_length=20)),
                    ("standing", models.CharField(blank=True, default="", max_length=16)),
                    ("amount_minor", models.BigIntegerField(null=True)),
                    ("says", models.TextField(blank=True, default="")),
                    (
                        "differs",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=10), default=list, size=None
                        ),
                    ),
                    ("given_at", models.DateTimeField(null=True)),
                    ("looked_at", models.DateTimeField(null=True)),
                    ("found", models.TextField(blank=True, default="")),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.case"
                        ),
                    ),
                    (
                        "looked_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "outcome",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="blind_review",
                            to="cases.storedoutcome",
                        ),
                    ),
                    (
                        "taken_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "case_blind_review",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("given_at__isnull", True)),
                            fields=["chosen_at", "id"],
                            name="case_blind_review_open",
                        ),
                        models.Index(
                            condition=models.Q(("given_at__isnull", False)),
                            fields=["given_at"],
                            name="case_blind_review_given",
                        ),
                        models.Index(
                            condition=models.Q(
                                ("given_at__isnull", False),
                                ("looked_at__isnull", True),
                                models.Q(("differs", []), _negated=True),
                            ),
                            fields=["given_at", "id"],
                            name="case_blind_review_to_look_at",
                        ),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("taken_at__isnull", True), ("taken_by__isnull", True)),
                                models.Q(
                                    ("taken_at__isnull", False),
                                    ("taken_by__isnull", False),
                                    ("taken_role", "blind_reviewer"),
                                ),
                                _connector="OR",
                            ),
                            name="case_blind_review_taken",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("given_at__isnull", True),
                                    ("liability", ""),
                                    ("remedy", ""),
                                    ("says", ""),
                                    ("standing", ""),
                                ),
                                models.Q(
                                    ("given_at__isnull", False),
                                    ("taken_by__isnull", False),
                                    models.Q(("remedy", ""), _negated=True),
                                    models.Q(("liability", ""), _negated=True),
                                    models.Q(("standing", ""), _negated=True),
                                    models.Q(("says", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="case_blind_review_in_three_parts",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("found", ""), ("looked_at__isnull", True), ("looked_by__isnull", True)),
                                models.Q(
                                    ("given_at__isnull", False),
                                    ("looked_at__isnull", False),
                                    ("looked_by__isnull", False),
                                    models.Q(("differs", []), _negated=True),
                                    models.Q(("found", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="case_blind_review_looked_at",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Proposal",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("state_name", models.CharField(max_length=60)),
                    ("name", models.CharField(max_length=60)),
                    ("outcome", models.JSONField()),
                    ("facts", models.JSONField(default=dict)),
                    ("why", models.TextField(blank=True, default="")),
                    ("at_stake_minor", models.BigIntegerField()),
                    ("above_minor", models.BigIntegerField()),
                    ("currency", models.CharField(max_length=3)),
                    ("proposed_role", models.CharField(max_length=16)),
                    ("at", models.DateTimeField()),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("waiting", "waiting"),
                                ("confirmed", "confirmed"),
                                ("returned", "returned"),
                                ("replaced", "replaced"),
                                ("lapsed", "lapsed"),
                            ],
                            default="waiting",
                            max_length=10,
                        ),
                    ),
                    ("answered_role", models.CharField(max_length=16, null=True)),
                    ("answered_at", models.DateTimeField(null=True)),
                    ("why_returned", models.TextField(blank=True, default="")),
                    (
                        "answered_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="proposals", to="cases.case"
                        ),
                    ),
                    (
                        "proposed_by",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                        ),
                    ),
                ],
                options={
                    "db_table": "case_proposal",
                    "indexes": [
                        models.Index(fields=["case", "at"], name="case_proposal_of_case"),
                        models.Index(
                            condition=models.Q(("state", "waiting")), fields=["at", "id"], name="case_proposal_waiting"
                        ),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("at_stake_minor__gt", models.F("above_minor"))),
                            name="case_proposal_is_above",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("outcome", {}), _negated=True), name="case_proposal_has_an_outcome"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("answered_by__isnull", True),
                                models.Q(("answered_by", models.F("proposed_by")), _negated=True),
                                _connector="OR",
                            ),
                            name="case_proposal_second_person",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("answered_at__isnull", True), ("answered_by__isnull", True), ("state", "waiting")
                                ),
                                models.Q(
                                    ("answered_at__isnull", False),
                                    ("answered_by__isnull", True),
                                    ("state__in", ["replaced", "lapsed"]),
                                ),
                                models.Q(
                                    ("answered_at__isnull", False),
                                    ("answered_by__isnull", False),
                                    ("answered_role", "approver"),
                                    ("state__in", ["confirmed", "returned"]),
                                ),
                                _connector="OR",
                            ),
                            name="case_proposal_answered",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "returned"), _negated=True),
                                models.Q(("why_returned", ""), _negated=True),
                                _connector="OR",
                            ),
                            name="case_proposal_returned_with_a_reason",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("state", "waiting")), fields=("case",), name="case_proposal_one_waits"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="CaseAssignment",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    (
                        "assigned_by",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="assignments", to="cases.case"
                        ),
                    ),
                    (
                        "person",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "case_assignment",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=["person"],
                            name="case_assignment_mine",
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=("case",),
                            name="case_assignment_one_at_a_time",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("ended_at__isnull", True), ("ended_at__gte", models.F("at")), _connector="OR"
                            ),
                            name="case_assignment_order",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="CaseLook",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "case", "person", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("since", models.DateTimeField()),
                    ("until", models.DateTimeField()),
                    (
                        "case",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="cases.case",
                        ),
                    ),
                    (
                        "person",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "case_look",
                    "indexes": [models.Index(fields=["until"], name="case_look_until")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("until__gt", models.F("since"))), name="case_look_ends"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="CaseMacro",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("code", models.CharField(max_length=60)),
                    ("version", models.SmallIntegerField()),
                    (
                        "purpose",
                        models.CharField(choices=[("message", "message"), ("reason", "reason")], max_length=10),
                    ),
                    ("kind", models.CharField(blank=True, default="", max_length=60)),
                    ("name", models.CharField(max_length=120)),
                    ("texts", models.JSONField()),
                    ("since", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    (
                        "ended_by",
                        models.ForeignKey(
                            db_index=False,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "written_by",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "case_macro",
                    "indexes": [
                        models.Index(fields=["-since", "-id"], name="case_macro_newest"),
                        models.Index(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=["purpose", "name", "id"],
                            name="case_macro_in_force",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("code", "version"), name="case_macro_version"),
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=("code",),
                            name="case_macro_one_in_force",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("purpose__in", ["message", "reason"]), ("version__gte", 1)),
                            name="case_macro_purpose",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("texts__has_keys", ["en", "zh", "es"])),
                            name="case_macro_in_three_languages",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                                models.Q(("ended_at__gte", models.F("since")), ("ended_by__isnull", False)),
                                _connector="OR",
                            ),
                            name="case_macro_ended_by_someone",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="OutsideBody",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    (
                        "way",
                        models.CharField(
                            choices=[
                                ("certified", "certified"),
                                ("mediator", "mediator"),
                                ("consumer", "consumer"),
                                ("named", "named"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("name", models.CharField(max_length=160)),
                    ("url", models.CharField(max_length=400)),
                    ("certified_by", models.CharField(blank=True, default="", max_length=160)),
                    ("certified_until", models.DateField(null=True)),
                    (
                        "kinds",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=60), default=list, size=None
                        ),
                    ),
                    (
                        "sellers",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=2), default=list, size=None
                        ),
                    ),
                    ("refer_within", models.CharField(blank=True, default="", max_length=120)),
                    ("decides_within", models.CharField(blank=True, default="", max_length=120)),
                    ("pays", models.JSONField()),
                    ("source", models.CharField(max_length=400)),
                    ("read_on", models.DateField()),
                    ("since", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    (
                        "ended_by",
                        models.ForeignKey(
                            db_index=False,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "named_by",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "takes_from",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=10),
                            db_default=["seller"],
                            default=safeconduct.kernel.cases.outside_models.of_sellers,
                            size=None,
                        ),
                    ),
                ],
                options={
                    "db_table": "case_outside_body",
                    "indexes": [models.Index(fields=["-since", "-id"], name="case_outside_body_newest")],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=("way", "name"),
                            name="case_outside_body_once",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("url__startswith", "https://")), name="case_outside_body_https"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("certified_until__isnull", False),
                                    ("way", "certified"),
                                    models.Q(("certified_by", ""), _negated=True),
                                ),
                                models.Q(
                                    models.Q(("way", "certified"), _negated=True),
                                    ("certified_by", ""),
                                    ("certified_until__isnull", True),
                                ),
                                _connector="OR",
                            ),
                            name="case_outside_body_certified_by_someone",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("name", ""), _negated=True),
                                models.Q(("source", ""), _negated=True),
                                ("pays__has_keys", ["en", "zh", "es"]),
                            ),
                            name="case_outside_body_says_where_it_is_written",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                                models.Q(("ended_at__gte", models.F("since")), ("ended_by__isnull", False)),
                                _connector="OR",
                            ),
                            name="case_outside_body_ended_by_someone",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Referral",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("outcome_before", models.CharField(max_length=30)),
                    ("referred_at", models.DateTimeField()),
                    ("referred_by", models.CharField(max_length=80)),
                    ("due_at", models.DateTimeField(null=True)),
                    ("extended_at", models.DateTimeField(null=True)),
                    ("late_at", models.DateTimeField(null=True)),
                    ("engaged_at", models.DateTimeField(null=True)),
                    ("engaged_by", models.CharField(blank=True, default="", max_length=80)),
                    (
                        "state",
                        models.CharField(
                            choices=[("referred", "referred"), ("answered", "answered"), ("ended", "ended")],
                            max_length=10,
                        ),
                    ),
                    (
                        "found",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("for_seller", "for_seller"),
                                ("partly", "partly"),
                                ("against_seller", "against_seller"),
                            ],
                            default="",
                            max_length=16,
                        ),
                    ),
                    ("found_on", models.DateField(null=True)),
                    ("says", models.JSONField(default=dict)),
                    ("fees_minor", models.BigIntegerField(null=True)),
                    ("fees_currency", models.CharField(blank=True, default="", max_length=3)),
                    ("answered_at", models.DateTimeField(null=True)),
                    ("answered_by", models.CharField(blank=True, default="", max_length=80)),
                    (
                        "followed",
                        models.CharField(
                            blank=True,
                            choices=[("followed", "followed"), ("not_followed", "not_followed")],
                            default="",
                            max_length=14,
                        ),
                    ),
                    ("why", models.JSONField(default=dict)),
                    ("outcome_id", models.CharField(max_length=30, null=True)),
                    ("closed_at", models.DateTimeField(null=True)),
                    (
                        "body",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="cases.outsidebody",
                        ),
                    ),
                    (
                        "case",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="referrals", to="cases.case"
                        ),
                    ),
                    ("referred_role", models.CharField(db_default="seller", default="seller", max_length=10)),
                ],
                options={
                    "db_table": "case_referral",
                    "indexes": [
                        models.Index(fields=["case", "referred_at"], name="case_referral_of_case"),
                        models.Index(fields=["-referred_at", "-id"], name="case_referral_newest"),
                        models.Index(fields=["seller_key", "-referred_at", "-id"], name="case_referral_of_seller"),
                        models.Index(
                            condition=models.Q(("late_at__isnull", True), ("state", "referred")),
                            fields=["due_at"],
                            name="case_referral_due",
                        ),
                        models.Index(
                            condition=models.Q(("closed_at__isnull", True)),
                            fields=["referred_at", "id"],
                            name="case_referral_open",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("state", "referred")),
                            fields=("case",),
                            name="case_referral_one_at_a_time",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("state", "answered")),
                            fields=("case",),
                            name="case_referral_answered_once",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("answered_at__isnull", False),
                                    ("found_on__isnull", False),
                                    ("state", "answered"),
                                    models.Q(("found", ""), _negated=True),
                                ),
                                models.Q(
                                    models.Q(("state", "answered"), _negated=True),
                                    ("fees_minor__isnull", True),
                                    ("followed", ""),
                                    ("found", ""),
                                    ("found_on__isnull", True),
                                ),
                                _connector="OR",
                            ),
                            name="case_referral_answered_with_a_finding",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("fees_currency", ""), ("fees_minor__isnull", True)),
                                models.Q(("fees_minor__gt", 0), models.Q(("fees_currency", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="case_referral_fees_have_a_currency",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("followed", "followed"), ("outcome_id__isnull", False)),
                                models.Q(
                                    ("followed", "not_followed"),
                                    ("outcome_id__isnull", True),
                                    models.Q(("why", {}), _negated=True),
                                ),
                                models.Q(("followed", ""), ("outcome_id__isnull", True)),
                                _connector="OR",
                            ),
                            name="case_referral_followed_or_said_why_not",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("referred_role__in", ["seller", "buyer"])),
                            name="case_referral_by_a_party",
                        ),
                    ],
                },
            ),
        ),
    ]
