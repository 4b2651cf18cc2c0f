"""Answers to banks: staged, looked at, and sent once, by a person or under a seller's standing authorisation.

With a bank, silence is loss. So `auto_submit_due` sends what is complete `BEFORE_CUT_OFF` the last moment, if the
seller said once that it may; what is not complete, or not authorised, goes to the staff. What is sent by itself holds
facts from records only: never a declaration, an admission, or a person's own words.

Locks are taken in one order: disputes by their ids, then answers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.readings.log import Read, note
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, engine_scope, query
from safeconduct.kernel.vault.errors import KeyGone, Restricted
from safeconduct.kernel.vault.sealing import seal, unseal
from safeconduct.protections.transactions.chargebacks import earlier_words, sending, telling
from safeconduct.protections.transactions.chargebacks.collecting import FROM_RECORDS, dossiers
from safeconduct.protections.transactions.chargebacks.dossier import Dossier, Exhibit, made
from safeconduct.protections.transactions.chargebacks.errors import (
    AlreadyAnswered,
    AnswerChanged,
    DisputeNotFound,
    NoAnswerTaken,
    NothingHeld,
    NothingStaged,
    NotToDownload,
    TooLate,
)
from safeconduct.protections.transactions.chargebacks.hearing import Step, write_steps
from safeconduct.protections.transactions.chargebacks.mirror import OPEN_FOR_ANSWER
from safeconduct.protections.transactions.chargebacks.models import (
    AnswerFile,
    AnswerKind,
    AnswerState,
    BankAnswer,
    BankDispute,
    DefenceAuthorisation,
)

#: How long before the bank's last moment an authorised answer goes: guardrails, section 2.
BEFORE_CUT_OFF: Final = timedelta(hours=12)
#: Disputes in one transaction of the sweep (two documents are drawn for each), and transactions in one call.
_BATCH: Final = 10
_ROUNDS: Final = 10
_ENGINE: Final = "engine"


def authorise(seller_key: int, person: str, at: datetime) -> str:
    """A member's standing word for the seller; one that is there already is kept. Returns its id."""
    query(
        "INSERT INTO defence_authorisation (id, seller_key, given_by, given_at, revoked_by) VALUES (%s, %s, %s, %s, '')"
        " ON CONFLICT (seller_key) WHERE revoked_at IS NULL DO NOTHING",
        [new_id("dau"), seller_key, person, at],
    )
    return DefenceAuthorisation.objects.values_list("id", flat=True).get(seller_key=seller_key, revoked_at=None)


def revoke(seller_key: int, person: str, at: datetime) -> bool:
    """Takes the standing word back; answers that are on their way stay. Returns whether there was one."""
    found = DefenceAuthorisation.objects.filter(seller_key=seller_key, revoked_at=None)
    return bool(found.update(revoked_by=person, revoked_at=at))


def stage(
    dispute_id: str, actor: Actor, at: datetime, *, language: str = "en", more: Sequence[Exhibit] = ()
) -> BankAnswer:
    """Makes the answer ready, from the records and what a person adds. Made again, it takes the earlier one's place.

    Raises DisputeNotFound, NoAnswerTaken, TooLate, AlreadyAnswered, and PackRefused for what cannot be drawn. In a
    scope of the engine.
    """
    dispute = _open(dispute_id, at)
    dossier = dossiers([dispute], at)[dispute.id]
    dossier = replace(dossier, exhibits=(*dossier.exhibits, *(replace(one, brought=True) for one in more)))
    answer = _stage(dispute, dossier, actor, at, language)
    telling.tell_ready(dispute, answer, at)
    return answer


def submit(
    dispute_id: str, actor: Actor, at: datetime, *, kind: AnswerKind = AnswerKind.FIGHT, sha256: str = ""
) -> BankAnswer:
    """A person says *send*: from now on the answer cannot be changed.

    ``kind``, ``sha256``: what they looked at; "" where nothing says it. Raises as `stage`, NothingStaged where no
    answer of that kind is ready, and AnswerChanged where it was made anew.
    """
    dispute = _open(dispute_id, at)
    answer = BankAnswer.objects.select_for_update().filter(dispute=dispute, stage=dispute.stage).first()
    if answer is None or answer.kind != kind:
        raise NothingStaged
    if sha256 and answer.sha256 != sha256:
        raise AnswerChanged
    _queue(dispute, answer, actor.id, at)
    what = "submitted" if kind is AnswerKind.FIGHT else "accepted"
    write_steps([_step(dispute, what, at, actor, answer.sha256)])
    return answer


def accept(dispute_id: str, actor: Actor, at: datetime) -> BankAnswer:
    """Makes ready to give the dispute up; a person confirms it with `submit`, and then the bank is told, where the
    processor takes that. An answer that was ready is dropped. Raises as `stage`.
    """
    dispute = _open(dispute_id, at)
    answer = BankAnswer.objects.select_for_update().filter(dispute=dispute, stage=dispute.stage).first()
    if answer is not None:
        AnswerFile.objects.filter(answer=answer).update(bank=b"", copy=b"")
    answer = answer or BankAnswer(dispute=dispute, stage=dispute.stage, seller_key=dispute.seller_key)
    answer.kind, answer.language, answer.percent, answer.complete = AnswerKind.ACCEPT, "", 0, False
    answer.missing, answer.left_out, answer.manifest, answer.sha256, answer.fields = {}, [], [], "", b""
    answer.earlier = None
    answer.staged_at, answer.staged_by = at, actor.id
    answer.save()
    return answer


def send_again(dispute_id: str, actor: Actor, at: datetime) -> BankAnswer:
    """Puts an answer that was not let out into the outbox again, when what held it has been mended; it is judged anew.

    Raises DisputeNotFound, NoAnswerTaken, TooLate, and NothingHeld where the answer to this stage waits for no leave.
    """
    dispute = _found(dispute_id)
    answer = BankAnswer.objects.select_for_update().filter(dispute=dispute, stage=dispute.stage).first()
    if answer is None or not is_held(answer):
        raise NothingHeld
    _takes_one(dispute, at)
    # Not the first try: before it leaves, the processor is asked whether an earlier one arrived.
    answer.state, answer.next_try_at, answer.attempts, answer.problem = AnswerState.QUEUED, at, 1, ""
    answer.save(update_fields=["state", "next_try_at", "attempts", "problem"])
    dispute.to_staff_at = None
    dispute.save(update_fields=["to_staff_at"])
    write_steps([_step(dispute, "sent_again", at, actor, answer.sha256)])
    return answer


def is_held(answer: BankAnswer) -> bool:
    """Whether an answer was not let out, and waits for the staff."""
    return answer.state == AnswerState.FAILED and answer.problem.startswith(sending.HELD)


def hand_in(dispute_id: str, actor: Actor, at: datetime) -> bytes:
    """The bank's copy of an answer that was submitted, for a person who hands it in; from now on it counts as sent.

    Raises DisputeNotFound, NothingStaged, and NotToDownload where the processor's interface takes it.
    """
    dispute = _found(dispute_id)
    answer = BankAnswer.objects.select_for_update().filter(dispute=dispute, stage=dispute.stage).first()
    if answer is None or answer.state == AnswerState.STAGED or answer.kind != AnswerKind.FIGHT:
        raise NothingStaged
    if answer.state == AnswerState.QUEUED and answer.next_try_at is not None:
        raise NotToDownload
    if answer.state != AnswerState.SENT:
        answer.state, answer.sent_at, answer.how = AnswerState.SENT, at, "download"
        answer.save(update_fields=["state", "sent_at", "how"])
        write_steps([_step(dispute, "handed_in", at, actor, answer.sha256)])
        telling.tell_sent(answer.id, at)
    note_copy(dispute, actor, at)
    return opened(answer.id, "bank")


def note_copy(dispute: BankDispute, actor: Actor, at: datetime) -> None:
    """Writes down who takes the bank's copy, before it is handed over."""
    note([Read(Scene.BANK_COPY, ("file",), dispute.seller_key, dispute.order_key, batch=dispute.id)], actor, at)


def opened(answer_id: str, which: str) -> bytes:
    """A stored document: ``bank`` with clear data, ``copy`` for the seller, for whose login only that one is there.

    Raises NothingStaged where the buyer was erased.
    """
    sealed, dispute_id = AnswerFile.objects.values_list(which, "answer__dispute_id").get(answer_id=answer_id)
    try:
        return unseal(sending.ANSWER, f"{answer_id}/{which}", sending.whose(dispute_id), bytes(sealed))
    except (KeyGone, Restricted):
        raise NothingStaged from None


def auto_submit_due(now: datetime) -> int:
    """Sends or hands to the staff what the bank's last moment is near for. Returns how many disputes were looked at."""
    done = 0
    answered = BankAnswer.objects.filter(dispute=OuterRef("pk"), stage=OuterRef("stage")).exclude(
        state=AnswerState.STAGED
    )
    for _ in range(_ROUNDS):
        with engine_scope():
            due = list(
                BankDispute.objects.select_for_update(skip_locked=True)
                .filter(
                    status__in=[status.value for status in OPEN_FOR_ANSWER], answerable=True, to_staff_at=None,
                    due_at__gt=now, due_at__lte=now + BEFORE_CUT_OFF,
                )
                .filter(~Exists(answered))
                .order_by("due_at", "id")[:_BATCH]
            )  # fmt: skip
            if due:
                _send_or_hand_over(due, now)
        done += len(due)
        if len(due) < _BATCH:
            break
    return done


def _send_or_hand_over(due: Sequence[BankDispute], now: datetime) -> None:
    sellers = {one.seller_key for one in due if one.seller_key is not None}
    given = DefenceAuthorisation.objects.filter(seller_key__in=sellers, revoked_at=None)
    words = dict(given.values_list("seller_key", "id"))
    ready = BankAnswer.objects.select_for_update().filter(dispute__in=due, state=AnswerState.STAGED)
    staged = {one.dispute_id: one for one in ready}
    engine = Actor(_ENGINE, _ENGINE)
    facts = dossiers(due, now, records_only=True)
    steps, late = [], []
    for one in due:
        word, answer = words.get(one.seller_key or 0), staged.get(one.id)
        if answer is not None and answer.stage == one.stage and answer.kind == AnswerKind.ACCEPT:
            late.append(one.id)
            steps.append(_step(one, "to_staff", now, engine, why="that it is given up was not confirmed"))
            continue
        if word is not None and not (answer and answer.stage == one.stage and answer.complete and _of_records(answer)):
            answer = _stage(one, facts[one.id], engine, now, "en") if facts[one.id].score.complete else None
        if word is None or answer is None:
            late.append(one.id)
            why = "no standing authorisation" if word is None else "required documents are missing"
            steps.append(_step(one, "to_staff", now, engine, why=why))
            continue
        answer.authorisation_id = word
        _queue(one, answer, _ENGINE, now)
        steps.append(_step(one, "submitted", now, engine, answer.sha256, why=f"authorisation {word}"))
    BankDispute.objects.filter(id__in=late).update(to_staff_at=now)
    write_steps(steps)


def _of_records(answer: BankAnswer) -> bool:
    return all(entry["document"] in FROM_RECORDS and not entry.get("brought") for entry in answer.manifest)


def _found(dispute_id: str) -> BankDispute:
    dispute = BankDispute.objects.select_for_update().filter(id=dispute_id).first()
    if dispute is None:
        raise DisputeNotFound(dispute_id)
    return dispute


def _open(dispute_id: str, at: datetime) -> BankDispute:
    """The dispute, locked, if it takes an answer now."""
    dispute = _found(dispute_id)
    answered = BankAnswer.objects.filter(dispute=dispute, stage=dispute.stage).exclude(state=AnswerState.STAGED)
    if answered.exists():
        raise AlreadyAnswered
    _takes_one(dispute, at)
    return dispute


def _takes_one(dispute: BankDispute, at: datetime) -> None:
    """Raises NoAnswerTaken and TooLate where the bank takes no answer."""
    if dispute.status not in {status.value for status in OPEN_FOR_ANSWER} or not dispute.answerable:
        raise NoAnswerTaken(dispute.status)
    if dispute.due_at is not None and not dispute.due_of_table and at >= dispute.due_at:
        raise TooLate


def _stage(dispute: BankDispute, dossier: Dossier, actor: Actor, at: datetime, language: str) -> BankAnswer:
    _note_opened(dispute, dossier, at)
    bank = made(dossier, language, redacted=False)
    copy = made(dossier, language, redacted=True)
    score = dossier.score
    answer = BankAnswer.objects.select_for_update().filter(dispute=dispute, stage=dispute.stage).first()
    answer = answer or BankAnswer(dispute=dispute, stage=dispute.stage, seller_key=dispute.seller_key)
    answer.kind, answer.language, answer.percent, answer.complete = (
        AnswerKind.FIGHT, language, score.percent, score.complete,
    )  # fmt: skip
    answer.missing = {"required": score.missing, "any_of": score.open_groups}
    answer.earlier = earlier_words.stored(dossier.earlier)
    answer.left_out = list(bank.left_out)
    # The salts stay in the bank's copy: with them, who reads this row could guess what was hashed.
    answer.manifest = [
        {name: value for name, value in asdict(entry).items() if name != "salt"} for entry in bank.manifest
    ]
    answer.sha256, answer.staged_at, answer.staged_by = bank.sha256, at, actor.id
    fields = json.dumps(sending.text_fields(dossier), ensure_ascii=False).encode()
    answer.fields = seal(sending.ANSWER, f"{answer.id}/fields", sending.whose(dispute.id), fields)
    answer.save()
    AnswerFile.objects.update_or_create(
        answer=answer,
        defaults={
            "seller_key": dispute.seller_key,
            "bank": seal(sending.ANSWER, f"{answer.id}/bank", sending.whose(dispute.id), bank.pdf),
            "copy": seal(sending.ANSWER, f"{answer.id}/copy", sending.whose(dispute.id), copy.pdf),
        },
    )
    return answer


def _note_opened(dispute: BankDispute, dossier: Dossier, at: datetime) -> None:
    """Writes down what of the buyer's data the bank is shown; nobody here sees it in clear."""
    fields = {row.personal for exhibit in dossier.exhibits for row in exhibit.rows if row.personal}
    fields |= {"conversation"} if any(exhibit.text for exhibit in dossier.exhibits) else set()
    if fields:
        read = Read(
            Scene.BANK_DEFENCE, tuple(sorted(fields)), dispute.seller_key, dispute.order_key, batch=dispute.id
        )  # fmt: skip
        note([read], ENGINE_ACTOR, at)


def _queue(dispute: BankDispute, answer: BankAnswer, by: str, at: datetime) -> None:
    answer.state, answer.queued_at, answer.queued_by = AnswerState.QUEUED, at, by
    answer.next_try_at = at if sending.has_interface(dispute.processor) else None
    answer.save(update_fields=["state", "queued_at", "queued_by", "next_try_at", "authorisation"])


def _step(
    dispute: BankDispute, what: str, at: datetime, actor: Actor, sha256: str = "", why: str = ""
) -> Step:  # fmt: skip
    return Step(
        dispute.id, dispute.seller_key, what, dispute.stage, dispute.status, at, actor.id, why or actor.why, sha256
    )  # fmt: skip
