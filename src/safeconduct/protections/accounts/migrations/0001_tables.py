import django.db.models.deletion
from django.db import migrations, models

import safeconduct.protections.accounts.ownership.models
from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_tables"),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="PayoutContest",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("account_id", models.CharField(max_length=30)),
                    ("seller_key", models.BigIntegerField()),
                    ("written_by", models.CharField(max_length=60)),
                    ("text", models.TextField()),
                    ("at", models.DateTimeField()),
                    ("answered_at", models.DateTimeField(null=True)),
                    ("answered_by", models.CharField(blank=True, default="", max_length=60)),
                    ("answer", models.TextField(blank=True, default="")),
                ],
                options={
                    "db_table": "payout_contest",
                    "indexes": [models.Index(fields=["account_id", "at", "id"], name="payout_contest_of_account")],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("answered_at", None)),
                            fields=("account_id",),
                            name="payout_contest_one_open",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("answer", ""), ("answered_at", None), ("answered_by", "")),
                                models.Q(
                                    ("answered_at__gte", models.F("at")),
                                    models.Q(("answered_by", ""), _negated=True),
                                    models.Q(("answer", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="payout_contest_answered_with_reasons",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("text", ""), _negated=True), name="payout_contest_says_something"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="PayoutProposal",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    (
                        "kind",
                        models.CharField(
                            choices=[("end_stop", "end a stop of payouts"), ("give_back", "give an account back")],
                            max_length=10,
                        ),
                    ),
                    ("target", models.CharField(max_length=30)),
                    ("seller_key", models.BigIntegerField()),
                    ("proposed_by", models.CharField(max_length=60)),
                    ("why", models.TextField()),
                    ("at", models.DateTimeField()),
                    ("closed_at", models.DateTimeField(null=True)),
                    ("closed_by", models.CharField(blank=True, default="", max_length=60)),
                    ("agreed", models.BooleanField(default=False)),
                ],
                options={
                    "db_table": "payout_proposal",
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("closed_at", None)),
                            fields=("target",),
                            name="payout_proposal_one_a_target",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("agreed", False), ("closed_at", None), ("closed_by", "")),
                                models.Q(
                                    ("closed_at__gte", models.F("at")), models.Q(("closed_by", ""), _negated=True)
                                ),
                                _connector="OR",
                            ),
                            name="payout_proposal_closed_by_someone",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("agreed", False),
                                models.Q(("closed_by", models.F("proposed_by")), _negated=True),
                                _connector="OR",
                            ),
                            name="payout_proposal_two_people",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("why", ""), _negated=True), name="payout_proposal_has_reasons"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="OwnershipPaper",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.protections.accounts.ownership.models._paper_id,
                            editable=False,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("number", models.PositiveSmallIntegerField()),
                    ("side", models.CharField(max_length=10)),
                    ("author", models.CharField(blank=True, max_length=60)),
                    ("media_type", models.CharField(max_length=40)),
                    ("size_bytes", models.PositiveIntegerField()),
                    ("sha256", models.CharField(max_length=64)),
                    ("received_sha256", models.CharField(max_length=64)),
                    ("scanned_by", models.CharField(blank=True, max_length=20)),
                    ("sealed", models.BinaryField()),
                    ("at", models.DateTimeField()),
                    (
                        "claim",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.ownershipclaim"
                        ),
                    ),
                ],
                options={
                    "db_table": "ownership_paper",
                    "constraints": [
                        models.UniqueConstraint(fields=("claim", "number"), name="ownership_paper_numbered"),
                        models.UniqueConstraint(
                            fields=("claim", "side", "sha256"), name="ownership_paper_brought_once"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("side__in", ["claimant", "shop"])), name="ownership_paper_of_a_side"
                        ),
                        models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="ownership_paper_number"),
                    ],
                    "indexes": [models.Index(fields=["author"], name="ownership_paper_of_author")],
                },
            ),
        ),
    ]
