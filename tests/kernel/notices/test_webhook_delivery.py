"""Webhooks to a receiver over real HTTP: signed, retried, held back, resent, and never for ever."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError
from tests.django_world import thread_of
from tests.kernel.builders import person
from tests.kernel.notices.receiver import Receiver, receiving

from safeconduct.kernel.notices import upkeep
from safeconduct.kernel.notices.errors import EndpointOff, EndpointRefused, NoSuchDelivery, NoSuchEndpoint
from safeconduct.kernel.notices.kinds import CATALOGUE
from safeconduct.kernel.notices.models import Endpoint, NoticeCopy, StoredMessage, WebhookAttempt, WebhookDelivery
from safeconduct.kernel.notices.outbox import Message, MessageKind, publish
from safeconduct.kernel.notices.webhooks import endpoints, queries
from safeconduct.kernel.notices.webhooks.courier import (
    BREAKER,
    LEASE,
    OFF_AFTER,
    SCHEDULE,
    Courier,
    _spread,
    rest_after,
    wait_after,
)
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope

ADMIN = Actor("usr_admin", "administrator")
NOW = datetime.now(UTC).replace(microsecond=0)
HOLD = MessageKind.HOLD_PLACED
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _the_receivers_clock_stands_at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official library refuses what is five minutes old, and these tests may run long after they were read."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return NOW

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Clock)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def other() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def endpoint(receiver: Receiver, *kinds: str, at: datetime = NOW) -> tuple[Endpoint, str]:
    with staff_scope():
        return endpoints.create(receiver.url, kinds or [HOLD], ADMIN, at=at)


def hold(*, at: datetime = NOW, key: str = "") -> Message:
    number = next(_numbers)
    data = {"hold": f"hld_{number}", "amount": {"minor": 9900, "currency": "USD"}, "reason": "bank_inquiry"}
    return Message(key or f"hold/{number}/placed", HOLD, data, at)


def tell(*messages: Message) -> int:
    with engine_scope():
        return publish(messages)


def deliver(at: datetime = NOW, **settings: Any) -> int:
    courier = Courier(**settings)
    try:
        return courier.drain(at)
    finally:
        courier.close()


def only() -> WebhookDelivery:
    with engine_scope():
        return WebhookDelivery.objects.get()


def now_of(found: Endpoint) -> Endpoint:
    with engine_scope():
        return Endpoint.objects.get(id=found.id)


# -- signed and delivered once ----------------------------------------------------------------------------------------


def test_the_official_library_verifies_what_is_sent(receiver: Receiver) -> None:
    _endpoint, secret = endpoint(receiver)
    tell(hold(key="hold/1/placed"))
    deliver()
    (got,) = receiver.got
    assert got.verified(secret)["type"] == "hold.placed"
    assert got.verified(secret)["data"]["amount"] == {"minor": 9900, "currency": "USD"}
    assert got.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        got.verified("whsec_" + "A" * 43 + "=")
    got.body = got.body.replace(b"9900", b"9901")
    with pytest.raises(WebhookVerificationError):
        got.verified(secret)


def test_a_message_goes_once_to_each_endpoint_that_wants_its_kind(receiver: Receiver, other: Receiver) -> None:
    endpoint(receiver)
    endpoint(other, MessageKind.DECISION_MADE)
    message = hold()
    assert [tell(message), tell(message)] == [1, 0]
    deliver()
    deliver(NOW + timedelta(days=1))
    assert len(receiver.got) == 1
    assert other.got == []
    assert only().state == "delivered"


def test_what_no_endpoint_wants_is_not_kept(receiver: Receiver) -> None:
    assert tell(hold()) == 0
    endpoint(receiver, MessageKind.DECISION_MADE)
    assert tell(hold()) == 0


def test_an_undone_transaction_sends_nothing(receiver: Receiver) -> None:
    endpoint(receiver)
    with pytest.raises(ZeroDivisionError), engine_scope():
        publish([hold()])
        raise ZeroDivisionError
    deliver()
    assert receiver.got == []


def test_two_couriers_at_once_deliver_everything_once(receiver: Receiver) -> None:
    endpoint(receiver)
    tell(*(hold() for _ in range(120)))
    threads = [thread_of(deliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver()
    assert len(receiver.ids) == len(set(receiver.ids)) == 120


def test_what_another_worker_is_claiming_is_passed_over_and_not_waited_for(receiver: Receiver) -> None:
    endpoint(receiver)
    tell(hold())
    with engine_scope():
        _spread(NOW)
    with engine_scope():
        WebhookDelivery.objects.select_for_update().get()
        other = thread_of(deliver)
        other.start()
        other.join(10)
        assert not other.is_alive()
        assert receiver.got == []
    deliver()
    assert len(receiver.got) == 1


def test_a_courier_that_is_lost_after_sending_leaves_the_message_to_another_under_the_same_id(
    receiver: Receiver,
) -> None:
    endpoint(receiver)
    tell(hold())
    lost = Courier()
    lost.turn(NOW)  # hands it out; its answer is never written
    while not receiver.got:
        threading.Event().wait(0.01)
    lost.close()
    deliver()
    assert len(receiver.got) == 1  # the claim holds
    deliver(NOW + LEASE)
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1
    lost.turn(NOW + LEASE)  # a late answer changes nothing
    assert (only().state, only().attempts) == ("delivered", 2)


# -- failures ---------------------------------------------------------------------------------------------------------


def test_retries_follow_the_schedule_and_end(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    endpoint(receiver)
    tell(hold())
    receiver.answers = 500
    at, waits = NOW, []
    for _ in SCHEDULE:
        deliver(at)
        delivery = only()
        waits.append(delivery.due_at - at)
        with engine_scope():  # the breaker is another story
            Endpoint.objects.update(failures=0, failing_since=None, paused_until=None)
        at = delivery.due_at
    assert len(receiver.got) == len(SCHEDULE) == 10
    assert (only().state, only().attempts, only().status) == ("given_up", 10, 500)
    for wait, planned in zip(waits, SCHEDULE[1:], strict=False):
        assert planned <= wait <= planned * 1.1
    assert "given up after 10 attempts" in caplog.text
    assert len(set(receiver.ids)) == 1
    with engine_scope():
        assert [a.status for a in queries.attempts(only().id)] == [500] * 10


def test_waits_of_deliveries_that_failed_together_differ() -> None:
    assert len({wait_after(3, f"whd_{n}") for n in range(50)}) > 25
    assert wait_after(len(SCHEDULE), "whd_1") is None


def test_a_receiver_may_ask_for_more_time(receiver: Receiver) -> None:
    endpoint(receiver)
    tell(hold())
    receiver.answers, receiver.headers = 429, {"Retry-After": "120"}
    deliver()
    assert only().due_at == NOW + timedelta(seconds=120)


def test_the_breaker_opens_after_failures_in_a_row_and_probes_with_one_message(receiver: Receiver) -> None:
    made, _secret = endpoint(receiver)
    tell(*(hold() for _ in range(200)))
    receiver.answers = 503
    deliver()
    tried = len(receiver.got)
    assert BREAKER <= tried < 20  # not two hundred
    paused_until = now_of(made).paused_until
    assert paused_until is not None
    assert paused_until > NOW
    deliver(paused_until - timedelta(seconds=1))
    assert len(receiver.got) == tried
    deliver(paused_until)
    assert len(receiver.got) == tried + 1
    receiver.answers = 204
    again = now_of(made).paused_until
    assert again is not None
    deliver(again)
    with engine_scope():
        assert WebhookDelivery.objects.filter(state="delivered").count() == 200  # nothing waits for its own hour
    assert now_of(made).failures == 0


def test_the_breaker_rests_longer_each_time() -> None:
    assert rest_after(BREAKER - 1) is None
    rests = [rest_after(BREAKER + n) for n in range(12)]
    assert rests[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert rests[-1] == timedelta(hours=1)


def test_one_dead_endpoint_does_not_stop_the_others(receiver: Receiver, other: Receiver) -> None:
    release = threading.Event()

    def hang(_receiver: Receiver, handler: Any) -> None:
        release.wait(20)
        handler.close_connection = True

    endpoint(receiver)
    endpoint(other)
    receiver.answers = hang
    tell(*(hold() for _ in range(30)))
    courier = Courier()
    try:
        while len(other.got) < 30:
            courier.turn(NOW)
            threading.Event().wait(0.02)
        assert receiver.got  # asked, and still silent
        with engine_scope():
            assert WebhookDelivery.objects.filter(state="delivered").count() <= 30
    finally:
        release.set()
        courier.close()


def test_gone_switches_the_endpoint_off_and_staff_are_told(receiver: Receiver) -> None:
    administrator, _lead = person(StaffRole.ADMINISTRATOR), person(StaffRole.LEAD)
    made, _secret = endpoint(receiver)
    tell(hold(), hold())
    receiver.answers = 410
    deliver()
    assert now_of(made).off == "gone"
    asked = len(receiver.got)
    deliver(NOW + timedelta(days=2))
    assert len(receiver.got) == asked
    with staff_scope():
        assert list(NoticeCopy.objects.values_list("person_id", flat=True)) == [administrator.id]
        assert [(s.verb, s.actor) for s in queries.steps(made.id)] == [("off", "engine"), ("created", "usr_admin")]


def test_an_endpoint_that_accepts_nothing_for_days_is_switched_off(receiver: Receiver) -> None:
    person(StaffRole.ADMINISTRATOR)
    made, _secret = endpoint(receiver)
    receiver.answers = 500
    tell(hold())
    deliver()
    tell(hold(at=NOW + OFF_AFTER))
    deliver(NOW + OFF_AFTER - timedelta(seconds=1))
    assert now_of(made).enabled
    tell(hold(at=NOW + OFF_AFTER))
    deliver(NOW + OFF_AFTER + timedelta(hours=1))
    assert now_of(made).off == "failing"
    with staff_scope():
        assert NoticeCopy.objects.count() == 1


def test_redirects_are_not_followed(receiver: Receiver, other: Receiver) -> None:
    endpoint(receiver)
    tell(hold())
    receiver.answers, receiver.headers = 302, {"Location": other.url}
    deliver()
    assert other.got == []
    assert "redirects are not followed" in only().problem


def test_a_receiver_that_drips_is_cut_off(receiver: Receiver) -> None:
    stop = threading.Event()

    def drip(_receiver: Receiver, handler: Any) -> None:
        try:
            while not stop.wait(0.05):
                handler.wfile.write(b"H")
                handler.wfile.flush()
        except OSError:
            pass
        handler.close_connection = True

    endpoint(receiver)
    tell(hold())
    receiver.answers = drip
    deliver(timeout_s=0.5)
    stop.set()
    assert only().state == "waiting"
    assert only().problem in ("no answer within 0.5 seconds", "what was answered is not HTTP")


def test_an_endless_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    written = []

    def flood(_receiver: Receiver, handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**12))
        handler.end_headers()
        try:
            for _ in range(100_000):
                handler.wfile.write(b"x" * 65_536)
                written.append(1)
        except OSError:
            pass
        handler.close_connection = True

    endpoint(receiver)
    tell(hold())
    receiver.answers = flood
    deliver()
    assert only().state == "delivered"
    assert len(written) < 1_000


def test_an_answer_that_is_no_http_is_a_failure_like_any_other(receiver: Receiver) -> None:
    def babble(_receiver: Receiver, handler: Any) -> None:
        handler.wfile.write(b"good morning\r\n\r\n")
        handler.close_connection = True

    endpoint(receiver)
    tell(hold())
    receiver.answers = babble
    deliver()
    assert only().problem == "what was answered is not HTTP"


def test_nobody_at_the_address_is_a_failure_like_any_other() -> None:
    with receiving() as gone:
        url = gone.url
    with staff_scope():
        endpoints.create(url, [HOLD], ADMIN, at=NOW)
    tell(hold())
    deliver()
    assert only().problem == "no connection"


# -- what people do ---------------------------------------------------------------------------------------------------


def test_after_a_change_of_secret_both_sign_for_a_day(receiver: Receiver) -> None:
    made, first = endpoint(receiver)
    with staff_scope():
        _found, second = endpoints.rotate(made.id, ADMIN, at=NOW)
    tell(hold())
    deliver()
    assert receiver.got[0].verified(first) == receiver.got[0].verified(second)
    with staff_scope():
        found = Endpoint.objects.get(id=made.id)
        assert [len(each) for each in endpoints.signatures(found, [b"a"], at=NOW + timedelta(hours=24))] == [1]


def test_a_secret_that_leaked_stops_signing_at_once(receiver: Receiver) -> None:
    made, leaked = endpoint(receiver)
    with staff_scope():
        _found, fresh = endpoints.rotate(made.id, ADMIN, at=NOW, at_once=True)
    tell(hold())
    deliver()
    assert receiver.got[0].verified(fresh)
    with pytest.raises(WebhookVerificationError):
        receiver.got[0].verified(leaked)


def test_secrets_are_sealed_where_they_lie(receiver: Receiver) -> None:
    import base64

    made, secret = endpoint(receiver)
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    assert len(raw) == 32
    assert raw not in bytes(now_of(made).secret)


def test_a_switched_off_endpoint_gets_nothing_and_then_what_it_missed(receiver: Receiver) -> None:
    made, _secret = endpoint(receiver)
    with staff_scope():
        endpoints.switch_off(made.id, ADMIN, at=NOW)
        with pytest.raises(EndpointOff):
            endpoints.ping(made.id, ADMIN, at=NOW)
    tell(*(hold(at=NOW + timedelta(minutes=n)) for n in range(3)))
    deliver()
    assert receiver.got == []
    later = NOW + timedelta(hours=2)
    with staff_scope():
        endpoints.switch_on(made.id, ADMIN, at=later)
        sent = endpoints.resend_period(made.id, NOW, NOW + timedelta(minutes=2), ADMIN, at=later)
    assert sent == 2
    deliver(later)
    assert len(receiver.got) == 2


def test_resending_repeats_the_message_under_its_id(receiver: Receiver) -> None:
    made, _secret = endpoint(receiver)
    tell(hold())
    deliver()
    with staff_scope():
        assert endpoints.resend_period(made.id, NOW, NOW + timedelta(days=1), ADMIN, at=NOW) == 0  # it has it
        endpoints.resend(only().id, ADMIN, at=NOW)
    deliver()
    with staff_scope():
        everything = endpoints.resend_period(
            made.id, NOW, NOW + timedelta(days=1), ADMIN, at=NOW, delivered_too=True
        )  # fmt: skip
    assert everything == 1
    deliver()
    assert len(receiver.got) == 3
    assert len({(one.message_id, one.body) for one in receiver.got}) == 1
    with engine_scope():
        assert WebhookAttempt.objects.count() == 3  # the log keeps them all
    with staff_scope(), pytest.raises(NoSuchDelivery):
        endpoints.resend("whd_none", ADMIN, at=NOW)


def test_a_test_message_goes_to_that_endpoint_alone(receiver: Receiver, other: Receiver) -> None:
    made, secret = endpoint(receiver)
    endpoint(other)
    with staff_scope():
        endpoints.ping(made.id, ADMIN, at=NOW)
    deliver()
    assert receiver.got[0].verified(secret)["type"] == "webhook.test"
    assert other.got == []


def test_what_is_changed_counts_from_the_next_message_on(receiver: Receiver, other: Receiver) -> None:
    made, _secret = endpoint(receiver)
    with staff_scope():
        endpoints.change(made.id, ADMIN, at=NOW, url=other.url, kinds=[MessageKind.DECISION_MADE])
        assert [s.verb for s in queries.steps(made.id)] == ["changed", "created"]
    tell(hold(), Message("decision/1", MessageKind.DECISION_MADE, CATALOGUE[MessageKind.DECISION_MADE].example, NOW))
    deliver()
    assert len(other.got) == 1
    assert receiver.got == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "ftp://shop.example"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://ana:secret@shop.example/"}, "url"),
        ({"url": "https://shop.example/#part"}, "url"),
        ({"url": "https://10.0.0.8/hooks"}, "url"),
        ({"url": "https://" + "a" * 500}, "url"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["hold.eaten"]}, "kinds"),
        ({"kinds": ["webhook.test"]}, "kinds"),
        ({"name": "n" * 81}, "name"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused_by_field(fields: dict[str, Any], field: str) -> None:
    with staff_scope(), pytest.raises(EndpointRefused) as refused:
        endpoints.create(**{"url": "https://shop.example/", "kinds": [HOLD], "actor": ADMIN, "at": NOW} | fields)
    assert refused.value.field == field


def test_there_is_a_limit_to_endpoints(receiver: Receiver) -> None:
    for _ in range(endpoints.MOST_ENDPOINTS):
        endpoint(receiver)
    with pytest.raises(EndpointRefused, match="50"):
        endpoint(receiver)
    with staff_scope(), pytest.raises(NoSuchEndpoint):
        queries.endpoint("whe_none")


def test_messages_are_deleted_after_thirty_days_with_all_that_hangs_on_them(receiver: Receiver) -> None:
    made, _secret = endpoint(receiver)
    tell(hold(at=NOW), hold(at=NOW + timedelta(days=2)))
    deliver()
    assert upkeep.tidy(NOW + timedelta(days=31)) == 1
    with engine_scope():
        assert (StoredMessage.objects.count(), WebhookDelivery.objects.count(), WebhookAttempt.objects.count()) == (
            1,
            1,
            1,
        )
        assert queries.counts(at=NOW)[made.id].delivered == 1
        assert len(queries.deliveries(made.id).items) == 1
