"""Coverage is asked about when it matters, an outage is not a loss of coverage, and a change is told."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from functions.billing.domain.eligibility.checks import EligibilityCheck
from functions.billing.domain.eligibility.coverages import Visit, VisitState
from functions.billing.domain.eligibility.good_faith import GoodFaithReason
from functions.billing.domain.eligibility.records import CoverageState, MatchQuality
from functions.billing.domain.errors import ContractError
from functions.billing.usecases.verify_eligibility import AUTHORIZATION_MISSING, ESTIMATE_OWED
from functions.billing.x12 import EligibilityInquiry, EligibilityResponse, Transaction
from functions.billing.x12 import read as read_x12
from tests.fakes import Crash, InterruptedRecords
from tests.unit.usecases.ehr_documents import (
    APPOINTMENT,
    COVERAGE,
    PATIENT,
    appointment_document,
)
from tests.unit.usecases.front_desk import FrontDesk
from tests.unit.usecases.payer_files import benefits_file

VISIT_AT = datetime(2026, 3, 5, 14, tzinfo=UTC)


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
    assert desk.rechecks() == [{"coverage_id": COVERAGE, "wait_seconds": 0}]


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
    assert desk.queues_of("coverage_changed") == {"front_desk", "billing"}


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
    assert desk.coverage.due_at == desk.clock.now() + timedelta(minutes=5)
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
    desk.clock.advance(minutes=2)

    assert desk.recheck() == "verified"
    assert desk.asked == 2


# More than one visit -----------------------------------------------------------------------


def test_each_of_two_visits_has_its_recheck_and_a_cancelled_one_has_none(desk: FrontDesk) -> None:
    desk.book()
    assert desk.book("later", start="2026-03-12T14:00:00Z") == "unchanged"
    assert desk.coverage.due_at == VISIT_AT - timedelta(hours=24)

    desk.clock.at = VISIT_AT - timedelta(hours=23)
    assert desk.recheck() == "verified"
    assert desk.coverage.due_at == datetime(2026, 3, 11, 14, tzinfo=UTC)

    desk.cancel("later")
    assert desk.coverage.due_kind == ""


def test_a_cancelled_visit_leaves_the_other_its_recheck(desk: FrontDesk) -> None:
    desk.book()
    desk.book("later", start="2026-03-12T14:00:00Z")

    desk.cancel()

    assert desk.coverage.due_at == datetime(2026, 3, 11, 14, tzinfo=UTC)


def test_a_visit_of_another_month_is_asked_about_by_itself(desk: FrontDesk) -> None:
    desk.book()
    desk.clock.advance(minutes=5)

    assert desk.book("april", start="2026-04-02T14:00:00Z") == "verified"

    assert desk.asked == 2
    assert {one.service_date.month for one in desk.coverage.answers} == {3, 4}
    assert desk.records.events("coverage.changed") == []


def test_a_recheck_renews_the_estimate_and_the_alerts_of_the_visits_it_speaks_for(
    desk: FrontDesk,
) -> None:
    desk.book()
    desk.payer_says(benefits_file(copay_cents=4_000))
    desk.clock.at = VISIT_AT - timedelta(hours=23)

    assert desk.recheck() == "changed"

    assert desk.visit.estimate is not None
    assert desk.visit.estimate.patient_cents == 4_000
    assert desk.visit.alerts == ("copay: $25.00 -> $40.00",)
    assert desk.telemetry[-1]["estimate_updated"]


# Alerts ------------------------------------------------------------------------------------


def test_a_new_card_ends_the_alert_of_both_desks(desk: FrontDesk) -> None:
    desk.book()
    desk.payer_says(benefits_file(plan="SILVER HMO"))
    desk.clock.advance(hours=60)
    desk.recheck()
    assert desk.queues_of("coverage_changed") == {"front_desk", "billing"}
    (said,) = {tuple(work["fields"]) for work in desk.of_kind("WORK") if work["queue"] == "billing"}
    assert said == ("plan: GOLD PPO -> SILVER HMO",)

    desk.clock.advance(hours=1)
    desk.update_insurance(2)

    assert desk.queues_of("coverage_changed") == set()
    assert desk.visit.alerts == ()


def test_a_lapse_that_heals_is_no_work_any_more(desk: FrontDesk) -> None:
    desk.book()
    for eb01 in ("6", "1"):
        desk.payer_says(benefits_file(eb01))
        desk.clock.advance(hours=10)
        assert desk.recheck() == "changed"

    assert desk.open_work() == {}


def test_the_same_refusal_twice_is_one_piece_of_work(desk: FrontDesk) -> None:
    desk.payer_says(benefits_file(errors=("75",)))
    desk.book()
    desk.clock.advance(hours=1)
    desk.recheck()

    assert len(desk.of_kind("WORK")) == 1
    assert "card" in desk.of_kind("WORK")[0]["recommended_action"]


def test_a_payer_that_says_wait_ten_days_is_asked_again_then(desk: FrontDesk) -> None:
    desk.payer_says(benefits_file(errors=("67",), follow_up="X"))

    desk.book(start="2026-06-05T14:00:00Z")

    assert desk.coverage.due_at == desk.clock.now() + timedelta(days=10)


def test_an_exchange_plan_in_grace_is_trusted_for_less_time(desk: FrontDesk) -> None:
    policies = desk.rule_sets.contents["payer_policies"]
    payers = [
        {**each, "kind": "exchange"} if each["payer_id"] == "BLUEPEAK" else each
        for each in policies["payers"]
    ]
    desk.rule_sets.contents["payer_policies"] = {**policies, "payers": payers}
    text = json.dumps(desk.rule_sets.contents["mapping"])
    desk.rule_sets.contents["mapping"] = json.loads(text.replace("commercial", "exchange"))
    desk.payer_says(benefits_file(paid_to=date(2026, 2, 28)))

    desk.book()

    assert desk.coverage.result is not None
    assert desk.coverage.result.in_grace_period
    assert desk.coverage.fresh_until == desk.clock.now() + timedelta(hours=12)


# One call ----------------------------------------------------------------------------------


def test_two_runs_that_meet_make_one_call_and_both_visits_get_the_answer(desk: FrontDesk) -> None:
    rivals: list[str] = []
    later = {"appointment_id": "later", "start": "2026-03-06T14:00:00Z"}
    desk.clearinghouse.meanwhile = lambda: rivals.append(desk.book(**later))

    assert desk.book() == "verified"

    assert rivals == ["joined"]
    assert desk.asked == 1
    assert {one.appointment_id for one in desk.coverage.visits} == {APPOINTMENT, "later"}
    joined = desk.records.get(Visit, Visit.key_of("later"))
    assert joined is not None
    assert joined.estimate is not None
    assert joined.verified_on == desk.clock.now().date()


def test_of_two_runs_that_looked_at_the_same_time_one_asks(desk: FrontDesk) -> None:
    desk.book()
    desk.clock.advance(hours=73)
    rivals: list[str] = []
    slow = InterruptedRecords(desk.records, lambda: rivals.append(desk.check_in()), at_commit=1)
    desk.records, shared = slow, desk.records

    assert desk.recheck() in {"joined", "unchanged"}

    desk.records = shared
    assert rivals == ["verified"]
    assert desk.asked == 2


def test_a_run_that_dies_while_asking_leaves_the_coverage_due(desk: FrontDesk) -> None:
    def die() -> None:
        raise Crash

    desk.clearinghouse.meanwhile = die
    with pytest.raises(Crash):
        desk.book()

    assert desk.rechecks() == []
    desk.clock.advance(seconds=90)
    assert [each["coverage_id"] for each in desk.rechecks()] == [COVERAGE]
    assert desk.recheck() == "verified"


def test_the_same_request_is_not_sent_again_within_90_seconds(desk: FrontDesk) -> None:
    desk.book()
    desk.clock.advance(seconds=89)

    assert desk.recheck() == "unchanged"
    assert desk.update_insurance(2) == "postponed"
    assert desk.asked == 1
    assert desk.coverage.due_at == desk.clock.now() + timedelta(seconds=1)

    assert desk.update_insurance(3, member_id="XYZ000000000") == "changed", "another request"
    assert desk.asked == 2


def test_an_answer_about_what_the_coverage_was_before_is_not_trusted(desk: FrontDesk) -> None:
    desk.clearinghouse.meanwhile = lambda: desk.update_insurance(2, member_id="XYZ000000000")

    desk.book()

    assert desk.coverage.resource_version == 2
    assert desk.coverage.fresh_until is None
    assert desk.coverage.due_at == desk.clock.now() + timedelta(seconds=90)
    assert desk.coverage.coverage.member_id == "XYZ000000000"


# Outages -----------------------------------------------------------------------------------


def outage(desk: FrontDesk) -> None:
    """The payer is silent until its circuit opens."""
    desk.payer_says(None)
    desk.book()
    for _ in range(2):
        desk.clock.advance(minutes=5)
        assert desk.recheck() == "unavailable"


def test_a_payer_known_to_be_out_of_reach_is_not_asked_and_the_coverage_is_held(
    desk: FrontDesk,
) -> None:
    outage(desk)
    asked = desk.asked

    assert desk.check_in() == "unavailable"
    desk.clock.advance(seconds=89)
    assert desk.check_in() == "unavailable"

    assert desk.asked == asked
    assert desk.coverage.due_kind == "HELD#eligibility:BLUEPEAK"
    assert desk.coverage.due_at == VISIT_AT, "the nearest visit is asked about first"
    assert desk.event("dependency.unavailable")["dependency"] == "eligibility:BLUEPEAK"


def test_recovery_is_found_by_one_probe_and_what_was_held_is_asked_by_itself(
    desk: FrontDesk,
) -> None:
    outage(desk)
    assert desk.rechecks() == [], "not before the pause is over"
    desk.clock.advance(minutes=2)
    assert [each["coverage_id"] for each in desk.rechecks()] == [COVERAGE]

    assert desk.recheck() == "unavailable"
    desk.payer_says(benefits_file())
    desk.clock.advance(minutes=20)
    assert [each["coverage_id"] for each in desk.rechecks()] == [COVERAGE]
    assert desk.recheck() == "verified"

    assert desk.open_work() == {}
    assert desk.event("dependency.recovered")["dependency"] == "eligibility:BLUEPEAK"
    assert desk.coverage.due_kind in {"", "RECHECK"}


def test_a_visit_cancelled_during_an_outage_is_asked_about_no_more(desk: FrontDesk) -> None:
    outage(desk)

    desk.cancel()

    assert desk.coverage.due_kind == ""
    assert desk.open_work() == {}


def test_an_outage_takes_no_freshness_from_the_last_good_answer(desk: FrontDesk) -> None:
    desk.book()
    desk.payer_says(None)
    desk.clock.advance(hours=1)
    desk.recheck()

    assert desk.check_in() == "unchanged"
    assert desk.coverage.unavailable_since is not None
    assert desk.coverage.due_kind == "RECHECK"


# What is told ------------------------------------------------------------------------------


def test_every_check_is_told_with_what_is_measured_of_it(desk: FrontDesk) -> None:
    desk.book()

    (check,) = desk.of_kind("CHECK")
    (line,) = desk.telemetry
    assert check["copay_cents"] == 2_500
    assert check["codes"] == ["EB01:1"]
    assert check["match_quality"] == MatchQuality[line["match_quality"].upper()]
    assert check["policy_version"].startswith("sha256:")
    assert line["coverage_state"] == "active"
    assert line["outcome"] == "answered"


def test_a_check_nobody_answered_is_told_too(desk: FrontDesk) -> None:
    outage(desk)
    desk.clock.advance(seconds=10)
    desk.book("later", start="2026-03-06T14:00:00Z", member_id="XYZ000000000")

    outcomes = [check["outcome"] for check in desk.of_kind("CHECK")]
    assert outcomes == ["unanswered"] * 3 + ["held"]
    assert desk.of_kind("CHECK")[-1]["codes"] == ["circuit_open"]


def test_the_bytes_of_both_ways_are_kept_and_named_by_the_check(desk: FrontDesk) -> None:
    answer = benefits_file()
    desk.payer_says(answer)

    desk.book()

    check = next(iter(desk.records.under(EligibilityCheck, desk.coverage.key.partition, "CHECK#")))
    kept = desk.evidence.kept[check.evidence_key]
    assert kept == desk.clearinghouse.inquiries[0] + answer
    assert hashlib.sha256(kept).hexdigest() == check.evidence_sha256
    both = [
        type(each.body) for each in read_x12(kept, name="kept") if isinstance(each, Transaction)
    ]
    assert both == [EligibilityInquiry, EligibilityResponse]


def test_an_answer_nobody_can_read_is_kept_too(desk: FrontDesk) -> None:
    desk.payer_says(b"<html>503</html>")

    desk.book()

    (kept,) = desk.evidence.kept.values()
    assert kept.endswith(b"<html>503</html>")
    assert desk.only("CHECK")["outcome"] == "unanswered"


def test_of_a_check_nobody_answered_the_question_is_kept(desk: FrontDesk) -> None:
    outage(desk)
    desk.clock.advance(seconds=10)
    desk.book("later", start="2026-03-06T14:00:00Z", member_id="XYZ000000000")

    sent = [check for check in desk.of_kind("CHECK") if check.get("evidence_sha256")]
    assert [check["outcome"] for check in sent] == ["unanswered"] * 3
    assert list(desk.evidence.kept.values()) == desk.clearinghouse.inquiries


def test_no_line_of_telemetry_names_the_patient(desk: FrontDesk) -> None:
    desk.payer_says(benefits_file(member_id="XYZ000000000"))
    desk.book()

    said = json.dumps(desk.telemetry)
    assert "member_id" in desk.telemetry[0]["corrected_fields"]
    for secret in ("XYZ000000000", "ABC123456789", "QUILLFEATHER", "1980"):
        assert secret not in said


# Before the visit --------------------------------------------------------------------------


def test_a_self_pay_patient_is_owed_a_good_faith_estimate_by_its_deadline(desk: FrontDesk) -> None:
    assert desk.book(self_pay=True, start="2026-03-20T14:00:00Z") == "not_found"

    owed = desk.visit.good_faith_estimate
    assert owed is not None
    assert owed.due_on == date(2026, 3, 5)
    assert owed.total_cents == desk.visit.planned[0].charge_cents
    assert desk.open_work() == {"good_faith_estimate_owed": "front_desk"}


def test_a_booking_late_in_the_evening_counts_from_that_day_and_not_from_tomorrow_in_utc(
    desk: FrontDesk,
) -> None:
    desk.clock.advance(hours=15)
    assert desk.clock.now().isoformat() == "2026-03-03T03:00:00+00:00"

    desk.book(self_pay=True, start="2026-03-20T19:30:00-05:00")

    owed = desk.visit.good_faith_estimate
    assert owed is not None
    assert (desk.visit.booked_on, owed.due_on) == (date(2026, 3, 2), date(2026, 3, 5))
    (work,) = desk.of_kind("WORK")
    assert work["due_at"] == "2026-03-06T03:00:00Z"


def test_whoever_asks_for_a_price_is_owed_an_estimate_within_three_business_days(
    desk: FrontDesk,
) -> None:
    assert desk.request_estimate(on=date(2026, 3, 6), self_pay=True, is_booked=False) == "estimated"

    owed = desk.visit.good_faith_estimate
    assert owed is not None
    assert (owed.reason, owed.due_on) == (GoodFaithReason.REQUESTED, date(2026, 3, 11))
    assert owed.total_cents == desk.visit.planned[0].charge_cents > 0
    assert desk.open_work() == {ESTIMATE_OWED: "front_desk"}
    assert (desk.visit.state, desk.visit.booked_on, desk.asked) == (VisitState.PROPOSED, None, 0)


def test_an_estimate_asked_for_before_the_booking_stays_owed_by_its_day(desk: FrontDesk) -> None:
    desk.request_estimate(on=date(2026, 3, 2), self_pay=True, is_booked=False)
    desk.clock.advance(days=1)
    desk.book(self_pay=True, start="2026-03-30T14:00:00Z")

    owed = desk.visit.good_faith_estimate
    assert owed is not None
    assert owed.due_on == date(2026, 3, 5)
    assert desk.visit.state is VisitState.BOOKED
    assert desk.visit.booked_on == desk.clock.now().date()
    assert len(desk.of_kind("WORK")) == 1


def test_asking_puts_off_no_estimate_that_is_owed_sooner(desk: FrontDesk) -> None:
    desk.book(self_pay=True, start="2026-03-09T14:00:00Z")
    scheduled = desk.visit.good_faith_estimate

    desk.request_estimate(on=date(2026, 3, 3), self_pay=True, start="2026-03-09T14:00:00Z")

    asked = desk.visit.good_faith_estimate
    assert scheduled is not None
    assert asked is not None
    assert asked.reason is GoodFaithReason.REQUESTED
    assert asked.due_on == scheduled.due_on < date(2026, 3, 6)


@pytest.mark.parametrize(
    ("given_on", "word"),
    [(date(2026, 3, 5), "estimate_given"), (date(2026, 3, 6), "estimate_given_late")],
)
def test_an_estimate_that_was_given_is_no_work_any_more(
    desk: FrontDesk, given_on: date, word: str
) -> None:
    desk.request_estimate(on=date(2026, 3, 2), self_pay=True)

    assert desk.give_estimate(on=given_on) == "given"
    assert desk.open_work() == {}
    assert desk.only("WORK")["resolution"] == word

    desk.request_estimate(on=date(2026, 3, 10), self_pay=True)
    assert desk.open_work() == {ESTIMATE_OWED: "front_desk"}


def test_an_estimate_nobody_owes_cannot_have_been_given(desk: FrontDesk) -> None:
    assert desk.give_estimate(on=date(2026, 3, 5)) == "not_found"


def test_a_visit_without_its_authorization_is_work_until_there_is_one(desk: FrontDesk) -> None:
    desk.book(procedure="70553")
    assert desk.open_work() == {AUTHORIZATION_MISSING: "authorization"}

    desk.check_in(procedure="70553")
    assert desk.open_work() == {AUTHORIZATION_MISSING: "authorization"}

    desk.check_in(procedure="70553", authorized="AUTH1")
    assert desk.open_work() == {}
    assert not desk.visit.authorized_at_booking


def test_nothing_is_left_to_do_for_a_cancelled_visit(desk: FrontDesk) -> None:
    desk.book(procedure="70553", self_pay=False)
    desk.request_estimate(on=date(2026, 3, 2), procedure="70553")
    assert desk.open_work() == {
        AUTHORIZATION_MISSING: "authorization",
        ESTIMATE_OWED: "front_desk",
    }

    desk.cancel()

    assert desk.open_work() == {}


def test_it_is_known_whether_an_authorization_was_there_when_the_visit_was_booked(
    desk: FrontDesk,
) -> None:
    desk.book("needs", procedure="70553")
    desk.book("has", procedure="70553", authorized="AUTH1")
    desk.book("needs-none")

    def of(name: str) -> tuple[bool, bool]:
        visit = desk.records.get(Visit, Visit.key_of(name))
        assert visit is not None
        return visit.needs_authorization, visit.authorized_at_booking

    assert [of(name) for name in ("needs", "has", "needs-none")] == [
        (True, False),
        (True, True),
        (False, False),
    ]
