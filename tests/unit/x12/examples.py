"""X12 files for the tests, put together from segments; every number in them is invented."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from functions.billing.x12 import (
    ClaimAcknowledgement,
    ClaimStatus,
    Contact,
    CountedNumbers,
    DatedPeriod,
    EligibilityInquiry,
    EligibilityQuestion,
    HealthCode,
    InquiredClaim,
    InquiredParty,
    InquiryReceiver,
    InquirySource,
    InquirySubscriber,
    Party,
    Period,
    Procedure,
    ProfessionalBillingProvider,
    ProfessionalClaim,
    ProfessionalClaims,
    ProfessionalLine,
    ProfessionalSubscriber,
    Refusal,
    RemittanceEnd,
    Separators,
    StatusCode,
    StatusInformation,
    StatusInquiry,
    StatusInquiryProvider,
    StatusInquiryReceiver,
    StatusInquirySource,
    StatusInquirySubscriber,
    StatusProvider,
    StatusReceiver,
    StatusSource,
    StatusSubscriber,
    TracedStatus,
    TradingPartner,
    Transaction,
    read,
    stream_835,
)

NPI_CLINIC = "1234567893"
NPI_DOCTOR = "1558598797"
NPI_OTHER = "1760854442"
NOON = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 2)

VERSIONS = {
    "HC": "005010X222A1",
    "HP": "005010X221A1",
    "HS": "005010X279A1",
    "HB": "005010X279A1",
    "HR": "005010X212",
    "HN": "005010X212",
    "FA": "005010X231A1",
}


def isa(number: int = 1, *, separators: Separators = Separators(), usage: str = "P") -> str:  # noqa: B008
    cut = separators.element
    return cut.join(
        [
            "ISA",
            "00",
            " " * 10,
            "00",
            " " * 10,
            "ZZ",
            "THEPAYER".ljust(15),
            "ZZ",
            "THECLINIC".ljust(15),
            "260330",
            "1200",
            separators.repetition or "U",
            "00501",
            f"{number:09d}",
            "0",
            usage,
            separators.component,
        ]
    )


def transaction(st: str, body: Sequence[str], number: str = "0001") -> list[str]:
    """ST to SE: ``st`` is ``835`` or ``837*005010X222A1``."""
    code, _, version = st.partition("*")
    head = f"ST*{code}*{number}" + (f"*{version}" if version else "")
    return [head, *body, f"SE*{len(body) + 2}*{number}"]


def interchange(
    *transactions: Sequence[str],
    functional_id: str = "HP",
    version: str = "",
    number: int = 1,
    separators: Separators = Separators(),  # noqa: B008
    usage: str = "P",
) -> bytes:
    """One interchange with one group; segments are given with the default separators."""
    version = version or VERSIONS[functional_id]
    segments = [
        f"GS*{functional_id}*THEPAYER*THECLINIC*20260330*1200*{number}*X*{version}",
        *(segment for each in transactions for segment in each),
        f"GE*{len(transactions)}*{number}",
        f"IEA*1*{number:09d}",
    ]
    table = str.maketrans(
        {"*": separators.element, ":": separators.component, "^": separators.repetition or "^"}
    )
    written = [
        isa(number, separators=separators, usage=usage),
        *(segment.translate(table) for segment in segments),
    ]
    end = separators.segment + separators.line_break
    return (end.join(written) + end).encode("latin-1")


HEADER_835 = (
    "TRN*1*EFT0001*1999999999",
    "DTM*405*20260329",
    "N1*PR*EXAMPLE HEALTH PLAN*XV*EX001",
    "N3*1 PLAN WAY",
    "N4*COLUMBUS*OH*432150001",
    "PER*BL*EDI DESK*TE*5550100000",
    f"N1*PE*EXAMPLE CLINIC*XX*{NPI_CLINIC}",
)


def body_835(
    claims: Sequence[Sequence[str]], payment: str, *, plb: Sequence[str] = ()
) -> list[str]:
    return [
        f"BPR*I*{payment}*C*ACH*CCP*01*999999992*DA*1234*1999999999**01*999988880*DA*987*20260401",
        *HEADER_835,
        "LX*1",
        *(segment for claim in claims for segment in claim),
        *plb,
    ]


PAID_CLAIM = (
    "CLP*C1*1*200*120*30*12*ICN1*11*1",
    "NM1*QC*1*DOE*ANN****MI*M1",
    f"NM1*82*1*ROE*JAN****XX*{NPI_DOCTOR}",
    "REF*1L*GROUP1",
    "DTM*232*20260302",
    "SVC*HC:99213:25*150*100**1",
    "DTM*472*20260302",
    "CAS*PR*3*30",
    "CAS*CO*45*20",
    "REF*6R*L1",
    "AMT*B6*130",
    "LQ*HE*N130",
    "SVC*HC:85025*50*20**1*HC:85027*1",
    "DTM*472*20260302",
    "CAS*CO*45*10**97*20",
    "REF*6R*L2",
)
INPATIENT_CLAIM = (
    "CLP*C2*1*1000*600**MA*ICN2*11*1",
    "CAS*CO*45*350**97*50",
    "NM1*QC*1*POE*BEN****MI*M2",
    "MIA*0***500*MA07*********1*******N418",
    "DTM*232*20260301",
    "QTY*CA*3",
)
PLB = (f"PLB*{NPI_CLINIC}*20261231*WO:C0*25*L6*-5",)


def remittance(**options: object) -> bytes:
    """120 + 600 paid, 25 taken back, 5 interest: 700."""
    body = body_835((PAID_CLAIM, INPATIENT_CLAIM), "700", plb=PLB)
    return interchange(transaction("835", body), **options)  # type: ignore[arg-type]


def remittance_of(*claims: Sequence[str], payment: str, plb: Sequence[str] = ()) -> bytes:
    return interchange(transaction("835", body_835(claims, payment, plb=plb)))


def read_one(content: bytes, name: str = "") -> Transaction:
    (item,) = read(content, name=name)
    assert isinstance(item, Transaction), item.error
    return item


def refusals(content: bytes, name: str = "") -> list[Refusal]:
    return [item for item in read(content, name=name) if isinstance(item, Refusal)]


def end_of(content: bytes) -> RemittanceEnd:
    """The one verdict of an 835."""
    (end,) = (item for item in stream_835(content) if isinstance(item, RemittanceEnd))
    return end


PARTNER = TradingPartner(
    id="house",
    sender_qualifier="ZZ",
    sender_id="THECLINIC",
    receiver_qualifier="ZZ",
    receiver_id="THEHOUSE",
    sender_code="CLINIC",
    receiver_code="HOUSE",
)


def numbers() -> CountedNumbers:
    return CountedNumbers(interchange=41, group=7, transaction=1)


def professional_claim(control_number: str = "C1", **changes: object) -> ProfessionalClaim:
    fields: dict[str, object] = {
        "control_number": control_number,
        "charge_cents": 20_000,
        "facility_code": "11",
        "facility_qualifier": "B",
        "frequency": "1",
        "provider_signature": "Y",
        "assignment": "A",
        "benefits_assigned": "Y",
        "release_of_information": "Y",
        "diagnoses": (HealthCode("ABK", "J069"), HealthCode("ABF", "R05")),
        "rendering": Party(
            kind="1",
            name="ROE",
            first_name="JAN",
            id_qualifier="XX",
            id=NPI_DOCTOR,
            taxonomy_role="PE",
            taxonomy="207Q00000X",
        ),
        "lines": (
            ProfessionalLine(
                procedure=Procedure("HC", "99213", ("25",)),
                charge_cents=15_000,
                unit="UN",
                units=Decimal(1),
                diagnosis_pointers=(1, 2),
                service_period=Period(DAY, DAY),
                line_control_number="L1",
            ),
            ProfessionalLine(
                procedure=Procedure("HC", "85025"),
                charge_cents=5_000,
                unit="UN",
                units=Decimal(1),
                diagnosis_pointers=(1,),
                service_period=Period(DAY, DAY),
                line_control_number="L2",
            ),
        ),
    }
    return ProfessionalClaim(**(fields | changes))  # type: ignore[arg-type]


def professional_claims(*claims: ProfessionalClaim) -> ProfessionalClaims:
    return ProfessionalClaims(
        batch_id="BATCH1",
        created_on=DAY,
        created_at="1030",
        submitter=Party(
            kind="2",
            name="EXAMPLE CLINIC",
            id_qualifier="46",
            id="CLINIC",
            contacts=(Contact("IC", "EDI DESK", (("TE", "5550100000"),)),),
        ),
        receiver=Party(kind="2", name="EXAMPLE HOUSE", id_qualifier="46", id="HOUSE"),
        billing_providers=(
            ProfessionalBillingProvider(
                taxonomy="207Q00000X",
                provider=Party(
                    kind="2",
                    name="EXAMPLE CLINIC",
                    id_qualifier="XX",
                    id=NPI_CLINIC,
                    street="1 MAIN ST",
                    city="COLUMBUS",
                    state="OH",
                    postal_code="432150001",
                    employer_id="123456789",
                ),
                subscribers=(
                    ProfessionalSubscriber(
                        payer_responsibility="P",
                        relationship="18",
                        claim_filing="CI",
                        subscriber=Party(
                            kind="1",
                            name="DOE",
                            first_name="ANN",
                            id_qualifier="MI",
                            id="M1",
                            street="2 SIDE ST",
                            city="COLUMBUS",
                            state="OH",
                            postal_code="43215",
                            birth_date=date(1980, 1, 1),
                            sex="F",
                        ),
                        payer=Party(kind="2", name="EXAMPLE PLAN", id_qualifier="PI", id="EX001"),
                        claims=claims or (professional_claim(),),
                    ),
                ),
            ),
        ),
    )


def eligibility_inquiry() -> EligibilityInquiry:
    return EligibilityInquiry(
        reference="Q1",
        created_on=DAY,
        created_at="1030",
        sources=(
            InquirySource(
                payer=Party(role="PR", kind="2", name="PLAN", id_qualifier="PI", id="EX001"),
                receivers=(
                    InquiryReceiver(
                        provider=Party(
                            role="1P", kind="2", name="CLINIC", id_qualifier="XX", id=NPI_CLINIC
                        ),
                        subscribers=(
                            InquirySubscriber(
                                trace_number="T1",
                                trace_originator="9CLINIC000",
                                party=InquiredParty(
                                    role="IL",
                                    kind="1",
                                    name="DOE",
                                    first_name="ANN",
                                    id_qualifier="MI",
                                    id="M1",
                                    birth_date=date(1980, 1, 1),
                                    service_period=Period(DAY, DAY),
                                ),
                                questions=(EligibilityQuestion(service_types=("30", "98")),),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )


def status_inquiry() -> StatusInquiry:
    return StatusInquiry(
        reference="Q2",
        created_on=DAY,
        created_at="1030",
        sources=(
            StatusInquirySource(
                payer=Party(role="PR", kind="2", name="PLAN", id_qualifier="PI", id="EX001"),
                receivers=(
                    StatusInquiryReceiver(
                        receiver=Party(
                            role="41", kind="2", name="CLINIC", id_qualifier="46", id="CLINIC"
                        ),
                        providers=(
                            StatusInquiryProvider(
                                provider=Party(
                                    role="1P",
                                    kind="2",
                                    name="CLINIC",
                                    id_qualifier="XX",
                                    id=NPI_CLINIC,
                                ),
                                subscribers=(
                                    StatusInquirySubscriber(
                                        birth_date=date(1980, 1, 1),
                                        sex="F",
                                        party=Party(
                                            role="IL",
                                            kind="1",
                                            name="DOE",
                                            first_name="ANN",
                                            id_qualifier="MI",
                                            id="M1",
                                        ),
                                        claims=(
                                            InquiredClaim(
                                                trace_number="C1",
                                                control_number="C1",
                                                charge_cents=20_000,
                                                service_period=Period(DAY, DAY),
                                            ),
                                        ),
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )


def stc(category: str, status: str = "20", action: str = "WQ") -> tuple[StatusInformation, ...]:
    return (
        StatusInformation(
            (StatusCode(category, status),),
            effective_on=DAY,
            action=action,
            charge=Decimal(200),
        ),
    )


def claim_acknowledgement(
    *claims: ClaimStatus,
    receiver: tuple[StatusInformation, ...] = (),
    provider: tuple[StatusInformation, ...] = (),
) -> ClaimAcknowledgement:
    return ClaimAcknowledgement(
        reference="A1",
        created_on=DAY,
        created_at="1030",
        type="TH",
        sources=(
            StatusSource(
                payer=Party(role="PR", kind="2", name="PLAN", id_qualifier="PI", id="EX001"),
                status=TracedStatus(
                    trace_type="1",
                    trace_number="A1",
                    periods=(
                        DatedPeriod("050", Period(DAY, DAY)),
                        DatedPeriod("009", Period(DAY, DAY)),
                    ),
                ),
                receivers=(
                    StatusReceiver(
                        receiver=Party(
                            role="41", kind="2", name="CLINIC", id_qualifier="46", id="CLINIC"
                        ),
                        status=TracedStatus(
                            trace_type="2",
                            trace_number="BATCH1",
                            statuses=receiver or stc("A1"),
                        ),
                        providers=(
                            StatusProvider(
                                provider=Party(
                                    role="85",
                                    kind="2",
                                    name="CLINIC",
                                    id_qualifier="XX",
                                    id=NPI_CLINIC,
                                ),
                                status=TracedStatus(
                                    trace_type="1",
                                    trace_number="0",
                                    statuses=provider,
                                ),
                                subscribers=tuple(
                                    StatusSubscriber(
                                        party=Party(
                                            role="QC",
                                            kind="1",
                                            name="DOE",
                                            first_name="ANN",
                                            id_qualifier="MI",
                                            id="M1",
                                        ),
                                        claims=(claim,),
                                    )
                                    for claim in claims
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )
