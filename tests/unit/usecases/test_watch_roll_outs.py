"""A candidate that makes too many claims fail is seen in shadow, taken back in canary, and what it stopped goes on."""

from dataclasses import replace

import pytest

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Commit
from functions.billing.domain.rule_versions.lifecycle import VersionState
from functions.billing.domain.rule_versions.roll_out import Bound, Cohort
from functions.billing.domain.rules import rule_set
from functions.billing.usecases.scrub_claim import APPROVAL_REQUIRED
from functions.billing.usecases.watch_roll_outs import BEYOND_BOUND, RECALL_FOR, TAKEN_BACK
from tests.builders import CAUSE, VISIT_LINE, read
from tests.unit.usecases.rule_world import ADA, BEN, RuleWorld

TIGHT = Bound(claims_min=4, fail_points=10)


def states(world: RuleWorld, claims: list[str]) -> dict[str, ClaimState]:
    return {claim: read(world.records, claim).state for claim in claims}


def open_work(world: RuleWorld, about: str = "") -> list[str]:
    return [
        each["reason"]
        for each in world.records.of_kind("WORK")
        if each.get("state") != "resolved" and about in {"", each["about"]}
    ]


# Shadow --------------------------------------------------------------------------------------


def test_a_shadow_is_recorded_and_has_no_effect() -> None:
    world = RuleWorld()
    version = world.in_shadow(world.changed_scrub())

    claim = world.claim(1)

    assert read(world.records, claim).state is ClaimState.VALIDATED
    assert read(world.records, claim).ruleset_version != version
    (seen,) = world.records.of_kind("OBSERVATION")
    assert seen["active"] == {"held": False, "reasons": []}
    assert seen["candidate"] == {"held": True, "reasons": ["group_number_missing"]}


def test_without_a_trial_nothing_is_observed() -> None:
    world = RuleWorld()
    world.claim(1)

    assert world.records.of_kind("OBSERVATION") == []


def test_a_shadow_beyond_its_bound_is_told_once_and_stays() -> None:
    world = RuleWorld()
    world.in_shadow(world.changed_scrub(), bound=TIGHT)
    for number in range(4):
        world.claim(number)

    assert world.watch("evt_1")["outcome"] == "beyond_bound"
    assert world.watch("evt_2")["outcome"] == "beyond_bound"

    assert open_work(world) == [BEYOND_BOUND]
    assert world.roll_out().trial is not None


def test_payer_policies_are_tried_on_the_same_claims() -> None:
    world = RuleWorld()
    policies = world.first["payer_policies"]
    short = [
        {**payer, "filing": {"limit_days": 1, "warning_days": 0}} for payer in policies["payers"]
    ]
    world.in_shadow({**policies, "payers": short}, "payer_policies", bound=TIGHT)
    for number in range(4):
        world.claim(number)

    assert world.watch()["outcome"] == "beyond_bound"
    assert {each["name"] for each in world.records.of_kind("OBSERVATION")} == {"payer_policies"}


# Canary --------------------------------------------------------------------------------------


def canary(world: RuleWorld, count: int = 24, share: int = 50) -> tuple[str, list[str]]:
    version = world.in_canary(
        world.changed_scrub(), bound=TIGHT, cohort=Cohort(share_percent=share)
    )
    return version, [world.claim(number) for number in range(count)]


def test_a_canary_judges_its_cohort_and_nobody_else() -> None:
    world = RuleWorld()
    version, claims = canary(world)
    trial = world.roll_out().trial
    assert trial is not None

    for claim_id in claims:
        claim = read(world.records, claim_id)
        from_canary = claim.ruleset_version == version
        assert from_canary == (claim.state is ClaimState.HELD)
    observed = {
        each["claim_id"]: each["in_cohort"] for each in world.records.of_kind("OBSERVATION")
    }
    assert 0 < sum(observed.values()) < len(claims)


def test_a_canary_beyond_its_bound_is_taken_back_with_work_audit_and_event() -> None:
    world = RuleWorld()
    before = world.roll_out().active
    version, _ = canary(world)

    answer = world.watch()

    assert (answer["outcome"], answer["rolled_back"]) == ("rolled_back", ["scrub"])
    assert world.state_of(version) is VersionState.RETIRED
    assert world.roll_out().assignment.trial is None
    assert world.rule_sets.active("scrub", rule_set).version == before
    assert TAKEN_BACK in open_work(world)
    (changed,) = [
        each["data"]
        for each in world.records.events("rule_set.changed")
        if each["data"]["decision"] == "rolled_back"
    ]
    assert changed["content_version"] == version
    (told,) = [
        each["body"]
        for each in world.records.tables.plain_items("audit")
        if each["body"]["decision"] == "rolled_back" and each["pk"].startswith("rule_version:")
    ]
    assert told["measure"] == "fail_rate"
    assert told["candidate_count"] == told["candidate_claims"] > 4
    assert (told["active_count"], told["bound_points"]) == (0, 10)


def test_what_the_canary_held_is_judged_again_and_nothing_stays_stuck() -> None:
    world = RuleWorld()
    _, claims = canary(world)
    held = [claim for claim, state in states(world, claims).items() if state is ClaimState.HELD]

    assert world.watch()["recalled"] == len(held) > 0
    recalled = {each["data"]["claim_id"] for each in world.records.events("claim.recalled")}
    for claim in recalled:
        assert world.scrub(claim) == "validated"

    assert recalled == set(held)
    assert set(states(world, claims).values()) == {ClaimState.VALIDATED}
    assert open_work(world) == [TAKEN_BACK]
    assert world.watch("evt_later")["recalled"] == 0


def test_a_recalled_claim_never_meets_the_version_it_was_recalled_from() -> None:
    """Whatever a function that has not heard yet would do: the records are asked."""
    world = RuleWorld()
    _, claims = canary(world)
    told, late = world.rule_sets.rolled_out, world.rule_sets.rolled_out("scrub")
    world.watch()
    world.rule_sets.rolled_out = lambda name: late if name == "scrub" else told(name)  # type: ignore[method-assign]

    recalled = [each["data"]["claim_id"] for each in world.records.events("claim.recalled")]

    assert {world.scrub(claim) for claim in recalled} == {"validated"}
    assert set(recalled) <= set(claims)


def test_a_claim_its_own_data_hold_is_held_again_for_that_and_its_work_is_new() -> None:
    world = RuleWorld()
    world.in_canary(world.changed_scrub(), bound=TIGHT)
    broken = world.claim(1, diagnoses=())
    for number in range(2, 7):
        world.claim(number)
    world.watch()

    assert world.scrub(broken) == "held"

    assert "group_number_missing" not in read(world.records, broken).reasons
    assert "diagnosis_missing" in read(world.records, broken).reasons
    assert open_work(world, f"claim:{broken}") == ["diagnosis_missing"]


def test_a_claim_a_person_sent_back_is_not_recalled() -> None:
    world = RuleWorld()
    world.in_canary(world.changed_scrub(), bound=TIGHT)
    claims = [world.claim(number) for number in range(6)]
    sent_back = read(world.records, claims[0])
    world.records.commit(
        Commit(
            step="test",
            cause=CAUSE,
            actor=Actor("ben", is_person=True),
            at=world.clock.now(),
            root=sent_back.moved(ClaimState.HELD, reasons=("approval_refused",)),
            decision="returned",
        )
    )

    world.watch()

    assert read(world.records, claims[0]).state is ClaimState.HELD
    assert read(world.records, claims[1]).state is ClaimState.STAGED


def test_within_its_bound_a_canary_stays() -> None:
    world = RuleWorld()
    harmless = world.first["scrub"] | {"note": "Another wording, the same rules."}
    world.in_canary(harmless, bound=TIGHT)
    for number in range(6):
        world.claim(number)

    assert world.watch() == {"outcome": "watched", "rolled_back": [], "recalled": 0}
    assert world.roll_out().trial is not None


def test_a_canary_whose_claims_the_payers_deny_is_taken_back() -> None:
    world = RuleWorld()
    harmless = world.first["scrub"] | {"note": "Another wording, the same rules."}
    bound = Bound(claims_min=4, denial_points=5)
    version = world.in_canary(harmless, bound=bound, cohort=Cohort(share_percent=50))
    for number in range(24):
        claim = read(world.records, world.claim(number))
        answered(world, claim, denied=claim.ruleset_version == version)

    assert world.watch()["outcome"] == "rolled_back"
    assert "denial_rate" in {
        each["body"].get("measure") for each in world.records.tables.plain_items("audit")
    }


def answered(world: RuleWorld, claim: Claim, *, denied: bool) -> None:
    world.records.commit(
        Commit(
            step="test",
            cause=CAUSE,
            actor=Actor("test"),
            at=world.clock.now(),
            root=replace(claim, first_remitted_at=world.clock.now(), first_pass_denied=denied),
            decision="answered",
        )
    )


# The active version --------------------------------------------------------------------------


def test_taking_back_the_active_version_recalls_what_it_held() -> None:
    world = RuleWorld()
    version = world.in_canary(world.changed_scrub(), bound=Bound(claims_min=1, fail_points=100))
    world.promote(version, is_forced=True)
    claims = [world.claim(number) for number in range(3)]
    assert set(states(world, claims).values()) == {ClaimState.HELD}

    world.move("roll_back", ADA)
    assert world.watch()["recalled"] == 3

    assert {world.scrub(claim) for claim in claims} == {"validated"}


def test_a_claim_that_waited_for_approval_by_those_rules_waits_anew() -> None:
    world = RuleWorld()
    lax = {**world.first["scrub"], "rules": world.first["scrub"]["rules"][:-1]}
    version = world.in_canary(lax, bound=Bound(claims_min=1, fail_points=100))
    world.promote(version, is_forced=True)
    large = world.claim(1, charges=(replace(VISIT_LINE, charge_cents=500_000),))
    assert read(world.records, large).state is ClaimState.AWAITING_APPROVAL

    world.move("roll_back", ADA)
    world.watch()
    assert world.scrub(large) == "awaiting_approval"

    assert open_work(world) == [APPROVAL_REQUIRED]


def test_a_recall_ends_when_no_function_can_still_judge_by_the_old_version() -> None:
    world = RuleWorld()
    canary(world)
    world.watch()
    assert world.roll_out().recalled
    world.clock.advance(seconds=RECALL_FOR.total_seconds())

    world.watch("evt_later")

    assert world.roll_out().recalled == ()


# AppConfig -----------------------------------------------------------------------------------


def test_what_could_not_be_deployed_is_deployed_by_the_watch() -> None:
    world = RuleWorld()
    world.app_config.is_staged_slow = True
    world.in_shadow(world.changed_scrub())
    waiting = world.in_shadow(world.first["payer_policies"] | {"note": "new"}, "payer_policies")
    assert world.rule_sets.rolled_out("payer_policies").trial is None
    world.watch("evt_busy")
    assert world.rule_sets.rolled_out("payer_policies").trial is None

    world.app_config.end_deployment()
    world.watch("evt_free")
    world.app_config.end_deployment()

    trial = world.rule_sets.rolled_out("payer_policies").trial
    assert trial is not None
    assert trial.version == waiting


@pytest.mark.parametrize("stage", ["shadow", "active"])
def test_what_appconfigs_alarm_took_back_the_records_take_back(stage: str) -> None:
    world = RuleWorld()
    before = world.roll_out().active
    version = world.in_shadow(world.changed_scrub())
    if stage == "active":
        world.promote(version, is_forced=True)
    world.app_config.is_staged_slow = True
    world.promote(version, BEN, is_forced=True)
    world.app_config.end_deployment("ROLLED_BACK")

    assert world.watch()["rolled_back"] == ["scrub"]

    assert world.state_of(version) is VersionState.RETIRED
    assert world.roll_out().active == before
    assert world.rule_sets.rolled_out("scrub").trial is None
    assert world.watch("evt_later")["outcome"] == "watched"
