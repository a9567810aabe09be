"""837P and 837I: made, written, read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from functions.billing.x12 import (
    Adjustment,
    ClaimInContext,
    ClaimsEnd,
    ClaimsStart,
    HealthCode,
    InstitutionalBillingProvider,
    InstitutionalClaim,
    InstitutionalClaims,
    InstitutionalLine,
    InstitutionalSubscriber,
    LineAdjudication,
    OtherPayer,
    OtherSubscriber,
    Party,
    Period,
    Procedure,
    ProfessionalLine,
    ProfessionalPatient,
    ProfessionalSubscriber,
    Refusal,
    X12Error,
    address,
    read,
    stream_837,
    write,
)
from functions.billing.x12.faults import faults_of

from .examples import (
    DAY,
    NOON,
    NPI_CLINIC,
    NPI_DOCTOR,
    PARTNER,
    numbers,
    professional_claim,
    professional_claims,
    read_one,
    refusals,
)


def written(body: object) -> bytes:
    return write(address([body], partner=PARTNER, numbers=numbers(), created=NOON, usage="P"))


def test_a_professional_claim_is_written_as_the_guide_lays_it_out() -> None:
    content = written(professional_claims()).decode()
    assert content.split("~") == [
        (
            "ISA*00*          *00*          *ZZ*THECLINIC      *ZZ*THEHOUSE       *260330*1200*^"
            "*00501*000000041*0*P*:"
        ),
        "GS*HC*CLINIC*HOUSE*20260330*1200*7*X*005010X222A1",
        "ST*837*0001*005010X222A1",
        "BHT*0019*00*BATCH1*20260302*1030*CH",
        "NM1*41*2*EXAMPLE CLINIC*****46*CLINIC",
        "PER*IC*EDI DESK*TE*5550100000",
        "NM1*40*2*EXAMPLE HOUSE*****46*HOUSE",
        "HL*1**20*1",
        "PRV*BI*PXC*207Q00000X",
        f"NM1*85*2*EXAMPLE CLINIC*****XX*{NPI_CLINIC}",
        "N3*1 MAIN ST",
        "N4*COLUMBUS*OH*432150001",
        "REF*EI*123456789",
        "HL*2*1*22*0",
        "SBR*P*18*******CI",
        "NM1*IL*1*DOE*ANN****MI*M1",
        "N3*2 SIDE ST",
        "N4*COLUMBUS*OH*43215",
        "DMG*D8*19800101*F",
        "NM1*PR*2*EXAMPLE PLAN*****PI*EX001",
        "CLM*C1*200***11:B:1*Y*A*Y*Y",
        "HI*ABK:J069*ABF:R05",
        f"NM1*82*1*ROE*JAN****XX*{NPI_DOCTOR}",
        "PRV*PE*PXC*207Q00000X",
        "LX*1",
        "SV1*HC:99213:25*150*UN*1***1:2",
        "DTP*472*D8*20260302",
        "REF*6R*L1",
        "LX*2",
        "SV1*HC:85025*50*UN*1***1",
        "DTP*472*D8*20260302",
        "REF*6R*L2",
        "SE*31*0001",
        "GE*1*7",
        "IEA*1*000000041",
        "",
    ]


def test_a_professional_claim_reads_as_it_was_made() -> None:
    body = professional_claims()
    again = read_one(written(body)).body
    assert again == body
    (context,) = again.claims()
    assert context.claim == professional_claim()
    assert context.difference_cents == 0
    assert context.patient is None
    assert context.billing_provider.provider.npi == NPI_CLINIC
    assert context.subscriber.subscriber.birth_date == date(1980, 1, 1)
    line = context.claim.lines[0]
    assert line.number == 1
    assert line.procedure == Procedure("HC", "99213", ("25",))
    assert line.diagnosis_pointers == (1, 2)
    assert line.service_period == Period(DAY, DAY)
    assert list(faults_of(again)) == []


def test_a_patient_who_is_not_the_subscriber_has_a_level_of_their_own() -> None:
    subscriber = ProfessionalSubscriber(
        payer_responsibility="P",
        claim_filing="CI",
        subscriber=Party(kind="1", name="DOE", id_qualifier="MI", id="M1"),
        payer=Party(kind="2", name="PLAN", id_qualifier="PI", id="EX001"),
        patients=tuple(
            ProfessionalPatient(
                relationship="19",
                patient=Party(kind="1", name="DOE", first_name=name),
                claims=(professional_claim(name),),
            )
            for name in ("TED", "TIM")
        ),
    )
    base = professional_claims()
    provider = base.billing_providers[0]
    body = type(base)(
        batch_id="B2",
        created_on=DAY,
        created_at="1030",
        submitter=base.submitter,
        receiver=base.receiver,
        billing_providers=(
            type(provider)(
                provider=provider.provider, subscribers=(subscriber, provider.subscribers[0])
            ),
        ),
    )
    again = read_one(written(body)).body
    assert [s for s in again.segments if s.startswith("HL")] == [
        "HL*1**20*1",
        "HL*2*1*22*1",
        "HL*3*2*23*0",
        "HL*4*2*23*0",
        "HL*5*1*22*0",
    ]
    contexts = list(again.claims())
    assert [c.claim.control_number for c in contexts] == ["TED", "TIM", "C1"]
    assert [c.patient and c.patient.patient.first_name for c in contexts] == ["TED", "TIM", None]
    assert [c.ordinal for c in contexts] == [1, 2, 3]


def test_a_secondary_claim_carries_what_the_primary_decided() -> None:
    line = ProfessionalLine(
        procedure=Procedure("HC", "99213"),
        charge_cents=20_000,
        unit="UN",
        units=Decimal(1),
        diagnosis_pointers=(1,),
        service_period=Period(DAY, DAY),
        adjudications=(
            LineAdjudication(
                payer_id="P1",
                paid_cents=12_000,
                procedure=Procedure("HC", "99213"),
                paid_units=Decimal(1),
                adjustments=(
                    Adjustment("CO", "45", Decimal(50)),
                    Adjustment("PR", "2", Decimal(20)),
                    Adjustment("CO", "97", Decimal(10)),
                ),
                adjudicated_on=Period(DAY, DAY),
                remaining_liability_cents=2_000,
            ),
        ),
    )
    claim = professional_claim(
        lines=(line,),
        other_subscribers=(
            OtherSubscriber(
                payer_responsibility="P",
                relationship="18",
                claim_filing="CI",
                paid_cents=12_000,
                remaining_liability_cents=2_000,
                benefits_assigned="Y",
                release_of_information="Y",
                subscriber=Party(kind="1", name="DOE", id_qualifier="MI", id="M9"),
                payer=OtherPayer(
                    kind="2",
                    name="FIRST PLAN",
                    id_qualifier="PI",
                    id="P1",
                    adjudicated_on=Period(DAY, DAY),
                ),
            ),
        ),
    )
    (context,) = read_one(written(professional_claims(claim))).body.claims()
    again = context.claim
    assert again == claim
    other = again.other_subscribers[0]
    assert (other.paid_cents, other.remaining_liability_cents) == (12_000, 2_000)
    assert other.payer is not None
    assert other.payer.adjudicated_on == Period(DAY, DAY)
    # The rendering provider of the claim is not taken for one of the other payer's.
    assert again.rendering is not None
    assert other.providers == ()
    # One CAS per group: some payers refuse a group said twice.
    assert [s for s in again.rendered(PARTNER.separators) if s.startswith("CAS")] == [
        "CAS*CO*45*50**97*10",
        "CAS*PR*2*20",
    ]
    # What is left of the charge: SV102 = SVD02 + Σ CAS.
    decided = again.lines[0].adjudications[0]
    assert decided.paid_cents + sum(a.amount_cents for a in decided.adjustments) == 20_000


def test_a_replacement_names_the_payers_claim() -> None:
    claim = professional_claim(
        frequency="7", payer_claim_control_number="ICN1", prior_authorization="AUTH1"
    )
    (context,) = read_one(written(professional_claims(claim))).body.claims()
    assert context.claim.frequency == "7"
    assert context.claim.payer_claim_control_number == "ICN1"
    assert context.claim.prior_authorization == "AUTH1"
    assert context.claim.references == ()


def institutional_claims() -> InstitutionalClaims:
    base = professional_claims()
    provider = base.billing_providers[0]
    claim = InstitutionalClaim(
        control_number="H1",
        charge_cents=100_050,
        facility_code="11",
        facility_qualifier="A",
        frequency="1",
        assignment="A",
        benefits_assigned="Y",
        release_of_information="Y",
        statement_period=Period(date(2026, 3, 1), date(2026, 3, 4)),
        admission_type="1",
        admission_source="7",
        patient_status="01",
        principal_diagnosis=(HealthCode("ABK", "J189", present_on_admission="Y"),),
        admitting_diagnosis=(HealthCode("ABJ", "R05"),),
        other_diagnoses=(HealthCode("ABF", "I10"), HealthCode("ABF", "E119")),
        occurrences=(HealthCode("BH", "11", "D8", "20260301"),),
        value_codes=(HealthCode("BE", "80", amount=Decimal(3)),),
        attending=Party(kind="1", name="ROE", first_name="JAN", id_qualifier="XX", id=NPI_DOCTOR),
        lines=(
            InstitutionalLine(
                revenue_code="0120",
                charge_cents=90_000,
                unit="DA",
                units=Decimal(3),
                service_period=Period(date(2026, 3, 1), date(2026, 3, 4)),
            ),
            InstitutionalLine(
                revenue_code="0300",
                procedure=Procedure("HC", "85025"),
                charge_cents=10_050,
                unit="UN",
                units=Decimal(1),
            ),
        ),
    )
    return InstitutionalClaims(
        batch_id="I1",
        created_on=DAY,
        created_at="1030",
        submitter=base.submitter,
        receiver=base.receiver,
        billing_providers=(
            InstitutionalBillingProvider(
                provider=provider.provider,
                subscribers=(
                    InstitutionalSubscriber(
                        payer_responsibility="P",
                        relationship="18",
                        claim_filing="MA",
                        subscriber=provider.subscribers[0].subscriber,
                        payer=provider.subscribers[0].payer,
                        claims=(claim,),
                    ),
                ),
            ),
        ),
    )


def test_an_institutional_claim_reads_as_it_was_made() -> None:
    body = institutional_claims()
    item = read_one(written(body))
    assert item.kind == "837I"
    assert item.body == body
    (context,) = item.body.claims()
    claim = context.claim
    assert context.difference_cents == 0
    assert claim.statement_period == Period(date(2026, 3, 1), date(2026, 3, 4))
    assert claim.principal_diagnosis[0].present_on_admission == "Y"
    assert claim.value_codes[0].amount == 3
    assert [d.code for d in claim.other_diagnoses] == ["I10", "E119"]
    assert claim.lines[0].revenue_code == "0120"
    assert claim.attending is not None
    assert list(faults_of(item.body)) == []


@pytest.mark.parametrize("make", [professional_claims, institutional_claims])
def test_a_stream_gives_the_same_claims_as_the_whole(make: object) -> None:
    content = written(make())  # type: ignore[operator]
    start, *claims, end = stream_837(content)
    assert isinstance(start, ClaimsStart)
    assert start.header.submitter.id == "CLINIC"
    assert isinstance(end, ClaimsEnd)
    assert end.claim_count == len(claims)
    whole = list(read_one(content).body.claims())
    for streamed, other in zip(claims, whole, strict=True):
        assert isinstance(streamed, ClaimInContext)
        assert streamed.claim == other.claim
        assert streamed.ordinal == other.ordinal
        assert streamed.subscriber.subscriber == other.subscriber.subscriber
        assert (streamed.byte_start, streamed.byte_end) == (other.byte_start, other.byte_end)
        assert content[streamed.byte_start : streamed.byte_end].startswith(b"CLM*")


def test_a_claim_without_subscriber_refuses_its_transaction() -> None:
    content = written(professional_claims()).replace(b"HL*2*1*22*0~", b"")
    content = content.replace(b"SE*31*", b"SE*30*")
    *_, last = stream_837(content)
    assert isinstance(last, Refusal)
    assert last.error.code == "misplaced_segment"


def test_a_claim_that_differs_from_its_lines_tells_by_how_much() -> None:
    body = professional_claims(professional_claim(charge_cents=20_001))
    (context,) = read_one(written(body)).body.claims()
    assert context.difference_cents == 1


def test_missing_mandatory_elements_are_named_even_in_a_refusal() -> None:
    content = written(professional_claims()).replace(b"NM1*40*2*", b"NM1*40**")
    item = read_one(content)
    (fault,) = faults_of(item.body)
    assert (fault.code, fault.element) == ("missing_element", "NM102")
    assert content[fault.byte_offset :].startswith(b"NM1*40")
    (refusal,) = refusals(content.replace(b"SE*31*", b"SE*30*"))
    assert refusal.error.code == "segment_count"
    assert "NM102" in {other.element for other in refusal.others}


def test_a_model_says_what_it_lacks_and_what_it_does_not_know() -> None:
    with pytest.raises(TypeError, match="requires charge_cents"):
        ProfessionalLine(procedure=Procedure("HC", "1"))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="has no colour"):
        professional_claim(colour="red")
    with pytest.raises(AttributeError, match="read-only"):
        professional_claim().charge_cents = 5  # type: ignore[misc]


@pytest.mark.parametrize("wrong", [1.5, "150", Decimal(150), True])
def test_cents_are_whole_numbers_and_nothing_else(wrong: object) -> None:
    with pytest.raises(TypeError, match="cents"):
        professional_claim(charge_cents=wrong)


def test_text_that_holds_a_separator_is_never_written() -> None:
    body = professional_claims(professional_claim("A*B"))
    with pytest.raises(X12Error) as caught:
        written(body)
    assert (caught.value.code, caught.value.segment_id) == ("separator_in_text", "CLM")
    with pytest.raises(X12Error, match="control_character"):
        professional_claim("A\nB")


def test_names_outside_of_ascii_come_back_as_they_were() -> None:
    claim = professional_claim(
        rendering=Party(kind="1", name="MUÑOZ", first_name="JOSÉ", id_qualifier="XX", id=NPI_DOCTOR)
    )
    content = written(professional_claims(claim))
    assert "MUÑOZ".encode() in content
    (context,) = read_one(content).body.claims()
    assert context.claim.rendering is not None
    assert context.claim.rendering.name == "MUÑOZ"
    # A sender that writes Latin-1 is read as well.
    (context,) = read_one(
        content.replace("MUÑOZ".encode(), "MUÑOZ".encode("latin-1"))
    ).body.claims()
    assert context.claim.rendering.name == "MUÑOZ"


def test_a_party_in_the_wrong_role_is_refused() -> None:
    with pytest.raises(X12Error) as caught:
        professional_claim(rendering=Party(role="77", kind="2", name="X"))
    assert caught.value.code == "wrong_loop"


def test_neighbours_of_a_kind_share_a_group_and_every_group_has_its_number() -> None:
    bodies = [*[professional_claims()] * 2, institutional_claims(), professional_claims()]
    made = address(bodies, partner=PARTNER, numbers=numbers(), created=NOON, usage="T")
    content = write(made)
    assert content.count(b"ISA*") == 1
    assert b"*T*:~" in content
    groups = [s.split(b"*") for s in content.split(b"~") if s.startswith((b"GS", b"GE"))]
    assert [(g[0], g[6] if g[0] == b"GS" else g[1]) for g in groups] == [
        (b"GS", b"7"),
        (b"GE", b"2"),
        (b"GS", b"8"),
        (b"GE", b"1"),
        (b"GS", b"9"),
        (b"GE", b"1"),
    ]
    assert b"IEA*3*000000041~" in content
    assert [t.envelope.control_number for t in made] == ["0001", "0002", "0003", "0004"]
    assert write(list(read(content))) == content  # type: ignore[arg-type]
    assert all(t.envelope.is_test for t in made)
