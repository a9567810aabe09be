"""What an 837 says of a stay and of drugs is what the claim says, and nothing is made up."""

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import Stay
from functions.billing.edi.claim_837 import write_claim
from functions.billing.edi.envelopes import WireNumbers
from tests.fakes import PARTNER
from tests.unit.rules.claims import SERVICE_ON, claim, coverage, example_policies, line

AT = datetime(2026, 3, 5, 9, tzinfo=UTC)
STAY = Stay(
    facility_code="11",
    patient_status="03",
    admission_type="2",
    admission_source="5",
    admitted_on=SERVICE_ON,
    value_codes=(("45", 80_000),),
    occurrences=(("11", date(2026, 3, 1)),),
)


def written(content: ClaimContent) -> list[str]:
    body = write_claim(
        content, policies=example_policies(), numbers=WireNumbers(1, 1, 1), partner=PARTNER, at=AT
    )
    text = BytesIO(body).read().decode()
    return [one.strip() for one in text.split(text[105])]


def hospital(**stay: Any) -> ClaimContent:
    return claim(
        is_institutional=True,
        rendering_provider=None,
        lines=(line(revenue_code="0510"),),
        stay=replace(STAY, **stay),
    )


def test_an_inpatient_claim_tells_the_stay() -> None:
    segments = written(hospital())

    (head,) = [one for one in segments if one.startswith("CLM*")]
    assert head.split("*")[5] == "11:A:1"
    assert "CL1*2*5*03" in segments
    assert "DTP*435*D8*20260302" in segments
    assert "HI*BE:45:::800" in segments
    assert "HI*BH:11:D8:20260301" in segments


def test_an_outpatient_claim_says_no_admission() -> None:
    segments = written(hospital(facility_code="13", admission_type="", admission_source=""))

    assert "CL1***03" in segments
    assert not [one for one in segments if one.startswith("DTP*435")]


def test_a_drug_goes_with_its_quantity() -> None:
    drug = line("J3301", ndc="0003-0293-05", drug_quantity="0.5", drug_unit="ML")

    segments = written(claim(coverage=coverage("STATECAID"), lines=(drug,)))

    assert "LIN**N4*00003029305" in segments
    assert "CTP****0.5*ML" in segments
