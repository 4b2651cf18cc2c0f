"""What happened in a case stands in the record, and a change behind its back is found there."""

from __future__ import annotations

from tests.kernel.cases.builders import START, decided
from tests.kernel.cases.test_evidence import brought

from safeconduct.kernel.record import sequencer
from safeconduct.kernel.record.verification import verify
from safeconduct.kernel.scope import engine_scope, owner_scope, query


def test_steps_outcome_and_evidence_are_recorded_and_tampering_is_found() -> None:
    case_id = decided()
    brought(case_id)
    sequencer.keep_up(START)
    report = verify()
    assert report.findings == []
    with engine_scope():
        kinds = {kind for (kind,) in query("SELECT DISTINCT kind FROM record_entry")}
    assert {"case_step", "case_outcome", "evidence"} <= kinds
    with owner_scope():
        query("ALTER TABLE case_outcome DISABLE TRIGGER append_only")
        query("UPDATE case_outcome SET told = jsonb_build_object('en', 'Something else')")
        query("ALTER TABLE case_outcome ENABLE TRIGGER append_only")
    assert verify().findings != []
