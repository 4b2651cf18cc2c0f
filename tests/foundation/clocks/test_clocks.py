"""Deadlines against known answers, and against anything a calendar may do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from safeconduct.foundation.clocks.calendars import Calendar, has_holidays, is_zone
from safeconduct.foundation.clocks.counting import due_at, reminders_at
from safeconduct.foundation.clocks.errors import ClockError
from safeconduct.foundation.clocks.spans import Pause, joined
from safeconduct.foundation.clocks.terms import Term, Unit, read_term

CHINA = Calendar("Asia/Shanghai", "CN")
CHILE = Calendar("America/Santiago", "CL")
BERLIN = Calendar("Europe/Berlin", "DE")
RIYADH = Calendar("Asia/Riyadh", "SA")


def local(calendar: Calendar, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(calendar.zone))


def due(text: str, start: str, calendar: Calendar, *pauses: Pause, extended: tuple[str, ...] = ()) -> str:
    end = due_at(
        read_term(text), local(calendar, start), calendar, pauses, [read_term(extension) for extension in extended]
    )  # fmt: skip
    return "never" if end is None else end.astimezone(ZoneInfo(calendar.zone)).strftime("%Y-%m-%d %H:%M:%S")


def test_the_third_working_day_after_the_eve_of_national_day_is_a_make_up_saturday() -> None:
    # 1 to 7 October are off; Thursday 8, Friday 9 and Saturday 10 are worked.
    assert due("3 working days", "2026-09-30T10:00", CHINA) == "2026-10-10 23:59:59"


def test_hours_of_an_evidence_request_before_spring_festival_run_on_the_make_up_saturday() -> None:
    # Saturday 2026-02-14 is worked for the holidays of 15 to 23 February.
    assert due("4 working hours", "2026-02-13T17:00", CHINA) == "2026-02-14 12:00:00"
    assert due("10 working hours", "2026-02-14T17:00", CHINA) == "2026-02-24 18:00:00"


@pytest.mark.parametrize(
    ("term", "start", "calendar", "end"),
    [
        # Summer time begins in Berlin on 2026-03-29: the night has an hour less, hours do not.
        ("24 hours", "2026-03-28T12:00", BERLIN, "2026-03-29 13:00:00"),
        ("1 day", "2026-03-28T12:00", BERLIN, "2026-03-29 23:59:59"),
        # It ends on 2026-10-25.
        ("24 hours", "2026-10-24T12:00", BERLIN, "2026-10-25 11:00:00"),
        # In Chile the clock goes back from midnight to 23:00 on Saturday 2026-04-04: the last second is the second one.
        ("1 day", "2026-04-03T12:00", CHILE, "2026-04-04 23:59:59"),
        # And leaps over midnight on 2026-09-06; Friday 18 and Saturday 19 September are national holidays.
        ("1 day", "2026-09-05T12:00", CHILE, "2026-09-06 23:59:59"),
        ("1 working day", "2026-09-17T12:00", CHILE, "2026-09-21 23:59:59"),
        # Friday and Saturday are the weekend in Saudi Arabia.
        ("1 working day", "2026-06-04T12:00", RIYADH, "2026-06-07 23:59:59"),
        ("2 working hours", "2026-06-04T17:00", RIYADH, "2026-06-07 10:00:00"),
        # A month has as many days as it has.
        ("1 month", "2027-01-31T08:00", BERLIN, "2027-02-28 23:59:59"),
        ("6 months", "2026-08-31T08:00", BERLIN, "2027-02-28 23:59:59"),
        ("1 month", "2028-01-30T08:00", BERLIN, "2028-02-29 23:59:59"),
        # 14 days after 2026-12-11 are Christmas Day; the next working day is Monday the 28th.
        ("14 days", "2026-12-11T08:00", BERLIN, "2026-12-25 23:59:59"),
        ("14 days, or the next working day", "2026-12-11T08:00", BERLIN, "2026-12-28 23:59:59"),
        # Asked on Friday evening: three working days end on Wednesday, but 28 working hours only on Thursday.
        ("3 working days, at least 24 working hours", "2026-06-12T20:00", BERLIN, "2026-06-17 23:59:59"),
        ("3 working days, at least 28 working hours", "2026-06-12T20:00", BERLIN, "2026-06-18 10:00:00"),
    ],
)
def test_known_answers(term: str, start: str, calendar: Calendar, end: str) -> None:
    assert due(term, start, calendar) == end


def test_the_hour_that_is_there_twice_belongs_to_the_party() -> None:
    assert CHILE.ends(date(2026, 4, 4)) == datetime(2026, 4, 5, 3, 59, 59, tzinfo=UTC)
    assert CHILE.begins(date(2026, 9, 6)) == datetime(2026, 9, 6, 4, 0, tzinfo=UTC)


def test_hours_of_every_day_leave_out_only_the_night() -> None:
    chat = Calendar("America/Argentina/Buenos_Aires", "AR", opens=8 * 60, closes=21 * 60, every_day=True)
    assert due("8 working hours", "2026-06-06T20:00", chat) == "2026-06-07 15:00:00"


def test_a_pause_stops_hours_for_as_long_as_it_lasts_and_takes_whole_days() -> None:
    strike = Pause(local(BERLIN, "2026-06-09T10:00"), local(BERLIN, "2026-06-10T10:00"))
    assert due("48 hours", "2026-06-08T12:00", BERLIN, strike) == "2026-06-11 12:00:00"
    assert due("3 days", "2026-06-08T12:00", BERLIN, strike) == "2026-06-13 23:59:59"
    assert due("3 working days", "2026-06-08T12:00", BERLIN, strike) == "2026-06-15 23:59:59"
    night = Pause(local(BERLIN, "2026-06-09T20:00"), local(BERLIN, "2026-06-10T05:00"))
    assert due("3 working days", "2026-06-08T12:00", BERLIN, night) == "2026-06-11 23:59:59"


def test_spring_festival_as_a_pause_of_the_marketplace() -> None:
    festival = Pause(local(CHINA, "2026-02-10T00:00"), local(CHINA, "2026-02-25T00:00"))
    assert due("5 days", "2026-02-09T12:00", CHINA, festival) == "2026-03-01 23:59:59"


def test_nothing_is_due_while_a_pause_has_no_end() -> None:
    outage = Pause(local(BERLIN, "2026-06-09T10:00"), None)
    for term in ("48 hours", "30 working hours", "2 days", "2 working days", "1 month"):
        assert due(term, "2026-06-08T12:00", BERLIN, outage) == "never"
    assert due("12 hours", "2026-06-08T12:00", BERLIN, outage) == "2026-06-09 00:00:00"


def test_an_extension_counts_from_the_end_it_extends() -> None:
    assert due("3 working days", "2026-06-08T12:00", BERLIN, extended=("2 working days",)) == "2026-06-15 23:59:59"


def test_reminders_of_working_time_come_in_working_time() -> None:
    term, start = read_term("3 working days"), local(BERLIN, "2026-06-12T20:00")
    end = due_at(term, start, BERLIN)
    assert end is not None
    said = [at.astimezone(ZoneInfo("Europe/Berlin")) for at in reminders_at(term, start, end, BERLIN)]
    assert [f"{at:%d %H:%M}" for at in said] == ["16 13:30", "17 12:36", "17 16:39"]


@pytest.mark.parametrize("text", ["3", "days", "0 days", "3 working months", "-1 hours", "3 weeks", "9999999 hours",
                                  "3 working days, at least 2 hours, at least 3 hours", "4 hours, or the next working day",
                                  "3 days, later"])  # fmt: skip
def test_what_is_no_term_is_told_so(text: str) -> None:
    with pytest.raises(ClockError):
        read_term(text)


def test_what_is_no_calendar_is_told_so() -> None:
    for wrong in ({"zone": "Mars/Olympus"}, {"country": "XX"}, {"opens": 600, "closes": 500}, {"zone": "../etc"}):
        with pytest.raises(ClockError):
            Calendar(**wrong)  # type: ignore[arg-type]
    assert not has_holidays("DE", "ZZ")
    assert not is_zone("")
    with pytest.raises(ClockError):
        due_at(read_term("1 day"), datetime(2026, 1, 1), CHINA)  # noqa: DTZ001


TERMS = st.one_of(
    st.builds(Term, st.integers(1, 200), st.sampled_from([Unit.HOURS, Unit.WORKING_HOURS])),
    st.builds(Term, st.integers(1, 30), st.sampled_from([Unit.DAYS]), st.booleans()),
    st.builds(Term, st.integers(1, 20), st.just(Unit.WORKING_DAYS)),
    st.builds(Term, st.integers(1, 7), st.just(Unit.MONTHS), st.booleans()),
)
CALENDARS = st.sampled_from([CHINA, CHILE, BERLIN, RIYADH, Calendar("Australia/Lord_Howe", "AU"), Calendar()])
TIMES = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda t: t.replace(tzinfo=UTC, microsecond=0))  # noqa: DTZ001
PAUSES = st.lists(
    st.builds(lambda at, hours: Pause(at, at + timedelta(hours=hours)), TIMES, st.integers(0, 400)), max_size=5
)  # fmt: skip


@given(TERMS)
def test_a_term_says_itself(term: Term) -> None:
    assert read_term(str(term)) == term


@given(TERMS, TIMES, CALENDARS, PAUSES, PAUSES)
@settings(max_examples=150, deadline=None)
def test_a_pause_more_never_ends_a_term_earlier(
    term: Term, start: datetime, calendar: Calendar, some: list[Pause], more: list[Pause]
) -> None:
    short, long = due_at(term, start, calendar, some), due_at(term, start, calendar, some + more)
    assert short is not None and long is not None
    assert start < short <= long


@given(TERMS, TIMES, CALENDARS, st.integers(1, 500), PAUSES)
@settings(max_examples=150, deadline=None)
def test_who_begins_later_is_never_done_earlier(
    term: Term, start: datetime, calendar: Calendar, later: int, pauses: list[Pause]
) -> None:
    # A month that has no such day ends with its last (EU Regulation 1182/71, article 3(2)(c)): whoever begins before a
    # pause is given it whole after a short month, and can be days behind somebody who begins when it is over.
    assume(term.unit is not Unit.MONTHS or not pauses)
    first, second = (
        due_at(term, start, calendar, pauses),
        due_at(term, start + timedelta(hours=later), calendar, pauses),
    )
    assert first is not None and second is not None
    assert first <= second


@given(TERMS, TIMES, CALENDARS, PAUSES)
@settings(max_examples=150, deadline=None)
def test_reminders_lie_in_order_between_start_and_end(
    term: Term, start: datetime, calendar: Calendar, pauses: list[Pause]
) -> None:
    end = due_at(term, start, calendar, pauses)
    assert end is not None
    told = reminders_at(term, start, end, calendar, pauses)
    assert [start, *told, end] == sorted([start, *told, end])
    for at in told:
        assert not any(p.begin < at and p.end is not None and at < p.end for p in joined(pauses))


@given(st.integers(1, 200), TIMES, CALENDARS, PAUSES)
@settings(max_examples=100, deadline=None)
def test_working_hours_are_counted_minute_by_minute(
    amount: int, start: datetime, calendar: Calendar, pauses: list[Pause]
) -> None:
    """Against the plain way: walk in quarters of an hour, and count those in which the party works."""
    start = start.replace(minute=start.minute // 15 * 15, second=0)
    pauses = [Pause(p.begin.replace(minute=0, second=0), p.end and p.end.replace(minute=0, second=0)) for p in pauses]
    end = due_at(Term(amount, Unit.WORKING_HOURS), start, calendar, pauses)
    assert end is not None
    quarters, at = amount * 4, start
    while quarters:
        open_hours = calendar.hours(calendar.day(at))
        if open_hours and open_hours[0] <= at < open_hours[1]:
            if not any(p.begin <= at and (p.end is None or at < p.end) for p in pauses):
                quarters -= 1
        at += timedelta(minutes=15)
    assert at == end
