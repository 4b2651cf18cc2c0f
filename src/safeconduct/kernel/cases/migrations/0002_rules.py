"""What no login can do, whatever the program says."""

from django.db import migrations

#: A state has its step; an outcome rests on what both sides can know.
SEATS = """
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
#: A proposed decision is what it was; what becomes of it is written once. An outcome above the amount is the one that a
#: second person confirmed. Who has acted in a case, or was given a seat in it, reviews nothing of it blind.
SECOND_PERSON = """
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
#: A text that was in force stays as it was, and of it and of who looked after a case only the end is written, once.
DESK = """
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
#: A body stays as it was named, and of a referral what was written down stays, and who took the case there; when it is
#: over, all of it.
OUTSIDE = """
CREATE TRIGGER stays BEFORE UPDATE ON case_outside_body FOR EACH ROW EXECUTE FUNCTION case_desk_stays();
CREATE TRIGGER kept BEFORE DELETE ON case_outside_body FOR EACH STATEMENT EXECUTE FUNCTION case_refuses();
CREATE FUNCTION case_referral_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL
       OR (NEW.id, NEW.case_id, NEW.seller_key, NEW.body_id, NEW.outcome_before, NEW.referred_at, NEW.referred_by,
           NEW.referred_role)
          IS DISTINCT FROM
          (OLD.id, OLD.case_id, OLD.seller_key, OLD.body_id, OLD.outcome_before, OLD.referred_at, OLD.referred_by,
           OLD.referred_role)
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


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_tables")]
    operations = [
        migrations.RunSQL(SEATS),
        migrations.RunSQL(SECOND_PERSON),
        migrations.RunSQL(DESK),
        migrations.RunSQL(OUTSIDE),
    ]
