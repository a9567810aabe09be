"""A judgement can be repeated exactly, years and rule sets later; two versions can be held side by side."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.billing.domain.claims.revisions import Judgement
from functions.billing.domain.commit import Actor, Commit
from functions.billing.domain.errors import RecordNotFoundError, RuleSetError
from functions.billing.domain.rule_versions.comparison import Change, difference
from functions.billing.domain.rule_versions.roll_out import Bound
from functions.billing.usecases.replaying import compare_claims, replay_claim
from tests.builders import (
    CAUSE,
    COVERAGE,
    DOCTOR,
    PATIENT,
    VISIT_LINE,
    encounter,
    read,
    staged_claim,
)
from tests.unit.usecases.rule_world import RuleWorld

# Claims that pass, warn, and fail in one place and in several.
VISITS: tuple[dict[str, Any], ...] = (
    {},
    {"diagnoses": ()},
    {"coverages": (replace(COVERAGE, member_id=""),)},
    {"rendering_provider": replace(DOCTOR, npi="1558598798")},
    {"charges": ()},
    {"charges": (replace(VISIT_LINE, units=99), replace(VISIT_LINE, line_id="L2", units=98))},
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(visits=st.lists(st.sampled_from(VISITS), min_size=1, max_size=4), days=st.integers(0, 400))
def test_a_judgement_repeated_is_identical_whatever_became_of_the_rules(
    visits: list[dict[str, Any]], days: int
) -> None:
    world = RuleWorld()
    world.clock.at += timedelta(days=days)
    before = [world.claim(number, **visit) for number, visit in enumerate(visits)]
    version = world.in_canary(world.changed_scrub(), bound=Bound(claims_min=1, fail_points=100))
    world.promote(version, is_forced=True)
    after = [world.claim(number + 100, **visit) for number, visit in enumerate(visits)]

    for claim_id in (*before, *after):
        (again,) = replay_claim(world.records, world.versions, claim_id)
        assert again.is_identical, again.differs
        assert again.versions["scrub"] == read(world.records, claim_id).ruleset_version


def test_every_judgement_of_a_claim_is_repeated_by_its_own_version() -> None:
    world = RuleWorld()
    world.in_canary(world.changed_scrub(), bound=Bound(claims_min=1, fail_points=0))
    claim = world.claim(1)
    world.watch()
    world.scrub(claim)

    first, second = replay_claim(world.records, world.versions, claim)

    assert first.is_identical
    assert second.is_identical
    assert first.versions["scrub"] != second.versions["scrub"]
    assert first.rules == second.rules + 1


def test_a_verdict_that_was_altered_is_found_and_its_rule_named() -> None:
    world = RuleWorld()
    claim = world.claim(1)
    key = Judgement.key_of(claim, "001")
    item = world.records.tables.tables["records"][key.partition, key.sort]
    rules = world.first["scrub"]["rules"]
    place = item["verdicts"]["S"].index("p")
    item["verdicts"]["S"] = item["verdicts"]["S"][:place] + "h" + item["verdicts"]["S"][place + 1 :]

    (again,) = replay_claim(world.records, world.versions, claim)

    assert again.differs == (rules[place]["id"],)


def test_a_duplicate_is_one_again_though_its_twin_is_gone() -> None:
    world = RuleWorld()
    world.claim(1)
    twin = "CTEST00000002"
    stored = read(world.records, "CTEST00000001")
    world.records.commit(
        Commit(
            step="test",
            cause=CAUSE,
            actor=Actor("test"),
            at=world.clock.now(),
            root=replace(stored, rejections=1),
            decision="touched",
        )
    )
    name = replace(PATIENT.name, given="ADA1")
    visit = encounter(
        encounter_id="encounter-2", patient=replace(PATIENT, patient_id="patient-1", name=name)
    )
    staged_claim(world.records, visit, claim_id=twin)
    assert world.scrub(twin) == "held"
    pointers = [
        key
        for key, item in world.records.tables.tables["records"].items()
        if "FINGERPRINT" in key[0]
    ]
    for key in pointers:
        del world.records.tables.tables["records"][key]

    (again,) = replay_claim(world.records, world.versions, twin)
    assert again.is_identical


def test_a_claim_nobody_judged_has_nothing_to_repeat() -> None:
    world = RuleWorld()

    with pytest.raises(RecordNotFoundError, match="claim_never_judged: claim:CNOBODY"):
        replay_claim(world.records, world.versions, "CNOBODY")


def test_past_claims_tell_what_a_change_would_do_by_reason_payer_and_dollars() -> None:
    world = RuleWorld()
    claims = [world.claim(number) for number in range(3)]
    held = world.claim(9, diagnoses=())

    told = difference(
        compare_claims(
            world.records,
            world.versions,
            [*claims, held, "CNOBODY"],
            name="scrub",
            old=world.first["scrub"],
            new=world.changed_scrub(),
        )
    )

    assert told.claims == 4
    assert told.changes[Change.HELD].claims == 3
    assert told.changes[Change.REASONS].claims == 1
    assert told.by_reason["group_number_missing", Change.HELD].charge_cents == 3 * 15_000
    assert told.by_payer["BLUEPEAK", Change.HELD].claims == 3


def test_a_change_of_payer_policies_is_told_with_the_rules_that_judged() -> None:
    world = RuleWorld()
    claim = world.claim(1)
    policies = world.first["payer_policies"]
    short = [
        {**payer, "filing": {"limit_days": 1, "warning_days": 0}} for payer in policies["payers"]
    ]

    (told,) = compare_claims(
        world.records,
        world.versions,
        [claim],
        name="payer_policies",
        old=policies,
        new={**policies, "payers": short},
    )

    assert told.change is Change.HELD
    assert told.candidate is not None
    assert told.candidate.reasons == ("timely_filing_expired",)


def test_tables_that_judge_no_claims_are_not_compared_on_them() -> None:
    world = RuleWorld()

    with pytest.raises(RuleSetError, match="rule_set_judges_no_claims"):
        next(compare_claims(world.records, world.versions, [], name="denials", old={}, new={}))
