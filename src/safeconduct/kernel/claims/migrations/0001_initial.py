import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models

#: What no login can do, whatever the program says: nobody is paid twice by us, and what a bank took is never forgotten.
RULES = """
CREATE FUNCTION claim_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'claims keep what they have: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_payment FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_line FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_bank_debit
    FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_bank_share
    FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON claim_step FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim_part FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim_channel FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim_refund FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER kept BEFORE DELETE ON claim_recovery FOR EACH STATEMENT EXECUTE FUNCTION claim_refuses();
-- What has ended has ended: new trouble is a new claim, a bank that comes back is the next round of its channel.
CREATE TRIGGER stays_closed BEFORE UPDATE ON claim
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL OR NEW.line_id <> OLD.line_id) EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER stays_ended BEFORE UPDATE ON claim_channel
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL OR NEW.kind <> OLD.kind OR NEW.claim_id <> OLD.claim_id)
    EXECUTE FUNCTION claim_refuses();
-- Sums follow the rows they sum up: only the triggers below may change them, not even the owner by hand.
CREATE TRIGGER kept_by_rows BEFORE UPDATE OF running_minor, sent_minor, bank_minor ON claim_part
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION claim_refuses();
CREATE TRIGGER only_grows BEFORE UPDATE ON claim_part
    FOR EACH ROW WHEN (NEW.amount_minor < OLD.amount_minor OR NEW.line_id <> OLD.line_id
                       OR NEW.payment_id <> OLD.payment_id)
    EXECUTE FUNCTION claim_refuses();

-- An order is its one line, or has lines with names; both at once would count its money twice.
CREATE FUNCTION claim_line_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('claim_line'), hashtext(NEW.order_key::text));
    IF EXISTS (SELECT FROM claim_line WHERE order_key = NEW.order_key AND (name = '') <> (NEW.name = '')) THEN
        RAISE EXCEPTION 'order % is one line, or has lines with names', NEW.order_key
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER begins AFTER INSERT ON claim_line FOR EACH ROW EXECUTE FUNCTION claim_line_begins();

CREATE FUNCTION claim_part_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.running_minor := 0;
    NEW.sent_minor := 0;
    NEW.bank_minor := 0;
    IF NOT EXISTS (SELECT FROM claim_line l JOIN claim_payment p ON p.currency = l.currency
                   WHERE l.id = NEW.line_id AND p.id = NEW.payment_id AND l.seller_key = NEW.seller_key) THEN
        RAISE EXCEPTION 'part % is of another seller or currency than its line', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER begins BEFORE INSERT ON claim_part FOR EACH ROW EXECUTE FUNCTION claim_part_begins();

CREATE FUNCTION claim_refund_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    there bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND (
        OLD.ended_at IS NOT NULL OR NEW.by_bank_minor < OLD.by_bank_minor
        OR (NEW.key, NEW.claim_id, NEW.part_id, NEW.item, NEW.amount_minor, NEW.currency)
            IS DISTINCT FROM (OLD.key, OLD.claim_id, OLD.part_id, OLD.item, OLD.amount_minor, OLD.currency)) THEN
        RAISE EXCEPTION 'refund % has ended, or is for what it is for', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.part_id IS NOT NULL THEN
        SELECT p.amount_minor - p.running_minor - p.sent_minor - greatest(p.bank_minor, 0) INTO there
            FROM claim_part p JOIN claim c ON c.line_id = p.line_id
            WHERE p.id = NEW.part_id AND c.id = NEW.claim_id FOR NO KEY UPDATE OF p;
        IF there IS NULL THEN
            RAISE EXCEPTION 'refund % is of another line than its claim', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF NOT NEW.told AND NEW.amount_minor > there THEN
            RAISE EXCEPTION 'refund % is more than what is left of the payment', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    IF NEW.item = 'refund' AND NEW.state = 'sent' AND NOT NEW.told
        AND EXISTS (SELECT FROM claim c WHERE c.id = NEW.claim_id AND c.frozen_at IS NOT NULL) THEN
        RAISE EXCEPTION 'refund % is frozen while the bank decides about the same money', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER is_allowed BEFORE INSERT OR UPDATE ON claim_refund
    FOR EACH ROW EXECUTE FUNCTION claim_refund_is_allowed();

CREATE FUNCTION claim_counts_refunds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    running bigint := 0;
    sent bigint := 0;
BEGIN
    IF NEW.state IN ('requested', 'frozen') THEN running := NEW.amount_minor - NEW.by_bank_minor; END IF;
    IF NEW.state = 'sent' THEN sent := NEW.amount_minor - NEW.by_bank_minor; END IF;
    IF TG_OP = 'UPDATE' THEN  -- what had ended does not change, so that it was running
        running := running - (OLD.amount_minor - OLD.by_bank_minor);
    END IF;
    IF running <> 0 OR sent <> 0 THEN
        UPDATE claim_part SET running_minor = running_minor + running, sent_minor = sent_minor + sent
            WHERE id = NEW.part_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER counts AFTER INSERT OR UPDATE ON claim_refund
    FOR EACH ROW WHEN (NEW.part_id IS NOT NULL) EXECUTE FUNCTION claim_counts_refunds();

CREATE FUNCTION claim_counts_bank() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE claim_part SET bank_minor = bank_minor + NEW.paid_minor WHERE id = NEW.part_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER counts AFTER INSERT ON claim_bank_share FOR EACH ROW EXECUTE FUNCTION claim_counts_bank();

-- A debit is spread whole: over parts of its own payment, and to the last unit in both currencies.
CREATE FUNCTION claim_shares_add_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    debit claim_bank_debit;
BEGIN
    SELECT d.* INTO debit FROM claim_bank_debit d
        WHERE d.id = CASE TG_TABLE_NAME WHEN 'claim_bank_debit' THEN to_jsonb(NEW)->>'id'
                                        ELSE to_jsonb(NEW)->>'debit_id' END;
    IF (SELECT coalesce(sum(s.amount_minor), 0) <> debit.amount_minor OR coalesce(sum(s.paid_minor), 0) <> debit.paid_minor
               OR bool_or(p.payment_id <> debit.payment_id OR p.seller_key <> s.seller_key)
        FROM claim_bank_share s JOIN claim_part p ON p.id = s.part_id WHERE s.debit_id = debit.id) THEN
        RAISE EXCEPTION 'the shares of debit % are not the debit', debit.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER adds_up AFTER INSERT ON claim_bank_debit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_shares_add_up();
CREATE CONSTRAINT TRIGGER adds_up AFTER INSERT ON claim_bank_share DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_shares_add_up();

-- What follows from the rows is what they say when a transaction of the database ends.
CREATE FUNCTION claim_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    of_claim text := CASE TG_TABLE_NAME WHEN 'claim' THEN to_jsonb(NEW)->>'id' ELSE to_jsonb(NEW)->>'claim_id' END;
    live bigint;
    bank bigint;
    running bigint;
    unfrozen bigint;
BEGIN
    SELECT count(*), count(*) FILTER (WHERE kind = 'chargeback') INTO live, bank
        FROM claim_channel WHERE claim_id = of_claim AND ended_at IS NULL;
    SELECT count(*), count(*) FILTER (WHERE state = 'requested' AND item = 'refund') INTO running, unfrozen
        FROM claim_refund WHERE claim_id = of_claim AND ended_at IS NULL;
    IF EXISTS (SELECT FROM claim c WHERE c.id = of_claim AND (
            (c.frozen_at IS NOT NULL) <> (bank > 0) OR c.frozen_at IS NOT NULL AND unfrozen > 0
            OR c.closed_at IS NOT NULL AND (live > 0 OR running > 0))) THEN
        RAISE EXCEPTION 'claim % is not what its channels and refunds say; use kernel.claims.settling', of_claim
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER follows AFTER INSERT OR UPDATE ON claim DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_follows();
CREATE CONSTRAINT TRIGGER follows AFTER INSERT OR UPDATE ON claim_channel DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_follows();
CREATE CONSTRAINT TRIGGER follows AFTER INSERT OR UPDATE ON claim_refund DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_follows();

CREATE FUNCTION claim_recovers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    of_part text := CASE TG_TABLE_NAME WHEN 'claim_part' THEN to_jsonb(NEW)->>'id' ELSE to_jsonb(NEW)->>'part_id' END;
BEGIN
    IF EXISTS (SELECT FROM claim_part p LEFT JOIN claim_recovery r ON r.part_id = p.id
               WHERE p.id = of_part AND p.excess_minor <> coalesce(r.due_minor, 0)) THEN
        RAISE EXCEPTION 'what the buyer got twice of part % is not what is to be recovered', of_part
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER recovers AFTER INSERT OR UPDATE ON claim_part DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_recovers();
CREATE CONSTRAINT TRIGGER recovers AFTER INSERT OR UPDATE ON claim_recovery DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION claim_recovers();

-- Whoever changes claims waits here for the one before: payments first, then lines, each in the order of their ids. All
-- lines of an order, because what is held for one changes with what is held for another.
CREATE FUNCTION claim_lock(payments text[], lines text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM id FROM claim_payment WHERE id = ANY (payments) ORDER BY id FOR NO KEY UPDATE;
    PERFORM l.id FROM claim_line l WHERE l.order_key IN (SELECT order_key FROM claim_line WHERE id = ANY (lines))
        ORDER BY l.id FOR NO KEY UPDATE;
END
$$;
REVOKE EXECUTE ON FUNCTION claim_lock(text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_lock(text[], text[]) TO safeconduct_engine, safeconduct_staff;
"""

BACKWARDS = """
DROP FUNCTION claim_refuses(), claim_line_begins(), claim_part_begins(), claim_refund_is_allowed(), claim_counts_refunds(),
    claim_counts_bank(), claim_shares_add_up(), claim_follows(), claim_recovers(), claim_lock(text[], text[]) CASCADE;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="BankDebit",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=200, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("platform_dispute", "platform_dispute"),
                            ("inquiry", "inquiry"),
                            ("chargeback", "chargeback"),
                            ("pre_dispute", "pre_dispute"),
                            ("return", "return"),
                            ("refund_request", "refund_request"),
                        ],
                        max_length=20,
                    ),
                ),
                ("about", models.CharField(max_length=60)),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("paid_minor", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "claim_bank_debit",
            },
        ),
        migrations.CreateModel(
            name="Part",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("seller_key", models.BigIntegerField()),
                ("amount_minor", models.BigIntegerField()),
                ("running_minor", models.BigIntegerField(db_default=0)),
                ("sent_minor", models.BigIntegerField(db_default=0)),
                ("bank_minor", models.BigIntegerField(db_default=0)),
                (
                    "excess_minor",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Greatest(
                            models.Value(0),
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("sent_minor"), "+", models.F("bank_minor")
                                ),
                                "-",
                                models.F("amount_minor"),
                            ),
                        ),
                        output_field=models.BigIntegerField(),
                    ),
                ),
            ],
            options={
                "db_table": "claim_part",
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=120, unique=True)),
                ("currency", models.CharField(max_length=3)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "claim_payment",
            },
        ),
        migrations.CreateModel(
            name="Line",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("seller_key", models.BigIntegerField()),
                ("order_key", models.BigIntegerField()),
                ("name", models.CharField(blank=True, default="", max_length=60)),
                ("currency", models.CharField(max_length=3)),
            ],
            options={
                "db_table": "claim_line",
                "constraints": [models.UniqueConstraint(fields=("order_key", "name"), name="claim_line_once")],
            },
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("seller_key", models.BigIntegerField()),
                ("order_key", models.BigIntegerField()),
                ("buyer_country", models.CharField(blank=True, default="", max_length=2)),
                ("seller_country", models.CharField(blank=True, default="", max_length=2)),
                ("way", models.CharField(blank=True, default="", max_length=40)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("frozen_at", models.DateTimeField(null=True)),
                ("hold_key", models.CharField(blank=True, default="", max_length=200)),
                ("holds", models.IntegerField(default=0)),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="claims", to="claims.line"
                    ),
                ),
            ],
            options={
                "db_table": "claim",
            },
        ),
        migrations.CreateModel(
            name="Recovery",
            fields=[
                (
                    "part",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="recovery",
                        serialize=False,
                        to="claims.part",
                    ),
                ),
                ("seller_key", models.BigIntegerField()),
                ("due_minor", models.BigIntegerField()),
                (
                    "defence",
                    models.CharField(
                        choices=[
                            ("credit_already_issued", "credit_already_issued"),
                            ("more_than_captured", "more_than_captured"),
                        ],
                        max_length=30,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "claim_recovery",
            },
        ),
        migrations.AddField(
            model_name="part",
            name="line",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="claims.line"
            ),
        ),
        migrations.CreateModel(
            name="BankShare",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "debit", "part", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("seller_key", models.BigIntegerField()),
                ("amount_minor", models.BigIntegerField()),
                ("paid_minor", models.BigIntegerField()),
                (
                    "debit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="claims.bankdebit"
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="claims.part"
                    ),
                ),
            ],
            options={
                "db_table": "claim_bank_share",
            },
        ),
        migrations.AddField(
            model_name="part",
            name="payment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="claims.payment"
            ),
        ),
        migrations.AddField(
            model_name="bankdebit",
            name="payment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="debits", to="claims.payment"
            ),
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=200, unique=True)),
                ("seller_key", models.BigIntegerField()),
                (
                    "item",
                    models.CharField(
                        choices=[
                            ("refund", "refund"),
                            ("statutory_damages", "statutory_damages"),
                            ("return_freight", "return_freight"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("by_bank_minor", models.BigIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "requested"),
                            ("frozen", "frozen"),
                            ("sent", "sent"),
                            ("failed", "failed"),
                            ("paid_by_bank", "paid_by_bank"),
                        ],
                        max_length=12,
                    ),
                ),
                ("told", models.BooleanField(default=False)),
                ("matter", models.CharField(blank=True, default="", max_length=60)),
                ("due_at", models.DateTimeField(null=True)),
                ("requested_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="claims.claim"
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="claims.part"
                    ),
                ),
            ],
            options={
                "db_table": "claim_refund",
            },
        ),
        migrations.CreateModel(
            name="SharedEvidence",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "claim", "evidence_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("evidence_id", models.CharField(max_length=30)),
                ("seller_key", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="claims.claim"
                    ),
                ),
            ],
            options={
                "db_table": "claim_evidence",
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("seller_key", models.BigIntegerField()),
                ("number", models.IntegerField()),
                ("verb", models.CharField(max_length=40)),
                ("facts", models.JSONField(default=dict)),
                ("role", models.CharField(max_length=20)),
                ("actor", models.CharField(max_length=80)),
                ("why", models.TextField(blank=True, default="")),
                ("at", models.DateTimeField()),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="claims.claim"
                    ),
                ),
            ],
            options={
                "db_table": "claim_step",
            },
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("seller_key", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("platform_dispute", "platform_dispute"),
                            ("inquiry", "inquiry"),
                            ("chargeback", "chargeback"),
                            ("pre_dispute", "pre_dispute"),
                            ("return", "return"),
                            ("refund_request", "refund_request"),
                        ],
                        max_length=20,
                    ),
                ),
                ("about", models.CharField(max_length=60)),
                ("round", models.SmallIntegerField(default=1)),
                ("case_id", models.CharField(blank=True, default="", max_length=30)),
                ("claimed_minor", models.BigIntegerField()),
                ("hold_until", models.DateTimeField()),
                ("opened_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(blank=True, default="", max_length=12)),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="channels", to="claims.claim"
                    ),
                ),
            ],
            options={
                "db_table": "claim_channel",
                "indexes": [models.Index(fields=["kind", "about"], name="claim_channel_about")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("claim", "kind", "about", "round"), name="claim_channel_joins_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "platform_dispute",
                                    "inquiry",
                                    "chargeback",
                                    "pre_dispute",
                                    "return",
                                    "refund_request",
                                ],
                            )
                        ),
                        name="claim_channel_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("outcome", "")),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("outcome__in", ["won", "lost", "accepted", "withdrawn", "settled", "moved"]),
                            ),
                            _connector="OR",
                        ),
                        name="claim_channel_ends_with_an_outcome",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("claimed_minor__gte", 0)), name="claim_channel_claims_no_less_than_nothing"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(fields=["seller_key", "opened_at", "id"], name="claim_of_seller"),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(fields=["order_key"], name="claim_of_order"),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["opened_at", "id"], name="claim_active"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)), fields=("line",), name="claim_one_active_for_a_line"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(("closed_at", None), ("frozen_at", None), _connector="OR"),
                name="claim_closed_is_not_frozen",
            ),
        ),
        migrations.AddIndex(
            model_name="recovery",
            index=models.Index(
                condition=models.Q(("settled_at", None)), fields=["since", "part"], name="claim_recovery_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="recovery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_minor__gt", 0), ("settled_at", None)),
                    models.Q(("due_minor", 0), ("settled_at__isnull", False)),
                    _connector="OR",
                ),
                name="claim_recovery_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="part",
            constraint=models.UniqueConstraint(fields=("payment", "line"), name="claim_part_once"),
        ),
        migrations.AddConstraint(
            model_name="part",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("running_minor__gte", 0),
                    ("sent_minor__gte", 0),
                    (
                        "amount_minor__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("running_minor"), "+", models.F("sent_minor")
                        ),
                    ),
                ),
                name="claim_part_never_sends_more_than_captured",
            ),
        ),
        migrations.AddIndex(
            model_name="bankdebit",
            index=models.Index(fields=["about"], name="claim_bank_debit_about"),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["claim"], name="claim_refund_of_claim"),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("state__in", ["requested", "frozen"])),
                fields=["due_at", "id"],
                name="claim_refund_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_minor__gt", 0), ("by_bank_minor__gte", 0), ("amount_minor__gte", models.F("by_bank_minor"))
                ),
                name="claim_refund_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("item", "refund"), ("part__isnull", False)),
                    models.Q(
                        ("by_bank_minor", 0), ("item__in", ["statutory_damages", "return_freight"]), ("part", None)
                    ),
                    _connector="OR",
                ),
                name="claim_refund_counts_against_its_part",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("state__in", ["requested", "frozen"])),
                    models.Q(("ended_at__isnull", False), ("state__in", ["sent", "failed", "paid_by_bank"])),
                    _connector="OR",
                ),
                name="claim_refund_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(fields=("claim", "number"), name="claim_step_number"),
        ),
        migrations.RunSQL(RULES, BACKWARDS),
    ]
