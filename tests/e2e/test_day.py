"""The whole day on the deployed template: what a billing manager, finance and operations count on.

One file on purpose: tests of a file run in one process, and so the day is run once.
"""

import urllib.request

import pytest

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import Judgement
from functions.billing.domain.denials.case import DenialCase
from functions.billing.domain.events.receipts import RefusedEvent
from functions.billing.domain.intake.transactions import LandedTransaction, Landing
from functions.billing.domain.intake.webhooks import ReceivedWebhook, RefusedWebhook
from functions.billing.domain.remittance.payments import Remittance, RemittanceFile, RemittanceState
from functions.billing.domain.submission.attempt import Attempt
from functions.billing.domain.work_items import Queue, WorkItem
from local.bus import Bus, Tap
from local.day.records import EhrEvent, Phase, Signing
from local.drive import source_of
from local.progress import SilentNarrator
from local.quiet import Watch
from local.store import Store
from local.story import claim_story
from tests.e2e.conftest import DayRun

NINE_CLASSES = 9


def test_every_check_of_the_demo_holds(run: DayRun) -> None:
    assert run.failing() == []


def test_the_day_is_as_large_and_as_varied_as_promised(run: DayRun) -> None:
    claims = run.store.of(Claim)

    assert run.day.patient_count >= 60
    assert len({claim.payer_id for claim in claims}) >= 4
    assert len({claim.location_id for claim in claims}) >= 3
    assert len({claim.provider_id for claim in claims if claim.provider_id}) >= 1
    assert len({claim.service_line for claim in claims if claim.service_line}) >= 4


def test_the_payers_count_no_claim_twice(run: DayRun) -> None:
    payers = run.cloud.simulator.report()

    assert run.report.submissions > 0
    assert payers["totals"]["duplicates_at_payer"] == run.report.duplicates_at_payer == 0


def test_every_class_of_denial_was_met_and_answered(run: DayRun) -> None:
    cases = run.store.of(DenialCase)

    assert len({case.bucket for case in cases} - {"", "unmapped"}) == NINE_CLASSES
    assert all(case.action for case in cases)


def test_a_claim_that_breaks_a_rule_never_leaves_and_somebody_knows_why(run: DayRun) -> None:
    held = [one for one in run.store.of(Claim) if one.state is ClaimState.HELD]
    worked = {item.about for item in run.store.of(WorkItem)}

    assert held
    for claim in held:
        judgements = run.store.under(Judgement, claim.key.partition)
        failed = [rule for one in judgements for rule in one.failed if rule.severity == "reject"]
        assert run.store.under(Attempt, claim.key.partition) == ()
        assert claim.subject in worked
        assert all(rule.field_path and rule.recommended_action for rule in failed)


def test_a_submission_whose_outcome_was_unknown_was_resolved_without_a_second_claim(
    run: DayRun,
) -> None:
    doubted = {
        item["pk"] for item in run.store.raw("HISTORY") if item["decision"] == "outcome_unknown"
    }
    landed = [one["patient_control_number"] for one in run.cloud.simulator.report()["claims"]]

    assert doubted
    for partition in doubted:
        for attempt in run.store.under(Attempt, partition):
            assert landed.count(attempt.patient_control_number) <= 1


def test_a_file_that_does_not_add_up_is_kept_whole_and_moves_no_money(run: DayRun) -> None:
    aside = {RemittanceState.QUARANTINED, RemittanceState.REPLACED}
    kept = [one for one in run.store.of(Remittance) if one.state in aside]
    sources = {posting.source for some in run.store.postings().values() for posting in some}

    assert any("unbalanced" in one.reasons for one in kept)
    for remittance in kept:
        repaired = any(
            other.header.identity == remittance.header.identity
            for other in run.store.of(Remittance)
            if other.state is RemittanceState.POSTED
        )
        assert repaired == (remittance.state is RemittanceState.REPLACED)
        assert repaired or remittance.header.identity not in sources


def test_a_file_that_comes_twice_is_noted_and_posted_once(run: DayRun) -> None:
    outcomes = [one.outcome for one in run.store.of(RemittanceFile)]

    assert outcomes.count("duplicate") >= 1


def test_remittances_are_fetched_from_the_list_whether_or_not_their_webhook_came(
    run: DayRun,
) -> None:
    fetched = [one for one in run.store.of(LandedTransaction) if one.landing is Landing.FETCHED]
    announced = run.store.of(ReceivedWebhook)

    assert announced
    assert len(fetched) > len(announced)


def test_forged_and_old_webhooks_start_nothing_and_are_kept(run: DayRun) -> None:
    kept = run.store.of(RefusedWebhook)
    client, bucket = run.cloud.aws.client("s3"), run.cloud.deployment.evidence_bucket

    assert {one.reason for one in kept} == {"webhook_signature_invalid", "webhook_too_old"}
    for one in kept:
        assert client.get_object(Bucket=bucket, Key=one.evidence_key)["Body"].read()


def test_what_is_refused_is_kept_with_its_reason_and_engineering_is_told(run: DayRun) -> None:
    refused = run.store.of(RefusedEvent)
    told = {item.about for item in run.store.of(WorkItem) if item.queue is Queue.ENGINEERING}
    bucket = run.cloud.deployment.evidence_bucket
    client = run.cloud.aws.client("s3")

    assert {"signature_invalid", "signature_missing", "event_version_unknown"} <= {
        one.reason for one in refused
    }
    for one in refused:
        assert one.subject in told
        assert client.get_object(Bucket=bucket, Key=one.evidence_key)["Body"].read()


def test_one_denied_claim_can_be_told_from_its_encounter_to_its_end(run: DayRun) -> None:
    case = next(one for one in run.store.of(DenialCase) if one.appeal_id)
    claim = next(one for one in run.store.of(Claim) if one.claim_id == case.claim_id)

    story = claim_story(Store.of_claim(run.cloud.aws, run.cloud.deployment, claim.claim_id), claim)

    titles = [step.title for step in story.steps]
    assert titles[0] == "Claim assembled from the signed encounter"
    assert "Taken by the clearinghouse" in titles
    assert any(title.startswith("Denial classified") for title in titles)
    assert any(title.startswith("Appeal") for title in titles)
    assert all(step.evidence for step in story.steps)


def test_no_scenario_of_the_day_was_left_out(run: DayRun) -> None:
    checks = [one for one in run.report.checks if "scenario" in one.name]

    assert [one.detail for one in checks] == [f"{len(run.day.expectations)} scenarios"]


def test_a_forged_event_changes_nothing(run: DayRun) -> None:
    known = run.store.of(Claim)[0]
    event = EhrEvent(
        phase=Phase.FAULTS,
        type="balance.adjusted",
        version=1,
        id="forged-after-the-day",
        occurred_at=known.signed_at,
        data={
            "adjustment_id": "forged-1",
            "encounter_id": known.encounter_id,
            "amount_cents": 100,
            "reason_code": "patient_payment",
        },
        source=source_of(run.day),
        signing=Signing.FORGED,
    )
    cloud = run.cloud
    tap = Tap(aws=cloud.aws, deployment=cloud.deployment)
    tap.open()

    Bus(aws=cloud.aws, deployment=cloud.deployment, keys=cloud.keys).publish([event])
    with SilentNarrator().task("") as task:
        restless = Watch(cloud=cloud, tap=tap, dropped=set()).wait_until_still(task)

    after = Store.scanned(cloud.aws, cloud.deployment)
    refusals = [one for one in after.of(RefusedEvent) if one.claimed_id == event.id]
    assert restless == ""
    assert [one.reason for one in refusals] == ["signature_invalid"]
    assert len(after.raw("POSTING")) == len(run.store.raw("POSTING"))


@pytest.mark.parametrize("workflow", ["Claim", "Submission", "Remittance", "Denial"])
def test_no_execution_is_left_open(run: DayRun, workflow: str) -> None:
    client = run.cloud.aws.client("stepfunctions")
    arn = run.cloud.deployment.state_machines[workflow]

    answer = client.list_executions(stateMachineArn=arn, statusFilter="RUNNING")

    assert answer["executions"] == []


def test_every_workflow_ran_in_the_day(run: DayRun) -> None:
    client = run.cloud.aws.client("stepfunctions")

    for workflow, arn in run.cloud.deployment.state_machines.items():
        executions = client.list_executions(stateMachineArn=arn)["executions"]
        assert executions, f"{workflow} never ran"


def test_the_emulator_is_served_by_the_server_it_was_given(run: DayRun) -> None:
    # Hypercorn, its own, names itself in every answer.
    with urllib.request.urlopen(f"{run.cloud.endpoint}/_ministack/health") as answer:  # noqa: S310 - loopback only
        assert answer.headers["server"] is None
