"""Each line of a payer's answer against what was expected: what differs, and what to do about it.

A line may differ in several ways at once (a contractual part, a patient share, a denied rest), so
each difference is an outcome of its own, with its amount and its action.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from functions.billing.domain.remittance.adjustments import AdjustmentJudge, AdjustmentKind
from functions.billing.domain.remittance.balance import NO_MONEY_STATUSES
from functions.billing.domain.remittance.records import Adjustment, RemittedClaim, RemittedLine
from functions.billing.domain.remittance.snapshots import ClaimLineSnapshot, ClaimSnapshot

FORWARDED_STATUSES = frozenset({"19", "20", "21"})
"""CLP02: processed, and forwarded by this payer to the next one."""

CROSSED_OVER_REMARKS = frozenset({"MA07", "MA18"})
DO_NOT_BILL_PATIENT_REMARKS = frozenset({"N781", "N782"})
"""The payer says that the patient may not be charged; a person checks before any bill."""


class OutcomeKind(StrEnum):
    """What a part of a line turned out to be."""

    PAYMENT = "payment"
    CONTRACTUAL_ADJUSTMENT = "contractual_adjustment"
    PATIENT_RESPONSIBILITY = "patient_responsibility"
    DENIAL = "denial"
    UNDERPAYMENT = "underpayment"
    """Less is allowed than the contract says, past the tolerance: the contractual part is too large."""
    PARTIAL_PAYMENT = "partial_payment"
    """Something is paid and a rest past the tolerance is neither adjusted, denied nor the patient's."""
    OVERPAYMENT = "overpayment"
    DUPLICATE_PAYMENT = "duplicate_payment"
    PRIOR_PAYER = "prior_payer"
    INTEREST = "interest"
    NOT_FINAL = "not_final"
    UNMAPPED_ADJUSTMENT = "unmapped_adjustment"
    REVERSAL = "reversal"
    CORRECTION_HELD = "correction_held"
    NO_MONEY = "no_money"
    NOT_PRICED = "not_priced"
    """No contract says what to expect for the line, so nothing was compared: told, never guessed."""


class OutcomeAction(StrEnum):
    """What happens next to that part."""

    CLOSE = "close"
    BILL_PATIENT = "bill_patient"
    BILL_NEXT_PAYER = "bill_next_payer"
    APPEAL = "appeal"
    """Opens a denial case, which decides whether and how to appeal."""
    INVESTIGATE = "investigate"
    WAIT = "wait"
    """Something else must arrive first: the other payer's answer, a reversal, a final decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOutcome:
    """One difference and its action. `reasons` are codes: `CO-45`, `PR-1`, `N130`, our words."""

    kind: OutcomeKind
    action: OutcomeAction
    amount_cents: int
    line_id: str = ""
    line_ordinal: int = 0
    reasons: tuple[str, ...] = ()
    occurrence: str = ""
    """The answer it belongs to, when that is another than the one being posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilePolicy:
    """What is too small to investigate."""

    tolerance_cents: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAmounts:
    """A line's charge, split by what became of it.

    `charge = paid + contractual + patient + interest + prior_payer + denied + disputed + pending`.
    `disputed_cents` is the part of the contractual adjustment that our contract does not support:
    it stays on the receivable until the difference is investigated.
    """

    line_id: str
    line_ordinal: int
    charge_cents: int
    paid_cents: int
    contractual_cents: int
    patient_cents: int
    interest_cents: int
    prior_payer_cents: int
    denied_cents: int
    disputed_cents: int
    pending_cents: int
    outcomes: tuple[LineOutcome, ...]
    codes: tuple[str, ...]

    @property
    def open_cents(self) -> int:
        """What this answer neither takes off the receivable nor denies."""
        return self.prior_payer_cents + self.disputed_cents + self.pending_cents


class Adjudication(StrEnum):
    """What the payer did with the claim, in one word."""

    PAID = "paid"
    PARTIAL = "partial"
    """Some of it paid or owed by the patient, some denied."""
    DENIED = "denied"
    PATIENT = "patient"
    """Nothing paid, nothing denied: the patient or the next payer owes it."""
    ZERO_PAY = "zero_pay"
    """Nothing paid, denied or owed by the patient: all of it is adjusted or not yet final."""
    REVERSED = "reversed"
    NO_MONEY = "no_money"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAdjudication:
    """One payer's answer about one claim, in amounts.

    `is_first_pass_denial` looks at the first remittance of an original claim (frequency 1) only.
    """

    claim_id: str
    word: Adjudication
    claim_status: str
    charge_cents: int
    paid_cents: int
    contractual_cents: int
    patient_cents: int
    denied_cents: int
    disputed_cents: int
    is_first_remittance: bool
    is_first_pass_denial: bool
    denied_line_ids: tuple[str, ...] = ()


def line_amounts(
    line: RemittedLine,
    claim: RemittedClaim,
    billed: ClaimLineSnapshot | None,
    *,
    judge: AdjustmentJudge,
    has_next_payer: bool,
    policy: ReconcilePolicy,
) -> LineAmounts:
    """Split one service line (loop 2110) and say what is to be done about each part."""
    return _split(
        _Answer(
            line_id=billed.line_id if billed else unmatched_line_id(line),
            line_ordinal=line.ordinal,
            charge_cents=line.charge_cents,
            paid_cents=line.paid_cents,
            adjustments=line.adjustments,
            remarks=line.remarks + claim.remarks,
            claim_status=claim.claim_status,
            expected_cents=billed.expected_cents if billed else None,
            is_unpriced=billed is not None and billed.expected_cents is None,
            contract=billed.contract if billed else "",
        ),
        judge=judge,
        has_next_payer=has_next_payer,
        policy=policy,
    )


def unmatched_line_id(line: RemittedLine) -> str:
    """A stand-in for a line that is not one of ours, the same in an answer and its reversal."""
    return f"unmatched:{line.line_id or line.procedure}:{abs(line.charge_cents)}"


def claim_level_amounts(
    claim: RemittedClaim, *, judge: AdjustmentJudge, has_next_payer: bool, policy: ReconcilePolicy
) -> LineAmounts | None:
    """Split what stands at claim level (CAS in loop 2100), or None when nothing does.

    Without service lines that is the whole claim. With lines it has no charge of its own, and its
    adjustments change the payment by their negative: Σ SVC03 plus this is CLP04.
    """
    if claim.lines and not claim.adjustments:
        return None
    lines_charge_cents = sum(line.charge_cents for line in claim.lines)
    lines_paid_cents = sum(line.paid_cents for line in claim.lines)
    return _split(
        _Answer(
            line_id="",
            line_ordinal=0,
            charge_cents=claim.charge_cents - lines_charge_cents,
            paid_cents=claim.paid_cents - lines_paid_cents,
            adjustments=claim.adjustments,
            remarks=claim.remarks,
            claim_status=claim.claim_status,
            expected_cents=None,
        ),
        judge=judge,
        has_next_payer=has_next_payer,
        policy=policy,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A line, or a claim without lines, on its way through the split."""

    line_id: str
    line_ordinal: int
    charge_cents: int
    paid_cents: int
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...]
    claim_status: str
    expected_cents: int | None
    is_unpriced: bool = False
    contract: str = ""

    @property
    def priced_by(self) -> tuple[str, ...]:
        """The version that says what was expected, as a reason."""
        return (f"contract:{self.contract}",) if self.contract else ()


def _split(
    answer: _Answer, *, judge: AdjustmentJudge, has_next_payer: bool, policy: ReconcilePolicy
) -> LineAmounts:
    cents: defaultdict[AdjustmentKind, int] = defaultdict(int)
    codes: defaultdict[AdjustmentKind, list[str]] = defaultdict(list)
    for one in answer.adjustments:
        kind = judge(one, answer.remarks, answer.paid_cents)
        cents[kind] += one.amount_cents
        codes[kind].append(f"{one.group}-{one.reason}")
    is_compared = _is_compared(answer, cents)
    short_cents = _allowed_short_cents(answer, cents) if is_compared else None
    disputed_cents = _disputed_cents(short_cents, cents, policy)
    outcomes = _outcomes(
        answer,
        cents,
        {kind: tuple(dict.fromkeys(found)) for kind, found in codes.items()},
        differences=_Differences(
            disputed_cents=disputed_cents,
            overpaid_cents=_overpaid_cents(short_cents, policy),
            is_partial=answer.paid_cents > 0
            and cents[AdjustmentKind.INFORMATIONAL] > policy.tolerance_cents,
            is_unpriced=answer.is_unpriced and is_compared,
        ),
        has_next_payer=has_next_payer,
    )
    return LineAmounts(
        line_id=answer.line_id,
        line_ordinal=answer.line_ordinal,
        charge_cents=answer.charge_cents,
        paid_cents=answer.paid_cents,
        contractual_cents=cents[AdjustmentKind.CONTRACTUAL] - disputed_cents,
        patient_cents=cents[AdjustmentKind.PATIENT_RESPONSIBILITY],
        interest_cents=cents[AdjustmentKind.INTEREST],
        prior_payer_cents=cents[AdjustmentKind.PRIOR_PAYER],
        denied_cents=cents[AdjustmentKind.DENIAL],
        disputed_cents=disputed_cents,
        # What a line misses that two persons released unbalanced is explained by nobody: it stays open.
        pending_cents=cents[AdjustmentKind.INFORMATIONAL]
        + cents[AdjustmentKind.UNMAPPED]
        + (answer.charge_cents - answer.paid_cents - sum(cents.values())),
        outcomes=outcomes,
        codes=adjustment_codes(answer.adjustments),
    )


def adjustment_codes(adjustments: Iterable[Adjustment]) -> tuple[str, ...]:
    """`CO-45:2000` for each adjustment, sorted: equal for equal answers however they were split."""
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for one in adjustments:
        sums[one.group, one.reason] += one.amount_cents
    return tuple(
        sorted(f"{group}-{reason}:{cents}" for (group, reason), cents in sums.items() if cents)
    )


def adjustment_of(code: str) -> Adjustment:
    """The adjustment a code stands for: `CO-45:2000` is group, reason, cents."""
    name, _, cents = code.rpartition(":")
    group, _, reason = name.partition("-")
    return Adjustment(group, reason, int(cents))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Differences:
    """How a line differs from what was expected of it."""

    disputed_cents: int
    overpaid_cents: int
    is_partial: bool
    is_unpriced: bool


def _is_compared(answer: _Answer, cents: dict[AdjustmentKind, int]) -> bool:
    """Whether a contract can say anything about the line.

    Reversals repeat amounts that were compared when they were first posted, and a secondary
    payer's share cannot be told from the contract of the primary.
    """
    return not (
        answer.claim_status == "22"
        or answer.claim_status in NO_MONEY_STATUSES
        or cents[AdjustmentKind.PRIOR_PAYER]
    )


def _allowed_short_cents(answer: _Answer, cents: dict[AdjustmentKind, int]) -> int | None:
    """Expected less what payer and patient account for; None where no contract says what to expect."""
    if answer.expected_cents is None:
        return None
    allowed_cents = (
        answer.paid_cents
        + cents[AdjustmentKind.INTEREST]
        + cents[AdjustmentKind.PATIENT_RESPONSIBILITY]
    )
    return answer.expected_cents - allowed_cents


def _disputed_cents(
    short_cents: int | None, cents: dict[AdjustmentKind, int], policy: ReconcilePolicy
) -> int:
    """The part of the contractual adjustment that explains a shortfall past the tolerance.

    What is denied or pended explains a shortfall too, and has its own outcome.
    """
    if short_cents is None:
        return 0
    unexplained_cents = short_cents - (
        cents[AdjustmentKind.DENIAL]
        + cents[AdjustmentKind.INFORMATIONAL]
        + cents[AdjustmentKind.UNMAPPED]
    )
    if unexplained_cents <= policy.tolerance_cents:
        return 0
    return max(0, min(unexplained_cents, cents[AdjustmentKind.CONTRACTUAL]))


def _overpaid_cents(short_cents: int | None, policy: ReconcilePolicy) -> int:
    if short_cents is None or -short_cents <= policy.tolerance_cents:
        return 0
    return -short_cents


def _outcomes(
    answer: _Answer,
    cents: dict[AdjustmentKind, int],
    codes: dict[AdjustmentKind, tuple[str, ...]],
    *,
    differences: _Differences,
    has_next_payer: bool,
) -> tuple[LineOutcome, ...]:
    if answer.claim_status in NO_MONEY_STATUSES:
        reason = f"claim_status_{answer.claim_status}"
        return (_outcome(answer, OutcomeKind.NO_MONEY, OutcomeAction.CLOSE, 0, (reason,)),)
    if answer.claim_status == "22":
        return (_outcome(answer, OutcomeKind.REVERSAL, OutcomeAction.CLOSE, answer.paid_cents, ()),)
    patient_action, patient_reasons = _patient_action(answer, has_next_payer=has_next_payer)
    parts = (
        (OutcomeKind.PAYMENT, OutcomeAction.CLOSE, answer.paid_cents, ()),
        (
            OutcomeKind.CONTRACTUAL_ADJUSTMENT,
            OutcomeAction.CLOSE,
            cents[AdjustmentKind.CONTRACTUAL] - differences.disputed_cents,
            codes.get(AdjustmentKind.CONTRACTUAL, ()),
        ),
        (
            OutcomeKind.PATIENT_RESPONSIBILITY,
            patient_action,
            cents[AdjustmentKind.PATIENT_RESPONSIBILITY],
            codes.get(AdjustmentKind.PATIENT_RESPONSIBILITY, ()) + patient_reasons,
        ),
        (
            OutcomeKind.DENIAL,
            OutcomeAction.APPEAL,
            cents[AdjustmentKind.DENIAL],
            codes.get(AdjustmentKind.DENIAL, ()) + answer.remarks,
        ),
        (
            OutcomeKind.UNDERPAYMENT,
            OutcomeAction.INVESTIGATE,
            differences.disputed_cents,
            (*codes.get(AdjustmentKind.CONTRACTUAL, ()), "below_expected", *answer.priced_by),
        ),
        (
            OutcomeKind.OVERPAYMENT,
            OutcomeAction.INVESTIGATE,
            differences.overpaid_cents,
            ("above_expected", *answer.priced_by),
        ),
        (
            OutcomeKind.PRIOR_PAYER,
            OutcomeAction.CLOSE,
            cents[AdjustmentKind.PRIOR_PAYER],
            codes.get(AdjustmentKind.PRIOR_PAYER, ()),
        ),
        (
            OutcomeKind.INTEREST,
            OutcomeAction.CLOSE,
            cents[AdjustmentKind.INTEREST],
            codes.get(AdjustmentKind.INTEREST, ()),
        ),
        (
            OutcomeKind.PARTIAL_PAYMENT if differences.is_partial else OutcomeKind.NOT_FINAL,
            OutcomeAction.INVESTIGATE if differences.is_partial else OutcomeAction.WAIT,
            cents[AdjustmentKind.INFORMATIONAL],
            codes.get(AdjustmentKind.INFORMATIONAL, ()),
        ),
        (
            OutcomeKind.UNMAPPED_ADJUSTMENT,
            OutcomeAction.INVESTIGATE,
            cents[AdjustmentKind.UNMAPPED],
            codes.get(AdjustmentKind.UNMAPPED, ()),
        ),
        (
            OutcomeKind.NOT_PRICED,
            OutcomeAction.CLOSE,
            answer.charge_cents if differences.is_unpriced else 0,
            ("no_contract_prices_it",),
        ),
    )
    return tuple(
        _outcome(answer, kind, action, amount_cents, reasons)
        for kind, action, amount_cents, reasons in parts
        if amount_cents
    )


def _outcome(
    answer: _Answer,
    kind: OutcomeKind,
    action: OutcomeAction,
    amount_cents: int,
    reasons: tuple[str, ...],
) -> LineOutcome:
    return LineOutcome(
        kind=kind,
        action=action,
        amount_cents=amount_cents,
        line_id=answer.line_id,
        line_ordinal=answer.line_ordinal,
        reasons=reasons,
    )


def _patient_action(
    answer: _Answer, *, has_next_payer: bool
) -> tuple[OutcomeAction, tuple[str, ...]]:
    remarks = frozenset(answer.remarks)
    if answer.claim_status in FORWARDED_STATUSES or remarks & CROSSED_OVER_REMARKS:
        return OutcomeAction.WAIT, ("forwarded_by_payer",)
    if has_next_payer:
        return OutcomeAction.BILL_NEXT_PAYER, ()
    if remarks & DO_NOT_BILL_PATIENT_REMARKS:
        return OutcomeAction.INVESTIGATE, ("payer_says_do_not_bill_patient",)
    return OutcomeAction.BILL_PATIENT, ()


def is_forwarded(claim: RemittedClaim) -> bool:
    """The payer sent the claim on to the next one itself (CLP02 19 to 21, or MA07, MA18)."""
    remarks = frozenset(claim.remarks).union(*(line.remarks for line in claim.lines))
    return claim.claim_status in FORWARDED_STATUSES or bool(remarks & CROSSED_OVER_REMARKS)


def adjudicate(
    remitted: RemittedClaim, claim: ClaimSnapshot, amounts: Iterable[LineAmounts]
) -> ClaimAdjudication:
    """Sum the lines into one word. The worst line decides: any denied part makes it so."""
    split = tuple(amounts)
    paid_cents = sum(one.paid_cents for one in split)
    patient_cents = sum(one.patient_cents for one in split)
    denied = tuple(one for one in split if one.denied_cents > 0 and one.charge_cents >= 0)
    word = _word(remitted, paid_cents, patient_cents, has_denial=bool(denied))
    first_pass = claim.is_first_remittance and claim.frequency == "1"
    return ClaimAdjudication(
        claim_id=claim.claim_id,
        word=word,
        claim_status=remitted.claim_status,
        charge_cents=remitted.charge_cents,
        paid_cents=paid_cents,
        contractual_cents=sum(one.contractual_cents for one in split),
        patient_cents=patient_cents,
        denied_cents=sum(one.denied_cents for one in denied),
        disputed_cents=sum(one.disputed_cents for one in split),
        is_first_remittance=claim.is_first_remittance,
        is_first_pass_denial=first_pass and word in {Adjudication.DENIED, Adjudication.PARTIAL},
        denied_line_ids=tuple(one.line_id for one in denied if one.line_id),
    )


def _word(
    remitted: RemittedClaim, paid_cents: int, patient_cents: int, *, has_denial: bool
) -> Adjudication:
    if remitted.is_reversal:
        return Adjudication.REVERSED
    if remitted.claim_status in NO_MONEY_STATUSES:
        return Adjudication.NO_MONEY
    if has_denial:
        return Adjudication.PARTIAL if paid_cents > 0 else Adjudication.DENIED
    if paid_cents > 0:
        return Adjudication.PAID
    return Adjudication.PATIENT if patient_cents > 0 else Adjudication.ZERO_PAY
