"""Where sellers are paid, and what stops it. A new account is used after it has aged, and nothing can shorten that."""

from django.db import migrations

FORWARDS = """
CREATE TABLE payout_account (
    id varchar(30) PRIMARY KEY,
    seller_key bigint NOT NULL,
    blind bytea NOT NULL CHECK (length(blind) = 32),
    sealed bytea NOT NULL,
    last4 varchar(4) NOT NULL,
    country char(2) NOT NULL,
    state varchar(10) NOT NULL
        CHECK (state IN ('draft', 'verified', 'ageing', 'review', 'active', 'aged', 'frozen', 'cancelled')),
    name_verified boolean NOT NULL DEFAULT false,
    asked_by varchar(60) NOT NULL,
    asked_at timestamptz NOT NULL,
    verified_at timestamptz,
    ageing_since timestamptz,
    activated_at timestamptz,
    ended_at timestamptz,
    changed_by varchar(60) NOT NULL,
    why text NOT NULL DEFAULT '',
    CONSTRAINT payout_account_verified_first CHECK (state IN ('draft', 'cancelled') OR verified_at >= asked_at),
    CONSTRAINT payout_account_ages CHECK (state NOT IN ('active', 'aged') OR activated_at IS NOT NULL),
    CONSTRAINT payout_account_ages_72_hours CHECK (
        activated_at IS NULL OR (ageing_since IS NOT NULL AND ageing_since >= verified_at
        AND activated_at >= ageing_since + interval '72 hours')),
    CONSTRAINT payout_account_cancelled_at CHECK ((state = 'cancelled') = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX payout_account_one_active ON payout_account (seller_key) WHERE state = 'active';
CREATE UNIQUE INDEX payout_account_one_change ON payout_account (seller_key)
    WHERE state IN ('draft', 'verified', 'ageing', 'review');
CREATE UNIQUE INDEX payout_account_once ON payout_account (seller_key, blind) WHERE state <> 'cancelled';
CREATE INDEX payout_account_same ON payout_account (blind);
CREATE INDEX payout_account_of_seller ON payout_account (seller_key, asked_at, id);
CREATE INDEX payout_account_ageing ON payout_account (ageing_since, id) WHERE state = 'ageing';
CREATE INDEX payout_account_waiting ON payout_account (asked_at, id) WHERE state = 'review';

CREATE TABLE payout_stop (
    id varchar(30) PRIMARY KEY,
    seller_key bigint NOT NULL,
    reason varchar(40) NOT NULL,
    at timestamptz NOT NULL,
    until timestamptz CHECK (until > at),
    ended_at timestamptz CHECK (ended_at >= at),
    ended_by varchar(60) NOT NULL DEFAULT '',
    approved_by varchar(60) NOT NULL DEFAULT '',
    why text NOT NULL DEFAULT '',
    CONSTRAINT payout_stop_two_people CHECK (
        ended_at IS NULL OR (ended_by <> '' AND approved_by <> '' AND ended_by <> approved_by AND why <> ''))
);
CREATE INDEX payout_stop_open ON payout_stop (seller_key, at) WHERE ended_at IS NULL;

ALTER TABLE ledger_payout ADD COLUMN account_id varchar(30) REFERENCES payout_account (id);

-- An account is never another one afterwards, its waiting never begins earlier, and a step is one of these.
CREATE FUNCTION payout_account_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'payout account % must begin as a draft', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.seller_key, NEW.blind, NEW.sealed, NEW.asked_by, NEW.asked_at)
        IS DISTINCT FROM (OLD.id, OLD.seller_key, OLD.blind, OLD.sealed, OLD.asked_by, OLD.asked_at)
        OR (OLD.verified_at IS NOT NULL AND NEW.verified_at IS DISTINCT FROM OLD.verified_at)
        OR (OLD.ageing_since IS NOT NULL AND NEW.ageing_since < OLD.ageing_since)
        OR (OLD.activated_at IS NOT NULL AND NEW.activated_at < OLD.activated_at) THEN
        RAISE EXCEPTION 'payout account % is not changed, it is replaced', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'draft>verified', 'draft>cancelled', 'verified>ageing', 'verified>review', 'verified>cancelled',
        'ageing>active', 'ageing>review', 'ageing>cancelled', 'review>ageing', 'review>cancelled',
        'active>aged', 'aged>active', 'active>frozen', 'aged>frozen', 'frozen>aged', 'frozen>cancelled',
        'aged>cancelled') THEN
        RAISE EXCEPTION 'payout account % does not go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER moves BEFORE INSERT OR UPDATE ON payout_account FOR EACH ROW EXECUTE FUNCTION payout_account_moves();
CREATE TRIGGER stays BEFORE DELETE ON payout_account FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER stays BEFORE DELETE ON payout_stop FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses();
CREATE TRIGGER stays_ended BEFORE UPDATE ON payout_stop
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION ledger_refuses();
"""
BACKWARDS = """
ALTER TABLE ledger_payout DROP COLUMN account_id;
DROP TABLE payout_stop, payout_account;
DROP FUNCTION payout_account_moves();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_platform_lists"), ("events", "0002_facts")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
