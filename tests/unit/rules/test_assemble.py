"""From encounter to claims."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.claims.assemble import assemble
from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import (
    CoverageRank,
    Encounter,
    MissingFact,
    Payer,
    PayerKind,
    Stay,
    UnmappedCode,
)
from functions.billing.domain.rules import failures, judge
from functions.billing.domain.rules.policy import Splitting
from tests.unit.rules.claims import (
    SERVICE_ON,
    base_rules,
    billing_provider,
    coverage,
    facts,
    line,
    location,
    patient,
    rendering_provider,
)

SELF_PAY = Payer(payer_id="SELF", name="Self", kind=PayerKind.SELF_PAY)


def encounter(**changes: Any) -> Encounter:
    whole = Encounter(
        encounter_id="E1",
        patient=patient(),
        coverages=(coverage(),),
        billing_provider=billing_provider(),
        rendering_provider=rendering_provider(),
        location=location(),
        service_line="primary_care",
        starts_on=SERVICE_ON,
        ends_on=SERVICE_ON,
        diagnoses=("I10", "E119"),
        charges=(line(), line("36415", charge_cents=900)),
        mapping_version="sha256:m",
    )
    return replace(whole, **changes)


def claims_of(visit: Encounter, **splitting: Any) -> tuple[ClaimContent, ...]:
    return assemble(
        visit,
        claim_id="C1",
        patient_control_number="CX1",
        signed_on=SERVICE_ON,
        splitting=Splitting(**splitting),
    )


def test_a_visit_becomes_one_claim_that_passes_the_rules() -> None:
    (content,) = claims_of(encounter())

    assert content.total_charge_cents == 15900
    assert (content.claim_id, content.patient_control_number) == ("C1", "CX1")
    assert content.mapping_version == "sha256:m"
    assert failures(judge(content, facts(content), base_rules())) == ()


def test_the_first_rank_is_billed_and_the_others_are_kept_in_order() -> None:
    covers = tuple(
        coverage(coverage_id=rank.value, rank=rank)
        for rank in (CoverageRank.TERTIARY, CoverageRank.PRIMARY, CoverageRank.SECONDARY)
    )

    (content,) = claims_of(encounter(coverages=covers))

    assert content.coverage is not None
    assert content.coverage.rank is CoverageRank.PRIMARY
    assert [cover.rank.value for cover in content.other_coverages] == ["S", "T"]


@pytest.mark.parametrize("covers", [(), (coverage(payer=SELF_PAY),)])
def test_a_patient_who_pays_alone_gives_no_claim(covers: Any) -> None:
    assert claims_of(encounter(coverages=covers)) == ()


def test_an_unmapped_payer_is_a_claim_held_and_not_a_self_pay() -> None:
    unmapped = (UnmappedCode(table="payers", system="ehr", code="Q", where="Coverage.payor"),)
    missing = (MissingFact(path="Coverage.payor", expected="the payer"),)

    (content,) = claims_of(encounter(coverages=(), unmapped=unmapped))
    (also,) = claims_of(encounter(coverages=(), problems=missing))

    held = failures(judge(content, facts(content, unmapped=unmapped), base_rules()))
    assert {one.reason_code for one in held} == {"coverage_missing", "unmapped_code"}
    assert also.coverage is None


def test_self_pay_beside_insurance_is_not_billed() -> None:
    covers = (coverage(payer=SELF_PAY), coverage("OPENMKT", rank=CoverageRank.SECONDARY))

    (content,) = claims_of(encounter(coverages=covers))

    assert content.payer_id == "OPENMKT"
    assert content.other_coverages == ()


@pytest.mark.parametrize(("count", "sizes"), [(50, [50]), (51, [50, 1]), (120, [50, 50, 20])])
def test_a_long_visit_is_split_every_fifty_lines_and_loses_none(
    count: int, sizes: list[int]
) -> None:
    charges = tuple(
        line("36415", line_id=str(n), service_date=date(2026, 3, 1 + n // 50)) for n in range(count)
    )

    contents = claims_of(encounter(charges=charges))

    assert [len(content.lines) for content in contents] == sizes
    assert sum((content.lines for content in contents), ()) == charges
    assert len({content.claim_id for content in contents}) == len(sizes)
    assert len({content.patient_control_number for content in contents}) == len(sizes)
    assert all(content.service_from == content.lines[0].service_date for content in contents)
    assert all(
        content.total_charge_cents == sum(charge.charge_cents for charge in content.lines)
        for content in contents
    )


def test_a_hospitals_claim_holds_as_many_lines_as_its_form() -> None:
    charges = tuple(line("36415", line_id=str(n)) for n in range(1000))

    contents = claims_of(encounter(charges=charges, is_institutional=True, stay=Stay()))

    assert [len(content.lines) for content in contents] == [999, 1]
    assert all(content.stay == Stay() for content in contents)


def test_a_visit_is_divided_as_the_payer_wants_it() -> None:
    days = (SERVICE_ON, date(2026, 3, 3))
    charges = tuple(
        line("36415", line_id=f"{day.day}-{place}", service_date=day, place_of_service=place)
        for day in days
        for place in ("", "12")
    )
    visit = encounter(charges=charges)

    def sizes(**splitting: Any) -> list[list[str]]:
        return [[one.line_id for one in content.lines] for content in claims_of(visit, **splitting)]

    assert sizes() == [["2-", "2-12", "3-", "3-12"]]
    assert sizes(by_service_date=True) == [["2-", "2-12"], ["3-", "3-12"]]
    assert sizes(by_place=True) == [["2-", "3-"], ["2-12", "3-12"]]
    assert sizes(by_place=True, by_service_date=True) == [["2-"], ["2-12"], ["3-"], ["3-12"]]
    assert sizes(professional_lines_max=3) == [["2-", "2-12", "3-"], ["3-12"]]


@given(
    services=st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["", "11", "12"])), max_size=30),
    lines_max=st.integers(1, 50),
    by_date=st.booleans(),
    by_place=st.booleans(),
)
def test_no_division_loses_a_line_or_a_cent(
    *, services: list[tuple[int, str]], lines_max: int, by_date: bool, by_place: bool
) -> None:
    charges = tuple(
        line("36415", line_id=str(n), service_date=date(2026, 3, day), place_of_service=place)
        for n, (day, place) in enumerate(services)
    )

    contents = claims_of(
        encounter(charges=charges),
        professional_lines_max=lines_max,
        by_service_date=by_date,
        by_place=by_place,
    )

    billed = [one for content in contents for one in content.lines]
    assert sorted(billed, key=lambda one: int(one.line_id)) == list(charges)
    assert sum(one.total_charge_cents for one in contents) == sum(
        one.charge_cents for one in charges
    )
    assert len({one.claim_id for one in contents}) == len(contents)
    assert all(len(one.lines) <= lines_max for one in contents)
    if by_date:
        assert all(one.service_from == one.service_to for one in contents)


def test_a_visit_without_charges_is_held_with_its_reason() -> None:
    (content,) = claims_of(encounter(charges=()))

    held = failures(judge(content, facts(content), base_rules()))

    assert {one.reason_code for one in held} == {"no_service_lines", "total_charge_zero"}
    assert (content.service_from, content.service_to) == (SERVICE_ON, SERVICE_ON)
