"""What if nobody asked again? A month of visits, replayed with and without rechecks and the check at the desk.

Coverages lapse at random moments, most of them between booking and visit. A visit whose coverage has lapsed, and for
which the practice still believes it active, ends as an eligibility denial. The figures are printed: `pytest -s`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from functions.billing.domain.commit import Cause
from functions.billing.domain.eligibility.coverages import KnownCoverage
from functions.billing.domain.eligibility.rechecks import PlannedVisit
from functions.billing.domain.eligibility.records import CoverageState
from functions.billing.domain.records import Payer, PayerKind
from functions.billing.domain.work_items import Queue
from functions.billing.usecases.checking import CHANGED, Checking, EligibilityPorts, Question
from functions.billing.usecases.find_rechecks import FindRechecks, find_rechecks
from functions.billing.usecases.verify_eligibility import VerifyEligibility, verify_eligibility
from tests.builders import COVERAGE, PATIENT, rule_set_contents
from tests.fakes import (
    CountingControlNumbers,
    FixedRuleSets,
    InMemoryEvidence,
    InMemoryIntake,
    InMemoryRecords,
    ScriptedClearinghouse,
    SettableClock,
)
from tests.unit.usecases.payer_files import benefits_file

MONTH = datetime(2026, 3, 1, tzinfo=UTC)
VISITS = 240
PAYERS = (
    Payer(payer_id="BLUEPEAK", name="Blue Peak Health", kind=PayerKind.COMMERCIAL),
    Payer(payer_id="CMSNORTH", name="Northern Medicare Contractor", kind=PayerKind.MEDICARE),
    Payer(payer_id="STATECAID", name="State Medicaid Plan", kind=PayerKind.MEDICAID),
)
_MEMBER = re.compile(rb"\*MI\*(M\d{11})")
_TICK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Appointment:
    """One booked visit, and when its coverage lapses at the payer, if it does."""

    number: int
    payer: Payer
    booked_at: datetime
    starts_at: datetime
    lapses_at: datetime | None

    @property
    def coverage_id(self) -> str:
        return f"C{self.number}"

    @property
    def member_id(self) -> str:
        return f"M{self.number:011d}"

    def has_lapsed(self, now: datetime) -> bool:
        return self.lapses_at is not None and self.lapses_at <= now


def month_of_visits(seed: int) -> tuple[Appointment, ...]:
    """Booked one to three weeks ahead; one coverage in eight lapses between booking and visit."""
    chance = Random(seed)  # noqa: S311 a story, no secret
    found = []
    for number in range(VISITS):
        day = chance.randrange(1, 28)
        starts_at = MONTH + timedelta(days=day, hours=chance.randrange(14, 22))
        booked_at = starts_at - timedelta(hours=chance.randrange(24, 21 * 24))
        wait = (starts_at - booked_at).total_seconds()
        lapses = chance.random() < 1 / 8
        lapses_at = booked_at + timedelta(seconds=chance.random() * wait) if lapses else None
        found.append(Appointment(number, chance.choice(PAYERS), booked_at, starts_at, lapses_at))
    return tuple(found)


class Payers(ScriptedClearinghouse):
    """Answers about each member as things stand at the payer now."""

    def __init__(self, clock: SettableClock, visits: tuple[Appointment, ...]) -> None:
        super().__init__(clock)
        self._now = clock
        self._by_member = {visit.member_id: visit for visit in visits}

    def check_eligibility(self, body: bytes) -> bytes:
        """Active until the coverage lapses, inactive from then on."""
        self.inquiries.append(body)
        named = _MEMBER.search(body)
        assert named is not None
        visit = self._by_member[named.group(1).decode()]
        lapsed = visit.has_lapsed(self._now.now())
        return benefits_file("6" if lapsed else "1", member_id=visit.member_id)


class Practice:
    """Lives through the month, asking as often as it was told to."""

    def __init__(
        self, visits: tuple[Appointment, ...], *, rechecks: bool, at_the_desk: bool
    ) -> None:
        self._visits = visits
        self._rechecks, self._at_the_desk = rechecks, at_the_desk
        self.clock = SettableClock(MONTH - timedelta(days=30))
        self.records = InMemoryRecords()
        self.payers = Payers(self.clock, visits)
        self._ports = EligibilityPorts(
            records=self.records,
            evidence=InMemoryEvidence(),
            intake=InMemoryIntake(),
            clearinghouse=self.payers,
            control_numbers=CountingControlNumbers(),
            rule_sets=FixedRuleSets(rule_set_contents()),
            clock=self.clock,
        )
        self._next_look = self.clock.at
        self._events = 0
        self.denials: list[Appointment] = []

    def live(self) -> "Practice":
        for moment, visit in self._agenda():
            self._until(moment)
            if moment == visit.booked_at:
                self._ask(visit, "appointment.created")
                continue
            if self._at_the_desk:
                self._ask(visit, "patient.checked_in")
            if visit.has_lapsed(moment) and self._believed(visit) is CoverageState.ACTIVE:
                self.denials.append(visit)
        return self

    def _agenda(self) -> Iterator[tuple[datetime, Appointment]]:
        moments = [
            (moment, visit)
            for visit in self._visits
            for moment in (visit.booked_at, visit.starts_at)
        ]
        yield from sorted(moments, key=lambda one: (one[0], one[1].number))

    def _until(self, moment: datetime) -> None:
        """The clock runs; every hour it looks for rechecks."""
        while self._rechecks and self._next_look < moment:
            self.clock.at = self._next_look
            self._next_look += _TICK
            cause = self._cause("recheck.due")
            found = find_rechecks(FindRechecks(), cause, records=self.records, clock=self.clock)
            for each in found["rechecks"]:  # type: ignore[attr-defined]
                command = VerifyEligibility(coverage_id=each["coverage_id"])
                verify_eligibility(command, self._cause("recheck.due"), self._ports)
        self.clock.at = moment

    def _ask(self, visit: Appointment, type_: str) -> None:
        held = replace(
            COVERAGE,
            coverage_id=visit.coverage_id,
            payer=visit.payer,
            member_id=visit.member_id,
        )
        question = Question(
            patient=PATIENT,
            coverage=held,
            provider=None,
            service_at=visit.starts_at,
            visit=PlannedVisit(f"A{visit.number}", visit.starts_at),
        )
        Checking(step="verify_eligibility", cause=self._cause(type_), ports=self._ports).check(
            question
        )

    def _believed(self, visit: Appointment) -> CoverageState | None:
        known = self.records.get(KnownCoverage, KnownCoverage.key_of(visit.coverage_id))
        answer = known.answer_about(visit.starts_at.date()) if known else None
        return answer.state if answer else None

    def _cause(self, type_: str) -> Cause:
        self._events += 1
        return Cause(f"evt_{self._events}", type_, f"evt_{self._events}")

    def told(self, queue: Queue) -> int:
        works = self.records.of_kind("WORK")
        return sum(work["reason"] == CHANGED and work["queue"] == queue for work in works)


@pytest.fixture(scope="module")
def visits() -> tuple[Appointment, ...]:
    return month_of_visits(seed=7)


@pytest.fixture(scope="module")
def again(visits: tuple[Appointment, ...]) -> Practice:
    return Practice(visits, rechecks=True, at_the_desk=False).live()


def test_rechecks_prevent_most_eligibility_denials_of_a_month(
    visits: tuple[Appointment, ...], again: Practice, capsys: pytest.CaptureFixture[str]
) -> None:
    lapsing = sum(visit.lapses_at is not None for visit in visits)
    once = Practice(visits, rechecks=False, at_the_desk=False).live()
    both = Practice(visits, rechecks=True, at_the_desk=True).live()

    with capsys.disabled():
        print(f"\n  {len(visits)} visits in a month, {lapsing} coverages lapse before the visit")  # noqa: T201
        for words, practice in (
            ("asked at booking only", once),
            ("and again before the visit", again),
            ("and at the desk, where stale", both),
        ):
            prevented = len(once.denials) - len(practice.denials)
            print(  # noqa: T201
                f"  {words:30} {len(practice.denials):3} eligibility denials, "
                f"{prevented:3} prevented, {len(practice.payers.inquiries):4} inquiries"
            )

    assert len(once.denials) == lapsing, "who asks once learns of no lapse"
    assert len(again.denials) < lapsing / 2
    assert set(both.denials) <= set(again.denials) <= set(once.denials)
    caught = lapsing - len(again.denials)
    assert again.told(Queue.FRONT_DESK) == again.told(Queue.BILLING) == caught


def test_what_a_recheck_misses_lapsed_after_it(again: Practice) -> None:
    hours_before = {"BLUEPEAK": 24, "CMSNORTH": 48, "STATECAID": 24}

    for visit in again.denials:
        assert visit.lapses_at is not None
        recheck_at = visit.starts_at - timedelta(hours=hours_before[visit.payer.payer_id])
        assert visit.lapses_at > recheck_at


def test_no_visit_of_the_month_goes_without_a_check_close_to_it(
    visits: tuple[Appointment, ...], again: Practice
) -> None:
    asked: Counter[str] = Counter(check["coverage_id"] for check in again.records.of_kind("CHECK"))

    far_ahead = [
        visit for visit in visits if visit.starts_at - visit.booked_at > timedelta(hours=60)
    ]
    assert all(asked[visit.coverage_id] >= 2 for visit in far_ahead)
