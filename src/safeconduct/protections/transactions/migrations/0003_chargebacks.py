"""Bank disputes, their history and answers. What was sent is never changed, and history never at all."""

import django.db.models.deletion
from django.db import migrations, models

import safeconduct.protections.transactions.chargebacks.models

TRIGGERS = """
CREATE FUNCTION bank_answer_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an answer that is on its way to the bank is never changed: %', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER sent_once BEFORE UPDATE ON bank_answer FOR EACH ROW WHEN (
    OLD.state <> 'staged' AND (OLD.state = 'sent' OR NEW.state = 'staged' OR
        (OLD.dispute_id, OLD.stage, OLD.kind, OLD.sha256, OLD.manifest, OLD.fields, OLD.queued_at, OLD.queued_by)
        IS DISTINCT FROM
        (NEW.dispute_id, NEW.stage, NEW.kind, NEW.sha256, NEW.manifest, NEW.fields, NEW.queued_at, NEW.queued_by))
) EXECUTE FUNCTION bank_answer_refuses();
CREATE FUNCTION bank_dispute_step_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a dispute is never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON bank_dispute_step
    FOR EACH STATEMENT EXECUTE FUNCTION bank_dispute_step_refuses();
"""
UNDO = """
DROP TRIGGER sent_once ON bank_answer;
DROP FUNCTION bank_answer_refuses();
DROP TRIGGER append_only ON bank_dispute_step;
DROP FUNCTION bank_dispute_step_refuses();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("transactions", "0002_costs"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankAnswer",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.protections.transactions.chargebacks.models._answer_id,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("seller_key", models.BigIntegerField(null=True)),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("inquiry", "inquiry"),
                            ("chargeback", "chargeback"),
                            ("second_chargeback", "second_chargeback"),
                            ("pre_arbitration", "pre_arbitration"),
                            ("arbitration", "arbitration"),
                        ],
                        max_length=20,
                    ),
                ),
                ("kind", models.CharField(choices=[("fight", "fight"), ("accept", "accept")], max_length=10)),
                (
                    "state",
                    models.CharField(
                        choices=[("staged", "staged"), ("queued", "queued"), ("sent", "sent"), ("failed", "failed")],
                        default="staged",
                        max_length=10,
                    ),
                ),
                ("language", models.CharField(max_length=10)),
                ("percent", models.SmallIntegerField()),
                ("complete", models.BooleanField()),
                ("missing", models.JSONField()),
                ("left_out", models.JSONField()),
                ("manifest", models.JSONField()),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("fields", models.BinaryField()),
                ("staged_at", models.DateTimeField()),
                ("staged_by", models.CharField(max_length=40)),
                ("queued_at", models.DateTimeField(null=True)),
                ("queued_by", models.CharField(blank=True, default="", max_length=40)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("attempts", models.SmallIntegerField(default=0)),
                ("problem", models.CharField(blank=True, default="", max_length=200)),
                ("sent_at", models.DateTimeField(null=True)),
                ("how", models.CharField(blank=True, default="", max_length=10)),
            ],
            options={
                "db_table": "bank_answer",
            },
        ),
        migrations.CreateModel(
            name="AnswerFile",
            fields=[
                (
                    "answer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="transactions.bankanswer",
                    ),
                ),
                ("seller_key", models.BigIntegerField(null=True)),
                ("bank", models.BinaryField()),
                ("copy", models.BinaryField()),
            ],
            options={
                "db_table": "bank_answer_file",
            },
        ),
        migrations.CreateModel(
            name="BankDispute",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.protections.transactions.chargebacks.models._dispute_id,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("dispute_key", models.BigIntegerField(unique=True)),
                ("seller_key", models.BigIntegerField(null=True)),
                ("order_key", models.BigIntegerField(null=True)),
                ("ref", models.CharField(db_collation="C", max_length=200)),
                ("processor", models.CharField(max_length=120)),
                ("network", models.CharField(max_length=40)),
                ("network_code", models.CharField(max_length=40)),
                ("code_key", models.CharField(max_length=60)),
                ("reason", models.CharField(max_length=80)),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("inquiry", "inquiry"),
                            ("chargeback", "chargeback"),
                            ("second_chargeback", "second_chargeback"),
                            ("pre_arbitration", "pre_arbitration"),
                            ("arbitration", "arbitration"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("warning_needs_response", "warning_needs_response"),
                            ("warning_under_review", "warning_under_review"),
                            ("warning_closed", "warning_closed"),
                            ("needs_response", "needs_response"),
                            ("under_review", "under_review"),
                            ("won", "won"),
                            ("lost", "lost"),
                            ("prevented", "prevented"),
                        ],
                        max_length=30,
                    ),
                ),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("currency", models.CharField(max_length=3)),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("due_of_table", models.BooleanField()),
                ("answerable", models.BooleanField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("reopened", models.SmallIntegerField()),
                ("evidence_offer", models.CharField(max_length=200)),
                ("seen_moment", models.BigIntegerField()),
                ("to_staff_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "bank_dispute",
                "indexes": [
                    models.Index(fields=["seller_key", "-opened_at", "-id"], name="bank_dispute_of_seller"),
                    models.Index(fields=["-opened_at", "-id"], name="bank_dispute_newest"),
                    models.Index(
                        condition=models.Q(("order_key__isnull", False)),
                        fields=["order_key"],
                        name="bank_dispute_of_order",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("due_at__isnull", False), ("status__in", ["needs_response", "warning_needs_response"])
                        ),
                        fields=["due_at", "id"],
                        name="bank_dispute_due",
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["won", "lost"])),
                        fields=["code_key", "status"],
                        name="bank_dispute_decided",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount_minor__gte", 0)), name="bank_dispute_amount"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_at__isnull", True),
                            ("status__in", ["won", "lost", "warning_closed", "prevented"]),
                            _connector="OR",
                        ),
                        name="bank_dispute_closed",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="bankanswer",
            name="dispute",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="transactions.bankdispute",
            ),
        ),
        migrations.CreateModel(
            name="DefenceAuthorisation",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.protections.transactions.chargebacks.models._authorisation_id,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("seller_key", models.BigIntegerField()),
                ("given_by", models.CharField(max_length=40)),
                ("given_at", models.DateTimeField()),
                ("revoked_by", models.CharField(blank=True, default="", max_length=40)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "defence_authorisation",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at__isnull", True)),
                        fields=("seller_key",),
                        name="defence_authorisation_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("revoked_at__isnull", True), ("revoked_at__gte", models.F("given_at")), _connector="OR"
                        ),
                        name="defence_authorisation_order",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="bankanswer",
            name="authorisation",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="transactions.defenceauthorisation",
            ),
        ),
        migrations.CreateModel(
            name="DisputeStep",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.protections.transactions.chargebacks.models._step_id,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("seller_key", models.BigIntegerField(null=True)),
                ("what", models.CharField(max_length=20)),
                ("stage", models.CharField(max_length=20)),
                ("status", models.CharField(max_length=30)),
                ("actor", models.CharField(blank=True, default="", max_length=40)),
                ("why", models.CharField(blank=True, default="", max_length=500)),
                ("sha256", models.CharField(blank=True, default="", max_length=64)),
                ("at", models.DateTimeField()),
                (
                    "dispute",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="transactions.bankdispute",
                    ),
                ),
            ],
            options={
                "db_table": "bank_dispute_step",
            },
        ),
        migrations.AddIndex(
            model_name="bankanswer",
            index=models.Index(
                condition=models.Q(("state", "queued")), fields=["next_try_at", "id"], name="bank_answer_to_send"
            ),
        ),
        migrations.AddConstraint(
            model_name="bankanswer",
            constraint=models.UniqueConstraint(fields=("dispute", "stage"), name="bank_answer_once"),
        ),
        migrations.AddConstraint(
            model_name="bankanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "staged"),
                    models.Q(("queued_at__isnull", False), models.Q(("queued_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="bank_answer_by_whom",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(("authorisation__isnull", True), ("complete", True), _connector="OR"),
                name="bank_answer_authorised_if_complete",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "sent"), _negated=True),
                    models.Q(("sent_at__isnull", False), models.Q(("how", ""), _negated=True)),
                    _connector="OR",
                ),
                name="bank_answer_sent",
            ),
        ),
        migrations.AddIndex(
            model_name="disputestep",
            index=models.Index(fields=["dispute", "id"], name="bank_dispute_steps"),
        ),
        migrations.RunSQL(TRIGGERS, UNDO),
    ]
