"""Health care claim payment, 835 (005010X221A1), and its balance at three levels.

Balance (all sums exact; a positive adjustment reduces payment):

* line: SVC02 − Σ CAS of the line = SVC03
* claim: CLP03 − Σ CAS of the claim − Σ CAS of its lines = CLP04; and, where there are lines,
  Σ SVC02 = CLP03
* transaction: Σ CLP04 − Σ PLB = BPR02

AMT, QTY, MIA, MOA, TS2 and TS3 take no part in it.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from .fields import (
    adjustments,
    amounts,
    cents,
    contacts,
    dates,
    day,
    decimal,
    loop,
    loops,
    procedure_at,
    provider_adjustments,
    quantities,
    references,
    segments_of,
    text,
    texts,
)
from .loops import Loop
from .parties import Party, party

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from .values import (
        Adjustment,
        Contact,
        Dated,
        Procedure,
        ProviderAdjustment,
        QualifiedAmount,
        QualifiedQuantity,
        Reference,
        Segment,
    )


class ServicePayment(Loop):
    """What was decided on one service (loop 2110, SVC)."""

    procedure: Procedure = procedure_at("SVC", 1)
    """SVC01, the procedure paid on."""
    charge_cents: int = cents("SVC", 2)
    """SVC02."""
    paid_cents: int = cents("SVC", 3)
    """SVC03."""
    revenue_code: str | None = text("SVC", 4, default=None)
    """SVC04."""
    paid_units: Decimal | None = decimal("SVC", 5, default=None)
    """SVC05; absent means one."""
    submitted_procedure: Procedure | None = procedure_at("SVC", 6, default=None)
    """SVC06, what was submitted when the payer changed it (down-coding, bundling)."""
    submitted_units: Decimal | None = decimal("SVC", 7, default=None)
    """SVC07."""
    service_date: date | None = day("DTM", 2, where=(1, "472"), default=None)
    """DTM*472."""
    service_start: date | None = day("DTM", 2, where=(1, "150"), default=None)
    """DTM*150."""
    service_end: date | None = day("DTM", 2, where=(1, "151"), default=None)
    """DTM*151."""
    adjustments: tuple[Adjustment, ...] = adjustments()
    """CAS trios of the line, in wire order."""
    line_control_number: str | None = text("REF", 2, where=(1, "6R"), default=None)
    """REF*6R as submitted, when the payer returns it."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    allowed_cents: int | None = cents("AMT", 2, where=(1, "B6"), default=None)
    """AMT*B6 allowed amount; a cross-check, no part of the balance."""
    amounts: tuple[QualifiedAmount, ...] = amounts()
    """Other AMT segments."""
    quantities: tuple[QualifiedQuantity, ...] = quantities()
    """QTY segments."""
    remarks: tuple[str, ...] = texts("LQ", 2, only=(1, "HE"))
    """LQ*HE remark codes (RARC)."""

    @property
    def charge(self) -> Decimal:
        """SVC02 exactly as a decimal."""
        return self._decimal("SVC", 2)

    @property
    def paid(self) -> Decimal:
        """SVC03 exactly as a decimal."""
        return self._decimal("SVC", 3)

    @property
    def difference_cents(self) -> int:
        """SVC02 − Σ CAS − SVC03: 0 when the line balances."""
        return self.charge_cents - _cents_of_all(self.adjustments) - self.paid_cents


class ClaimPayment(Loop, also=("MIA", "MOA")):
    """What was decided on one claim (loop 2100, CLP) with its services.

    The posting key is the payment's identity with ST02 and ``ordinal``, for CLP01 may repeat
    within a payment.
    """

    control_number: str = text("CLP", 1)
    """CLP01, the patient control number submitted as CLM01."""
    status: str = text("CLP", 2)
    """CLP02: 1, 2, 3 processed as primary, secondary, tertiary; 4 denied; 19, 20, 21 the same
    and forwarded; 22 reversal; 23 not ours, forwarded; 25 predetermination."""
    charge_cents: int = cents("CLP", 3)
    """CLP03."""
    paid_cents: int = cents("CLP", 4)
    """CLP04."""
    patient_responsibility_cents: int | None = cents("CLP", 5, default=None)
    """CLP05; where it differs from the PR adjustments, trust those."""
    claim_filing: str | None = text("CLP", 6, default=None)
    """CLP06."""
    payer_claim_control_number: str | None = text("CLP", 7, default=None)
    """CLP07."""
    facility_code: str | None = text("CLP", 8, default=None)
    """CLP08."""
    frequency: str | None = text("CLP", 9, default=None)
    """CLP09."""
    drg: str | None = text("CLP", 11, default=None)
    """CLP11."""
    drg_weight: Decimal | None = decimal("CLP", 12, default=None)
    """CLP12."""
    adjustments: tuple[Adjustment, ...] = adjustments()
    """CAS trios of the claim itself, in wire order; its lines have their own."""
    patient: Party | None = party("QC")
    """NM1*QC."""
    insured: Party | None = party("IL")
    """NM1*IL, when the insured is not the patient."""
    corrected_insured: Party | None = party("74")
    """NM1*74: what the payer corrected in the insured's name or number."""
    rendering: Party | None = party("82")
    """NM1*82."""
    crossover_carrier: Party | None = party("TT")
    """NM1*TT: the payer to whom the claim was forwarded."""
    corrected_payer: Party | None = party("PR")
    """NM1*PR: the payer who should have been billed."""
    other_insured: Party | None = party("GB")
    """NM1*GB."""
    inpatient_adjudication: tuple[Segment, ...] = segments_of("MIA")
    """MIA; its remark codes are in ``remarks``."""
    outpatient_adjudication: tuple[Segment, ...] = segments_of("MOA")
    """MOA; its remark codes are in ``remarks``."""
    references: tuple[Reference, ...] = references()
    """REF segments."""
    dates: tuple[Dated, ...] = dates()
    """DTM segments: 232 and 233 statement period, 050 received, 036 coverage expired."""
    contacts: tuple[Contact, ...] = contacts()
    """PER segments."""
    coverage_cents: int | None = cents("AMT", 2, where=(1, "AU"), default=None)
    """AMT*AU coverage amount; a cross-check, no part of the balance."""
    amounts: tuple[QualifiedAmount, ...] = amounts()
    """Other AMT segments."""
    quantities: tuple[QualifiedQuantity, ...] = quantities()
    """QTY segments."""
    lines: tuple[ServicePayment, ...] = loops(ServicePayment, "SVC")
    """Loops 2110."""

    @property
    def ordinal(self) -> int:
        """1 for the transaction's first claim; 0 for a claim made in memory."""
        return self.origin.ordinal if self.origin else 0

    @property
    def group(self) -> ClaimGroup | None:
        """The LX loop the claim stands in; read from a stream it comes without its claims."""
        within = self.origin.within if self.origin else None
        return within if isinstance(within, ClaimGroup) else None

    @property
    def charge(self) -> Decimal:
        """CLP03 exactly as a decimal."""
        return self._decimal("CLP", 3)

    @property
    def paid(self) -> Decimal:
        """CLP04 exactly as a decimal."""
        return self._decimal("CLP", 4)

    @property
    def is_reversal(self) -> bool:
        """Whether CLP02 is 22: every amount undoes an earlier one, under its own codes."""
        return self.status == "22"

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remark codes (RARC) of the claim: MIA05, MIA20 to MIA23 and MOA03 to MOA07."""
        found: list[str] = []
        for segment in self.inpatient_adjudication:
            found += [segment.element(at) for at in (5, 20, 21, 22, 23)]
        for segment in self.outpatient_adjudication:
            found += [segment.element(at) for at in (3, 4, 5, 6, 7)]
        return tuple(code for code in found if code)

    @property
    def balance(self) -> ClaimBalance:
        """The claim's balance at line and claim level; see `ClaimBalance`."""
        return balance_claim(self)


class Payer(Loop, also=("N3", "N4")):
    """Who pays (loop 1000A, N1*PR)."""

    name: str | None = text("N1", 2, default=None)
    """N102."""
    id_qualifier: str | None = text("N1", 3, default=None)
    """N103: XV."""
    id: str | None = text("N1", 4, default=None)
    """N104."""
    street: str | None = text("N3", 1, default=None)
    """N301."""
    street_2: str | None = text("N3", 2, default=None)
    """N302."""
    city: str | None = text("N4", 1, default=None)
    """N401."""
    state: str | None = text("N4", 2, default=None)
    """N402."""
    postal_code: str | None = text("N4", 3, default=None)
    """N403."""
    references: tuple[Reference, ...] = references()
    """REF segments: 2U payer id, EO submitter id, HI, NF."""
    contacts: tuple[Contact, ...] = contacts()
    """PER segments: BL technical, CX claims, IC web site."""


class Payee(Payer, also=("RDM",)):
    """Who is paid (loop 1000B, N1*PE); N103 is XX (NPI), FI (tax id) or XV."""


class ClaimGroup(Loop, also=("TS2", "TS3")):
    """Claims under one LX (loop 2000); TS3 and TS2 are summaries outside of the balance."""

    number: str = text("LX", 1)
    """LX01, assigned by the payer."""
    summary: tuple[Segment, ...] = segments_of("TS3")
    """TS3."""
    supplemental_summary: tuple[Segment, ...] = segments_of("TS2")
    """TS2."""
    claims: tuple[ClaimPayment, ...] = loops(ClaimPayment, "CLP")
    """Loops 2100."""


class RemittanceHeader(Loop):
    """All that stands before the first LX: payment, trace, payer and payee.

    The payment's identity for de-duplication is (``originator_id``, ``trace_number``,
    ``payment_cents``, ``settlement_date``, payee id): never the check number alone.
    """

    handling: str = text("BPR", 1)
    """BPR01: I remittance only, C payment with data, D payment only, H notice only, P prenote,
    U split, X handling party's choice."""
    payment_cents: int = cents("BPR", 2)
    """BPR02, the money of this transaction."""
    credit_debit: str = text("BPR", 3, default="C")
    """BPR03: C or D."""
    method: str = text("BPR", 4)
    """BPR04: ACH, CHK, FWT, BOP, NON."""
    format: str | None = text("BPR", 5, default=None)
    """BPR05: CCP or CTX."""
    settlement_date: date | None = day("BPR", 16, default=None)
    """BPR16, when the money moves."""
    trace_number: str = text("TRN", 2, beside=((1, "1"),))
    """TRN02: check or EFT trace number."""
    originator_id: str | None = text("TRN", 3, default=None)
    """TRN03: payer identifier, 1 and the employer number."""
    trace_supplement: str | None = text("TRN", 4, default=None)
    """TRN04."""
    currency: str | None = text("CUR", 2, where=(1, "PR"), default=None)
    """CUR02."""
    receiver_id: str | None = text("REF", 2, where=(1, "EV"), default=None)
    """REF*EV."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    production_date: date | None = day("DTM", 2, where=(1, "405"), default=None)
    """DTM*405."""
    payer: Payer = loop(Payer, "N1", (1, "PR"), rank=1)
    """Loop 1000A."""
    payee: Payee = loop(Payee, "N1", (1, "PE"), rank=1)
    """Loop 1000B."""

    @property
    def payment(self) -> Decimal:
        """BPR02 exactly as a decimal."""
        return self._decimal("BPR", 2)

    @property
    def settlement_date_text(self) -> str:
        """BPR16 as written, for identity even where it is no valid date."""
        found = self.first_own("BPR", None)
        return found[1][16] if found and len(found[1]) > 16 else ""  # noqa: PLR2004


class Remittance(RemittanceHeader, tail=("PLB",)):
    """An 835 transaction between ST and SE (005010X221A1), held whole.

    For files of any size use `stream_835`, which holds one claim at a time.
    """

    kind: ClassVar[str] = "835"
    version: ClassVar[str] = "005010X221A1"

    ungrouped: tuple[ClaimPayment, ...] = loops(ClaimPayment, "CLP", rank=2)
    """Claims of payers that leave the LX out."""
    groups: tuple[ClaimGroup, ...] = loops(ClaimGroup, "LX", rank=3)
    """Loops 2000."""
    provider_adjustments: tuple[ProviderAdjustment, ...] = provider_adjustments()
    """PLB pairs, in wire order."""

    def claims(self) -> Iterator[ClaimPayment]:
        """Give every claim in the order of the file, its ordinal set."""
        grouped = ((group, claim) for group in self.groups for claim in group.claims)
        claims = chain(((None, claim) for claim in self.ungrouped), grouped)
        for ordinal, (group, claim) in enumerate(claims, 1):
            if claim.origin:
                claim.origin.ordinal = ordinal
                claim.origin.within = group
            yield claim

    @property
    def balance(self) -> RemittanceBalance:
        """The verdict at line, claim and transaction level."""
        return balance_remittance(self)


class ClaimBalance(NamedTuple):
    """A claim's differences, in cents; all 0 when it balances.

    Attributes
    ----------
    line_differences_cents
        For each line SVC02 − Σ CAS − SVC03.
    difference_cents
        CLP03 − Σ CAS of claim and lines − CLP04.
    charge_difference_cents
        CLP03 − Σ SVC02; 0 for a claim without lines. With the two above it decides whether the
        lines' payments less the claim's own adjustments add up to CLP04.
    """

    line_differences_cents: tuple[int, ...]
    difference_cents: int
    charge_difference_cents: int

    @property
    def is_balanced(self) -> bool:
        """Whether every difference is 0."""
        return not (
            self.difference_cents
            or self.charge_difference_cents
            or any(self.line_differences_cents)
        )


class UnbalancedClaim(NamedTuple):
    """A claim that does not balance: where it is and by how much."""

    ordinal: int
    control_number: str
    byte_start: int
    balance: ClaimBalance


class RemittanceBalance(NamedTuple):
    """The verdict on one 835 transaction, the three levels side by side.

    Attributes
    ----------
    payment_cents
        BPR02.
    claims_paid_cents
        Σ CLP04.
    provider_adjustments_cents
        Σ PLB amounts; positive ones reduce the payment.
    difference_cents
        Σ CLP04 − Σ PLB − BPR02.
    claim_count, line_count
        CLP and SVC segments.
    unbalanced_claim_count, unbalanced_line_count
        How many do not balance.
    unbalanced_claims
        The first hundred that do not, with their differences.
    """

    payment_cents: int
    claims_paid_cents: int
    provider_adjustments_cents: int
    difference_cents: int
    claim_count: int
    line_count: int
    unbalanced_claim_count: int
    unbalanced_line_count: int
    unbalanced_claims: tuple[UnbalancedClaim, ...]

    @property
    def is_balanced(self) -> bool:
        """Whether line, claim and transaction level all balance."""
        return not (self.difference_cents or self.unbalanced_claim_count)


UNBALANCED_CLAIMS_SHOWN_MAX = 100


def _cents_of_all(values: tuple[Adjustment, ...]) -> int:
    return sum(value.amount_cents for value in values)


def unbalanced(claim: ClaimPayment, balance: ClaimBalance) -> UnbalancedClaim:
    """Describe a claim that does not balance, even one that lacks its number."""
    clp = claim.first_own("CLP", None)
    number = clp[1][1] if clp and len(clp[1]) > 1 else ""
    return UnbalancedClaim(claim.ordinal, number, claim.byte_start, balance)


def balance_claim(claim: ClaimPayment) -> ClaimBalance:
    """Balance one claim at line and claim level.

    Raises
    ------
    X12Error
        When an amount cannot be read or is not in whole cents.
    """
    adjusted = _cents_of_all(claim.adjustments)
    charges = 0
    differences = []
    lines = claim.lines
    for line in lines:
        line_adjusted = _cents_of_all(line.adjustments)
        adjusted += line_adjusted
        charges += line.charge_cents
        differences.append(line.charge_cents - line_adjusted - line.paid_cents)
    return ClaimBalance(
        line_differences_cents=tuple(differences),
        difference_cents=claim.charge_cents - adjusted - claim.paid_cents,
        charge_difference_cents=claim.charge_cents - charges if lines else 0,
    )


def balance_remittance(remittance: Remittance) -> RemittanceBalance:
    """Balance a whole 835 held in memory.

    Raises
    ------
    X12Error
        When an amount cannot be read or is not in whole cents.
    """
    paid = 0
    claims = lines = bad_lines = bad_claims = 0
    shown: list[UnbalancedClaim] = []
    for claim in remittance.claims():
        claims += 1
        balance = balance_claim(claim)
        lines += len(balance.line_differences_cents)
        paid += claim.paid_cents
        if not balance.is_balanced:
            bad_claims += 1
            bad_lines += sum(1 for each in balance.line_differences_cents if each)
            if len(shown) < UNBALANCED_CLAIMS_SHOWN_MAX:
                shown.append(unbalanced(claim, balance))
    withheld = sum(each.amount_cents for each in remittance.provider_adjustments)
    return RemittanceBalance(
        payment_cents=remittance.payment_cents,
        claims_paid_cents=paid,
        provider_adjustments_cents=withheld,
        difference_cents=paid - withheld - remittance.payment_cents,
        claim_count=claims,
        line_count=lines,
        unbalanced_claim_count=bad_claims,
        unbalanced_line_count=bad_lines,
        unbalanced_claims=tuple(shown),
    )
