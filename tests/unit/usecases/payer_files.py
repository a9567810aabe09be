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
from functions.billing.x12.status_277 import (
    ClaimAcknowledgement,
    ClaimStatus,
    StatusProvider,
    StatusReceiver,
    StatusSource,
    StatusSubscriber,
    TracedStatus,
)
from functions.billing.x12.values import (
    Adjustment,
    DatedPeriod,
    ProviderAdjustment,
    StatusCode,
    StatusInformation,
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
    line = {name: changes.pop(name) for name in ("line_id", "procedure", "remarks", "submitted", "short_cents", "charge_cents") if name in changes}
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
        payer=Payer(name="BLUE PEAK HEALTH", street="1 PEAK ROAD", city="DENVER", state="CO", postal_code="802020001"),
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


def remittance_file(*claims: Answered, usage: str = "P", interchange: int = 900, **of_payment: object) -> bytes:
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
        patient=Party(kind="1", name="QUILLFEATHER", first_name="ADA", id_qualifier="MI", id="ABC123456789"),
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
        else (SegmentError(segment="NM1", position=8, code="8", elements=(ElementError(element=9, code="7"),)),)
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


def interchange_file(control_number: str, *, result: str, note: str) -> bytes:
    """A TA1 alone in its interchange."""
    isa = (
        "ISA*00*          *00*          *ZZ*HOUSE1         *ZZ*CLINIC1        "
        "*260309*0830*^*00501*000000900*0*P*:~"
    )
    return f"{isa}TA1*{control_number}*260302*1200*{result}*{note}~IEA*0*000000900~".encode()


def said(pcn: str, code: str, *, pccn: str = "") -> ClaimStatus:
    """One claim's status: `A2:20`, `A7:562:85`."""
    category, status, *entity = code.split(":")
    return ClaimStatus(
        trace_number=pcn,
        statuses=(_status(category, status, *entity),),
        payer_claim_control_number=pccn or None,
    )


def _status(category: str, status: str, entity: str = "") -> StatusInformation:
    return StatusInformation(
        codes=(StatusCode(category, status, entity),),
        effective_on=SENT_ON.date(),
        action="U" if category in {"A3", "A6", "A7", "A8"} else "WQ",
        charge=Decimal(150),
    )


def front_door_file(
    *claims: ClaimStatus, batch: str = "000000001", batch_code: str = "A1:19", interchange: int = 900
) -> bytes:
    """A 277CA of one batch; with a rejecting `batch_code` and no claims it rejects the whole batch."""
    subscribers = tuple(
        StatusSubscriber(
            party=Party(role="QC", kind="1", name="QUILLFEATHER", first_name="ADA", id_qualifier="MI", id="ABC123456789"),
            claims=(claim,),
        )
        for claim in claims
    )
    providers = (
        (
            StatusProvider(
                provider=Party(role="85", kind="2", name="SPRINGFIELD CLINIC", id_qualifier="XX", id=OUR_NPI),
                status=TracedStatus(trace_type="1", trace_number="0"),
                subscribers=subscribers,
            ),
        )
        if claims
        else ()
    )
    category, code, *entity = batch_code.split(":")
    body = ClaimAcknowledgement(
        reference="1",
        created_on=SENT_ON.date(),
        created_at="0830",
        type="TH",
        sources=(
            StatusSource(
                payer=Party(role="AY", kind="2", name="HOUSE", id_qualifier="46", id="HOUSE1"),
                status=TracedStatus(trace_type="1", trace_number="HOUSE-1"),
                receivers=(
                    StatusReceiver(
                        receiver=Party(role="41", kind="2", name="CLINICS", id_qualifier="46", id="CLINIC1"),
                        status=TracedStatus(
                            trace_type="2",
                            trace_number=batch,
                            statuses=(_status(category, code, *entity),),
                        ),
                        providers=providers,
                    ),
                ),
            ),
        ),
    )
    return file_of(body, interchange=interchange)


# --- 271 -----------------------------------------------------------------------------------


def benefits_file(
    eb01: str = "1",
    *,
    plan: str = "GOLD PPO",
    member_id: str = "ABC123456789",
    copay_cents: int = 2_500,
    errors: Sequence[str] = (),
    error_level: str = "subscriber",
    other_payer: str = "",
) -> bytes:
    """A 271: covered (EB01 1) or not (6), or refused with AAA codes."""
    rejections = tuple(
        RequestValidation(valid="N" if error_level == "subscriber" else "Y", reason=code, follow_up="R") for code in errors
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
                related_parties=(RelatedParty(role="PR", kind="2", name=other_payer, id_qualifier="PI", id=other_payer),),
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
        periods=(DatedPeriod("346", Period(date(2025, 1, 1), date(2025, 1, 1))),),
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
                payer=ResponseParty(role="PR", kind="2", name="BLUE PEAK HEALTH", id_qualifier="PI", id="BPK01"),
                rejections=rejections if error_level == "source" else (),
                receivers=() if error_level == "source" and refused else (receiver,),
            ),
        ),
    )
    return file_of(body)

