"""Who pays, in which order, under which number and with which authorization."""

from datetime import date
from typing import Any

from functions.billing.domain.records import Authorization, CoverageRank, PayerKind
from functions.billing.fhir import coverages_from_bundle
from tests.unit.fhir.bundles import (
    CPT,
    bundle,
    changed,
    claim,
    concept,
    coverage,
    insurer,
    item,
    paths,
    patient,
    read,
    tables,
    visit,
)


def inline(wording: str) -> list[dict[str, Any]]:
    return [{"sequence": 1, "focal": True, "coverage": {"display": wording}}]


def test_a_coverage_is_read_with_payer_number_plan_and_dates() -> None:
    (found,) = read(visit()).coverages

    assert (found.coverage_id, found.payer.payer_id, found.rank) == (
        "cov",
        "ACME",
        CoverageRank.PRIMARY,
    )
    assert (found.member_id, found.group_number, found.plan_name) == ("M123", "G77", "Gold")
    assert (found.starts_on, found.ends_on) == (date(2025, 1, 1), date(2026, 12, 31))


def test_an_inline_wording_is_a_coverage_whose_number_comes_from_the_members_table() -> None:
    found = read(changed(visit(without=("Coverage",)), "Claim", insurance=inline("Private")))

    assert [(one.coverage_id, one.member_id) for one in found.coverages] == [
        ("pat.ACME", "KEPT123")
    ]
    assert found.problems == ()


def test_without_a_number_anywhere_the_number_is_missing() -> None:
    found = read(
        changed(visit(without=("Coverage",)), "Claim", insurance=inline("private")),
        tables(members={}),
    )

    assert found.coverages[0].member_id == ""
    assert "Coverage.subscriberId" in paths(found)


def test_no_insurance_is_self_pay_and_asks_for_nothing() -> None:
    found = read(changed(visit(without=("Coverage",)), "Claim", insurance=inline("NO_INSURANCE")))

    assert [one.payer.kind for one in found.coverages] == [PayerKind.SELF_PAY]
    assert found.problems == ()


def test_a_visit_that_says_nothing_of_insurance_is_not_self_pay() -> None:
    found = read(changed(visit(without=("Coverage",)), "Claim", insurance=None))

    assert found.coverages == ()
    assert "Coverage" in paths(found)


def test_one_wording_may_stand_for_two_payers_in_order() -> None:
    found = read(changed(visit(without=("Coverage",)), "Claim", insurance=inline("dual eligible")))

    assert [(one.payer.payer_id, one.rank) for one in found.coverages] == [
        ("MCARE", CoverageRank.PRIMARY),
        ("MCAID", CoverageRank.SECONDARY),
    ]


def test_an_unknown_wording_is_an_unmapped_payer() -> None:
    found = read(
        changed(visit(without=("Coverage",)), "Claim", insurance=inline("Mutual of Nowhere"))
    )

    assert found.coverages == ()
    assert [(one.table, one.code) for one in found.unmapped] == [("payers", "Mutual of Nowhere")]


def test_the_second_payer_stays_second_when_the_first_is_unmapped() -> None:
    insurance = [
        *inline("Mutual of Nowhere"),
        {"sequence": 2, "coverage": {"reference": "Coverage/cov"}},
    ]

    (found,) = read(changed(visit(), "Claim", insurance=insurance)).coverages

    assert found.rank is CoverageRank.SECONDARY


def test_the_sequence_orders_the_payers_and_not_the_place_in_the_list() -> None:
    second = {**coverage(), "id": "cov2", "payor": [{"display": "no_insurance"}]}
    insurance = [
        {"sequence": 2, "coverage": {"reference": "Coverage/cov2"}},
        {"sequence": 1, "coverage": {"reference": "Coverage/cov"}},
    ]

    found = read(changed(visit(second), "Claim", insurance=insurance)).coverages

    assert [one.coverage_id for one in found] == ["cov", "cov2"]


def test_a_contained_coverage_of_the_explanation_of_benefits_is_the_last_resort() -> None:
    benefit = {
        "resourceType": "ExplanationOfBenefit",
        "id": "eob",
        "claim": {"reference": "Claim/claim"},
        "contained": [
            {"resourceType": "Coverage", "id": "coverage", "payor": [{"display": "private"}]}
        ],
        "insurance": [{"coverage": {"reference": "#coverage"}}],
    }

    found = read(changed(visit(benefit, without=("Coverage",)), "Claim", insurance=None))

    assert [one.coverage_id for one in found.coverages] == ["pat.ACME"]


def test_a_coverage_that_is_not_active_is_not_the_patients() -> None:
    resources = changed(changed(visit(), "Claim", insurance=None), "Coverage", status="cancelled")

    assert read(resources).coverages == ()


def test_a_coverage_period_that_cannot_be_read_is_told() -> None:
    found = read(changed(visit(), "Coverage", period={"start": "2025-01-01", "end": "soon"}))

    assert "Coverage.period.end" in paths(found)


def test_a_child_without_a_subscriber_is_told() -> None:
    found = read(changed(visit(), "Coverage", relationship={"coding": [{"code": "child"}]}))

    assert "Coverage.subscriber" in paths(found)


def test_a_number_on_the_claim_is_an_authorization_for_all_of_it() -> None:
    insurance = [
        {"sequence": 1, "coverage": {"reference": "Coverage/cov"}, "preAuthRef": ["AUTH7"]}
    ]

    assert read(changed(visit(), "Claim", insurance=insurance)).authorizations == (
        Authorization(number="AUTH7"),
    )


def answer(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "ClaimResponse",
        "id": "answer",
        "use": "preauthorization",
        "status": "active",
        "outcome": "complete",
        "patient": {"reference": "Patient/pat"},
        "request": {"reference": "Claim/ask"},
        "preAuthRef": "AUTH7",
        "preAuthPeriod": {"start": "2026-03-01", "end": "2026-03-31"},
        **fields,
    }


def test_the_payers_answer_gives_the_authorizations_procedures_and_dates() -> None:
    ask = claim(
        item(productOrService=concept(CPT, "73721")), identifier="ask", use="preauthorization"
    )

    (found,) = read(visit(ask, answer())).authorizations

    assert found == Authorization(
        number="AUTH7", procedures=("73721",), starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31)
    )


def test_a_refused_or_withdrawn_authorization_is_none() -> None:
    ask = claim(identifier="ask", use="preauthorization")

    assert read(visit(ask, answer(outcome="error"))).authorizations == ()
    assert read(visit(ask, answer(status="cancelled"))).authorizations == ()


def test_an_authorization_of_another_patient_is_not_this_ones() -> None:
    other = {**patient(), "id": "other"}
    ask = claim(identifier="ask", use="preauthorization")

    assert (
        read(visit(ask, other, answer(patient={"reference": "Patient/other"}))).authorizations == ()
    )


def test_a_patients_coverages_are_read_without_an_encounter() -> None:
    second = {**coverage(), "id": "cov2", "order": 1, "subscriberId": "M2"}
    first = {**coverage(), "order": 2}

    found = coverages_from_bundle(bundle(patient(), insurer(), first, second), "pat", tables())

    assert [(one.coverage_id, one.rank) for one in found.coverages] == [
        ("cov2", CoverageRank.PRIMARY),
        ("cov", CoverageRank.SECONDARY),
    ]
    assert found.problems == ()
