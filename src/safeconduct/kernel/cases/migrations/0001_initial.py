import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

#: What no login can do, whatever the program says. A state has its step; an outcome rests on what both sides can know.
RULES = """
CREATE FUNCTION case_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON case_step FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON case_outcome FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON case_workflow FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON case_exhibit FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
CREATE TRIGGER kept BEFORE DELETE ON case_file FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
CREATE TRIGGER kept BEFORE DELETE ON case_evidence FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
CREATE TRIGGER kept BEFORE UPDATE ON case_evidence_chunk FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();

-- A case is in a state because a step led there: no state is set anywhere else.
CREATE FUNCTION case_has_its_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM case_file c WHERE c.id = NEW.id
               AND NOT EXISTS (SELECT FROM case_step s
                               WHERE s.case_id = c.id AND s.number = c.step AND s.to_state = c.state)) THEN
        RAISE EXCEPTION 'case % is in a state that no step led to; take a step with machine.transition', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER has_its_step AFTER INSERT OR UPDATE OF state, status, step ON case_file
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION case_has_its_step();

-- Evidence is what it was when it came; only that its bytes are gone can be added.
CREATE FUNCTION case_evidence_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.shredded_at IS NOT NULL
        OR to_jsonb(NEW) - 'shredded_at' IS DISTINCT FROM to_jsonb(OLD) - 'shredded_at' THEN
        RAISE EXCEPTION 'evidence % does not change', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays BEFORE UPDATE ON case_evidence FOR EACH ROW EXECUTE FUNCTION case_evidence_stays();

CREATE FUNCTION case_outcome_is_fair() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(NEW.considered) AS w(id)
               WHERE NOT EXISTS (SELECT FROM case_exhibit x WHERE x.case_id = NEW.case_id AND x.evidence_id = w.id)) THEN
        RAISE EXCEPTION 'outcome % considers evidence that is not in its case', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF cardinality(NEW.considered) > 0 AND NOT EXISTS (
        SELECT FROM case_evidence e WHERE e.id = ANY(NEW.considered) AND e.visibility <> 'adjudicator') THEN
        RAISE EXCEPTION 'outcome % rests alone on evidence that no party has seen', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER is_fair BEFORE INSERT ON case_outcome FOR EACH ROW EXECUTE FUNCTION case_outcome_is_fair();

-- Who decides has the seat, and a person has one seat in a case: so mediator, arbiter, reviewer, approver are four.
ALTER TABLE case_outcome
    ADD CONSTRAINT case_outcome_decided_in_the_seat FOREIGN KEY (case_id, decided_by, decided_role)
        REFERENCES case_seat (case_id, person_id, role),
    ADD CONSTRAINT case_outcome_approved_in_the_seat FOREIGN KEY (case_id, approved_by, approved_role)
        REFERENCES case_seat (case_id, person_id, role);
CREATE FUNCTION case_seat_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'left_at' IS DISTINCT FROM to_jsonb(OLD) - 'left_at' OR OLD.left_at IS NOT NULL THEN
        RAISE EXCEPTION 'a seat can be left, and nothing else' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays BEFORE UPDATE ON case_seat FOR EACH ROW EXECUTE FUNCTION case_seat_stays();
CREATE TRIGGER kept BEFORE DELETE ON case_seat FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();

-- Sealed bytes do not get smaller by being compressed again.
ALTER TABLE case_evidence_chunk ALTER COLUMN sealed SET STORAGE EXTERNAL;
"""
BACKWARDS = """
ALTER TABLE case_outcome DROP CONSTRAINT case_outcome_decided_in_the_seat,
    DROP CONSTRAINT case_outcome_approved_in_the_seat;
DROP FUNCTION case_refuses(), case_has_its_step(), case_evidence_stays(), case_outcome_is_fair(), case_seat_stays()
    CASCADE;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                    "assigned_to",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "case_file",
            },
        ),
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
                                models.Q(("scope", "everyone"), _negated=True), models.Q(("value", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="case_pause_value",
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
                "indexes": [models.Index(fields=["order_key"], name="case_evidence_of_order")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("holder", "kind", "sha256", "given_by", "visibility"), name="case_evidence_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("size_bytes__gt", 0)), name="case_evidence_not_empty"),
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
        migrations.AddField(
            model_name="case",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.publishedworkflow"
            ),
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
                        choices=[("full", "full"), ("category", "category"), ("withheld", "withheld")], max_length=10
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
            ],
            options={
                "db_table": "case_outcome",
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
                        choices=[("words", "words"), ("offer", "offer"), ("proposal", "proposal"), ("note", "note")],
                        max_length=10,
                    ),
                ),
                ("role", models.CharField(max_length=16)),
                ("actor", models.CharField(max_length=80)),
                (
                    "readers",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), size=None),
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
                ],
            },
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["seller_key", "opened_at", "id"], name="case_of_seller"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["order_key"], name="case_of_order"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["about"], name="case_about"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["status", "since", "id"], name="case_by_status"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["kind", "opened_at", "id"], name="case_by_kind"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["draft", "open", "under_review", "decided", "appealed", "closed"])),
                name="case_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["decided", "appealed", "closed"]), _negated=True),
                    ("outcome_id__isnull", False),
                    _connector="OR",
                ),
                name="case_never_decided_without_an_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", False), ("status", "closed")),
                    models.Q(models.Q(("status", "closed"), _negated=True), ("closed_at__isnull", True)),
                    _connector="OR",
                ),
                name="case_closed_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_minor__isnull", True), ("currency", "")),
                    models.Q(("amount_minor__gte", 0), models.Q(("currency", ""), _negated=True)),
                    _connector="OR",
                ),
                name="case_amount_has_a_currency",
            ),
        ),
        migrations.AddIndex(
            model_name="seat",
            index=models.Index(condition=models.Q(("left_at__isnull", True)), fields=["person"], name="case_seat_mine"),
        ),
        migrations.AddConstraint(
            model_name="seat",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["mediator", "arbiter", "reviewer", "approver"])), name="case_seat_role"
            ),
        ),
        migrations.AddConstraint(
            model_name="seat",
            constraint=models.UniqueConstraint(fields=("case", "person", "role"), name="case_seat_role_of"),
        ),
        migrations.AddConstraint(
            model_name="seat",
            constraint=models.UniqueConstraint(
                condition=models.Q(("left_at__isnull", True)), fields=("case", "role"), name="case_seat_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(fields=("case", "number"), name="case_step_number"),
        ),
        migrations.AddIndex(
            model_name="storedoutcome",
            index=models.Index(fields=["case", "at"], name="case_outcome_of_case"),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("facts", {}), _negated=True),
                    models.Q(("told", {}), _negated=True),
                    models.Q(("rule", ""), _negated=True),
                    models.Q(("rule_version", ""), _negated=True),
                ),
                name="case_outcome_never_silent",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disclosure", "withheld"), _negated=True),
                    models.Q(models.Q(("withheld_basis", ""), _negated=True), ("withheld_until__isnull", False)),
                    _connector="OR",
                ),
                name="case_outcome_withheld_with_basis_and_date",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disclosure", "category"), _negated=True),
                    models.Q(("category", ""), _negated=True),
                    _connector="OR",
                ),
                name="case_outcome_category",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("automated", True),
                    models.Q(("decided_by__isnull", False), ("decided_role__isnull", False)),
                    _connector="OR",
                ),
                name="case_outcome_of_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(("final", True), ("appeal_until__isnull", False), _connector="OR"),
                name="case_outcome_can_be_appealed",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_minor__isnull", True), ("currency", "")),
                    models.Q(("amount_minor__gte", 0), models.Q(("currency", ""), _negated=True)),
                    _connector="OR",
                ),
                name="case_outcome_amount_has_a_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("replaces__isnull", True), ("verdict", "")),
                    models.Q(("replaces__isnull", False), models.Q(("verdict", ""), _negated=True)),
                    _connector="OR",
                ),
                name="case_outcome_verdict",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedoutcome",
            constraint=models.UniqueConstraint(fields=("replaces",), name="case_outcome_replaced_once"),
        ),
        migrations.RunSQL(RULES, BACKWARDS),
    ]
