"""Bodies outside the house, and the cases that their sellers have taken there."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

#: What no login can do, whatever the program says: a body stays as it was named, and of a referral what was written
#: down stays; when it is over, all of it.
RULES = """
CREATE TRIGGER stays BEFORE UPDATE ON case_outside_body FOR EACH ROW EXECUTE FUNCTION case_desk_stays();
CREATE TRIGGER kept BEFORE DELETE ON case_outside_body FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
CREATE FUNCTION case_referral_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL
       OR (NEW.id, NEW.case_id, NEW.seller_key, NEW.body_id, NEW.outcome_before, NEW.referred_at, NEW.referred_by)
          IS DISTINCT FROM
          (OLD.id, OLD.case_id, OLD.seller_key, OLD.body_id, OLD.outcome_before, OLD.referred_at, OLD.referred_by)
       OR OLD.state = 'answered' AND (NEW.state, NEW.found, NEW.found_on, NEW.says, NEW.fees_minor, NEW.fees_currency)
          IS DISTINCT FROM (OLD.state, OLD.found, OLD.found_on, OLD.says, OLD.fees_minor, OLD.fees_currency)
    THEN
        RAISE EXCEPTION 'referral % does not change', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays BEFORE UPDATE ON case_referral FOR EACH ROW EXECUTE FUNCTION case_referral_stays();
CREATE TRIGGER kept BEFORE DELETE ON case_referral FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
"""
BACKWARDS = "DROP FUNCTION case_referral_stays() CASCADE"


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0004_desk"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OutsideBody",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                (
                    "way",
                    models.CharField(
                        choices=[("certified", "certified"), ("mediator", "mediator"), ("named", "named")],
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
            ],
            options={
                "db_table": "case_outside_body",
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
                        choices=[("referred", "referred"), ("answered", "answered"), ("ended", "ended")], max_length=10
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
            ],
            options={
                "db_table": "case_referral",
            },
        ),
        migrations.AddIndex(
            model_name="outsidebody",
            index=models.Index(fields=["-since", "-id"], name="case_outside_body_newest"),
        ),
        migrations.AddConstraint(
            model_name="outsidebody",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("way", "name"), name="case_outside_body_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="outsidebody",
            constraint=models.CheckConstraint(
                condition=models.Q(("url__startswith", "https://")), name="case_outside_body_https"
            ),
        ),
        migrations.AddConstraint(
            model_name="outsidebody",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="outsidebody",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name", ""), _negated=True),
                    models.Q(("source", ""), _negated=True),
                    ("pays__has_keys", ["en", "zh", "es"]),
                ),
                name="case_outside_body_says_where_it_is_written",
            ),
        ),
        migrations.AddConstraint(
            model_name="outsidebody",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                    models.Q(("ended_at__gte", models.F("since")), ("ended_by__isnull", False)),
                    _connector="OR",
                ),
                name="case_outside_body_ended_by_someone",
            ),
        ),
        migrations.AddIndex(
            model_name="referral",
            index=models.Index(fields=["case", "referred_at"], name="case_referral_of_case"),
        ),
        migrations.AddIndex(
            model_name="referral",
            index=models.Index(fields=["-referred_at", "-id"], name="case_referral_newest"),
        ),
        migrations.AddIndex(
            model_name="referral",
            index=models.Index(fields=["seller_key", "-referred_at", "-id"], name="case_referral_of_seller"),
        ),
        migrations.AddIndex(
            model_name="referral",
            index=models.Index(
                condition=models.Q(("late_at__isnull", True), ("state", "referred")),
                fields=["due_at"],
                name="case_referral_due",
            ),
        ),
        migrations.AddIndex(
            model_name="referral",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)), fields=["referred_at", "id"], name="case_referral_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "referred")), fields=("case",), name="case_referral_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "answered")), fields=("case",), name="case_referral_answered_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fees_currency", ""), ("fees_minor__isnull", True)),
                    models.Q(("fees_minor__gt", 0), models.Q(("fees_currency", ""), _negated=True)),
                    _connector="OR",
                ),
                name="case_referral_fees_have_a_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("followed", "followed"), ("outcome_id__isnull", False)),
                    models.Q(
                        ("followed", "not_followed"), ("outcome_id__isnull", True), models.Q(("why", {}), _negated=True)
                    ),
                    models.Q(("followed", ""), ("outcome_id__isnull", True)),
                    _connector="OR",
                ),
                name="case_referral_followed_or_said_why_not",
            ),
        ),
        migrations.RunSQL(RULES, BACKWARDS),
    ]
