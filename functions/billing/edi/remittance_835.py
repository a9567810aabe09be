"""An 835 (005010X221A1) as what it says of money, free of its wire format."""

from datetime import date

from functions.billing.domain.claims.line_numbers import claim_and_line
from functions.billing.domain.remittance.records import (
    Adjustment,
    ProviderAdjustment,
    RemittanceHeader,
    RemittedClaim,
    RemittedLine,
)
from functions.billing.x12 import ClaimPayment, Envelope, RemittanceEnd, ServicePayment
from functions.billing.x12 import RemittanceHeader as WireHeader
from functions.billing.x12.values import Adjustment as WireAdjustment

# AMT*I at claim level is interest already inside the claim's payment.
INTEREST = "I"
STATEMENT_FROM = "232"


def header_of(
    envelope: Envelope, header: WireHeader, end: RemittanceEnd | None = None
) -> RemittanceHeader:
    """BPR, TRN and N1; the provider-level adjustments come last in the file, with `end`."""
    adjustments = end.provider_adjustments if end else ()
    return RemittanceHeader(
        trace_number=header.trace_number,
        payer_identifier=header.originator_id or "",
        payer_name=header.payer.name or "",
        payee_identifier=header.payee.id or "",
        total_paid_cents=header.payment_cents,
        payment_method=header.method,
        settles_on=header.settlement_date,
        is_test=envelope.is_test,
        transaction_control_number=envelope.control_number,
        provider_adjustments=tuple(
            ProviderAdjustment(
                adjustment.provider_id,
                adjustment.fiscal_year_end,
                adjustment.reason,
                adjustment.reference,
                adjustment.amount_cents,
            )
            for adjustment in adjustments
        ),
    )


def remitted_claim(claim: ClaimPayment) -> RemittedClaim:
    """Loop 2100 with its lines."""
    return RemittedClaim(
        ordinal=claim.ordinal,
        patient_control_number=claim.control_number,
        claim_status=claim.status,
        charge_cents=claim.charge_cents,
        paid_cents=claim.paid_cents,
        patient_responsibility_cents=claim.patient_responsibility_cents or 0,
        payer_claim_control_number=claim.payer_claim_control_number or "",
        filing_indicator=claim.claim_filing or "",
        adjustments=_adjustments(claim.adjustments),
        remarks=claim.remarks,
        interest_cents=sum(
            amount.amount_cents for amount in claim.amounts if amount.qualifier == INTEREST
        ),
        lines=tuple(_line(ordinal, line) for ordinal, line in enumerate(claim.lines, start=1)),
        member_id=_member_id(claim),
        service_from=_service_from(claim),
    )


def _member_id(claim: ClaimPayment) -> str:
    """The number the claim was billed under: the insured's, else the patient's own."""
    named = (claim.insured, claim.patient)
    return next((one.id for one in named if one and one.id), "")


def _service_from(claim: ClaimPayment) -> date | None:
    """The first service day: the statement's begin (DTM*232), else the earliest line."""
    stated = next((one.day for one in claim.dates if one.qualifier == STATEMENT_FROM), None)
    days = [
        day for line in claim.lines if (day := line.service_date or line.service_start) is not None
    ]
    return stated or min(days, default=None)


def _line(ordinal: int, line: ServicePayment) -> RemittedLine:
    claim_number, line_id = claim_and_line(line.line_control_number or "")
    return RemittedLine(
        ordinal=ordinal,
        procedure=line.procedure.code,
        charge_cents=line.charge_cents,
        paid_cents=line.paid_cents,
        line_id=line_id,
        claim_number=claim_number,
        modifiers=line.procedure.modifiers,
        submitted_procedure=line.submitted_procedure.code if line.submitted_procedure else "",
        units=str(line.paid_units) if line.paid_units is not None else "",
        service_date=line.service_date or line.service_start,
        allowed_cents=line.allowed_cents,
        adjustments=_adjustments(line.adjustments),
        remarks=line.remarks,
    )


def _adjustments(trios: tuple[WireAdjustment, ...]) -> tuple[Adjustment, ...]:
    return tuple(
        Adjustment(
            trio.group,
            trio.reason,
            trio.amount_cents,
            "" if trio.quantity is None else str(trio.quantity),
        )
        for trio in trios
    )
