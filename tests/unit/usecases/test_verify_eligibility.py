"""Coverage is asked about when it matters, an outage is not a loss of coverage, and a change is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.billing.domain.eligibility.coverages import KnownCoverage, Visit
from functions.billing.domain.eligibility.records import CoverageState
from functions.billing.domain.errors import ContractError
from functions.billing.usecases.find_rechecks import FindRechecks, find_rechecks
from functions.billing.usecases.verify_eligibility import (
    EligibilityPorts,
    VerifyEligibility,
    verify_eligibility,
)
from functions.billing.x12 import EligibilityInquiry, Transaction
from functions.billing.x12 import read as read_x12
from tests.builders import CAUSE
from tests.unit.usecases.ehr_documents import (
    APPOINTMENT,
    COVERAGE,
    PATIENT,
    appointment_document,
    insurance_document,
    mapping,
)
from tests.unit.usecases.payer_files import benefits_file
from tests.unit.usecases.world import World, caused_by

VISIT_AT = datetime(2026, 3, 5, 14, tzinfo=UTC)


class FrontDesk(World):
    """A patient with one coverage, and a payer that answers as told."""

    def __init__(self) -> None:
        super().__init__()
        self.rule_sets.contents["mapping"] = mapping()
        self.payer_says(benefits_file())

    def payer_says(self, answer: bytes | None) -> None:
        self.clearinghouse.eligibility_answer = answer

    def hear(self, cause_type: str, body: bytes | None = None, **of_command: Any) -> str:
        if body is not None:
            digest = self.intake.drop("ehr/document.json", body)
            of_command = {
                "document_key": "ehr/document.json",
                "document_sha256": digest,
                **of_command,
            }
        command = VerifyEligibility(occurred_at=self.clock.now(), **of_command)
        ports = EligibilityPorts(
            records=self.records,
            intake=self.intake,
            clearinghouse=self.clearinghouse,
            control_numbers=self.control_numbers,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )
        return str(verify_eligibility(command, caused_by(cause_type), ports)["outcome"])

    def book(self, **of_document: Any) -> str:
        return self.hear(
            "appointment.created",
            appointment_document(**of_document),
            appointment_id=APPOINTMENT,
            patient_id=PATIENT,
        )

    def check_in(self) -> str:
        return self.hear(
            "patient.checked_in",
            appointment_document(),
            appointment_id=APPOINTMENT,
            patient_id=PATIENT,
        )

    def cancel(self) -> str:
        return self.hear("appointment.cancelled", appointment_id=APPOINTMENT)

    def update_insurance(self, version: int, **of_document: Any) -> str:
        return self.hear(
            "insurance.updated",
            insurance_document(**of_document),
            patient_id=PATIENT,
            resource_version=version,
        )

    def recheck(self) -> str:
        return self.hear("recheck.due", coverage_id=COVERAGE)

    def rechecks(self) -> list[dict[str, Any]]:
        outcome = find_rechecks(FindRechecks(), CAUSE, records=self.records, clock=self.clock)
        found: list[dict[str, Any]] = outcome["rechecks"]  # type: ignore[assignment]
        return found

    @property
    def coverage(self) -> KnownCoverage:
        found = self.records.get(KnownCoverage, KnownCoverage.key_of(COVERAGE))
        assert found is not None
        return found

    @property
    def visit(self) -> Visit:
        found = self.records.get(Visit, Visit.key_of(APPOINTMENT))
        assert found is not None
        return found

    @property
    def asked(self) -> int:
        return len(self.clearinghouse.inquiries)


@pytest.fixture
def desk() -> FrontDesk:
    return FrontDesk()


# Booking -----------------------------------------------------------------------------------


def test_a_booked_visit_is_checked_and_the_patient_share_estimated(desk: FrontDesk) -> None:
    assert desk.book() == "verified"

    assert desk.coverage.result is not None
    assert desk.coverage.result.state is CoverageState.ACTIVE
    assert desk.visit.verified_on == desk.clock.now().date()
    assert desk.visit.estimate is not None
    assert desk.visit.estimate.patient_cents == 2_500
    event = desk.event("eligibility.verified")
    assert (event["coverage_state"], event["payer_id"]) == ("active", "BLUEPEAK")


def test_what_is_asked_is_a_270_about_this_member_on_the_day_of_the_visit(
    desk: FrontDesk,
) -> None:
    desk.book()

    (item,) = read_x12(desk.clearinghouse.inquiries[0], name="sent")
    assert isinstance(item, Transaction)
    assert isinstance(item.body, EligibilityInquiry)
    (source,) = item.body.sources
    assert source.payer is not None
    assert source.payer.id == "BPK01"
    (subscriber,) = source.receivers[0].subscribers
    assert subscriber.party is not None
    assert subscriber.party.id == "ABC123456789"
    assert subscriber.party.service_period is not None
    assert subscriber.party.service_period.start == VISIT_AT.date()


def test_a_recheck_is_due_a_day_before_the_visit(desk: FrontDesk) -> None:
    desk.book()

    assert desk.coverage.due_at == VISIT_AT - timedelta(hours=24)
    assert desk.rechecks() == []
    desk.clock.at = VISIT_AT - timedelta(hours=23)
    assert desk.rechecks() == [{"coverage_id": COVERAGE, "appointment_id": APPOINTMENT}]


def test_inactive_coverage_is_work_for_the_front_desk_before_the_visit(desk: FrontDesk) -> None:
    desk.payer_says(benefits_file("6"))

    assert desk.book() == "verified"

    assert desk.event("eligibility.verified")["coverage_state"] == "inactive"
    assert desk.open_work() == {"coverage_inactive": "front_desk"}


def test_a_member_the_payer_does_not_know_is_work_for_the_front_desk(desk: FrontDesk) -> None:
    desk.payer_says(benefits_file(errors=("75",)))

    desk.book()

    assert desk.open_work() == {"eligibility_error_patient_data": "front_desk"}
    assert desk.coverage.unavailable_since is None


def test_an_enrolment_the_payer_refuses_is_work_for_credentialing(desk: FrontDesk) -> None:
    desk.payer_says(benefits_file(errors=("43",)))

    desk.book()

    assert desk.open_work() == {"eligibility_error_provider": "credentialing"}


def test_a_booking_delivered_again_asks_nobody_again(desk: FrontDesk) -> None:
    desk.book()

    assert desk.book() == "unchanged"
    assert desk.asked == 1
    assert len(desk.records.events("eligibility.verified")) == 1


def test_a_payer_without_a_policy_is_work_and_not_a_crash(desk: FrontDesk) -> None:
    policies = desk.rule_sets.contents["payer_policies"]
    others = [each for each in policies["payers"] if each["payer_id"] != "BLUEPEAK"]
    desk.rule_sets.contents["payer_policies"] = {**policies, "payers": others}

    assert desk.book() == "unavailable"
    assert desk.book() == "unavailable"
    assert desk.asked == 0
    assert desk.open_work() == {"payer_policy_missing": "billing"}


def test_a_document_other_than_the_event_promised_is_refused(desk: FrontDesk) -> None:
    with pytest.raises(ContractError, match="document_altered"):
        desk.hear(
            "appointment.created",
            appointment_document(),
            appointment_id=APPOINTMENT,
            patient_id=PATIENT,
            document_sha256="0" * 64,
        )


def test_an_incomplete_registration_is_one_piece_of_work(desk: FrontDesk) -> None:
    desk.book(start="2026-03-05T14:00:00")
    desk.book(start="2026-03-05T14:00:00")

    assert desk.open_work()["registration_incomplete"] == "front_desk"
    works = [each for each in desk.of_kind("WORK") if each["reason"] == "registration_incomplete"]
    assert [work["fields"] for work in works] == [list(desk.visit.problems)]


# Cancelling --------------------------------------------------------------------------------


def test_a_cancelled_visit_is_checked_no_more(desk: FrontDesk) -> None:
    desk.book()

    assert desk.cancel() == "cancelled"

    desk.clock.at = VISIT_AT
    assert desk.rechecks() == []


def test_a_cancellation_that_comes_before_its_booking_wins(desk: FrontDesk) -> None:
    assert desk.cancel() == "cancelled"

    assert desk.book() == "cancelled"
    assert desk.asked == 0


def test_a_visit_is_cancelled_once(desk: FrontDesk) -> None:
    desk.book()
    desk.cancel()
    before = desk.snapshot()

    assert desk.cancel() == "cancelled"
    assert desk.snapshot() == before


# Checking in -------------------------------------------------------------------------------


def test_at_the_desk_a_fresh_answer_is_not_asked_for_again(desk: FrontDesk) -> None:
    desk.book()
    desk.clock.advance(hours=71)

    assert desk.check_in() == "unchanged"
    assert desk.visit.state == "checked_in"
    assert desk.asked == 1


def test_at_the_desk_a_stale_answer_is_asked_for_again(desk: FrontDesk) -> None:
    desk.book()
    desk.clock.advance(hours=73)

    assert desk.check_in() == "verified"
    assert desk.asked == 2


# Change ------------------------------------------------------------------------------------


def test_coverage_that_ended_since_the_booking_is_told_to_everyone(desk: FrontDesk) -> None:
    desk.book()
    desk.payer_says(benefits_file("6"))
    desk.clock.advance(hours=60)

    assert desk.recheck() == "changed"

    assert "coverage_state" in desk.event("coverage.changed")["changes"]
    assert desk.open_work() == {"coverage_changed": "front_desk"}


def test_updated_insurance_drops_the_fresh_answer_and_asks(desk: FrontDesk) -> None:
    desk.book()
    desk.clock.advance(hours=1)

    assert desk.update_insurance(2) == "verified"
    assert desk.asked == 2
    assert desk.coverage.resource_version == 2


def test_an_older_change_that_comes_late_changes_nothing(desk: FrontDesk) -> None:
    desk.book()
    desk.update_insurance(3)
    before = desk.snapshot()

    assert desk.update_insurance(2, member_id="XYZ000000000") == "unchanged"
    assert desk.update_insurance(3) == "unchanged"
    assert desk.snapshot() == before


def test_insurance_of_a_patient_nobody_booked_is_checked_for_today(desk: FrontDesk) -> None:
    assert desk.update_insurance(1) == "verified"
    assert desk.coverage.visit_on == desk.clock.now().date()


def test_a_recheck_of_a_coverage_nobody_knows_says_so(desk: FrontDesk) -> None:
    assert desk.recheck() == "not_found"


# Outage ------------------------------------------------------------------------------------

OUTAGES = {
    "no answer": None,
    "payer unable to respond": benefits_file(errors=("42",), error_level="source"),
    "no X12 at all": b"<html>gateway</html>",
    "cut off": benefits_file()[:-80],
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_payer_out_of_reach_is_an_outcome_with_a_recheck_not_a_failure(
    desk: FrontDesk, outage: str
) -> None:
    desk.payer_says(OUTAGES[outage])

    assert desk.book() == "unavailable"

    assert desk.coverage.result is None
    assert desk.coverage.unavailable_since == desk.clock.now()
    assert desk.coverage.due_at == desk.clock.now() + timedelta(minutes=15)
    assert desk.open_work() == {"eligibility_unavailable": "front_desk"}
    assert desk.event("eligibility.unavailable")["appointment_id"] == APPOINTMENT


def test_an_outage_keeps_the_last_good_answer_and_is_no_change(desk: FrontDesk) -> None:
    desk.book()
    desk.payer_says(None)
    desk.clock.advance(hours=60)

    assert desk.recheck() == "unavailable"

    assert desk.coverage.result is not None
    assert desk.coverage.result.state is CoverageState.ACTIVE
    assert desk.records.events("coverage.changed") == []


def test_a_long_outage_is_one_piece_of_work_and_recovery_ends_it(desk: FrontDesk) -> None:
    desk.payer_says(None)
    desk.book()
    for _ in range(3):
        desk.clock.advance(minutes=15)
        assert [each["coverage_id"] for each in desk.rechecks()] == [COVERAGE]
        assert desk.recheck() == "unavailable"
    assert len(desk.of_kind("WORK")) == 1

    desk.payer_says(benefits_file())
    desk.clock.advance(minutes=15)
    assert desk.recheck() == "verified"

    assert desk.open_work() == {}
    assert desk.coverage.unavailable_since is None
    assert desk.event("work_item.resolved")["resolution"] == "payer_answered"


def test_a_recheck_asks_even_when_the_answer_is_fresh(desk: FrontDesk) -> None:
    desk.book()

    assert desk.recheck() == "verified"
    assert desk.asked == 2
