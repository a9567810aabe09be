"""What a clearinghouse and payers send, written for the tests: 835, 999, 277CA, TA1 and 271."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from functions.billing.domain.money import decimal_from_cents
from functions.billing.x12 import CountedNumbers, Party, Period, Procedure, TradingPartner
from functions.billing.x12 import address as addressed
from functions.billing.x12 import write as written
from functions.billing.x12.acknowledgement_999 import (
    ElementError,
    ImplementationAcknowledgement,
    SegmentError,
    TransactionAcknowledgement,
)
from functions.billing.x12.eligibility_271 import (
    EligibilityInformation,
    EligibilityResponse,
    RelatedParty,
    RequestValidation,
    ResponseParty,
    ResponseReceiver,
    ResponseSource,
    ResponseSubscriber,
)
from functions.billing.x12.loops import Loop
from functions.billing.x12.remittance_835 import (
    ClaimGroup,
    ClaimPayment,
    Payee,
    Payer,
    Remittance,
    ServicePayment,
)
from functions.billing.x12.values import (
    Adjustment,
    DatedPeriod,
    ProviderAdjustment,
)

SENT_ON = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
SERVICE_DAY = date(2026, 2, 26)
PAYER_NUMBER = "1412345678"
TRACE = "EFT0000001"
OUR_NPI = "1234567893"

_HOUSE = TradingPartner(
    id="us",
    sender_qualifier="ZZ",
    sender_id="HOUSE1",
    receiver_qualifier="ZZ",
    receiver_id="CLINIC1",
    sender_code="HOUSE1",
    receiver_code="CLINIC1",
)

Split = Mapping[str, int]


def file_of(*bodies: Loop, interchange: int = 900, usage: str = "P") -> bytes:
    """Transactions as one file."""
    numbers = CountedNumbers(interchange=interchange, group=interchange, transaction=1)
    return written(
        addressed(list(bodies), partner=_HOUSE, numbers=numbers, created=SENT_ON, usage=usage)  # type: ignore[arg-type]
    )


# --- 835 -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One line's answer: what the splits leave of the charge is paid, so it balances."""

    charge_cents: int = 15_000
    split: Split = field(default_factory=dict)
    line_id: str = "LINE-0001"
    procedure: str = "99213"
    submitted: str = ""
    remarks: tuple[str, ...] = ()
    short_cents: int = 0

    @property
    def paid_cents(self) -> int:
        """SVC03."""
        return self.charge_cents - sum(self.split.values()) - self.short_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One claim's answer. `split` is at claim level, `{"CO-45": 5200, "PR-3": 2500}`."""

    pcn: str = "CTESTCLAIM0101"
    status: str = "1"
    pccn: str = "ICN0001"
    lines: tuple[Paid, ...] = (Paid(),)
    split: Split = field(default_factory=dict)

    @property
    def charge_cents(self) -> int:
        """CLP03."""
        return sum(line.charge_cents for line in self.lines)

    @property
    def paid_cents(self) -> int:
        """CLP04."""
        return sum(line.paid_cents for line in self.lines) - sum(self.split.values())


def answered(split: Split | None = None, **changes: object) -> Answered:
    """A one-line answer, from the line's split."""
    line = {
        name: changes.pop(name)
        for name in ("line_id", "procedure", "remarks", "submitted", "short_cents", "charge_cents")
        if name in changes
    }
    return Answered(lines=(Paid(split=split or {}, **line),), **changes)  # type: ignore[arg-type]


def payment(
    *claims: Answered,
    trace: str = TRACE,
    provider_level: Split | None = None,
    payment_cents: int | None = None,
    payer_number: str = PAYER_NUMBER,
) -> Remittance:
    """One payment. `provider_level` as `{"WO:ICN0001": 5000}`: what the payer keeps."""
    kept = provider_level or {}
    total = sum(claim.paid_cents for claim in claims) - sum(kept.values())
    return Remittance(
        handling="I",
        payment_cents=total if payment_cents is None else payment_cents,
        credit_debit="C",
        method="ACH",
        format="CCP",
        settlement_date=SENT_ON.date(),
        trace_number=trace,
        originator_id=payer_number,
        production_date=SENT_ON.date(),
        payer=Payer(
            name="BLUE PEAK HEALTH",
            street="1 PEAK ROAD",
            city="DENVER",
            state="CO",
            postal_code="802020001",
        ),
        payee=Payee(name="SPRINGFIELD CLINIC", id_qualifier="XX", id=OUR_NPI),
        groups=(ClaimGroup(number="1", claims=tuple(_claim(claim) for claim in claims)),),
        provider_adjustments=tuple(
            ProviderAdjustment(
                OUR_NPI,
                date(2026, 12, 31),
                name.partition(":")[0],
                name.partition(":")[2],
                decimal_from_cents(cents),
            )
            for name, cents in kept.items()
        ),
    )


def remittance_file(
    *claims: Answered, usage: str = "P", interchange: int = 900, **of_payment: object
) -> bytes:
    """A file with one payment."""
    return file_of(payment(*claims, **of_payment), usage=usage, interchange=interchange)  # type: ignore[arg-type]


def _claim(claim: Answered) -> ClaimPayment:
    patient_cents = sum(
        cents
        for split in (claim.split, *(line.split for line in claim.lines))
        for name, cents in split.items()
        if name.startswith("PR-")
    )
    return ClaimPayment(
        control_number=claim.pcn,
        status=claim.status,
        charge_cents=claim.charge_cents,
        paid_cents=claim.paid_cents,
        patient_responsibility_cents=patient_cents or None,
        claim_filing="12",
        payer_claim_control_number=claim.pccn,
        facility_code="11",
        frequency="1",
        adjustments=_adjustments(claim.split),
        patient=Party(
            kind="1", name="QUILLFEATHER", first_name="ADA", id_qualifier="MI", id="ABC123456789"
        ),
        lines=tuple(_line(line) for line in claim.lines),
    )


def _line(line: Paid) -> ServicePayment:
    return ServicePayment(
        procedure=Procedure("HC", line.procedure),
        charge_cents=line.charge_cents,
        paid_cents=line.paid_cents,
        paid_units=Decimal(1),
        submitted_procedure=Procedure("HC", line.submitted) if line.submitted else None,
        service_date=SERVICE_DAY,
        adjustments=_adjustments(line.split),
        line_control_number=line.line_id or None,
        remarks=line.remarks,
    )


def _adjustments(split: Split) -> tuple[Adjustment, ...]:
    return tuple(
        Adjustment(name.partition("-")[0], name.partition("-")[2], decimal_from_cents(cents))
        for name, cents in split.items()
    )


def reversed_answer(original: Answered) -> Answered:
    """CLP02 = 22: the original with every amount negated, under the same codes."""
    return Answered(
        pcn=original.pcn,
        pccn=original.pccn,
        status="22",
        split={name: -cents for name, cents in original.split.items()},
        lines=tuple(
            Paid(
                charge_cents=-line.charge_cents,
                split={name: -cents for name, cents in line.split.items()},
                line_id=line.line_id,
                procedure=line.procedure,
            )
            for line in original.lines
        ),
    )


# --- 999, TA1, 277CA -----------------------------------------------------------------------


def syntax_file(group: str, *, result: str = "A", interchange: int = 900) -> bytes:
    """A 999 for one of our groups; a rejection names an element as its reason."""
    faults = (
        ()
        if result == "A"
        else (
            SegmentError(
                segment="NM1", position=8, code="8", elements=(ElementError(element=9, code="7"),)
            ),
        )
    )
    transaction = TransactionAcknowledgement(
        transaction_set="837",
        control_number="0001",
        version="005010X222A1",
        result=result,
        segments_in_error=faults,
    )
    body = ImplementationAcknowledgement(
        functional_id="HC",
        group_control_number=group,
        group_version="005010X222A1",
        result=result,
        included_count=1,
        received_count=1,
        accepted_count=int(result == "A"),
        transactions=(transaction,),
    )
    return file_of(body, interchange=interchange)


def syntax_file_of(group: str, results: Mapping[str, str], *, result: str = "P") -> bytes:
    """A 999 that tells transactions apart: IK5-01 by ST02."""
    transactions = tuple(
        TransactionAcknowledgement(
            transaction_set="837", control_number=number, version="005010X222A1", result=each
        )
        for number, each in results.items()
    )
    body = ImplementationAcknowledgement(
        functional_id="HC",
        group_control_number=group,
        group_version="005010X222A1",
        result=result,
        included_count=len(results),
        received_count=len(results),
        accepted_count=sum(each != "R" for each in results.values()) if result != "R" else 0,
        transactions=transactions,
    )
    return file_of(body)


def interchange_file(control_number: str, *, result: str, note: str) -> bytes:
    """A TA1 alone in its interchange."""
    isa = (
        "ISA*00*          *00*          *ZZ*HOUSE1         *ZZ*CLINIC1        "
        "*260309*0830*^*00501*000000900*0*P*:~"
    )
    return f"{isa}TA1*{control_number}*260302*1200*{result}*{note}~IEA*0*000000900~".encode()


@dataclass(frozen=True, slots=True)
class Said:
    """One claim's status in a 277CA: `Said("C1", "A7:562:85")`."""

    pcn: str
    code: str
    pccn: str = ""


def front_door_file(
    *claims: Said,
    batch: str = "000000001",
    batch_code: str = "A1:19",
    provider_code: str = "",
    interchange: int = 900,
) -> bytes:
    """A 277CA of one batch. A rejecting `batch_code` or `provider_code` may stand without claims."""
    segments = [
        "BHT*0085*08*1*20260309*0830*TH",
        "HL*1**20*1",
        "NM1*AY*2*HOUSE*****46*HOUSE1",
        "TRN*1*HOUSE-1",
        "DTP*050*D8*20260309",
        "DTP*009*D8*20260309",
        f"HL*2*1*21*{int(bool(claims or provider_code))}",
        "NM1*41*2*CLINICS*****46*CLINIC1",
        f"TRN*2*{batch}",
        _stc(batch_code),
    ]
    if claims or provider_code:
        segments += [
            f"HL*3*2*19*{int(bool(claims))}",
            f"NM1*85*2*SPRINGFIELD CLINIC*****XX*{OUR_NPI}",
            "TRN*1*0",
            *([_stc(provider_code)] if provider_code else []),
        ]
    for number, claim in enumerate(claims, start=4):
        segments += [
            f"HL*{number}*3*PT",
            "NM1*QC*1*QUILLFEATHER*ADA****MI*ABC123456789",
            f"TRN*2*{claim.pcn}",
            _stc(claim.code),
            *([f"REF*1K*{claim.pccn}"] if claim.pccn else []),
            "DTP*472*D8*20260226",
        ]
    return _wrapped(segments, "277", "HN", "005010X214", interchange)


def _stc(code: str) -> str:
    action = "U" if code[:2] in {"A3", "A6", "A7", "A8"} else "WQ"
    return f"STC*{code}*20260309*{action}*150"


def _wrapped(
    segments: Sequence[str], set_id: str, functional_id: str, version: str, interchange: int
) -> bytes:
    isa = (
        "ISA*00*          *00*          *ZZ*HOUSE1         *ZZ*CLINIC1        "
        f"*260309*0830*^*00501*{interchange:09d}*0*P*:"
    )
    lines = [
        isa,
        f"GS*{functional_id}*HOUSE1*CLINIC1*20260309*0830*{interchange}*X*{version}",
        f"ST*{set_id}*0001*{version}",
        *segments,
        f"SE*{len(segments) + 2}*0001",
        f"GE*1*{interchange}",
        f"IEA*1*{interchange:09d}",
    ]
    return ("~".join(lines) + "~").encode()


# --- 271 -----------------------------------------------------------------------------------


def benefits_file(
    eb01: str = "1",
    *,
    plan: str = "GOLD PPO",
    member_id: str = "ABC123456789",
    copay_cents: int = 2_500,
    errors: Sequence[str] = (),
    error_level: str = "subscriber",
    follow_up: str = "R",
    other_payer: str = "",
    paid_to: date | None = None,
) -> bytes:
    """A 271: covered (EB01 1) or not (6), or refused with AAA codes; the premium paid to a day, if it says so."""
    rejections = tuple(
        RequestValidation(
            valid="N" if error_level == "subscriber" else "Y", reason=code, follow_up=follow_up
        )
        for code in errors
    )
    statements = [
        EligibilityInformation(
            information=eb01,
            coverage_level="IND",
            service_types=("30", "98"),
            plan_description=plan,
        ),
        EligibilityInformation(
            information="B",
            coverage_level="IND",
            service_types=("98",),
            time_period="27",
            amount=decimal_from_cents(copay_cents),
            in_network="Y",
        ),
    ]
    if other_payer:
        statements.append(
            EligibilityInformation(
                information="R",
                service_types=("30",),
                related_parties=(
                    RelatedParty(
                        role="PR", kind="2", name=other_payer, id_qualifier="PI", id=other_payer
                    ),
                ),
            )
        )
    refused = bool(errors)
    party = ResponseParty(
        role="IL",
        kind="1",
        name="QUILLFEATHER",
        first_name="ADA",
        id_qualifier="MI",
        id=member_id,
        birth_date=date(1980, 5, 17),
        sex="F",
        changed="001" if member_id != "ABC123456789" else None,
        change_reason="25" if member_id != "ABC123456789" else None,
        relationship="18" if member_id != "ABC123456789" else None,
        periods=(
            DatedPeriod("346", Period(date(2025, 1, 1), date(2025, 1, 1))),
            *((DatedPeriod("343", Period(paid_to, paid_to)),) if paid_to else ()),
        ),
        rejections=rejections if error_level == "subscriber" else (),
    )
    subscriber = ResponseSubscriber(party=party, benefits=() if refused else tuple(statements))
    receiver = ResponseReceiver(
        provider=ResponseParty(role="1P", kind="2", name="CLINIC", id_qualifier="XX", id=OUR_NPI),
        subscribers=(subscriber,),
    )
    body = EligibilityResponse(
        reference="1",
        created_on=SENT_ON.date(),
        created_at="0830",
        sources=(
            ResponseSource(
                payer=ResponseParty(
                    role="PR", kind="2", name="BLUE PEAK HEALTH", id_qualifier="PI", id="BPK01"
                ),
                rejections=rejections if error_level == "source" else (),
                receivers=() if error_level == "source" and refused else (receiver,),
            ),
        ),
    )
    return file_of(body)
