"""A second person above an amount, and the blind second review."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

#: What no login can do, whatever the program says. A proposed decision is what it was; what becomes of it is written
#: once. An outcome above the amount is the one that a second person confirmed. Who has acted in a case, or was given a
#: seat in it, reviews nothing of it blind.
RULES = """
ALTER TABLE case_proposal
    ADD CONSTRAINT case_proposal_proposed_in_the_seat FOREIGN KEY (case_id, proposed_by_id, proposed_role)
        REFERENCES case_seat (case_id, person_id, role),
    ADD CONSTRAINT case_proposal_answered_in_the_seat FOREIGN KEY (case_id, answered_by_id, answered_role)
        REFERENCES case_seat (case_id, person_id, role);
ALTER TABLE case_blind_review
    ADD CONSTRAINT case_blind_review_in_the_seat FOREIGN KEY (case_id, taken_by_id, taken_role)
        REFERENCES case_seat (case_id, person_id, role);

CREATE FUNCTION case_proposal_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE answer text[] := ARRAY['state', 'answered_by_id', 'answered_role', 'answered_at', 'why_returned'];
BEGIN
    IF OLD.state <> 'waiting' OR to_jsonb(NEW) - answer IS DISTINCT FROM to_jsonb(OLD) - answer THEN
        RAISE EXCEPTION 'proposed decision % does not change', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays BEFORE UPDATE ON case_proposal FOR EACH ROW EXECUTE FUNCTION case_proposal_stays();
CREATE TRIGGER kept BEFORE DELETE ON case_proposal FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();

CREATE FUNCTION case_outcome_was_confirmed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM case_proposal p
                   WHERE p.id = NEW.proposal_id AND p.case_id = NEW.case_id AND p.state = 'confirmed'
                     AND p.proposed_by_id = NEW.decided_by AND p.answered_by_id = NEW.approved_by
                     AND p.above_minor = NEW.second_above_minor AND p.outcome->>'remedy' = NEW.remedy
                     AND p.outcome->>'liability' = NEW.liability AND p.outcome->>'standing' = NEW.standing
                     AND (p.outcome->>'amount_minor')::bigint IS NOT DISTINCT FROM NEW.amount_minor) THEN
        RAISE EXCEPTION 'outcome % is not what a second person confirmed', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER was_confirmed AFTER INSERT ON case_outcome
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.proposal_id IS NOT NULL)
    EXECUTE FUNCTION case_outcome_was_confirmed();

CREATE FUNCTION case_blind_review_stays_blind() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    taking text[] := ARRAY['taken_by_id', 'taken_role', 'taken_at'];
    giving text[] := ARRAY['remedy', 'liability', 'standing', 'amount_minor', 'says', 'differs', 'given_at'];
    looking text[] := ARRAY['looked_by_id', 'looked_at', 'found'];
    may text[];
BEGIN
    may := CASE WHEN OLD.given_at IS NULL THEN taking || giving
                WHEN OLD.looked_at IS NULL THEN looking ELSE ARRAY[]::text[] END;
    IF to_jsonb(NEW) - may IS DISTINCT FROM to_jsonb(OLD) - may THEN
        RAISE EXCEPTION 'blind review % does not change', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.taken_by_id IS DISTINCT FROM OLD.taken_by_id AND (
        EXISTS (SELECT FROM case_step s WHERE s.case_id = NEW.case_id AND s.actor = NEW.taken_by_id)
        OR EXISTS (SELECT FROM case_message m WHERE m.case_id = NEW.case_id AND m.actor = NEW.taken_by_id)) THEN
        RAISE EXCEPTION '% has acted in case % and cannot review it blind', NEW.taken_by_id, NEW.case_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays_blind BEFORE UPDATE ON case_blind_review
    FOR EACH ROW EXECUTE FUNCTION case_blind_review_stays_blind();
CREATE TRIGGER kept BEFORE DELETE ON case_blind_review FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
"""
BACKWARDS = """
ALTER TABLE case_proposal DROP CONSTRAINT case_proposal_proposed_in_the_seat,
    DROP CONSTRAINT case_proposal_answered_in_the_seat;
ALTER TABLE case_blind_review DROP CONSTRAINT case_blind_review_in_the_seat;
DROP FUNCTION case_proposal_stays(), case_outcome_was_confirmed(), case_blind_review_stays_blind() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0002_appeal_paused"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
            ],
            options={
                "db_table": "case_blind_review",
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
            ],
            options={
                "db_table": "case_proposal",
            },
        ),
        migrations.RemoveConstraint(
            model_name="seat",
            name="case_seat_role",
        ),
        migrations.AddField(
            model_name="storedoutcome",
            name="proposal_id",
            field=models.CharField(max_length=30, null=True),
        ),
        migrations.AddField(
            model_name="storedoutcome",
            name="second_above_minor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="party",
            name="role",
            field=models.CharField(
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
        migrations.AddIndex(
            model_name="deadline",
            index=models.Index(
                condition=models.Q(("owner", "seller"), ("state__in", ["met", "missed"])),
                fields=["ended_at"],
                name="case_deadline_of_sellers_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="storedoutcome",
            index=models.Index(fields=["at"], name="case_outcome_by_time"),
        ),
        migrations.AddConstraint(
            model_name="seat",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["mediator", "arbiter", "reviewer", "approver", "blind_reviewer"])),
                name="case_seat_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("approved_by__isnull", True),
                        ("proposal_id__isnull", True),
                        ("second_above_minor__isnull", True),
                    ),
                    models.Q(
                        ("approved_by__isnull", False), ("proposal_id__isnull", False), ("second_above_minor__gte", 0)
                    ),
                    _connector="OR",
                ),
                name="case_outcome_confirmed_as_proposed",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.UniqueConstraint(
                condition=models.Q(("approved_by__isnull", False)),
                fields=("case", "approved_by"),
                name="case_outcome_another_second_person_each_time",
            ),
        ),
        migrations.AddField(
            model_name="blindreview",
            name="case",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.case"),
        ),
        migrations.AddField(
            model_name="blindreview",
            name="looked_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="blindreview",
            name="outcome",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="blind_review", to="cases.storedoutcome"
            ),
        ),
        migrations.AddField(
            model_name="blindreview",
            name="taken_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="answered_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="proposals", to="cases.case"
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="proposed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="blindreview",
            index=models.Index(
                condition=models.Q(("given_at__isnull", True)),
                fields=["chosen_at", "id"],
                name="case_blind_review_open",
            ),
        ),
        migrations.AddIndex(
            model_name="blindreview",
            index=models.Index(
                condition=models.Q(("given_at__isnull", False)), fields=["given_at"], name="case_blind_review_given"
            ),
        ),
        migrations.AddIndex(
            model_name="blindreview",
            index=models.Index(
                condition=models.Q(
                    ("given_at__isnull", False), ("looked_at__isnull", True), models.Q(("differs", []), _negated=True)
                ),
                fields=["given_at", "id"],
                name="case_blind_review_to_look_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="blindreview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("taken_at__isnull", True), ("taken_by__isnull", True)),
                    models.Q(
                        ("taken_at__isnull", False), ("taken_by__isnull", False), ("taken_role", "blind_reviewer")
                    ),
                    _connector="OR",
                ),
                name="case_blind_review_taken",
            ),
        ),
        migrations.AddConstraint(
            model_name="blindreview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("given_at__isnull", True), ("liability", ""), ("remedy", ""), ("says", ""), ("standing", "")
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
        ),
        migrations.AddConstraint(
            model_name="blindreview",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(fields=["case", "at"], name="case_proposal_of_case"),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["at", "id"], name="case_proposal_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("at_stake_minor__gt", models.F("above_minor"))), name="case_proposal_is_above"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome", {}), _negated=True), name="case_proposal_has_an_outcome"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("answered_by__isnull", True),
                    models.Q(("answered_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="case_proposal_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_at__isnull", True), ("answered_by__isnull", True), ("state", "waiting")),
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
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "returned"), _negated=True),
                    models.Q(("why_returned", ""), _negated=True),
                    _connector="OR",
                ),
                name="case_proposal_returned_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")), fields=("case",), name="case_proposal_one_waits"
            ),
        ),
        migrations.RunSQL(RULES, BACKWARDS),
    ]
