"""A version goes its way one state at a time, by two persons, and back by one command."""

from dataclasses import replace
from typing import Any

import pytest

from functions.billing.domain.commit import Actor
from functions.billing.domain.errors import (
    ForbiddenTransitionError,
    RecordNotFoundError,
    RuleSetError,
    SegregationError,
    StaleRecordError,
)
from functions.billing.domain.rule_versions.lifecycle import VersionState
from functions.billing.domain.rule_versions.roll_out import Bound, Cohort
from functions.billing.domain.rules import rule_set
from functions.billing.ports import content_key
from functions.billing.usecases.rolling_out import Move
from tests.builders import CAUSE
from tests.fakes import NOON
from tests.unit.usecases.rule_world import ADA, BEN, RuleWorld

CALM = Bound(claims_min=1, fail_points=100, denial_points=100)


def test_a_deployments_first_versions_are_in_force_with_two_names_each() -> None:
    world = RuleWorld()

    standing = world.roll_out()
    first = world.version(standing.active)
    assert (first.state, first.authors, first.approved_by) == (
        VersionState.ACTIVE,
        ("repository",),
        ("deployment",),
    )
    assert world.rule_sets.active("scrub", rule_set).version == standing.active
    assert len(world.app_config.deployments) == 1


def test_a_version_goes_the_whole_way_and_displaces_the_one_before() -> None:
    world = RuleWorld()
    before = world.roll_out().active
    version = world.in_canary(world.changed_scrub(), bound=CALM)

    assert world.promote(version, is_forced=True) == "active"

    assert world.rule_sets.active("scrub", rule_set).version == version
    assert world.state_of(before) is VersionState.RETIRED
    assert world.roll_out().earlier == (before,)
    assert world.roll_out().trial is None


def test_every_move_is_told_with_who_and_why_and_chained() -> None:
    world = RuleWorld()
    version = world.in_canary(world.changed_scrub(), bound=CALM)

    subject = world.version(version).subject
    audit = [each for each in world.records.tables.plain_items("audit") if each["pk"] == subject]
    assert [(each["body"]["actor"], each["body"]["decision"]) for each in audit] == [
        (ADA, "drafted"),
        (ADA, "proposed"),
        (BEN, "to_shadow"),
        (BEN, "to_canary"),
    ]
    assert all(each["body"]["reason"] == "test" for each in audit)
    assert [each["previous"] for each in audit[1:]] == [each["hash"] for each in audit[:-1]]


def test_the_author_brings_nothing_nearer_to_claims() -> None:
    world = RuleWorld()
    version = world.draft(world.changed_scrub())
    world.promote(version, ADA)

    with pytest.raises(SegregationError, match="approver_wrote_the_version"):
        world.promote(version, ADA)
    assert world.state_of(version) is VersionState.REVIEW


def test_the_table_itself_refuses_an_author_whom_nobody_checked() -> None:
    """Two people's proposals may cross: what the caller read is not what counts."""
    world = RuleWorld()
    version = world.draft(world.changed_scrub())
    world.promote(version, ADA)
    stored = world.version(version)
    move = Move(step="test", cause=CAUSE, actor=Actor(ADA), at=NOON, reason="test")
    unaware = replace(stored, authors=("somebody",))

    with pytest.raises(StaleRecordError):
        world.records.commit(
            move.commit(
                unaware, VersionState.SHADOW, decision="to_shadow", roll_out=world.roll_out()
            )
        )
    assert world.state_of(version) is VersionState.REVIEW


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"name": "broken", "rules": []}, "rule_set_malformed"),
        ({"name": "broken"}, "rule_set_malformed"),
    ],
)
def test_what_its_reader_refuses_never_becomes_a_version(
    content: dict[str, Any], code: str
) -> None:
    world = RuleWorld()

    with pytest.raises(RuleSetError, match=code):
        world.draft(content)


def test_rules_that_pin_a_table_nobody_published_never_become_a_version() -> None:
    world = RuleWorld()
    pins = {**world.first["scrub"]["code_tables"], "icd10cm": "sha256:" + "3" * 64}

    with pytest.raises(RuleSetError, match="code_table_missing: code_table:icd10cm: publish"):
        world.draft({**world.first["scrub"], "code_tables": pins})


@pytest.mark.parametrize("cohort", [Cohort(payers=("BLUEPEAK",)), Cohort(locations=("MAIN",))])
def test_mapping_tables_are_not_tried_on_payers_and_places_that_are_not_known_yet(
    cohort: Cohort,
) -> None:
    world = RuleWorld()
    changed = {**world.first["mapping"], "notice": "Changed."}
    version = world.in_shadow(changed, "mapping")

    with pytest.raises(RuleSetError, match="cohort_not_known_yet"):
        world.promote(version, name="mapping", is_forced=True, cohort=cohort)
    assert world.promote(version, name="mapping", is_forced=True, cohort=Cohort(share_percent=20))


def test_content_that_is_not_what_its_name_says_is_refused() -> None:
    world = RuleWorld()
    lie = "sha256:" + "0" * 64
    world.evidence.keep(content_key("scrub", lie), b"{}", content_type="application/json")

    with pytest.raises(RuleSetError, match="rule_set_content_altered"):
        world.move("draft", ADA, content_version=lie)
    with pytest.raises(RuleSetError, match="rule_set_content_missing"):
        world.move("draft", ADA, content_version="sha256:" + "1" * 64)


def test_names_and_versions_nobody_knows_are_refused_with_what_there_is() -> None:
    world = RuleWorld()

    with pytest.raises(RuleSetError, match="rule_set_unknown: rule_set:scrubs: there are appeals"):
        world.move("promote", BEN, "scrubs")
    with pytest.raises(RecordNotFoundError, match="rule_version_unknown"):
        world.promote("sha256:" + "2" * 64)


def test_a_trial_that_saw_too_little_does_not_go_on_unless_a_person_insists() -> None:
    world = RuleWorld()
    version = world.in_shadow(world.changed_scrub(), bound=Bound(claims_min=3, fail_points=100))
    world.claim(1)

    with pytest.raises(RuleSetError, match=r"trial_saw_too_little.*1 claims of 3"):
        world.promote(version)
    assert world.promote(version, is_forced=True) == "canary"


def test_a_shadow_beyond_its_bound_does_not_go_on_and_insisting_is_recorded() -> None:
    world = RuleWorld()
    version = world.in_shadow(world.changed_scrub(), bound=Bound(claims_min=2, fail_points=10))
    for number in (1, 2):
        world.claim(number)

    with pytest.raises(RuleSetError, match=r"trial_beyond_bound.*2 of 2"):
        world.promote(version)
    assert world.promote(version, is_forced=True) == "canary"

    *_, told = world.records.tables.plain_items("audit")
    forced = [
        each["body"]
        for each in world.records.tables.plain_items("audit")
        if "forced" in each["body"]
    ]
    assert told
    assert any(body.get("candidate_count") == 2 and body["actor"] == BEN for body in forced)


def test_a_version_that_does_well_goes_on_by_itself() -> None:
    world = RuleWorld()
    harmless = world.first["scrub"] | {"note": "Another wording, the same rules."}
    version = world.in_shadow(harmless, bound=Bound(claims_min=2, fail_points=0))
    for number in (1, 2):
        world.claim(number)

    assert world.promote(version, cohort=Cohort(share_percent=50)) == "canary"
    trial = world.roll_out().trial
    assert trial is not None
    assert (trial.cohort.share_percent, trial.bound.claims_min) == (50, 2)


def test_one_command_takes_the_trial_back_and_the_next_the_active_version() -> None:
    world = RuleWorld()
    before = world.roll_out().active
    second = world.in_canary(world.changed_scrub(), bound=CALM)
    world.promote(second, is_forced=True)
    third = world.in_shadow(world.first["scrub"] | {"note": "a third"})

    assert world.move("roll_back", ADA)["content_version"] == third
    assert world.roll_out().active == second

    assert world.move("roll_back", ADA)["content_version"] == second
    assert world.rule_sets.active("scrub", rule_set).version == before
    assert world.state_of(before) is VersionState.ACTIVE
    assert world.state_of(second) is VersionState.RETIRED
    with pytest.raises(RuleSetError, match="no_earlier_version"):
        world.move("roll_back", ADA)


def test_a_retired_version_proposed_again_goes_the_whole_way_with_both_its_authors() -> None:
    world = RuleWorld()
    version = world.in_shadow(world.changed_scrub())
    world.move("roll_back", BEN)

    world.draft(world.changed_scrub(), by=BEN)
    world.promote(version, BEN)

    for author in (ADA, BEN):
        with pytest.raises(SegregationError):
            world.promote(version, author)
    assert world.promote(version, "cleo") == "shadow"


def test_a_draft_is_withdrawn_and_what_judges_claims_is_not() -> None:
    world = RuleWorld()
    version = world.draft(world.changed_scrub())
    world.move("withdraw", ADA, content_version=version)
    assert world.state_of(version) is VersionState.RETIRED

    with pytest.raises(RuleSetError, match="version_judges_claims"):
        world.move("withdraw", ADA, content_version=world.roll_out().active)
    with pytest.raises(ForbiddenTransitionError):
        world.promote(world.roll_out().active)


def test_what_cannot_be_deployed_now_waits_and_is_said_so() -> None:
    world = RuleWorld()
    world.app_config.is_staged_slow = True
    version = world.draft(world.changed_scrub())
    world.promote(version, ADA)
    assert world.move("promote", BEN, content_version=version)["roll_out"] == "deployed"
    policies = world.draft(world.first["payer_policies"] | {"note": "new"}, "payer_policies")
    world.promote(policies, ADA, "payer_policies")

    answer = world.move("promote", BEN, "payer_policies", content_version=policies)

    assert (answer["state"], answer["roll_out"]) == ("shadow", "waits")


def test_every_name_goes_the_same_way() -> None:
    world = RuleWorld()
    for name, content in world.first.items():
        version = world.in_canary({**content, "name": f"{name} again"}, name)
        assert world.promote(version, name=name, is_forced=True) == "active"
        assert world.roll_out(name).active == version
