import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import safeconduct.kernel.parties.models
import safeconduct.kernel.parties.ownership_models
import safeconduct.kernel.parties.sealed_fields
import safeconduct.kernel.parties.sign_in_models
from safeconduct.kernel.create_models import CreateModels

#: Not a model: `kernel.shared_cache` alone writes and reads it.
SHARED_CACHE = """
CREATE TABLE shared_cache (
    key_hash bytea PRIMARY KEY CHECK (length(key_hash) = 32),
    value jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX shared_cache_over ON shared_cache (expires_at);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="User",
                fields=[
                    ("password", models.CharField(max_length=128, verbose_name="password")),
                    ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.parties.models._user_id,
                            editable=False,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("email", safeconduct.kernel.parties.sealed_fields.SealedAddress(max_length=254, unique=True)),
                    ("name", safeconduct.kernel.parties.sealed_fields.SealedName(blank=True, max_length=120)),
                    (
                        "staff_role",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("", "no staff"),
                                ("analyst", "analyst"),
                                ("lead", "lead"),
                                ("administrator", "administrator"),
                            ],
                            default="",
                            max_length=16,
                        ),
                    ),
                    ("language", models.CharField(default="en", max_length=16)),
                    ("time_zone", models.CharField(default="UTC", max_length=64)),
                    ("is_active", models.BooleanField(default=True)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ("password_until", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "person",
                },
            ),
            migrations.CreateModel(
                name="Invitation",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.parties.models._invitation_id,
                            editable=False,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("email", safeconduct.kernel.parties.sealed_fields.SealedAddress(max_length=254)),
                    (
                        "role",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("", "no staff"),
                                ("analyst", "analyst"),
                                ("lead", "lead"),
                                ("administrator", "administrator"),
                            ],
                            default="",
                            max_length=16,
                        ),
                    ),
                    ("token_hash", models.BinaryField(unique=True)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("expires_at", models.DateTimeField()),
                    ("accepted_at", models.DateTimeField(null=True)),
                    (
                        "invited_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField(null=True)),
                    (
                        "member_role",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("owner", "owner"),
                                ("finance", "finance"),
                                ("fulfilment", "fulfilment"),
                                ("listing", "listing"),
                                ("support", "support"),
                                ("read_only", "read only"),
                            ],
                            default="",
                            max_length=16,
                        ),
                    ),
                    ("member_until", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "invitation",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("member_role", ""),
                                    ("seller_key__isnull", True),
                                    models.Q(("role", ""), _negated=True),
                                ),
                                models.Q(
                                    ("role", ""),
                                    ("seller_key__isnull", False),
                                    models.Q(("member_role", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="invitation_to_one_side",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Seller",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.parties.models._seller_id,
                            editable=False,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("ref", models.CharField(max_length=200, unique=True)),
                    ("key", models.BigIntegerField(unique=True)),
                    ("name", models.CharField(blank=True, max_length=200)),
                    ("country", models.CharField(blank=True, max_length=2)),
                    ("time_zone", models.CharField(blank=True, max_length=64)),
                    ("language", models.CharField(blank=True, max_length=16)),
                    ("registered_at", models.DateTimeField(null=True)),
                    ("first_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    "db_table": "seller",
                    "indexes": [models.Index(fields=["name", "id"], name="seller_by_name")],
                },
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
                    (
                        "role",
                        models.CharField(
                            choices=[
                                ("owner", "owner"),
                                ("finance", "finance"),
                                ("fulfilment", "fulfilment"),
                                ("listing", "listing"),
                                ("support", "support"),
                                ("read_only", "read only"),
                            ],
                            max_length=16,
                        ),
                    ),
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
                        models.Index(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=["seller_key"],
                            name="membership_of_seller",
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=("person", "seller_key"),
                            name="membership_once",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("role__in", ["owner", "finance", "fulfilment", "listing", "support", "read_only"])
                            ),
                            name="membership_role",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("role", "owner"), _negated=True),
                                ("expires_at__isnull", True),
                                _connector="OR",
                            ),
                            name="membership_owner_does_not_expire",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="SignInFailures",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "address_hash", "device", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("address_hash", models.BinaryField()),
                    ("device", models.CharField(blank=True, max_length=30)),
                    ("failures", models.IntegerField()),
                    ("last_at", models.DateTimeField()),
                ],
                options={
                    "db_table": "sign_in_failures",
                },
            ),
            migrations.CreateModel(
                name="SignInDevice",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("cookie_hash", models.BinaryField(unique=True)),
                    ("created_at", models.DateTimeField()),
                    ("last_used_at", models.DateTimeField()),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                        ),
                    ),
                ],
                options={
                    "db_table": "sign_in_device",
                },
            ),
            migrations.CreateModel(
                name="SecurityEvent",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("kind", models.CharField(max_length=60)),
                    ("level", models.CharField(max_length=8)),
                    ("facts", models.JSONField()),
                    ("origin", models.BinaryField(null=True)),
                    ("actor", models.CharField(max_length=60)),
                    ("role", models.CharField(max_length=40)),
                    ("why", models.TextField(blank=True)),
                    ("at", models.DateTimeField()),
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
                    "db_table": "security_event",
                    "indexes": [
                        models.Index(fields=["seller_key", "-id"], name="security_event_of_seller"),
                        models.Index(fields=["person", "-id"], name="security_event_of_person"),
                        models.Index(
                            condition=models.Q(("origin__isnull", False)),
                            fields=["at"],
                            name="security_event_with_origin",
                        ),
                        models.Index(fields=["at"], name="security_event_by_time"),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("level__in", ["info", "notice", "alert"])), name="security_event_level"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="AccountCase",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("frozen", models.JSONField()),
                    ("opened_at", models.DateTimeField()),
                    ("finding", models.CharField(blank=True, default="", max_length=16)),
                    ("why", models.TextField(blank=True, default="")),
                    ("decided_at", models.DateTimeField(null=True)),
                    (
                        "decided_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "event",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.securityevent"
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
                    "db_table": "account_case",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("decided_at__isnull", True)), fields=["-id"], name="account_case_open"
                        )
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("decided_at__isnull", True),
                                    ("decided_by__isnull", True),
                                    ("finding", ""),
                                    ("why", ""),
                                ),
                                models.Q(
                                    ("decided_at__isnull", False),
                                    ("decided_by__isnull", False),
                                    models.Q(("finding", ""), _negated=True),
                                    models.Q(("why", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="account_case_decided_with_reasons",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="SignInSession",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("key_hash", models.BinaryField(unique=True)),
                    ("device", models.CharField(blank=True, max_length=30)),
                    ("origin", models.BinaryField()),
                    (
                        "traits",
                        django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                    ),
                    ("score", models.FloatField(null=True)),
                    ("factor", models.CharField(blank=True, max_length=16)),
                    ("started_at", models.DateTimeField()),
                    ("last_seen_at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    ("ended_why", models.CharField(blank=True, default="", max_length=20)),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                        ),
                    ),
                    ("directory", models.BinaryField(null=True)),
                ],
                options={
                    "db_table": "sign_in_session",
                    "indexes": [
                        models.Index(fields=["person", "-started_at"], name="sign_in_session_of_person"),
                        models.Index(fields=["-started_at"], name="sign_in_session_latest"),
                        models.Index(fields=["last_seen_at"], name="sign_in_session_by_age"),
                        models.Index(
                            condition=models.Q(("directory__isnull", False), ("ended_at__isnull", True)),
                            fields=["person"],
                            name="sign_in_session_of_directory",
                        ),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("ended_at__isnull", True), ("ended_why", "")),
                                models.Q(("ended_at__isnull", False), models.Q(("ended_why", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="sign_in_session_ended_why",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="ApiKey",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.parties.models._key_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("name", models.CharField(max_length=120)),
                    ("hint", models.CharField(max_length=12)),
                    ("secret_hash", models.BinaryField(unique=True)),
                    (
                        "scopes",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), size=None
                        ),
                    ),
                    ("created_by", models.CharField(max_length=40)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("expires_at", models.DateTimeField()),
                    ("revoked_at", models.DateTimeField(null=True)),
                    ("last_used_on", models.DateField(null=True)),
                    (
                        "networks",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=50), default=list, size=None
                        ),
                    ),
                    ("reads_only_until", models.DateTimeField(null=True)),
                    ("demoted_at", models.DateTimeField(null=True)),
                    (
                        "replaces",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="parties.apikey",
                        ),
                    ),
                    ("elsewhere_on", models.DateField(null=True)),
                    ("seller_key", models.BigIntegerField(null=True)),
                ],
                options={
                    "db_table": "api_key",
                    "indexes": [
                        models.Index(fields=["created_by"], name="api_key_of_maker"),
                        models.Index(
                            condition=models.Q(("seller_key__isnull", False)),
                            fields=["seller_key"],
                            name="api_key_of_seller",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("revoked_at__isnull", True)),
                            fields=("replaces",),
                            name="api_key_one_successor",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("seller_key__isnull", True),
                                (
                                    "scopes__contained_by",
                                    ["coverage:read", "disputes:read", "money:read", "returns:read"],
                                ),
                                _connector="OR",
                            ),
                            name="api_key_of_an_app_reads",
                        ),
                    ],
                },
            ),
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
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=("person",),
                            name="staff_look_one_at_a_time",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("why", ""), _negated=True), name="staff_look_says_why"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                (
                                    "ends_at__lte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("started_at"), "+", models.Value(datetime.timedelta(seconds=1800))
                                    ),
                                )
                            ),
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
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                        ),
                    ),
                    (
                        "asked_by",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                        ),
                    ),
                    (
                        "agreed_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "break_glass",
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("used_at__isnull", True), ("withdrawn_at__isnull", True)),
                            fields=("person",),
                            name="break_glass_open",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("asked_by", models.F("person")), _negated=True),
                                models.Q(
                                    ("agreed_by__isnull", True),
                                    models.Q(
                                        models.Q(("agreed_by", models.F("asked_by")), _negated=True),
                                        models.Q(("agreed_by", models.F("person")), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                            ),
                            name="break_glass_two_others",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("agreed_by__isnull", True), ("code_hash__isnull", True), ("used_at__isnull", True)
                                ),
                                models.Q(("agreed_by__isnull", False), ("code_hash__isnull", False)),
                                _connector="OR",
                            ),
                            name="break_glass_code_needs_both",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("why", ""), _negated=True), name="break_glass_says_why"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="StaffIdentity",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.parties.models._identity_id,
                            editable=False,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("issuer", models.CharField(max_length=300)),
                    ("subject_hash", models.BinaryField(unique=True)),
                    ("linked_at", models.DateTimeField()),
                    ("last_used_at", models.DateTimeField()),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                        ),
                    ),
                    ("hashed_with", models.CharField(default="", max_length=40)),
                ],
                options={
                    "db_table": "staff_identity",
                    "constraints": [
                        models.UniqueConstraint(fields=("person", "issuer"), name="staff_identity_one_of_directory")
                    ],
                },
            ),
            migrations.CreateModel(
                name="OwnershipClaim",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.parties.ownership_models._claim_id,
                            editable=False,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField()),
                    ("contact", models.BinaryField(null=True)),
                    ("relation", models.CharField(max_length=16)),
                    ("state", models.CharField(max_length=10)),
                    ("opened_at", models.DateTimeField()),
                    ("frozen_at", models.DateTimeField(null=True)),
                    ("finding", models.CharField(blank=True, default="", max_length=16)),
                    ("why", models.TextField(blank=True, default="")),
                    ("decided_at", models.DateTimeField(null=True)),
                    ("appeal_until", models.DateTimeField(null=True)),
                    ("appealed_at", models.DateTimeField(null=True)),
                    ("final_finding", models.CharField(blank=True, default="", max_length=16)),
                    ("final_why", models.TextField(blank=True, default="")),
                    ("final_at", models.DateTimeField(null=True)),
                    (
                        "claimant",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "decided_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "final_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "ownership_claim",
                    "indexes": [models.Index(fields=["-opened_at", "-id"], name="ownership_claim_latest")],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("state__in", ["waiting", "open", "appealed"])),
                            fields=("seller_key",),
                            name="ownership_claim_one",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("state__in", ["draft", "waiting", "open", "decided", "appealed", "closed"])
                            ),
                            name="ownership_claim_state",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("claimant__isnull", True), ("contact__isnull", False)),
                                models.Q(("claimant__isnull", False), ("contact__isnull", True)),
                                _connector="OR",
                            ),
                            name="ownership_claim_of_somebody",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("decided_by__isnull", True),
                                    ("finding", ""),
                                    ("state__in", ["draft", "waiting", "open"]),
                                ),
                                models.Q(
                                    ("decided_by__isnull", False),
                                    ("state__in", ["decided", "appealed", "closed"]),
                                    models.Q(("finding", ""), _negated=True),
                                    models.Q(("why", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="ownership_claim_decided_with_reasons",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    models.Q(("state", "closed"), _negated=True),
                                    ("final_by__isnull", True),
                                    ("final_finding", ""),
                                ),
                                models.Q(
                                    ("final_by__isnull", False),
                                    ("state", "closed"),
                                    models.Q(("final_by", models.F("decided_by")), _negated=True),
                                    models.Q(("final_why", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="ownership_claim_appeal_by_another",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="OwnershipWord",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.parties.ownership_models._word_id,
                            editable=False,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("side", models.CharField(max_length=10)),
                    ("author", models.CharField(blank=True, max_length=60)),
                    ("sealed", models.BinaryField()),
                    ("at", models.DateTimeField()),
                    (
                        "claim",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="words",
                            to="parties.ownershipclaim",
                        ),
                    ),
                ],
                options={
                    "db_table": "ownership_word",
                    "indexes": [models.Index(fields=["claim", "at", "id"], name="ownership_word_of_claim")],
                },
            ),
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
        ),
        migrations.RunSQL(SHARED_CACHE),
    ]
