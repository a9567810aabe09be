"""What a payer's remittance says, free of its wire format (X12 835, 005010X221A1)."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One CAS trio: group, reason (CARC), amount. A positive amount reduces the payment."""

    group: str
    reason: str
    amount_cents: int
    quantity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittedLine:
    """One service line as the payer adjudicated it (loop 2110).

    `line_id` and `claim_number` are what the line control number (REF*6R) says: our id of the line,
    and the patient control number it was sent under (empty where the payer sent something else).
    """

    ordinal: int
    procedure: str
    charge_cents: int
    paid_cents: int
    line_id: str = ""
    claim_number: str = ""
    modifiers: tuple[str, ...] = ()
    submitted_procedure: str = ""
    units: str = ""
    service_date: date | None = None
    allowed_cents: int | None = None
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittedClaim:
    """One claim payment (loop 2100). `claim_status` is CLP02: 22 reverses, 23 and 25 move no money.

    `member_id` and `service_from` help to find the claim when no control number does.
    """

    ordinal: int
    patient_control_number: str
    claim_status: str
    charge_cents: int
    paid_cents: int
    patient_responsibility_cents: int
    payer_claim_control_number: str
    filing_indicator: str = ""
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    interest_cents: int = 0
    lines: tuple[RemittedLine, ...] = ()
    member_id: str = field(default="", repr=False)
    service_from: date | None = None

    @property
    def is_reversal(self) -> bool:
        """CLP02 = 22."""
        return self.claim_status == "22"


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """One PLB pair: a provider-level amount; positive reduces the payment."""

    provider_id: str
    fiscal_year_end: date | None
    reason: str
    reference: str
    amount_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittanceHeader:
    """One payment: an ST…SE of an 835. Its identity is never the check number alone."""

    trace_number: str
    payer_identifier: str
    payer_name: str
    payee_identifier: str
    total_paid_cents: int
    payment_method: str
    settles_on: date | None
    is_test: bool
    transaction_control_number: str
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()

    @property
    def identity(self) -> str:
        """(TRN03, TRN02, BPR02, BPR16, payee), joined: what makes two copies of a payment the same one."""
        settled = self.settles_on.isoformat() if self.settles_on else ""
        parts = (
            self.payer_identifier,
            self.trace_number,
            str(self.total_paid_cents),
            settled,
            self.payee_identifier,
        )
        return "|".join(parts)


@dataclass(frozen=True, slots=True)
class BalanceDifference:
    """Where a remittance does not add up: level `line`, `claim` or `transaction`, and by how many cents."""

    level: str
    place: str
    expected_cents: int
    found_cents: int

    @property
    def difference_cents(self) -> int:
        """Found minus expected."""
        return self.found_cents - self.expected_cents
