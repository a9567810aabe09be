"""What answers a denial, how a claim may go out again, and when a person looks first."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from functions.billing.domain.denials import (
    Bucket,
    DenialContext,
    DenialResponse,
    Flag,
    Resubmission,
    response_plan,
    response_table,
)
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.records import PayerKind
from functions.billing.domain.rules.automation import Mode, automation_policy
from functions.billing.domain.work_items import Queue
from tests.unit.denials.tables import automation, classified, parsed, responses, table

R, Q = Resubmission, Queue


def context(**changes: Any) -> DenialContext:
    facts: dict[str, Any] = {
        "payer_id": "BLUEPEAK",
        "payer_kind": PayerKind.COMMERCIAL,
        "payer_claim_number": "P1",
    }
    return DenialContext(**{**facts, **changes})


def response(*written: str, remarks: tuple[str, ...] = (), **changes: Any) -> DenialResponse:
    return response_plan(
        classified(*written, remarks=remarks), context(**changes), responses(), automation()
    )


@pytest.mark.parametrize(
    ("written", "action", "queue", "resubmission"),
    [
        ("CO-27:10000", "reverify_coverage", Q.FRONT_DESK, R.CORRECTED),
        ("CO-197:10000", "open_authorization_work", Q.AUTHORIZATION, R.CORRECTED),
        ("CO-11:10000", "review_coding", Q.CODING, R.CORRECTED),
        ("CO-97:10000", "review_bundling", Q.CODING, R.CORRECTED),
        ("CO-29:10000", "gather_proof_of_filing", Q.BILLING, R.NONE),
        ("OA-18:10000", "suppress_resubmission", Q.BILLING, R.SUPPRESS),
        ("CO-22:10000", "check_other_coverage", Q.FRONT_DESK, R.CORRECTED),
        ("CO-31:10000", "verify_demographics", Q.FRONT_DESK, R.CORRECTED),
        ("CO-50:10000", "appeal_medical_necessity", Q.BILLING, R.NONE),
        ("CO-B7:10000", "fix_enrollment", Q.CREDENTIALING, R.CORRECTED),
        ("CO-999:10000", "classify_by_hand", Q.BILLING, R.NONE),
    ],
)
def test_each_class_has_its_own_answer_and_owner(
    written: str, action: str, queue: Queue, resubmission: Resubmission
) -> None:
    plan = response(written)

    assert (plan.action, plan.queue, plan.resubmission) == (action, queue, resubmission)
    assert plan.recommended_action.endswith(".")
    assert plan.due_days > 0


@pytest.mark.parametrize("bucket", Bucket)
def test_every_class_has_an_answer_of_its_own(bucket: Bucket) -> None:
    answers = responses().answers
    others = {answers[name, sub].action for name, sub in answers if name != bucket and not sub}

    assert answers[bucket.value, ""].action not in others


def test_every_sub_reason_that_is_answered_apart_can_occur() -> None:
    possible = {(reason.meaning.value, reason.sub_reason) for reason in table().reasons.values()}
    possible |= {
        (remark.bucket.value, remark.sub_reason)
        for remark in table().remarks.values()
        if remark.bucket
    }

    answered_apart = {key for key in responses().answers if key[1]}

    assert answered_apart <= possible


def test_a_denied_claim_is_replaced_and_never_voided() -> None:
    """One published recipe resubmits a missing authorization with frequency 7 or 8; 8 is a void."""
    assert response("CO-197:10000").resubmission is R.CORRECTED
    assert {member.value for member in Resubmission} == {"none", "corrected", "new", "suppress"}


def test_medicare_wants_a_new_claim_and_not_a_replacement() -> None:
    plan = response("CO-11:10000", payer_kind=PayerKind.MEDICARE)

    assert plan.resubmission is R.NEW
    assert "new_claim_not_replacement" in plan.reasons


def test_without_the_payers_number_nothing_can_be_replaced() -> None:
    plan = response("CO-11:10000", payer_claim_number="")

    assert plan.resubmission is R.NONE
    assert "payer_claim_number_missing" in plan.reasons


def test_the_wrong_payer_means_a_new_claim_to_the_right_one() -> None:
    plan = response("CO-109:10000")

    assert (plan.resubmission, plan.reverify) == (R.NEW, True)


def test_an_unprocessable_claim_is_sent_anew_and_never_appealed() -> None:
    plan = response("CO-197:10000", remarks=("MA130",))

    assert (plan.resubmission, plan.appeal) == (R.NEW, False)


def test_a_payer_that_allows_no_appeal_gets_none() -> None:
    assert response("CO-50:10000").appeal
    assert not response("CO-50:10000", remarks=("MA44",)).appeal
    assert not response("CO-50:10000", appeal_levels_left=0).appeal


def test_a_duplicate_suppresses_everything_until_it_is_resolved() -> None:
    plan = response("OA-18:10000", remarks=("MA130",))

    assert (plan.resubmission, plan.appeal) == (R.SUPPRESS, False)
    assert plan.deterministic


def test_nothing_is_replaced_while_the_payer_still_decides() -> None:
    pending = response("CO-11:10000", is_pending=True)
    grace = response("OA-257:10000")
    forwarded = response("CO-11:10000", remarks=("MA18",))

    assert {pending.resubmission, grace.resubmission, forwarded.resubmission} == {R.NONE}
    assert not grace.appeal


@pytest.mark.parametrize(
    ("flag", "resubmission"), [(Flag.NOT_FINAL, R.NONE), (Flag.REDUCTION, R.CORRECTED)]
)
def test_what_is_not_final_or_only_reduced_is_not_appealed(
    flag: Flag, resubmission: Resubmission
) -> None:
    denial = replace(classified("CO-97:10000"), flags=frozenset({flag}))

    plan = response_plan(denial, context(), responses(), automation())

    assert (plan.appeal, plan.resubmission) == (False, resubmission)


def test_a_late_filing_denial_is_appealed_and_never_sent_again() -> None:
    plan = response("CO-29:10000")

    assert plan.appeal
    assert plan.resubmission is R.NONE


def test_eligibility_is_checked_again_where_coverage_is_in_question() -> None:
    assert response("CO-27:10000").reverify
    assert response("CO-31:10000").reverify
    assert not response("CO-97:10000").reverify


def test_deterministic_answers_act_only_where_the_policy_lets_them() -> None:
    denial = classified("CO-27:10000")

    def acts(mode: str) -> bool:
        return response_plan(denial, context(), responses(), automation(mode)).acts

    assert [acts(mode) for mode in ("observe", "assist", "automate")] == [False, False, True]
    assert not response("CO-97:10000").acts


def test_the_most_specific_setting_decides_the_mode_of_the_answer() -> None:
    policy = automation_policy(
        {
            "default": "automate",
            "settings": [
                {"step": "respond_to_denial", "payer_id": "BLUEPEAK", "mode": "observe"},
            ],
        }
    )

    plan = response_plan(classified("CO-27:10000"), context(), responses(), policy)

    assert plan.mode is Mode.OBSERVE


def test_an_ambiguous_denial_is_reviewed_from_the_threshold_on() -> None:
    large, small = response("CO-97:10000", "CO-45:1"), response("CO-97:100")
    costly = response_plan(
        classified("CO-97:25000", charge_cents=25000), context(), responses(), automation()
    )

    assert not large.needs_review
    assert not small.needs_review
    assert costly.needs_review


def test_a_deterministic_denial_needs_no_review_however_large() -> None:
    plan = response_plan(
        classified("CO-27:900000", charge_cents=900000), context(), responses(), automation()
    )

    assert plan.acts
    assert not plan.needs_review


@pytest.mark.parametrize(
    ("written", "remarks", "reason"),
    [
        (("CO-16:30000",), ("M51", "N30"), "confidence_below_threshold"),
        (("CO-27:20000", "CO-197:10000"), (), "confidence_below_threshold"),
        (("CO-252:30000",), (), "confidence_below_threshold"),
    ],
)
def test_an_uncertain_class_loses_its_automatic_answer(
    written: tuple[str, ...], remarks: tuple[str, ...], reason: str
) -> None:
    denial = classified(*written, remarks=remarks, charge_cents=30000)

    plan = response_plan(denial, context(), responses(), automation())

    assert not plan.deterministic
    assert plan.needs_review
    assert reason in plan.reasons


def test_what_nobody_could_classify_is_always_reviewed() -> None:
    plan = response("CO-999:1")

    assert plan.needs_review
    assert not plan.acts
    assert "reason_unmapped" in plan.reasons


def test_the_filing_limit_shortens_the_time_to_send_again() -> None:
    assert response("CO-11:10000", filing_days_left=2).due_days == 2
    assert response("CO-11:10000", filing_days_left=-4).due_days == 0
    assert response("CO-50:10000", filing_days_left=2).due_days == 7


def test_a_paid_charge_has_no_answer() -> None:
    with pytest.raises(RuleSetError, match="not_a_denial"):
        response("CO-45:4000")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"bucket": "oops"}, "bucket"),
        ({"queue": "oops"}, "queue"),
        ({"suppresses": True}, "suppresses"),
        ({"due_days": -1}, "due_days"),
        ({"misspelt": 1}, "misspelt"),
    ],
)
def test_a_malformed_answer_is_refused(change: dict[str, Any], named: str) -> None:
    content = copy.deepcopy(parsed("denials/responses.json"))
    content["answers"][0].update(change)

    with pytest.raises(RuleSetError, match=named):
        response_table(content)


def test_data_without_an_answer_for_a_class_is_refused() -> None:
    content = copy.deepcopy(parsed("denials/responses.json"))
    content["answers"] = [one for one in content["answers"] if one["bucket"] != "bundling"]

    with pytest.raises(RuleSetError, match="bundling"):
        response_table(content)
