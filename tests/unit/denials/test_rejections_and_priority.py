"""Front-door rejections, which are no denials; and which denial comes first."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.denials import (
    Bucket,
    classify_rejection,
    prioritize,
    rejection_work,
    status_reasons,
)
from functions.billing.domain.denials.rejections import StatusReason
from functions.billing.domain.work_items import Queue
from tests.unit.denials.tables import rejections, weights

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "bucket", "queue"),
    [
        ("A3:33", Bucket.DEMOGRAPHIC_MISMATCH, Queue.FRONT_DESK),
        ("A3:88", Bucket.ELIGIBILITY, Queue.FRONT_DESK),
        ("A3:97", Bucket.ELIGIBILITY, Queue.FRONT_DESK),
        ("A3:116", Bucket.ELIGIBILITY, Queue.FRONT_DESK),
        ("A3:54", Bucket.DUPLICATE, Queue.BILLING),
        ("A7:562:85", Bucket.PAYER_SPECIFIC_EDIT, Queue.CREDENTIALING),
        ("A7:500", Bucket.PAYER_SPECIFIC_EDIT, Queue.BILLING),
        ("A3:684", Bucket.PAYER_SPECIFIC_EDIT, Queue.BILLING),
        ("A6:21", Bucket.PAYER_SPECIFIC_EDIT, Queue.BILLING),
        ("A6:21:IL", Bucket.DEMOGRAPHIC_MISMATCH, Queue.FRONT_DESK),
        ("A6:21:82", Bucket.PAYER_SPECIFIC_EDIT, Queue.CREDENTIALING),
        ("A7:453", Bucket.CODING, Queue.CODING),
    ],
)
def test_a_rejection_has_one_of_the_nine_classes_and_an_owner(
    code: str, bucket: Bucket, queue: Queue
) -> None:
    found = classify_rejection(status_reasons([code]), rejections())

    assert (found.bucket, found.queue) == (bucket, queue)


def test_an_unknown_status_gets_no_class() -> None:
    found = classify_rejection([StatusReason("A7", "99999")], rejections())

    assert (found.bucket, found.queue) == (None, Queue.BILLING)
    assert classify_rejection([], rejections()).bucket is None


def test_a_refusing_status_counts_before_one_that_only_informs() -> None:
    found = classify_rejection(status_reasons(["A1:562", "A3:33"]), rejections())

    assert found.matched == StatusReason("A3", "33")


def test_a_status_that_names_its_entity_counts_first() -> None:
    found = classify_rejection(status_reasons(["A7:500", "A7:21:IL"]), rejections())

    assert found.sub_reason == "member_id"


def test_codes_that_are_no_status_are_left_out() -> None:
    assert status_reasons(["R", "IK3:NM1", "A7:562:85"]) == (
        StatusReason("IK3", "NM1"),
        StatusReason("A7", "562", "85"),
    )


def rejected_claim() -> Claim:
    return Claim(
        claim_id="C1",
        encounter_id="E1",
        patient_id="P1",
        coverage_id="V1",
        payer_id="BLUEPEAK",
        provider_id="R1",
        location_id="L1",
        department="primary",
        service_line="primary_care",
        service_on=date(2026, 3, 2),
        charge_cents=15000,
        signed_at=NOW,
        staged_at=NOW,
    )


def test_a_refused_claim_is_work_for_whoever_can_correct_it() -> None:
    work = rejection_work(rejected_claim(), "claim", ("A3:33",), at=NOW, table=rejections())
    plain = rejection_work(rejected_claim(), "claim", ("A3:33",), at=NOW)
    syntax = rejection_work(rejected_claim(), "syntax", ("R",), at=NOW, table=rejections())

    assert (work.queue, work.reason) == (Queue.FRONT_DESK, "rejected_subscriber_not_found")
    assert (plain.queue, plain.reason) == (Queue.BILLING, "rejected_claim")
    assert (syntax.queue, syntax.reason) == (Queue.BILLING, "rejected_syntax")
    assert (work.about, work.amount_cents, work.fields) == ("claim:C1", 15000, ("A3:33",))


cents = st.integers(0, 10**8)
buckets = st.none() | st.sampled_from(Bucket)
left = st.none() | st.integers(-30, 400)


@given(buckets, cents, left)
def test_a_score_is_the_sum_of_its_published_terms(
    bucket: Bucket | None, denied_cents: int, days: int | None
) -> None:
    found = prioritize(
        bucket=bucket, denied_cents=denied_cents, days_to_deadline=days, weights=weights()
    )

    assert found.score == sum(term.points for term in found.terms)
    assert [term.name for term in found.terms] == ["money", "urgency", "effort"]
    assert all(term.why for term in found.terms)
    assert found.weights_version == weights().version


@given(buckets, cents, cents, left)
def test_more_money_never_lowers_the_priority(
    bucket: Bucket | None, one: int, other: int, days: int | None
) -> None:
    less, more = (
        prioritize(bucket=bucket, denied_cents=each, days_to_deadline=days, weights=weights())
        for each in sorted((one, other))
    )

    assert less.score <= more.score


@given(buckets, cents, st.integers(0, 400), st.integers(0, 400))
def test_a_nearer_deadline_never_lowers_the_priority(
    bucket: Bucket | None, denied_cents: int, one: int, other: int
) -> None:
    near, far = (
        prioritize(
            bucket=bucket, denied_cents=denied_cents, days_to_deadline=days, weights=weights()
        )
        for days in sorted((one, other))
    )

    assert near.score >= far.score


def test_a_passed_deadline_is_not_urgent() -> None:
    found = prioritize(
        bucket=Bucket.CODING, denied_cents=100, days_to_deadline=-1, weights=weights()
    )

    assert found.terms[1].points == 0


def test_what_was_observed_counts_before_what_was_assumed() -> None:
    def money(observed: int | None) -> str:
        found = prioritize(
            bucket=Bucket.DUPLICATE,
            denied_cents=100000,
            days_to_deadline=None,
            weights=weights(),
            observed_overturn_percent=observed,
        )
        return f"{found.terms[0].points}: {found.terms[0].why}"

    assert money(None) == "9: $1,000.00 denied, 15% assumed to be overturned"
    assert money(90) == "54: $1,000.00 denied, 90% observed to be overturned"
