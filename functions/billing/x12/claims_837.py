"""Claims: 837P (005010X222A1) and 837I (005010X223A2).

The tree is the one of the implementation guides::

    ProfessionalClaims / InstitutionalClaims   BHT, 1000A, 1000B
      BillingProvider      HL*20  2000A
        Subscriber         HL*22  2000B
          ProfessionalClaim / InstitutionalClaim   CLM  2300   (patient is the subscriber)
          Patient          HL*23  2000C
            ProfessionalClaim / InstitutionalClaim CLM  2300
              OtherSubscriber  SBR  2320
              ServiceLine      LX   2400
                LineAdjudication SVD 2430
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .fields import (
    adjustments,
    amounts,
    cents,
    day,
    decimal,
    formatted_day,
    health_codes,
    integer,
    loop,
    loops,
    period,
    periods,
    pointers,
    procedure_at,
    references,
    segments_of,
    text,
)
from .loops import Loop
from .parties import Party

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from .values import (
        Adjustment,
        DatedPeriod,
        HealthCode,
        Period,
        Procedure,
        QualifiedAmount,
        Reference,
        Segment,
    )


class LineAdjudication(Loop):
    """What another payer decided on the line (loop 2430)."""

    payer_id: str = text("SVD", 1)
    """SVD01, the other payer's identifier (2330B NM109)."""
    paid_cents: int = cents("SVD", 2)
    """SVD02."""
    procedure: Procedure | None = procedure_at("SVD", 3, default=None)
    """SVD03."""
    paid_units: Decimal | None = decimal("SVD", 5, default=None)
    """SVD05."""
    bundled_line: int | None = integer("SVD", 6, default=None)
    """SVD06: the line into which this one was bundled."""
    adjustments: tuple[Adjustment, ...] = adjustments()
    """CAS trios."""
    adjudicated_on: Period | None = period("573", default=None)
    """DTP*573."""
    remaining_liability_cents: int | None = cents("AMT", 2, where=(1, "EAF"), default=None)
    """AMT*EAF: what the patient still owes."""


class DrugIdentification(Loop):
    """The drug of a line (loop 2410)."""

    code_qualifier: str = text("LIN", 2)
    """LIN02: N4 for a national drug code."""
    code: str = text("LIN", 3)
    """LIN03."""
    quantity: Decimal | None = decimal("CTP", 4, default=None)
    """CTP04."""
    unit: str | None = text("CTP", 5, 1, default=None)
    """CTP05-1: F2, GR, ME, ML or UN."""
    references: tuple[Reference, ...] = references()
    """REF: VY link sequence or XZ prescription number."""


class SupportingForm(Loop, also=("FRM",)):
    """A certificate or form with its answers (loop 2440)."""

    code_list: str = text("LQ", 1)
    """LQ01."""
    code: str | None = text("LQ", 2, default=None)
    """LQ02."""
    answers: tuple[Segment, ...] = segments_of("FRM")
    """FRM segments."""


class _Line(Loop):
    """What the lines of both claims share (loop 2400)."""

    number: int | None = integer("LX", 1, default=None)
    """LX01; written 1, 2, 3 … within the claim whatever is given."""


class ProfessionalLine(_Line, also=("PWK", "CR1", "CR3", "CRC", "HCP", "MEA", "CN1", "QTY", "SV5")):
    """One service of a professional claim (loop 2400, SV1)."""

    procedure: Procedure = procedure_at("SV1", 1)
    """SV101."""
    charge_cents: int = cents("SV1", 2)
    """SV102."""
    unit: str | None = text("SV1", 3, default=None)
    """SV103: UN units or MJ minutes."""
    units: Decimal | None = decimal("SV1", 4, default=None)
    """SV104."""
    place_of_service: str | None = text("SV1", 5, default=None)
    """SV105, only when it differs from the claim's."""
    diagnosis_pointers: tuple[int, ...] = pointers("SV1", 7)
    """SV107: positions of up to four of the claim's diagnoses, from 1."""
    emergency: str | None = text("SV1", 9, default=None)
    """SV109: Y."""
    service_period: Period | None = period("472", default=None)
    """DTP*472."""
    other_periods: tuple[DatedPeriod, ...] = periods()
    """Other DTP segments."""
    line_control_number: str | None = text("REF", 2, where=(1, "6R"), default=None)
    """REF*6R, at most 30 characters, unique in the claim."""
    prior_authorization: str | None = text("REF", 2, where=(1, "G1"), default=None)
    """REF*G1."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    amounts: tuple[QualifiedAmount, ...] = amounts()
    """AMT segments."""
    fixed_format: tuple[Segment, ...] = segments_of("K3")
    """K3 segments."""
    notes: tuple[Segment, ...] = segments_of("NTE")
    """NTE segments."""
    drug: DrugIdentification | None = loop(DrugIdentification, "LIN", rank=1, default=None)
    """Loop 2410."""
    providers: tuple[Party, ...] = loops(Party, "NM1", rank=2)
    """Loops 2420: 82 rendering, DQ supervising, DK ordering, DN referring, 77 facility."""
    adjudications: tuple[LineAdjudication, ...] = loops(LineAdjudication, "SVD", rank=3)
    """Loops 2430."""
    forms: tuple[SupportingForm, ...] = loops(SupportingForm, "LQ", rank=4)
    """Loops 2440."""


class InstitutionalLine(_Line, also=("PWK", "HCP", "CTP", "QTY")):
    """One service of an institutional claim (loop 2400, SV2)."""

    revenue_code: str = text("SV2", 1)
    """SV201."""
    procedure: Procedure | None = procedure_at("SV2", 2, default=None)
    """SV202."""
    charge_cents: int = cents("SV2", 3)
    """SV203."""
    unit: str | None = text("SV2", 4, default=None)
    """SV204: UN units or DA days."""
    units: Decimal | None = decimal("SV2", 5, default=None)
    """SV205."""
    noncovered_cents: int | None = cents("SV2", 7, default=None)
    """SV207."""
    service_period: Period | None = period("472", default=None)
    """DTP*472."""
    other_periods: tuple[DatedPeriod, ...] = periods()
    """Other DTP segments."""
    line_control_number: str | None = text("REF", 2, where=(1, "6R"), default=None)
    """REF*6R, at most 30 characters, unique in the claim."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    amounts: tuple[QualifiedAmount, ...] = amounts()
    """AMT segments."""
    notes: tuple[Segment, ...] = segments_of("NTE")
    """NTE segments."""
    drug: DrugIdentification | None = loop(DrugIdentification, "LIN", rank=1, default=None)
    """Loop 2410."""
    providers: tuple[Party, ...] = loops(Party, "NM1", rank=2)
    """Loops 2420: 72 operating, ZZ other operating, 82 rendering, DN referring."""
    adjudications: tuple[LineAdjudication, ...] = loops(LineAdjudication, "SVD", rank=3)
    """Loops 2430."""


class OtherPayer(Party):
    """Another payer with the date it adjudicated the claim (loop 2330B)."""

    adjudicated_on: Period | None = period("573", default=None)
    """DTP*573."""


class OtherSubscriber(Loop, also=("MIA", "MOA")):
    """Another coverage of the patient and what its payer decided (loop 2320)."""

    payer_responsibility: str = text("SBR", 1)
    """SBR01: P primary, S secondary, T tertiary, A to H, U."""
    relationship: str | None = text("SBR", 2, default=None)
    """SBR02: 18 self, 01 spouse, 19 child and so on."""
    group_number: str | None = text("SBR", 3, default=None)
    """SBR03."""
    group_name: str | None = text("SBR", 4, default=None)
    """SBR04."""
    insurance_type: str | None = text("SBR", 5, default=None)
    """SBR05."""
    claim_filing: str | None = text("SBR", 9, default=None)
    """SBR09 claim filing indicator."""
    adjustments: tuple[Adjustment, ...] = adjustments()
    """CAS trios at claim level."""
    paid_cents: int | None = cents("AMT", 2, where=(1, "D"), default=None)
    """AMT*D: what the other payer paid."""
    remaining_liability_cents: int | None = cents("AMT", 2, where=(1, "EAF"), default=None)
    """AMT*EAF: what the patient still owes."""
    noncovered_cents: int | None = cents("AMT", 2, where=(1, "A8"), default=None)
    """AMT*A8."""
    benefits_assigned: str | None = text("OI", 3, default=None)
    """OI03: Y, N or W."""
    signature_source: str | None = text("OI", 4, default=None)
    """OI04."""
    release_of_information: str | None = text("OI", 6, default=None)
    """OI06."""
    subscriber: Party | None = loop(Party, "NM1", (1, "IL"), rank=1, default=None)
    """Loop 2330A."""
    payer: OtherPayer | None = loop(OtherPayer, "NM1", (1, "PR"), rank=1, default=None)
    """Loop 2330B."""
    providers: tuple[Party, ...] = loops(Party, "NM1", rank=1)
    """Loops 2330C and following."""


class _Claim(Loop):
    """What both claims share (loop 2300, CLM)."""

    control_number: str = text("CLM", 1)
    """CLM01 patient control number, at most 20 characters; the payer returns it as CLP01."""
    charge_cents: int = cents("CLM", 2)
    """CLM02, the sum of the lines' charges."""
    facility_code: str | None = text("CLM", 5, 1, default=None)
    """CLM05-1: place of service (837P) or type of bill's first two digits (837I)."""
    facility_qualifier: str | None = text("CLM", 5, 2, default=None)
    """CLM05-2: B place of service (837P), A type of bill (837I)."""
    frequency: str | None = text("CLM", 5, 3, default=None)
    """CLM05-3: 1 original, 7 replacement, 8 void."""
    provider_signature: str | None = text("CLM", 6, default=None)
    """CLM06: Y or N."""
    assignment: str | None = text("CLM", 7, default=None)
    """CLM07: A, B or C."""
    benefits_assigned: str | None = text("CLM", 8, default=None)
    """CLM08: N, W or Y."""
    release_of_information: str | None = text("CLM", 9, default=None)
    """CLM09: I or Y."""
    special_program: str | None = text("CLM", 12, default=None)
    """CLM12."""
    delay_reason: str | None = text("CLM", 20, default=None)
    """CLM20."""
    patient_paid_cents: int | None = cents("AMT", 2, where=(1, "F5"), default=None)
    """AMT*F5 (837P)."""
    prior_authorization: str | None = text("REF", 2, where=(1, "G1"), default=None)
    """REF*G1."""
    referral_number: str | None = text("REF", 2, where=(1, "9F"), default=None)
    """REF*9F."""
    payer_claim_control_number: str | None = text("REF", 2, where=(1, "F8"), default=None)
    """REF*F8, the payer's number of the claim replaced or voided."""
    medical_record_number: str | None = text("REF", 2, where=(1, "EA"), default=None)
    """REF*EA."""
    clearinghouse_trace: str | None = text("REF", 2, where=(1, "D9"), default=None)
    """REF*D9."""


class ProfessionalClaim(_Claim, also=("CN1", "CR1", "CR2", "CRC", "HCP")):
    """A professional claim (loop 2300 of an 837P)."""

    accident_cause: str | None = text("CLM", 11, 1, default=None)
    """CLM11-1: AA auto, EM employment, OA other accident."""
    accident_cause_2: str | None = text("CLM", 11, 2, default=None)
    """CLM11-2."""
    accident_state: str | None = text("CLM", 11, 4, default=None)
    """CLM11-4, for auto accidents."""
    patient_signature_source: str | None = text("CLM", 10, default=None)
    """CLM10: P."""
    onset: Period | None = period("431", default=None)
    """DTP*431 onset of current illness."""
    accident: Period | None = period("439", default=None)
    """DTP*439."""
    admission: Period | None = period("435", default=None)
    """DTP*435."""
    discharge: Period | None = period("096", default=None)
    """DTP*096."""
    other_periods: tuple[DatedPeriod, ...] = periods()
    """Other DTP segments."""
    attachments: tuple[Segment, ...] = segments_of("PWK")
    """PWK segments."""
    other_amounts: tuple[QualifiedAmount, ...] = amounts()
    """Other AMT segments."""
    clia_number: str | None = text("REF", 2, where=(1, "X4"), default=None)
    """REF*X4."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    fixed_format: tuple[Segment, ...] = segments_of("K3")
    """K3 segments."""
    notes: tuple[Segment, ...] = segments_of("NTE")
    """NTE segments."""
    diagnoses: tuple[HealthCode, ...] = health_codes("ABK", "ABF", "BK", "BF")
    """HI: ABK principal first, then ABF; a line points at them by position."""
    anesthesia_procedures: tuple[HealthCode, ...] = health_codes("BP", "BO")
    """HI: BP principal, BO other anesthesia-related procedure."""
    conditions: tuple[HealthCode, ...] = health_codes("BG")
    """HI*BG condition codes."""
    referring: tuple[Party, ...] = loops(Party, "NM1", (1, ("DN", "P3")), rank=1)
    """Loops 2310A: DN referring, P3 primary care."""
    rendering: Party | None = loop(Party, "NM1", (1, "82"), rank=1, default=None)
    """Loop 2310B."""
    facility: Party | None = loop(Party, "NM1", (1, "77"), rank=1, default=None)
    """Loop 2310C service facility."""
    supervising: Party | None = loop(Party, "NM1", (1, "DQ"), rank=1, default=None)
    """Loop 2310D."""
    other_parties: tuple[Party, ...] = loops(Party, "NM1", rank=1)
    """Loops 2310E and 2310F, ambulance pick-up and drop-off, and any other NM1."""
    other_subscribers: tuple[OtherSubscriber, ...] = loops(OtherSubscriber, "SBR", rank=2)
    """Loops 2320."""
    lines: tuple[ProfessionalLine, ...] = loops(ProfessionalLine, "LX", rank=3, numbered=True)
    """Loops 2400."""


class InstitutionalClaim(_Claim, also=("CN1", "CRC", "HCP")):
    """An institutional claim (loop 2300 of an 837I)."""

    discharge_hour: str | None = text("DTP", 3, where=(1, "096"), default=None)
    """DTP*096, HHMM."""
    statement_period: Period | None = period("434", default=None)
    """DTP*434."""
    admission: Period | None = period("435", default=None)
    """DTP*435, day of admission; its hour stays in the segment."""
    other_periods: tuple[DatedPeriod, ...] = periods()
    """Other DTP segments."""
    admission_type: str | None = text("CL1", 1, default=None)
    """CL101."""
    admission_source: str | None = text("CL1", 2, default=None)
    """CL102."""
    patient_status: str | None = text("CL1", 3, default=None)
    """CL103."""
    attachments: tuple[Segment, ...] = segments_of("PWK")
    """PWK segments."""
    patient_due_cents: int | None = cents("AMT", 2, where=(1, "F3"), default=None)
    """AMT*F3 patient estimated amount due."""
    other_amounts: tuple[QualifiedAmount, ...] = amounts()
    """Other AMT segments."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    fixed_format: tuple[Segment, ...] = segments_of("K3")
    """K3 segments."""
    notes: tuple[Segment, ...] = segments_of("NTE")
    """NTE segments."""
    principal_diagnosis: tuple[HealthCode, ...] = health_codes("ABK", "BK")
    """HI*ABK."""
    admitting_diagnosis: tuple[HealthCode, ...] = health_codes("ABJ", "BJ")
    """HI*ABJ."""
    visit_reasons: tuple[HealthCode, ...] = health_codes("APR", "PR")
    """HI*APR patient's reasons for visit."""
    external_causes: tuple[HealthCode, ...] = health_codes("ABN", "BN")
    """HI*ABN."""
    drg: tuple[HealthCode, ...] = health_codes("DR")
    """HI*DR diagnosis related group."""
    other_diagnoses: tuple[HealthCode, ...] = health_codes("ABF", "BF")
    """HI*ABF."""
    principal_procedure: tuple[HealthCode, ...] = health_codes("BBR", "CAH", "BR")
    """HI*BBR."""
    other_procedures: tuple[HealthCode, ...] = health_codes("BBQ", "BQ")
    """HI*BBQ."""
    occurrence_spans: tuple[HealthCode, ...] = health_codes("BI")
    """HI*BI."""
    occurrences: tuple[HealthCode, ...] = health_codes("BH")
    """HI*BH."""
    value_codes: tuple[HealthCode, ...] = health_codes("BE")
    """HI*BE, with amounts."""
    conditions: tuple[HealthCode, ...] = health_codes("BG")
    """HI*BG."""
    treatment_codes: tuple[HealthCode, ...] = health_codes("TC")
    """HI*TC."""
    attending: Party | None = loop(Party, "NM1", (1, "71"), rank=1, default=None)
    """Loop 2310A."""
    operating: Party | None = loop(Party, "NM1", (1, "72"), rank=1, default=None)
    """Loop 2310B."""
    rendering: Party | None = loop(Party, "NM1", (1, "82"), rank=1, default=None)
    """Loop 2310D."""
    facility: Party | None = loop(Party, "NM1", (1, "77"), rank=1, default=None)
    """Loop 2310E service facility."""
    other_parties: tuple[Party, ...] = loops(Party, "NM1", rank=1)
    """Loops 2310C other operating (ZZ), 2310F referring (DN), and any other NM1."""
    other_subscribers: tuple[OtherSubscriber, ...] = loops(OtherSubscriber, "SBR", rank=2)
    """Loops 2320."""
    lines: tuple[InstitutionalLine, ...] = loops(InstitutionalLine, "LX", rank=3, numbered=True)
    """Loops 2400."""


class _PatientLevel(Loop):
    """What the two patient levels share (loop 2000C, HL*23)."""

    relationship: str = text("PAT", 1)
    """PAT01: 01 spouse, 19 child, G8 other and so on."""
    death_date: date | None = formatted_day("PAT", 6)
    """PAT06."""
    weight_pounds: Decimal | None = decimal("PAT", 8, beside=((7, "01"),), default=None)
    """PAT08."""
    pregnant: str | None = text("PAT", 9, default=None)
    """PAT09: Y."""
    patient: Party = loop(Party, "NM1", (1, "QC"), rank=1)
    """Loop 2010CA."""


class ProfessionalPatient(_PatientLevel, also=("HL",)):
    """A patient who is not the subscriber, with the claims for them (loop 2000C)."""

    claims: tuple[ProfessionalClaim, ...] = loops(ProfessionalClaim, "CLM", rank=2)
    """Loops 2300."""


class InstitutionalPatient(_PatientLevel, also=("HL",)):
    """A patient who is not the subscriber, with the claims for them (loop 2000C)."""

    claims: tuple[InstitutionalClaim, ...] = loops(InstitutionalClaim, "CLM", rank=2)
    """Loops 2300."""


class _SubscriberLevel(Loop):
    """What the two subscriber levels share (loop 2000B, HL*22)."""

    payer_responsibility: str = text("SBR", 1)
    """SBR01: P primary, S secondary, T tertiary, A to H, U."""
    relationship: str | None = text("SBR", 2, default=None)
    """SBR02: 18 when the patient is the subscriber, otherwise absent."""
    group_number: str | None = text("SBR", 3, default=None)
    """SBR03."""
    group_name: str | None = text("SBR", 4, default=None)
    """SBR04."""
    insurance_type: str | None = text("SBR", 5, default=None)
    """SBR05, why Medicare is secondary."""
    claim_filing: str | None = text("SBR", 9, default=None)
    """SBR09 claim filing indicator: CI, MB, MC, BL and so on."""
    death_date: date | None = formatted_day("PAT", 6)
    """PAT06."""
    weight_pounds: Decimal | None = decimal("PAT", 8, beside=((7, "01"),), default=None)
    """PAT08."""
    pregnant: str | None = text("PAT", 9, default=None)
    """PAT09: Y."""
    subscriber: Party = loop(Party, "NM1", (1, "IL"), rank=1)
    """Loop 2010BA."""
    payer: Party = loop(Party, "NM1", (1, "PR"), rank=1)
    """Loop 2010BB."""


class ProfessionalSubscriber(_SubscriberLevel, also=("HL",)):
    """A subscriber, the payer, and the claims (loop 2000B)."""

    claims: tuple[ProfessionalClaim, ...] = loops(ProfessionalClaim, "CLM", rank=2)
    """Loops 2300, for the subscriber as patient."""
    patients: tuple[ProfessionalPatient, ...] = loops(ProfessionalPatient, "HL", (3, "23"), rank=3)
    """Loops 2000C."""


class InstitutionalSubscriber(_SubscriberLevel, also=("HL",)):
    """A subscriber, the payer, and the claims (loop 2000B)."""

    claims: tuple[InstitutionalClaim, ...] = loops(InstitutionalClaim, "CLM", rank=2)
    """Loops 2300, for the subscriber as patient."""
    patients: tuple[InstitutionalPatient, ...] = loops(
        InstitutionalPatient, "HL", (3, "23"), rank=3
    )
    """Loops 2000C."""


class _BillingLevel(Loop):
    """What the two billing provider levels share (loop 2000A, HL*20)."""

    taxonomy: str | None = text("PRV", 3, where=(1, "BI"), beside=((2, "PXC"),), default=None)
    """PRV03 with PRV02 PXC."""
    currency: str | None = text("CUR", 2, where=(1, "85"), default=None)
    """CUR02."""
    provider: Party = loop(Party, "NM1", (1, "85"), rank=1)
    """Loop 2010AA."""
    pay_to_address: Party | None = loop(Party, "NM1", (1, "87"), rank=1, default=None)
    """Loop 2010AB; a PO box belongs here."""
    pay_to_plan: Party | None = loop(Party, "NM1", (1, "PE"), rank=1, default=None)
    """Loop 2010AC."""


class ProfessionalBillingProvider(_BillingLevel, also=("HL",)):
    """A billing provider and its subscribers (loop 2000A)."""

    subscribers: tuple[ProfessionalSubscriber, ...] = loops(
        ProfessionalSubscriber, "HL", (3, "22"), rank=2
    )
    """Loops 2000B."""


class InstitutionalBillingProvider(_BillingLevel, also=("HL",)):
    """A billing provider and its subscribers (loop 2000A)."""

    subscribers: tuple[InstitutionalSubscriber, ...] = loops(
        InstitutionalSubscriber, "HL", (3, "22"), rank=2
    )
    """Loops 2000B."""


class _Claims(Loop):
    """What both 837s share."""

    _levels = ("20", "22", "23")

    structure: str = text("BHT", 1, default="0019")
    """BHT01."""
    purpose: str = text("BHT", 2, default="00")
    """BHT02: 00 original, 18 reissue."""
    batch_id: str = text("BHT", 3)
    """BHT03, the submitter's identifier of this transaction; a 277CA returns it."""
    created_on: date = day("BHT", 4)
    """BHT04."""
    created_at: str = text("BHT", 5)
    """BHT05, HHMM."""
    use: str = text("BHT", 6, default="CH")
    """BHT06: CH chargeable, RP reporting, 31 subrogation."""
    submitter: Party = loop(Party, "NM1", (1, "41"), rank=1)
    """Loop 1000A."""
    receiver: Party = loop(Party, "NM1", (1, "40"), rank=1)
    """Loop 1000B."""


class ProfessionalClaims(_Claims):
    """An 837P transaction between ST and SE (005010X222A1)."""

    kind: ClassVar[str] = "837P"
    version: ClassVar[str] = "005010X222A1"

    billing_providers: tuple[ProfessionalBillingProvider, ...] = loops(
        ProfessionalBillingProvider, "HL", (3, "20"), rank=2
    )
    """Loops 2000A."""

    def claims(self) -> Iterator[ClaimInContext]:
        """Give every claim with the levels above it, in the order of the file."""
        return _claims_of(self.billing_providers)


class InstitutionalClaims(_Claims):
    """An 837I transaction between ST and SE (005010X223A2)."""

    kind: ClassVar[str] = "837I"
    version: ClassVar[str] = "005010X223A2"

    billing_providers: tuple[InstitutionalBillingProvider, ...] = loops(
        InstitutionalBillingProvider, "HL", (3, "20"), rank=2
    )
    """Loops 2000A."""

    def claims(self) -> Iterator[ClaimInContext]:
        """Give every claim with the levels above it, in the order of the file."""
        return _claims_of(self.billing_providers)


class ClaimModels(NamedTuple):
    """The loops of one kind of 837, from the transaction down to the claim."""

    transaction: type[Any]
    billing_provider: type[Any]
    subscriber: type[Any]
    patient: type[Any]
    claim: type[Any]


PROFESSIONAL = ClaimModels(
    ProfessionalClaims,
    ProfessionalBillingProvider,
    ProfessionalSubscriber,
    ProfessionalPatient,
    ProfessionalClaim,
)
INSTITUTIONAL = ClaimModels(
    InstitutionalClaims,
    InstitutionalBillingProvider,
    InstitutionalSubscriber,
    InstitutionalPatient,
    InstitutionalClaim,
)


class ClaimInContext:
    """A claim with the levels above it.

    Attributes
    ----------
    claim
        Loop 2300.
    billing_provider
        Loop 2000A.
    subscriber
        Loop 2000B; when it was streamed, without its claims and patients.
    patient
        Loop 2000C, or None when the subscriber is the patient.
    ordinal
        1 for the transaction's first claim.
    """

    __slots__ = ("billing_provider", "claim", "ordinal", "patient", "subscriber")

    def __init__(
        self,
        claim: ProfessionalClaim | InstitutionalClaim,
        billing_provider: ProfessionalBillingProvider | InstitutionalBillingProvider,
        subscriber: ProfessionalSubscriber | InstitutionalSubscriber,
        patient: ProfessionalPatient | InstitutionalPatient | None,
        ordinal: int,
    ) -> None:
        self.claim = claim
        self.billing_provider = billing_provider
        self.subscriber = subscriber
        self.patient = patient
        self.ordinal = ordinal

    @property
    def byte_start(self) -> int:
        """The claim's first byte in the file, from 0; -1 for a claim made in memory."""
        return self.claim.byte_start

    @property
    def byte_end(self) -> int:
        """The byte after the claim's last, its terminator and line break included."""
        return self.claim.byte_end

    @property
    def difference_cents(self) -> int:
        """Claim charge less the sum of its lines' charges (CLM02 − Σ SV102 or SV203)."""
        return self.claim.charge_cents - sum(line.charge_cents for line in self.claim.lines)


def _claims_of(
    billing_providers: tuple[ProfessionalBillingProvider, ...]
    | tuple[InstitutionalBillingProvider, ...],
) -> Iterator[ClaimInContext]:
    ordinal = 0
    for billing_provider in billing_providers:
        for subscriber in billing_provider.subscribers:
            patients: tuple[Any, ...] = subscriber.patients
            for patient, claims in (
                (None, subscriber.claims),
                *((patient, patient.claims) for patient in patients),
            ):
                for claim in claims:
                    ordinal += 1
                    yield ClaimInContext(claim, billing_provider, subscriber, patient, ordinal)
