"""A coverage is asked about again before each of its visits, and each outcome is kept as long as it is needed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.eligibility.checks import IN_FLIGHT, REPEAT_AFTER, request_of
from functions.billing.domain.eligibility.coverages import KnownCoverage
from functions.billing.domain.eligibility.rechecks import PlannedVisit, next_recheck
from functions.billing.domain.eligibility.records import CoverageState, EligibilityResult
from tests.builders import COVERAGE, PATIENT
from tests.fakes import NOON

DAY = timedelta(days=1)


def visit(name: str, starts_at: datetime) -> PlannedVisit:
    return PlannedVisit(name, starts_at)


def answer(
    service_on: date, state: str = "active", checked_at: datetime = NOON
) -> EligibilityResult:
    return EligibilityResult(
        coverage_id="C1",
        payer_id="BLUEPEAK",
        checked_at=checked_at,
        service_date=service_on,
        state=CoverageState(state),
    )


KNOWN = KnownCoverage(
    coverage_id="C1",
    patient=PATIENT,
    coverage=COVERAGE,
    provider=None,
    visit_on=NOON.date(),
)


def test_the_nearest_visit_without_a_late_enough_answer_decides() -> None:
    visits = (visit("A", NOON + 3 * DAY), visit("B", NOON + 10 * DAY))

    def due(answered_at: datetime | None, now: datetime) -> datetime | None:
        return next_recheck(visits, hours_before=24, answered_at=answered_at, now=now)

    assert due(NOON, NOON) == NOON + 2 * DAY
    assert due(NOON + 2 * DAY, NOON + 2 * DAY) == NOON + 9 * DAY
    assert due(NOON + 9 * DAY, NOON + 9 * DAY) is None
    assert due(None, NOON + 2.5 * DAY) == NOON + 2.5 * DAY, "late, so at once"


@given(
    st.lists(st.integers(-200, 800), max_size=6),
    st.integers(1, 72),
    st.one_of(st.none(), st.integers(-400, 0)),
)
def test_no_visit_ahead_is_left_without_an_answer_close_to_it(
    hours: list[int], hours_before: int, answered_ago: int | None
) -> None:
    visits = [visit(str(each), NOON + timedelta(hours=each)) for each in hours]
    answered_at = None if answered_ago is None else NOON + timedelta(hours=answered_ago)

    now, asked = NOON, 0
    while due := next_recheck(visits, hours_before=hours_before, answered_at=answered_at, now=now):
        now = answered_at = due
        asked += 1
        assert asked <= len(visits)

    ahead = [each.starts_at for each in visits if each.starts_at > NOON]
    before = timedelta(hours=hours_before)
    assert all(answered_at is not None for _ in ahead)
    assert not ahead or (answered_at or NOON) >= max(ahead) - before


def test_of_each_month_the_newest_answer_is_kept_and_the_newest_that_decided() -> None:
    march, april = date(2026, 3, 5), date(2026, 4, 5)
    known = KNOWN
    for one in (
        answer(march),
        answer(april, "inactive"),
        answer(march, "undetermined", NOON + DAY),
        answer(march, "undetermined", NOON + 2 * DAY),
    ):
        known = known.answered(one, NOON)

    newest, decided = known.answer_about(march), known.decision_about(march)
    assert newest is not None
    assert (newest.state, newest.checked_at) == (CoverageState.UNDETERMINED, NOON + 2 * DAY)
    assert decided is not None
    assert decided.state is CoverageState.ACTIVE
    assert known.answer_about(april) == answer(april, "inactive")
    assert len(known.answers) == 3


def test_answers_about_long_past_months_are_forgotten() -> None:
    known = KNOWN.answered(answer(date(2026, 3, 5)), NOON)
    later = datetime(2026, 9, 1, tzinfo=UTC)

    known = known.answered(answer(date(2026, 9, 2), checked_at=later), later)

    assert [one.service_date.month for one in known.answers] == [9]


def test_a_visit_that_moves_is_expected_once_at_its_new_time() -> None:
    known = KNOWN.expecting(visit("A", NOON + DAY)).expecting(visit("B", NOON + 2 * DAY))
    known = known.expecting(visit("A", NOON + 3 * DAY))

    assert [one.appointment_id for one in known.visits] == ["B", "A"]
    assert known.without("B").visits == (visit("A", NOON + 3 * DAY),)


def test_a_request_under_way_is_seen_as_such_and_falls_due_if_nobody_notes_its_outcome() -> None:
    asking = KNOWN.asking("digest", NOON)

    assert asking.is_in_flight(NOON + IN_FLIGHT - timedelta(seconds=1))
    assert not asking.is_in_flight(NOON + IN_FLIGHT)
    assert asking.due_at == NOON + REPEAT_AFTER
    assert asking.was_asked_just_now("digest", NOON + timedelta(seconds=89))
    assert not asking.was_asked_just_now("digest", NOON + REPEAT_AFTER)
    assert not asking.was_asked_just_now("another", NOON)


def test_two_requests_are_the_same_when_payer_member_and_day_are() -> None:
    def request(member_id: str = "ABC1", day: int = 5) -> str:
        held = replace(COVERAGE, member_id=member_id)
        return request_of(PATIENT, held, None, date(2026, 3, day))

    assert request() == request()
    assert len({request(), request(member_id="ABC2"), request(day=6)}) == 3
