"""What a payer's answer means: denial or not, and of which class."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.denials import (
    Bucket,
    Disposition,
    Flag,
    classify,
    classify_claim,
    denial_table,
)
from functions.billing.domain.denials.buckets import Settled
from functions.billing.domain.denials.table import Reason, RemarkUse
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.remittance.records import RemittedClaim, RemittedLine
from tests.unit.denials.tables import adjustments, answered, classified, parsed, table

B, D = Bucket, Disposition

REASONS = sorted(table().reasons.values(), key=lambda reason: reason.code)


def test_there_are_exactly_nine_classes() -> None:
    assert {bucket.value for bucket in Bucket} == {
        "eligibility",
        "authorization",
        "coding",
        "bundling",
        "timely_filing",
        "duplicate",
        "coordination_of_benefits",
        "demographic_mismatch",
        "payer_specific_edit",
    }


def test_the_table_knows_205_reasons_and_uses_every_class() -> None:
    assert len(REASONS) == 205
    assert {reason.meaning for reason in REASONS} == {*Bucket, *Settled}


def usual_group(reason: Reason) -> str:
    if reason.groups:
        return reason.groups[0]
    return "PR" if reason.meaning is Settled.PATIENT_RESPONSIBILITY else "CO"


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: f"CARC-{reason.code}")
def test_every_reason_of_the_table_is_classified_as_it_says(reason: Reason) -> None:
    group = usual_group(reason)

    result = classified(f"{group}-{reason.code}:10000")

    if reason.remark_use is RemarkUse.REQUIRED:
        assert result.disposition is D.UNMAPPED
    elif group == "PR":
        assert result.disposition is D.PATIENT_RESPONSIBILITY
    elif isinstance(reason.meaning, Bucket):
        assert (result.disposition, result.bucket) == (D.DENIED, reason.meaning)
        assert result.sub_reason == reason.sub_reason
        assert result.denied_cents == 10000
    else:
        assert result.disposition is D(reason.meaning.value)
    assert reason.flags <= result.flags


def test_a_line_paid_nothing_wholly_to_the_deductible_is_no_denial() -> None:
    result = classified("PR-1:10000")

    assert result.disposition is D.PATIENT_RESPONSIBILITY
    assert not result.is_denial
    assert result.residual.patient_cents == 10000


def test_contract_patient_and_information_are_taken_away_before_anything_is_denied() -> None:
    result = classified("CO-45:4000", "PR-3:2500", "OA-23:3500")

    assert result.disposition is D.PATIENT_RESPONSIBILITY
    assert (result.residual.contractual_cents, result.residual.informational_cents) == (4000, 3500)


def test_what_remains_beside_a_payment_is_a_partial_denial() -> None:
    result = classified("CO-45:2000", "CO-97:3000")

    assert (result.disposition, result.bucket) == (D.PARTIALLY_DENIED, B.BUNDLING)
    assert result.denied_cents == 3000


def test_a_full_payment_with_its_contractual_reduction_is_paid() -> None:
    assert classified("CO-45:4000").disposition is D.PAID
    assert classified().disposition is D.PAID


def test_a_charge_the_contract_took_whole_is_flagged() -> None:
    result = classified("CO-45:10000")

    assert result.disposition is D.CONTRACTUAL
    assert Flag.ZERO_PAID_CONTRACTUAL in result.flags


@pytest.mark.parametrize("status", ["22", "23", "25"])
def test_reversals_forwarded_claims_and_predeterminations_are_no_verdict(status: str) -> None:
    assert classified("CO-97:10000", claim_status=status).disposition is D.NOT_ADJUDICATED


def test_a_reversal_with_negative_amounts_denies_nothing() -> None:
    result = classified("CO-97:-10000", charge_cents=-10000, paid_cents=0, claim_status="22")

    assert result.disposition is D.NOT_ADJUDICATED


def test_status_4_is_not_needed_for_a_denial() -> None:
    assert classified("CO-29:10000", claim_status="1").bucket is B.TIMELY_FILING
    assert classified("CO-29:10000", claim_status="4").bucket is B.TIMELY_FILING


def test_a_negative_adjustment_raises_the_payment_and_is_never_turned_round() -> None:
    result = classified("CO-45:2320", "CO-137:-6")

    assert result.residual.contractual_cents == 2314
    assert result.disposition is D.PAID


def test_the_patients_group_decides_over_a_reason_that_is_not_the_patients() -> None:
    result = classified("PR-96:10000")

    assert result.disposition is D.PATIENT_RESPONSIBILITY
    assert result.evidence[0].rule == "group_pr"


def test_a_policy_may_have_what_the_patient_owes_reviewed() -> None:
    content = parsed("denials/carc.json")
    content["review_patient_responsibility"] = {"OPENMKT": ["204"]}
    reviewed = denial_table(content)

    def disposition(payer_id: str) -> Disposition:
        return classify(answered("PR-204:10000", payer_id=payer_id), reviewed).disposition

    assert disposition("OPENMKT") is D.UNMAPPED
    assert disposition("BLUEPEAK") is D.PATIENT_RESPONSIBILITY


def test_not_covered_by_the_plan_depends_on_who_bears_it() -> None:
    assert classified("CO-204:10000").bucket is B.ELIGIBILITY
    assert classified("PR-204:10000").bucket is None


def test_a_patients_reason_in_another_group_is_reviewed_or_means_something_else() -> None:
    assert classified("CO-1:10000").disposition is D.UNMAPPED
    assert classified("CO-178:10000").bucket is B.ELIGIBILITY


@pytest.mark.parametrize("reason", ["16", "125", "A1"])
def test_a_reason_that_means_nothing_alone_is_never_classified_without_its_remark(
    reason: str,
) -> None:
    assert classified(f"CO-{reason}:10000").disposition is D.UNMAPPED
    assert classified(f"CO-{reason}:10000", remarks=("ZZZ99",)).disposition is D.UNMAPPED
    assert classified(f"CO-{reason}:10000", remarks=("MA01",)).disposition is D.UNMAPPED
    assert classified(f"CO-{reason}:10000", remarks=("M62",)).bucket is B.AUTHORIZATION


@pytest.mark.parametrize("reason", ["16", "125", "129", "A1", "96", "226", "227", "252"])
def test_the_remark_decides_first_for_reasons_that_want_one(reason: str) -> None:
    result = classified(f"CO-{reason}:10000", remarks=("MA36",))

    assert (result.bucket, result.sub_reason) == (B.DEMOGRAPHIC_MISMATCH, "name")
    assert result.evidence[0].remark == "MA36"


@pytest.mark.parametrize(
    ("reason", "bucket"),
    [
        ("129", B.COORDINATION_OF_BENEFITS),
        ("96", B.PAYER_SPECIFIC_EDIT),
        ("226", B.PAYER_SPECIFIC_EDIT),
        ("227", B.PAYER_SPECIFIC_EDIT),
        ("252", B.PAYER_SPECIFIC_EDIT),
    ],
)
def test_without_a_remark_such_a_reason_is_less_certain(reason: str, bucket: Bucket) -> None:
    alone = classified(f"CO-{reason}:10000")

    assert alone.bucket is bucket
    assert alone.confidence_percent < classified("CO-97:10000").confidence_percent


def test_a_remark_does_not_move_a_reason_that_speaks_for_itself() -> None:
    assert classified("CO-97:10000", remarks=("M62",)).bucket is B.BUNDLING


@pytest.mark.parametrize(
    ("remark", "bucket"),
    [
        ("N479", B.COORDINATION_OF_BENEFITS),
        ("M51", B.CODING),
        ("MA66", B.CODING),
        ("M62", B.AUTHORIZATION),
        ("N54", B.AUTHORIZATION),
        ("N522", B.DUPLICATE),
        ("M86", B.DUPLICATE),
        ("N30", B.ELIGIBILITY),
        ("N418", B.ELIGIBILITY),
        ("N290", B.PAYER_SPECIFIC_EDIT),
        ("M15", B.BUNDLING),
        ("M76", B.CODING),
        ("N382", B.DEMOGRAPHIC_MISMATCH),
    ],
)
def test_remarks_mean_what_they_say_and_not_what_a_playbook_says(
    remark: str, bucket: Bucket
) -> None:
    """Some published playbooks send N479, M51 and MA66 to authorization."""
    assert classified("CO-16:10000", remarks=(remark,)).bucket is bucket


@pytest.mark.parametrize(
    ("reason", "bucket", "sub_reason"),
    [
        ("55", B.PAYER_SPECIFIC_EDIT, "medical_necessity"),
        ("96", B.PAYER_SPECIFIC_EDIT, "non_covered"),
        ("151", B.PAYER_SPECIFIC_EDIT, "frequency"),
        ("29", B.TIMELY_FILING, "claim_deadline"),
    ],
)
def test_reasons_that_a_published_table_confuses_are_kept_apart(
    reason: str, bucket: Bucket, sub_reason: str
) -> None:
    """One table in the wild has 125 for late filing, 55 for frequency and 151 for documents."""
    result = classified(f"CO-{reason}:10000")

    assert (result.bucket, result.sub_reason) == (bucket, sub_reason)
    assert classified("CO-125:10000").bucket is not B.TIMELY_FILING


def test_the_charges_own_remarks_count_before_the_claims() -> None:
    both = classified("CO-16:10000", remarks=("M51",), claim_remarks=("N30",))
    claims = classified("CO-16:10000", remarks=("MA01",), claim_remarks=("N30",))

    assert (both.bucket, claims.bucket) == (B.CODING, B.ELIGIBILITY)


def test_remarks_of_different_classes_are_flagged_and_uncertain() -> None:
    result = classified("CO-16:10000", remarks=("M51", "N30"))

    assert result.bucket is B.CODING
    assert Flag.CONFLICTING_REMARKS in result.flags
    assert result.confidence_percent < 50
    assert Flag.CONFLICTING_REMARKS not in classified("CO-16:1", remarks=("M51", "M76")).flags


@pytest.mark.parametrize(
    ("remark", "flag"),
    [
        ("MA130", Flag.UNPROCESSABLE),
        ("MA44", Flag.NO_APPEAL),
        ("N211", Flag.NO_APPEAL),
        ("MA01", Flag.APPEAL_RIGHTS),
        ("MA07", Flag.CROSSED_OVER),
        ("MA18", Flag.CROSSED_OVER),
        ("MA67", Flag.CORRECTION),
        ("N432", Flag.RECOVERY_AUDIT),
        ("MA13", Flag.DO_NOT_BILL_PATIENT),
    ],
)
def test_remarks_that_inform_are_flags_and_decide_no_class(remark: str, flag: Flag) -> None:
    result = classified("CO-97:10000", remarks=(remark,))

    assert flag in result.flags
    assert result.bucket is B.BUNDLING
    assert flag in classified("CO-97:10000", claim_remarks=(remark,)).flags


def test_a_reason_in_a_group_it_may_not_have_is_flagged_and_still_classified() -> None:
    usual, odd = classified("OA-18:10000"), classified("CO-18:10000")

    assert usual.bucket is odd.bucket is B.DUPLICATE
    assert Flag.GROUP_UNEXPECTED in odd.flags
    assert Flag.GROUP_UNEXPECTED not in usual.flags
    assert odd.confidence_percent < usual.confidence_percent


@pytest.mark.parametrize(("reason", "bucket"), [("15", B.AUTHORIZATION), ("138", B.TIMELY_FILING)])
def test_a_deactivated_reason_still_means_what_it_meant(reason: str, bucket: Bucket) -> None:
    result = classified(f"CO-{reason}:10000")

    assert result.bucket is bucket
    assert Flag.DEACTIVATED_CODE in result.flags


def test_the_class_with_the_most_money_speaks_for_a_charge_of_several() -> None:
    result = classified("CO-97:3000", "CO-197:7000")

    assert result.bucket is B.AUTHORIZATION
    assert result.denied_cents == 10000
    assert Flag.SEVERAL_BUCKETS in result.flags


def test_an_unknown_reason_takes_the_class_from_all_of_the_charge() -> None:
    result = classified("CO-97:8000", "CO-999:2000")

    assert (result.disposition, result.bucket) == (D.UNMAPPED, None)
    assert result.denied_cents == 10000
    assert [one.bucket for one in result.evidence] == ["bundling", ""]
    assert result.sub_reason == "reason_unknown"


def test_unknown_reasons_that_cancel_each_other_are_still_unknown() -> None:
    assert classified("CO-998:500", "CO-999:-500").disposition is D.UNMAPPED


def test_a_charge_refused_without_any_reason_is_unmapped() -> None:
    result = classified(paid_cents=0)

    assert (result.disposition, result.sub_reason) == (D.UNMAPPED, "no_reason_given")
    assert result.denied_cents == 10000


def remitted(*lines: RemittedLine, **changes: Any) -> RemittedClaim:
    facts: dict[str, Any] = {
        "ordinal": 1,
        "patient_control_number": "C1",
        "claim_status": "1",
        "charge_cents": sum(line.charge_cents for line in lines),
        "paid_cents": sum(line.paid_cents for line in lines),
        "patient_responsibility_cents": 0,
        "payer_claim_control_number": "P1",
        "lines": lines,
    }
    return RemittedClaim(**{**facts, **changes})


def remitted_line(ordinal: int, paid_cents: int, *written: str, **changes: Any) -> RemittedLine:
    return RemittedLine(
        ordinal=ordinal,
        line_id=f"L{ordinal}",
        procedure="99213",
        charge_cents=10000,
        paid_cents=paid_cents,
        adjustments=adjustments(*written),
        **changes,
    )


def test_the_worst_line_speaks_for_the_claim() -> None:
    claim = remitted(
        remitted_line(1, 6000, "CO-45:4000"),
        remitted_line(2, 5000, "CO-97:5000"),
        remitted_line(3, 0, "CO-197:10000"),
    )

    result = classify_claim(claim, table())

    assert [part.line_id for part in result.parts] == ["L1", "L2", "L3"]
    assert (result.worst.disposition, result.worst.bucket) == (D.DENIED, B.AUTHORIZATION)


def test_a_claim_without_lines_is_classified_by_its_own_adjustments() -> None:
    claim = remitted(
        charge_cents=50000, paid_cents=0, adjustments=adjustments("CO-16:50000"), remarks=("N30",)
    )

    assert classify_claim(claim, table()).worst.bucket is B.ELIGIBILITY


def test_adjustments_of_the_claim_count_beside_those_of_its_lines() -> None:
    claim = remitted(
        remitted_line(1, 6000, "CO-45:4000"),
        paid_cents=0,
        adjustments=adjustments("CO-29:6000"),
    )

    line, whole = classify_claim(claim, table()).parts

    assert line.disposition is D.PAID
    assert (whole.bucket, whole.denied_cents) == (B.TIMELY_FILING, 6000)


def test_remarks_of_the_claim_refine_the_reasons_of_its_lines() -> None:
    claim = remitted(remitted_line(1, 0, "CO-16:10000"), remarks=("MA36",))

    assert classify_claim(claim, table()).worst.bucket is B.DEMOGRAPHIC_MISMATCH


known_reasons = st.sampled_from(sorted(table().reasons))
any_reason = known_reasons | st.text("ABCMNW0123456789", min_size=1, max_size=4)
any_adjustment = st.tuples(
    st.sampled_from(["CO", "OA", "PI", "PR"]), any_reason, st.integers(-5000, 20000)
)
any_remark = st.sampled_from(sorted(table().remarks)) | st.text("MN0123456789", max_size=5)


@given(
    st.lists(any_adjustment, max_size=6),
    st.lists(any_remark, max_size=3),
    st.integers(-100, 30000),
    st.integers(-100, 30000),
    st.sampled_from(["1", "2", "4", "19", "22", "23", "25"]),
)
def test_any_answer_is_classified_the_same_twice_and_no_cent_is_lost(
    written: list[tuple[str, str, int]],
    remarks: list[str],
    charge_cents: int,
    paid_cents: int,
    status: str,
) -> None:
    charge = answered(
        *(f"{group}-{reason}:{cents}" for group, reason, cents in written),
        charge_cents=charge_cents,
        paid_cents=paid_cents,
        remarks=tuple(remarks),
        claim_status=status,
    )

    result = classify(charge, table())

    assert classify(charge, table()) == result
    residual = result.residual
    parts = (
        residual.contractual_cents,
        residual.patient_cents,
        residual.informational_cents,
        residual.denied_cents,
        residual.unmapped_cents,
    )
    assert paid_cents + sum(parts) == charge_cents
    denied = result.disposition in {D.DENIED, D.PARTIALLY_DENIED}
    assert (result.bucket is not None) is denied
    assert 0 <= result.confidence_percent <= 100
    if any(reason not in table().reasons and cents for _, reason, cents in written):
        assert result.bucket is None


MALFORMED = [
    (("reasons", 0, "bucket", "oops"), "carc:1", "bucket"),
    (("reasons", 0, "bucket", "unmapped"), "carc:1", "bucket"),
    (("reasons", 0, "groups", ["XX"]), "carc:1", "groups"),
    (("reasons", 0, "flags", ["oops"]), "carc:1", "flags"),
    (("reasons", 0, "remarks", "sometimes"), "carc:1", "remarks"),
    (("reasons", 0, "code", "2"), "carc:2", "twice"),
    (("remarks", 0, "bucket", "contractual"), "rarc:M62", "bucket"),
    (("remarks", 0, "bucket", None), "rarc:M62", "bucket"),
]


@pytest.mark.parametrize(("change", "subject", "named"), MALFORMED)
def test_a_malformed_table_is_refused_by_code_and_field(
    change: tuple[str, int, str, Any], subject: str, named: str
) -> None:
    content = copy.deepcopy(parsed("denials/carc.json"))
    part, place, name, value = change
    content[part][place][name] = value

    with pytest.raises(RuleSetError) as refusal:
        denial_table(content)

    assert refusal.value.subject == subject
    assert named in refusal.value.detail


def test_a_changed_table_is_a_new_version_that_the_classification_remembers() -> None:
    content = copy.deepcopy(parsed("denials/carc.json"))
    content["reasons"][0]["label"] = "other words"
    changed = denial_table(content)

    assert changed.version != table().version
    assert classify(answered("CO-97:1"), changed).table_version == changed.version
