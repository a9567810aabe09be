"""A claim leaves only when every rule lets it; one that may not is somebody's work, with the reason."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.commit import Actor, Commit
from functions.billing.domain.eligibility.coverages import KnownCoverage
from functions.billing.domain.eligibility.records import CoverageState, EligibilityResult
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.records import Encounter
from functions.billing.usecases.scrub_claim import ScrubClaim, scrub_claim
from tests.builders import (
    CAUSE,
    COVERAGE,
    DOCTOR,
    PATIENT,
    SERVICE_DAY,
    VISIT_LINE,
    encounter,
    staged_claim,
    store,
)
from tests.fakes import NOON
from tests.unit.usecases.world import CLAIM, World


def scrub(world: World, claim_id: str = CLAIM) -> str:
    outcome = scrub_claim(
        ScrubClaim(claim_id=claim_id),
        CAUSE,
        records=world.records,
        rule_sets=world.rule_sets,
        code_tables=world.code_tables,
        clock=world.clock,
    )
    return str(outcome["outcome"])


def scrubbed(visit: Encounter | None = None) -> World:
    world = World()
    staged_claim(world.records, visit)
    scrub(world)
    return world


def setting(world: World, **changes: Any) -> None:
    """One more line of the automation policy."""
    policy = world.rule_sets.contents["automation"]
    line = {"step": "submit_claim", "mode": "automate", "reason": "test", **changes}
    world.rule_sets.contents["automation"] = {**policy, "settings": [*policy["settings"], line]}


# Released ----------------------------------------------------------------------------------


def test_a_clean_claim_is_validated_and_released() -> None:
    world = scrubbed()

    claim = world.claim()
    assert (claim.state, claim.validated_at) == (ClaimState.VALIDATED, NOON)
    assert claim.touches == 0
    assert world.event_types() == ["claim.validated", "claim.released"]
    assert world.event("claim.released")["revision"] == 1
    assert world.open_work() == {}


def test_a_judgement_tells_every_rule_and_every_version_it_was_made_with() -> None:
    world = scrubbed()

    judgement = world.only("JUDGEMENT")
    rules = world.rule_sets.contents["scrub"]["rules"]
    assert len(judgement["verdicts"]) == len(rules)
    assert judgement["verdicts"].count("p") > 40
    assert {"scrub", "code_tables", "payer_policies", "mapping"} == set(judgement["versions"])
    assert judgement["versions"]["scrub"] == world.claim().ruleset_version
    (history,) = [each for each in world.of_kind("HISTORY") if each["step"] == "scrub_claim"]
    assert history["facts"]["scrub"] == judgement["versions"]["scrub"]


def test_a_warning_holds_nothing() -> None:
    world = scrubbed(encounter(patient=replace(PATIENT, name=replace(PATIENT.name, given=""))))

    assert world.claim().state is ClaimState.VALIDATED
    assert "patient_given_name_missing" in {
        rule["reason_code"] for rule in world.only("JUDGEMENT")["failed"]
    }


# Held --------------------------------------------------------------------------------------

BROKEN = {
    "member_id_missing": ("front_desk", encounter(coverages=(replace(COVERAGE, member_id=""),))),
    "diagnosis_missing": ("coding", encounter(diagnoses=())),
    "rendering_npi_invalid": (
        "credentialing",
        encounter(rendering_provider=replace(DOCTOR, npi="1558598798")),
    ),
    "authorization_missing": (
        "authorization",
        encounter(charges=(replace(VISIT_LINE, procedure="70553", charge_cents=90_000),)),
    ),
    "no_service_lines": ("coding", encounter(charges=())),
    "timely_filing_expired": (
        "billing",
        encounter(
            starts_on=date(2025, 1, 6),
            ends_on=date(2025, 1, 6),
            charges=(replace(VISIT_LINE, service_date=date(2025, 1, 6)),),
        ),
    ),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_claim_that_breaks_a_rule_is_held_and_its_owner_has_work(reason: str) -> None:
    queue, visit = BROKEN[reason]
    world = scrubbed(visit)

    claim = world.claim()
    assert claim.state is ClaimState.HELD
    assert reason in claim.reasons
    assert queue in world.open_work().values()
    assert reason in world.event("claim.validation.failed")["reasons"]
    assert world.records.events("claim.released") == []


def test_each_owner_has_one_piece_of_work_with_only_the_fields_to_mend() -> None:
    visit = encounter(diagnoses=(), coverages=(replace(COVERAGE, member_id=""),))
    world = scrubbed(visit)

    works = {work["queue"]: work["fields"] for work in world.of_kind("WORK")}
    assert set(works) == {"front_desk", "coding"}
    assert works["front_desk"] == ["coverage.member_id"]
    assert "coverage.member_id" not in works["coding"]


def test_work_says_of_each_field_why_and_how_to_mend_it_and_never_what_stands_there() -> None:
    lines = (replace(VISIT_LINE, units=9), replace(VISIT_LINE, line_id="2", procedure="992"))
    world = scrubbed(encounter(charges=lines))

    (work,) = world.of_kind("WORK")
    found = {(one["field_path"], one["reason"]): one for one in work["corrections"]}
    assert set(found) >= {
        ("lines[0].units", "units_over_limit"),
        ("lines[1].procedure", "procedure_format_invalid"),
    }
    assert found["lines[0].units", "units_over_limit"]["expected"] == "at most 1 a day"
    assert work["fields"] == list(dict.fromkeys(one["field_path"] for one in work["corrections"]))
    assert all(one["recommended_action"].endswith(".") for one in work["corrections"])


def test_the_failure_is_told_in_one_shape() -> None:
    world = scrubbed(encounter(diagnoses=()))

    told = world.event("claim.validation.failed")

    assert set(told) == {"event", "claim_id", "payer", "reasons", "recommended_action"}
    assert told["event"] == "claim.validation.failed"
    assert (told["claim_id"], told["payer"]) == (CLAIM, "BLUEPEAK")
    assert "diagnosis_missing" in told["reasons"]
    assert told["recommended_action"].endswith(".")


def known_coverage(state: CoverageState) -> KnownCoverage:
    result = EligibilityResult(
        coverage_id="coverage-1",
        payer_id="BLUEPEAK",
        checked_at=NOON,
        service_date=SERVICE_DAY,
        state=state,
    )
    return KnownCoverage(
        coverage_id="coverage-1",
        patient=PATIENT,
        coverage=COVERAGE,
        provider=None,
        visit_on=SERVICE_DAY,
        answers=(result,),
    )


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (CoverageState.INACTIVE, ClaimState.HELD),
        (CoverageState.ACTIVE, ClaimState.VALIDATED),
        (CoverageState.UNDETERMINED, ClaimState.VALIDATED),
    ],
)
def test_what_the_payer_said_of_the_coverage_decides_and_an_outage_does_not(
    state: CoverageState, after: ClaimState
) -> None:
    world = World()
    staged_claim(world.records)
    world.records.commit(
        Commit(
            step="test",
            cause=CAUSE,
            actor=Actor("test"),
            at=NOON,
            root=known_coverage(state),
            decision="given",
        )
    )

    scrub(world)

    assert world.claim().state is after
    assert world.only("JUDGEMENT")["eligibility_state"] == state


def test_a_twin_of_a_released_claim_is_held_as_a_duplicate() -> None:
    world = scrubbed()
    staged_claim(world.records, encounter(encounter_id="encounter-2"), claim_id="CTESTCLAIM02")

    assert scrub(world, "CTESTCLAIM02") == "held"
    assert world.claim("CTESTCLAIM02").reasons == ("duplicate_claim",)


def test_a_claim_is_no_duplicate_of_its_own_earlier_revision() -> None:
    world = scrubbed()
    content = world.claim()
    restage(world, content)

    assert scrub(world) == "validated"


def restage(world: World, claim: Claim) -> None:
    """The same content again, as a second revision."""
    stored = world.records.get(StoredContent, StoredContent.key_of(CLAIM, claim.revision))
    assert stored is not None
    store(
        world.records,
        claim.moved(ClaimState.STAGED, revision=claim.revision + 1),
        replace(stored, revision=claim.revision + 1),
    )


def test_a_claim_that_passes_at_last_resolves_the_work_of_its_earlier_revision() -> None:
    world = scrubbed(encounter(coverages=(replace(COVERAGE, member_id=""),)))
    held = world.claim()
    stored = world.records.get(StoredContent, StoredContent.key_of(CLAIM, 1))
    assert stored is not None
    mended = replace(stored, revision=2, content=replace(stored.content, coverage=COVERAGE))
    store(world.records, held.moved(ClaimState.STAGED, revision=2, reasons=()), mended)

    assert scrub(world) == "validated"

    assert world.open_work() == {}
    assert world.event("work_item.resolved")["resolution"] == "claim_passed_validation"


def test_a_claim_held_again_leaves_no_work_of_its_earlier_revision_open() -> None:
    world = scrubbed(encounter(coverages=(replace(COVERAGE, member_id=""),)))
    restage(world, world.claim())

    assert scrub(world) == "held"

    assert len([work for work in world.of_kind("WORK") if work.get("state") != "resolved"]) == 1


# Approval ----------------------------------------------------------------------------------

LARGE = encounter(charges=(replace(VISIT_LINE, charge_cents=500_000),))


def test_a_claim_at_the_payers_threshold_waits_for_a_person() -> None:
    world = scrubbed(LARGE)

    assert world.claim().state is ClaimState.AWAITING_APPROVAL
    assert world.open_work() == {"approval_required": "billing"}
    assert world.records.events("claim.released") == []


def test_a_claim_a_cent_below_the_threshold_goes_by_itself() -> None:
    world = scrubbed(encounter(charges=(replace(VISIT_LINE, charge_cents=499_999),)))

    assert world.claim().state is ClaimState.VALIDATED


@pytest.mark.parametrize("mode", ["observe", "assist"])
def test_where_policy_does_not_automate_submission_a_person_releases(mode: str) -> None:
    world = World()
    setting(world, mode=mode, payer_id="BLUEPEAK")
    staged_claim(world.records)

    assert scrub(world) == "awaiting_approval"


# Again -------------------------------------------------------------------------------------


@pytest.mark.parametrize("visit", [None, encounter(diagnoses=()), LARGE])
def test_a_second_run_says_the_same_and_changes_nothing(visit: Encounter | None) -> None:
    world = World()
    staged_claim(world.records, visit)
    first = scrub(world)
    before = world.snapshot()

    world.clock.advance(hours=1)

    assert scrub(world) == first
    assert world.snapshot() == before


def test_a_claim_nobody_knows_is_an_error_with_its_id() -> None:
    with pytest.raises(RecordNotFoundError, match="claim_not_found: claim:CNOBODY"):
        scrub(World(), "CNOBODY")


def test_the_day_of_submission_is_judged_not_the_day_of_signing() -> None:
    world = World()
    staged_claim(world.records)
    world.clock.at = NOON + timedelta(days=200)

    assert scrub(world) == "held"
    assert "timely_filing_expired" in world.claim().reasons
