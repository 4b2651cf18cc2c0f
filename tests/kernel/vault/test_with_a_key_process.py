"""Stories of the vault, the record and people once more, by an application that holds no key and asks a key process."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from django.test import override_settings
from tests.kernel.parties import test_people_sealed as people
from tests.kernel.record import test_sequencing as sequencing
from tests.kernel.vault import test_dump as dump
from tests.kernel.vault import test_erasure as erasure
from tests.kernel.vault import test_rotation as rotation
from tests.kernel.vault import test_sealing as sealing
from tests.kernel.vault.key_process_world import KeyProcess, asking

STORIES = (
    sealing.test_a_sealed_value_opens_where_it_was_sealed_and_nowhere_else,
    sealing.test_a_key_of_another_subject_put_into_the_head_does_not_open_it,
    sealing.test_what_is_changed_cut_short_or_of_no_form_does_not_open,
    sealing.test_a_wrapped_key_that_is_moved_to_another_subject_does_not_open,
    sealing.test_one_statement_makes_the_keys_of_many_values_and_each_has_its_own,
    sealing.test_a_destroyed_key_takes_its_values_along_also_in_a_process_that_had_opened_it,
    sealing.test_a_key_that_was_rolled_back_is_never_sealed_with_again,
    sealing.test_sellers_and_staff_seal_and_open_without_a_right_to_the_keys,
    sealing.test_the_value_of_a_pseudonym_opens_with_its_salt_only,
    sealing.test_a_pseudonym_whose_sealed_value_was_exchanged_does_not_open,
    erasure.test_erasing_one_order_leaves_the_others_readable,
    erasure.test_erasing_a_person_takes_the_value_and_the_way_to_find_it,
    erasure.test_what_an_open_claim_needs_stays_for_it_alone_until_the_date_and_then_goes_by_itself,
    erasure.test_the_receipt_is_signed_by_the_key_of_the_record_and_stands_in_it,
    erasure.test_an_older_backup_of_the_keys_brings_nothing_back_that_was_erased,
    rotation.test_after_a_rotation_the_same_values_open_and_the_earlier_key_is_destroyed_in_its_time,
    rotation.test_a_rotation_that_was_killed_goes_on_where_it_stopped,
    rotation.test_a_process_that_remembers_the_earlier_key_is_caught_up_with,
    rotation.test_events_are_taken_in_and_read_while_keys_rotate,
    dump.test_a_webhook_that_cannot_be_mapped_is_kept_sealed,
    people.test_people_are_found_by_their_address_and_by_nothing_that_the_database_could_compare,
    people.test_what_was_changed_or_comes_from_another_column_does_not_open,
    people.test_a_session_that_is_put_into_another_row_is_nobodys,
    sequencing.test_each_decision_gets_one_entry_and_a_signed_checkpoint,
    sequencing.test_two_sequencers_at_once_append_each_leaf_once,
)


@pytest.mark.parametrize("story", STORIES, ids=[story.__name__.removeprefix("test_") for story in STORIES])
def test_it_goes_as_it_does_without(
    story: Callable[..., None], key_process: KeyProcess, request: pytest.FixtureRequest
) -> None:
    given = {name: request.getfixturevalue(name) for name in inspect.signature(story).parameters}
    with asking(key_process), override_settings(RECORD_ORIGIN="shop.example/record"):
        story(**given)
