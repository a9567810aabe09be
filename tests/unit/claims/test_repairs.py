"""Repairs of form change how a thing is written and never what a claim says; each is on record, without a value."""

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.claims.repairs import Repair, RepairKind, repaired
from functions.billing.domain.records import Authorization, PersonName
from tests.unit.rules.claims import (
    ADDRESS,
    billing_provider,
    claim,
    coverage,
    line,
    location,
    patient,
    rendering_provider,
)

# All a claim holds but registration and credentialing: what was done, when, why, for how much.
CLINICAL = {field.name for field in fields(ClaimContent)} - {
    "patient",
    "coverage",
    "other_coverages",
    "billing_provider",
    "rendering_provider",
    "location",
    "authorizations",
}


def test_each_repair_is_recorded_by_field_and_kind() -> None:
    untidy = claim(
        patient=patient(
            name=PersonName(family="  Test  person ", given="Ada"),
            address=replace(ADDRESS, state="il", postal_code="62701-0001"),
        ),
        coverage=coverage(member_id=" ABC 123456789"),
        billing_provider=billing_provider(tax_id="12-3456789", taxonomy=" 261qp2300x"),
        rendering_provider=rendering_provider(npi="199900-0023"),
        location=location(npi="1999 000 015"),
        authorizations=(Authorization(number=" A1 "),),
    )

    result = repaired(untidy)

    assert result.content.patient is not None
    assert result.content.patient.name.family == "Test person"
    assert result.content.patient.address.postal_code == "627010001"
    assert result.content.coverage is not None
    assert result.content.coverage.member_id == "ABC123456789"
    assert result.content.rendering_provider is not None
    assert result.content.rendering_provider.npi == "1999000023"
    assert result.content.authorizations[0].number == "A1"
    assert set(result.repairs) == {
        Repair("patient.name.family", RepairKind.SPACES),
        Repair("patient.address.state", RepairKind.CASE),
        Repair("patient.address.postal_code", RepairKind.PUNCTUATION),
        Repair("coverage.member_id", RepairKind.SPACES),
        Repair("billing_provider.tax_id", RepairKind.PUNCTUATION),
        Repair("billing_provider.taxonomy", RepairKind.SPACES),
        Repair("billing_provider.taxonomy", RepairKind.CASE),
        Repair("rendering_provider.npi", RepairKind.PUNCTUATION),
        Repair("location.npi", RepairKind.SPACES),
        Repair("authorizations[0].number", RepairKind.SPACES),
    }


def test_a_tidy_claim_is_left_alone() -> None:
    assert repaired(claim()).content == claim()
    assert repaired(claim()).repairs == ()


def test_a_hyphen_within_a_members_number_may_belong_to_it() -> None:
    content = claim(coverage=coverage("OPENMKT", member_id="M-77"))

    assert repaired(content).content == content


texts = st.text("aB1-. /\t", max_size=12)


@st.composite
def untidy_claims(draw: st.DrawFn) -> ClaimContent:
    """Claims written any way at all."""
    return claim(
        patient=draw(
            st.none()
            | st.builds(
                lambda family, state: patient(
                    name=PersonName(family=family), address=replace(ADDRESS, state=state)
                ),
                texts,
                texts,
            )
        ),
        coverage=draw(
            st.none()
            | st.builds(
                lambda member, given: coverage(
                    member_id=member,
                    subscriber=patient(name=PersonName(family="x", given=given)),
                ),
                texts,
                texts,
            )
        ),
        billing_provider=draw(
            st.none()
            | st.builds(lambda npi, tax: billing_provider(npi=npi, tax_id=tax), texts, texts)
        ),
        location=draw(st.none() | st.builds(lambda npi: location(npi=npi), texts)),
        diagnoses=(" i10 ", "e11.9"),
        lines=(line(" 99213 ", modifiers=(" 25",), ndc="1-2-3"),),
    )


@given(untidy_claims())
def test_clinical_content_is_never_touched(content: ClaimContent) -> None:
    after = repaired(content).content

    assert {name: getattr(after, name) for name in CLINICAL} == {
        name: getattr(content, name) for name in CLINICAL
    }


@given(untidy_claims())
def test_repairing_again_changes_nothing_and_whatever_changed_is_recorded(
    content: ClaimContent,
) -> None:
    result = repaired(content)

    assert repaired(result.content).repairs == ()
    assert bool(result.repairs) is (result.content != content)


@given(untidy_claims())
def test_only_spaces_case_and_punctuation_differ(content: ClaimContent) -> None:
    def letters(value: object) -> str:
        return "".join(one for one in repr(value).upper() if one.isalnum())

    # \t is written as two characters, of which one is a letter.
    before = replace(content)
    assert letters(repaired(content).content).replace("T", "") == letters(before).replace("T", "")
