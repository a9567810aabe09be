"""The runbook's outage, rehearsed: one payer is silent for three hours while visits are booked and patients come."""

from dataclasses import replace
from datetime import timedelta

from functions.billing.domain.commit import Cause
from functions.billing.domain.eligibility.checks import CheckOutcome, EligibilityCheck
from functions.billing.domain.eligibility.coverages import KnownCoverage
from functions.billing.domain.eligibility.rechecks import PlannedVisit
from functions.billing.domain.outages.circuit import Circuit
from functions.billing.usecases.checking import Checking, EligibilityPorts, Question
from functions.billing.usecases.find_rechecks import FindRechecks, find_rechecks
from functions.billing.usecases.verify_eligibility import VerifyEligibility, verify_eligibility
from tests.builders import COVERAGE, PATIENT, rule_set_contents
from tests.fakes import (
    NOON,
    CountingControlNumbers,
    FixedRuleSets,
    InMemoryEvidence,
    InMemoryIntake,
    InMemoryRecords,
    ScriptedClearinghouse,
    SettableClock,
)
from tests.unit.usecases.payer_files import benefits_file

VISITS = 60
OUTAGE = timedelta(hours=3)
LOOK = timedelta(minutes=5)


class Rehearsal:
    """A practice, a clock that looks for rechecks every five minutes, and a payer that can be switched off."""

    def __init__(self) -> None:
        self.clock = SettableClock()
        self.records = InMemoryRecords()
        self.payer = ScriptedClearinghouse(self.clock)
        self.ports = EligibilityPorts(
            records=self.records,
            evidence=InMemoryEvidence(),
            intake=InMemoryIntake(),
            clearinghouse=self.payer,
            control_numbers=CountingControlNumbers(),
            rule_sets=FixedRuleSets(rule_set_contents()),
            clock=self.clock,
        )
        self._events = 0

    def book(self, number: int) -> str:
        """A visit some days ahead; the higher its number, the sooner."""
        starts_at = NOON + timedelta(days=9, hours=-2 * number)
        question = Question(
            patient=PATIENT,
            coverage=replace(COVERAGE, coverage_id=f"C{number:02d}", member_id=f"M{number:08d}"),
            provider=None,
            service_at=starts_at,
            visit=PlannedVisit(f"A{number:02d}", starts_at),
        )
        cause = self._cause("appointment.created")
        return Checking(step="verify_eligibility", cause=cause, ports=self.ports).check(question)

    def look(self) -> list[str]:
        """What the clock finds, asked one after the other; the coverages, in their order."""
        cause = self._cause("recheck.due")
        found = find_rechecks(FindRechecks(), cause, records=self.records, clock=self.clock)
        names = [each["coverage_id"] for each in found["rechecks"]]  # type: ignore[attr-defined]
        for name in names:
            command = VerifyEligibility(coverage_id=name)
            verify_eligibility(command, self._cause("recheck.due"), self.ports)
        return names

    def _cause(self, type_: str) -> Cause:
        self._events += 1
        return Cause(f"evt_{self._events}", type_, f"evt_{self._events}")

    def known(self, number: int) -> KnownCoverage:
        found = self.records.get(KnownCoverage, KnownCoverage.key_of(f"C{number:02d}"))
        assert found is not None
        return found

    def checks(self, number: int) -> tuple[EligibilityCheck, ...]:
        return self.records.under(EligibilityCheck, f"COVERAGE#C{number:02d}", "CHECK#")


def test_an_outage_costs_few_calls_forgets_nobody_and_ends_without_a_stampede() -> None:
    life = Rehearsal()
    booked = 0
    while life.clock.at < NOON + OUTAGE:
        if booked < VISITS:
            assert [life.book(booked + one) for one in range(3)] == ["unavailable"] * 3
            booked += 3
        life.look()
        life.clock.at += LOOK
    during = len(life.payer.inquiries)

    # Three failures and a probe every few minutes, not one time-out for each of sixty patients.
    assert during < VISITS / 3
    assert len(life.records.events("dependency.unavailable")) == 1
    told = {
        event["data"]["appointment_id"] for event in life.records.events("eligibility.unavailable")
    }
    assert told == {f"A{number:02d}" for number in range(VISITS)}, "schedulers know of every visit"
    assert all(life.known(number).due_kind for number in range(VISITS))

    life.payer.eligibility_answer = benefits_file()
    rounds = []
    for _ in range(12):
        rounds.append(life.look())
        life.clock.at += LOOK
    sizes = [len(names) for names in rounds if names]

    assert sum(sizes) == VISITS, "each is asked once more, and none twice"
    assert sizes[0] == 1, "one probes"
    assert sizes[1:4] == [5, 10, 20]
    urgent_first = [name for names in rounds for name in names]
    assert urgent_first == sorted(urgent_first, reverse=True), "the nearest visit first"
    for number in range(VISITS):
        assert life.checks(number)[-1].outcome is CheckOutcome.ANSWERED
        assert life.known(number).unavailable_since is None
    open_work = [one for one in life.records.of_kind("WORK") if one.get("state", "open") == "open"]
    assert open_work == []
    circuit = life.records.get(Circuit, Circuit.key_of("eligibility:BLUEPEAK"))
    assert circuit is not None
    assert not circuit.is_out
