"""The desk of cases: who has one open, who looks after it, texts that are ready to be adapted, an index for the queue."""

import datetime

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

#: What no login can do, whatever the program says: a text that was in force stays as it was, and of it and of who
#: looked after a case only the end is written, once.
RULES = """
CREATE FUNCTION case_desk_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ending text[] := ARRAY['ended_at', 'ended_by_id'];
BEGIN
    IF OLD.ended_at IS NOT NULL OR to_jsonb(NEW) - ending IS DISTINCT FROM to_jsonb(OLD) - ending THEN
        RAISE EXCEPTION '% % does not change', TG_TABLE_NAME, OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays BEFORE UPDATE ON case_macro FOR EACH ROW EXECUTE FUNCTION case_desk_stays();
CREATE TRIGGER kept BEFORE DELETE ON case_macro FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
CREATE TRIGGER stays BEFORE UPDATE ON case_assignment FOR EACH ROW EXECUTE FUNCTION case_desk_stays();
CREATE TRIGGER kept BEFORE DELETE ON case_assignment FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
"""
BACKWARDS = "DROP FUNCTION case_desk_stays() CASCADE"


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0003_second_person_and_blind_review"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.case"
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
            },
        ),
        migrations.CreateModel(
            name="CaseMacro",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=60)),
                ("version", models.SmallIntegerField()),
                ("purpose", models.CharField(choices=[("message", "message"), ("reason", "reason")], max_length=10)),
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
            },
        ),
        migrations.RemoveField(
            model_name="case",
            name="assigned_to",
        ),
        migrations.AddIndex(
            model_name="deadline",
            index=models.Index(
                models.F("platform"),
                django.db.models.functions.comparison.Coalesce(
                    "due_at", models.Value(datetime.datetime(9000, 1, 1, 0, 0, tzinfo=datetime.UTC))
                ),
                models.F("id"),
                condition=models.Q(("state__in", ["waiting", "running"])),
                name="case_deadline_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="party",
            index=models.Index(fields=["country"], name="case_party_country"),
        ),
        migrations.AddIndex(
            model_name="party",
            index=models.Index(fields=["language"], name="case_party_language"),
        ),
        migrations.AddIndex(
            model_name="caseassignment",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)), fields=["person"], name="case_assignment_mine"
            ),
        ),
        migrations.AddConstraint(
            model_name="caseassignment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("case",), name="case_assignment_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="caseassignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_at__isnull", True), ("ended_at__gte", models.F("at")), _connector="OR"),
                name="case_assignment_order",
            ),
        ),
        migrations.AddIndex(
            model_name="caselook",
            index=models.Index(fields=["until"], name="case_look_until"),
        ),
        migrations.AddConstraint(
            model_name="caselook",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("since"))), name="case_look_ends"
            ),
        ),
        migrations.AddIndex(
            model_name="casemacro",
            index=models.Index(fields=["-since", "-id"], name="case_macro_newest"),
        ),
        migrations.AddIndex(
            model_name="casemacro",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["purpose", "name", "id"],
                name="case_macro_in_force",
            ),
        ),
        migrations.AddConstraint(
            model_name="casemacro",
            constraint=models.UniqueConstraint(fields=("code", "version"), name="case_macro_version"),
        ),
        migrations.AddConstraint(
            model_name="casemacro",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("code",), name="case_macro_one_in_force"
            ),
        ),
        migrations.AddConstraint(
            model_name="casemacro",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["message", "reason"]), ("version__gte", 1)),
                name="case_macro_purpose",
            ),
        ),
        migrations.AddConstraint(
            model_name="casemacro",
            constraint=models.CheckConstraint(
                condition=models.Q(("texts__has_keys", ["en", "zh", "es"])), name="case_macro_in_three_languages"
            ),
        ),
        migrations.AddConstraint(
            model_name="casemacro",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                    models.Q(("ended_at__gte", models.F("since")), ("ended_by__isnull", False)),
                    _connector="OR",
                ),
                name="case_macro_ended_by_someone",
            ),
        ),
        migrations.RunSQL(RULES, BACKWARDS),
    ]
