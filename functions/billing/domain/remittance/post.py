"""From a payer's answer to postings: pure, and the same whichever way answers arrive.

`plan_claim_posting` takes what is known and returns what to add. Committing the plan, once, is the
use case's part: every posting has a key that the same answer always gives again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import balances
from functions.billing.domain.ledger.bookings import (
    applied_entries,
    held_entries,
    released_entries,
)
from functions.billing.domain.ledger.postings import (
    AdjudicatedAmounts,
    Entry,
    Posting,
    PostingKind,
)
from functions.billing.domain.remittance.adjustments import AdjustmentJudge
from functions.billing.domain.remittance.balance import NO_MONEY_STATUSES
from functions.billing.domain.remittance.matching import match_lines
from functions.billing.domain.remittance.reconcile import (
    ClaimAdjudication,
    LineAmounts,
    LineOutcome,
    OutcomeAction,
    OutcomeKind,
    ReconcilePolicy,
    adjudicate,
    claim_level_amounts,
    is_forwarded,
    line_amounts,
)
from functions.billing.domain.remittance.records import (
    RemittanceHeader,
    RemittedClaim,
)
from functions.billing.domain.remittance.settle import (
    AnsweredLine,
    Settlement,
    answered_lines,
    settle,
)
from functions.billing.domain.remittance.snapshots import ClaimSnapshot

_RANK_OF_STATUS = {"1": 1, "19": 1, "2": 2, "20": 2, "3": 3, "21": 3}
_CORRECTION_REMARK = "MA67"


class PostingState(StrEnum):
    """What posting an answer came to."""

    POSTED = "posted"
    HELD = "held"
    """Its cash is booked as a credit balance; at least one line waits or is investigated."""
    ALREADY_POSTED = "already_posted"
    DUPLICATE_REMITTANCE = "duplicate_remittance"
    """A copy of a payment that was posted from another file."""
    NO_MONEY = "no_money"
    SET_ASIDE = "set_aside"
    """Its cash is on the ledger as unapplied; a person decides to which claim it is posted."""


class ExceptionCode(StrEnum):
    """What a person should look at, beside the outcomes."""

    DUPLICATE_PAYMENT = "duplicate_payment"
    CORRECTION_BEFORE_REVERSAL = "correction_before_reversal"
    REVERSAL_WITHOUT_ORIGINAL = "reversal_without_original"
    REVERSAL_DIFFERS_FROM_ORIGINAL = "reversal_differs_from_original"
    CHARGE_DIFFERS = "charge_differs"
    LINE_NOT_OURS = "line_not_ours"
    PROCEDURE_CHANGED_BY_PAYER = "procedure_changed_by_payer"
    PATIENT_SHARE_DIFFERS = "patient_share_differs"
    PROCESSED_IN_OTHER_ORDER = "processed_in_other_order"
    PAYMENT_WITHOUT_MONEY_STATUS = "payment_without_money_status"
    CREDIT_BALANCE = "credit_balance"
    """More was answered than was billed: the receivable is below zero, and somebody is owed a refund."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingException:
    """One thing to look at. `expected` and `found` are codes or cents, never a person's data."""

    code: ExceptionCode
    line_id: str = ""
    amount_cents: int = 0
    expected: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingPlan:
    """What to add to the ledger for one answer, and what to do next.

    Attributes
    ----------
    postings
        To be committed together, each under its key. Empty if there is nothing to add.
    outcomes
        For this answer's lines, and for lines of earlier answers that come into force now
        (`LineOutcome.occurrence` names those).
    adjudication
        What the payer did with the claim in this answer.
    released, withdrawn
        Occurrences of earlier answers that come into force, or cease to be, with this one.
    paired_with
        For a reversal the occurrence it cancels; for an answer the reversal that came before it.
    """

    occurrence: str
    state: PostingState
    postings: tuple[Posting, ...]
    outcomes: tuple[LineOutcome, ...]
    adjudication: ClaimAdjudication
    exceptions: tuple[PostingException, ...] = ()
    released: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    paired_with: str = ""

    @property
    def is_clean(self) -> bool:
        """Nothing in it asks for a person: it pays, adjusts, and says who owes the rest."""
        return not self.exceptions and all(
            outcome.action in _CLEAN_ACTIONS for outcome in self.outcomes
        )

    @property
    def posted_cents(self) -> int:
        """What the plan adds to remittance clearing: CLP04, unless it was booked before."""
        return sum(one.amount_cents(Account.REMITTANCE_CLEARING) for one in self.postings)


_CLEAN_ACTIONS = frozenset(
    {OutcomeAction.CLOSE, OutcomeAction.BILL_PATIENT, OutcomeAction.BILL_NEXT_PAYER}
)


def occurrence_of(header: RemittanceHeader, ordinal: int) -> str:
    """Names one CLP of one payment: identity, ST02, ordinal. CLP01 may repeat within a payment."""
    return f"{header.identity}|{header.transaction_control_number}|{ordinal}"


def plan_claim_posting(
    remitted: RemittedClaim,
    header: RemittanceHeader,
    claim: ClaimSnapshot,
    prior: tuple[Posting, ...],
    *,
    judge: AdjustmentJudge,
    posted_on: date,
    policy: ReconcilePolicy | None = None,
) -> PostingPlan:
    """Plan the postings of one payer's answer (CLP) about one of our claims.

    Parameters
    ----------
    prior
        Every posting of this claim so far, in any order.
    judge
        What each adjustment means; usually the denial table through `kind_of_bucket`.

    Notes
    -----
    The remittance must have been found balanced before. The ledger after all of a claim's answers
    is the same for every order of their arrival, and however often each arrives.
    """
    policy = policy or ReconcilePolicy()
    occurrence = occurrence_of(header, remitted.ordinal)
    split = _split(remitted, claim, judge, policy)
    plan = PostingPlan(
        occurrence=occurrence,
        state=PostingState.POSTED,
        postings=(),
        outcomes=tuple(outcome for one in split for outcome in one.outcomes),
        adjudication=adjudicate(remitted, claim, split),
        exceptions=_answer_exceptions(remitted, claim, split),
    )
    if remitted.claim_status in NO_MONEY_STATUSES:
        return replace(plan, state=PostingState.NO_MONEY)
    arriving = tuple(
        AnsweredLine(one.line_id, _adjudicated(one, remitted, header, claim), is_applied=None)
        for one in split
    )
    known = answered_lines(prior)
    if any(line.adjudicated.occurrence == occurrence for line in known):
        return replace(plan, state=PostingState.ALREADY_POSTED)
    case = _Case(
        remitted=remitted,
        header=header,
        claim=claim,
        prior=prior,
        posted_on=posted_on,
        arriving=arriving,
        known=known,
        settlement=settle((*known, *arriving)),
    )
    if _is_copy(case):
        return replace(plan, state=PostingState.DUPLICATE_REMITTANCE)
    return _settled(plan, case)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One answer, what was known before it, and what follows for each line."""

    remitted: RemittedClaim
    header: RemittanceHeader
    claim: ClaimSnapshot
    prior: tuple[Posting, ...]
    posted_on: date
    arriving: tuple[AnsweredLine, ...]
    known: tuple[AnsweredLine, ...]
    settlement: Settlement

    def sources(self) -> dict[str, str]:
        """Line key → the payment it came with."""
        return {one.adjudicated.key: one.source for one in self.prior if one.adjudicated}


def _split(
    remitted: RemittedClaim,
    claim: ClaimSnapshot,
    judge: AdjustmentJudge,
    policy: ReconcilePolicy,
) -> tuple[LineAmounts, ...]:
    ours = {line.line_id: line for line in claim.lines}
    line_ids = match_lines(remitted.lines, claim.lines)
    has_next = claim.has_next_payer
    lines = [
        line_amounts(
            line,
            remitted,
            ours.get(line_ids.get(line.ordinal, "")),
            judge=judge,
            has_next_payer=has_next,
            policy=policy,
        )
        for line in remitted.lines
    ]
    whole = claim_level_amounts(remitted, judge=judge, has_next_payer=has_next, policy=policy)
    return (*lines, whole) if whole else tuple(lines)


def _adjudicated(
    one: LineAmounts, remitted: RemittedClaim, header: RemittanceHeader, claim: ClaimSnapshot
) -> AdjudicatedAmounts:
    occurrence = occurrence_of(header, remitted.ordinal)
    settled = header.settles_on.isoformat() if header.settles_on else ""
    rank = max(_RANK_OF_STATUS.get(remitted.claim_status, 1), claim.payer_rank)
    is_later_payer = rank > claim.payer_rank
    waits = is_forwarded(remitted) or (claim.has_next_payer and not is_later_payer)
    return AdjudicatedAmounts(
        occurrence=occurrence,
        line_ordinal=one.line_ordinal,
        order=f"{settled}|{occurrence}",
        payer_rank=rank,
        claim_status=remitted.claim_status,
        charge_cents=one.charge_cents,
        paid_cents=one.paid_cents,
        contractual_cents=one.contractual_cents,
        patient_cents=one.patient_cents,
        interest_cents=one.interest_cents,
        denied_cents=one.denied_cents,
        open_cents=one.open_cents,
        receivable=(
            Account.NEXT_PAYER_RECEIVABLE if is_later_payer else Account.INSURANCE_RECEIVABLE
        ),
        patient_account=(Account.NEXT_PAYER_RECEIVABLE if waits else Account.PATIENT_RECEIVABLE),
        payer_claim_control_number=remitted.payer_claim_control_number,
        codes=one.codes,
    )


def _is_copy(case: _Case) -> bool:
    """The payment came in another file: identity, CLP ordinal and content agree, ST02 differs."""
    sources = case.sources()
    position = case.remitted.ordinal
    same_place = [
        line
        for line in case.known
        if sources[line.key] == case.header.identity
        and line.adjudicated.occurrence.rsplit("|", 1)[-1] == str(position)
    ]
    return bool(same_place) and _contents(case.arriving) == _contents(same_place)


def _contents(lines: Iterable[AnsweredLine]) -> set[tuple[object, ...]]:
    return {
        (
            line.line_id,
            line.adjudicated.line_ordinal,
            line.adjudicated.claim_status,
            line.adjudicated.charge_cents,
            line.adjudicated.paid_cents,
            line.adjudicated.codes,
        )
        for line in lines
    }


def _arrival_postings(case: _Case) -> Iterable[Posting]:
    for line in case.arriving:
        adjudicated = case.settlement.adopted.get(line.key, line.adjudicated)
        if case.settlement.applied[line.key]:
            kind = PostingKind.REVERSAL if adjudicated.is_reversal else PostingKind.REMITTANCE
            entries = applied_entries(case.claim.claim_id, adjudicated)
        else:
            kind = PostingKind.HELD
            entries = held_entries(case.claim.claim_id, adjudicated)
        yield Posting(
            key=line.key,
            kind=kind,
            entries=entries,
            occurred_on=case.posted_on,
            source=case.header.identity,
            claim_id=case.claim.claim_id,
            line_id=line.line_id,
            adjudicated=adjudicated,
        )


def _change_postings(case: _Case) -> Iterable[Posting]:
    sources = case.sources()
    for line in case.known:
        should_apply = case.settlement.applied[line.key]
        if should_apply == line.is_applied:
            continue
        released = released_entries(case.claim.claim_id, line.adjudicated)
        yield Posting(
            key=f"{line.key}|change|{line.changes + 1}",
            kind=PostingKind.RELEASED if should_apply else PostingKind.WITHDRAWN,
            entries=released if should_apply else tuple(entry.negated() for entry in released),
            occurred_on=case.posted_on,
            source=sources[line.key],
            claim_id=case.claim.claim_id,
            line_id=line.line_id,
            adjudicated=line.adjudicated,
        )


def _answer_exceptions(
    remitted: RemittedClaim, claim: ClaimSnapshot, split: tuple[LineAmounts, ...]
) -> tuple[PostingException, ...]:
    """What is odd about the answer itself, whatever was known before."""
    found: list[PostingException] = []
    if remitted.claim_status in NO_MONEY_STATUSES:
        if remitted.paid_cents:
            found.append(
                PostingException(
                    code=ExceptionCode.PAYMENT_WITHOUT_MONEY_STATUS,
                    amount_cents=remitted.paid_cents,
                    found=remitted.claim_status,
                )
            )
        return tuple(found)
    if abs(remitted.charge_cents) != claim.charge_cents:
        found.append(
            PostingException(
                code=ExceptionCode.CHARGE_DIFFERS,
                amount_cents=abs(remitted.charge_cents) - claim.charge_cents,
                expected=str(claim.charge_cents),
                found=str(remitted.charge_cents),
            )
        )
    rank = _RANK_OF_STATUS.get(remitted.claim_status, claim.payer_rank)
    if rank != claim.payer_rank:
        found.append(
            PostingException(
                code=ExceptionCode.PROCESSED_IN_OTHER_ORDER,
                expected=str(claim.payer_rank),
                found=str(rank),
            )
        )
    patient_cents = _patient_group_cents(remitted)
    if remitted.patient_responsibility_cents != patient_cents:
        # The CAS amounts balance the claim and CLP05 does not: trust them, and show the difference.
        found.append(
            PostingException(
                code=ExceptionCode.PATIENT_SHARE_DIFFERS,
                amount_cents=remitted.patient_responsibility_cents - patient_cents,
                expected=str(patient_cents),
                found=str(remitted.patient_responsibility_cents),
            )
        )
    return (*found, *_line_exceptions(remitted, claim, split))


def _patient_group_cents(remitted: RemittedClaim) -> int:
    adjustments = [*remitted.adjustments]
    for line in remitted.lines:
        adjustments.extend(line.adjustments)
    return sum(one.amount_cents for one in adjustments if one.group == "PR")


def _line_exceptions(
    remitted: RemittedClaim, claim: ClaimSnapshot, split: tuple[LineAmounts, ...]
) -> Iterable[PostingException]:
    ours = {line.line_id: line for line in claim.lines}
    line_ids = {one.line_ordinal: one.line_id for one in split}
    for line in remitted.lines:
        line_id = line_ids[line.ordinal]
        billed = ours.get(line_id)
        if billed is None:
            yield PostingException(
                code=ExceptionCode.LINE_NOT_OURS,
                line_id=line.line_id,
                amount_cents=line.charge_cents,
                found=line.procedure,
            )
        elif billed.procedure != line.procedure:
            yield PostingException(
                code=ExceptionCode.PROCEDURE_CHANGED_BY_PAYER,
                line_id=line_id,
                expected=billed.procedure,
                found=line.procedure,
            )


def _settled(plan: PostingPlan, case: _Case) -> PostingPlan:
    """Complete a plan with its postings, and tell what holding and releasing mean."""
    postings = (*_arrival_postings(case), *_change_postings(case))
    applied = case.settlement.applied
    held = tuple(line for line in case.arriving if not applied[line.key])
    released = tuple(line for line in case.known if applied[line.key] and not line.is_applied)
    withdrawn = tuple(line for line in case.known if line.is_applied and not applied[line.key])
    blocked = tuple(line for line in held if line.key in case.settlement.blocked_by)
    holding = tuple(_held_outcome(line, case) for line in blocked)
    partner = _partner(plan.occurrence, case.settlement)
    undone = () if case.remitted.is_reversal or not partner else tuple(map(_undone_outcome, held))
    held_ordinals = {line.adjudicated.line_ordinal for line in held}
    kept = tuple(
        outcome
        for outcome in plan.outcomes
        if outcome.line_ordinal not in held_ordinals or outcome.kind is OutcomeKind.REVERSAL
    )
    return replace(
        plan,
        state=(
            PostingState.HELD
            if blocked or plan.occurrence in case.settlement.unpaired_reversals
            else PostingState.POSTED
        ),
        postings=postings,
        outcomes=(
            *kept,
            *holding,
            *undone,
            *(outcome for line in released for outcome in _released_outcomes(line)),
        ),
        exceptions=(
            *plan.exceptions,
            *_held_exceptions(holding),
            *_reversal_exceptions(case),
            *_receivable_exceptions(case, postings),
        ),
        released=_occurrences(released),
        withdrawn=_occurrences(withdrawn),
        paired_with=partner,
    )


def _partner(occurrence: str, settlement: Settlement) -> str:
    """Name the answer that a reversal cancels, or the reversal that cancelled an answer."""
    undone_by = {original: reversal for reversal, original in settlement.pairs.items()}
    return settlement.pairs.get(occurrence) or undone_by.get(occurrence, "")


def _undone_outcome(line: AnsweredLine) -> LineOutcome:
    return LineOutcome(
        kind=OutcomeKind.REVERSAL,
        action=OutcomeAction.CLOSE,
        amount_cents=line.adjudicated.paid_cents,
        line_id=line.line_id,
        line_ordinal=line.adjudicated.line_ordinal,
        reasons=("reversed_before_it_arrived",),
    )


def _occurrences(lines: Iterable[AnsweredLine]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.adjudicated.occurrence for line in lines))


def _held_outcome(line: AnsweredLine, case: _Case) -> LineOutcome:
    """Judge a second answer for a line: a correction that outran its reversal, or paid twice.

    It is a correction if the payer says so (MA67) or both answers stand in one payment, where the
    reversal should be too. Anything else, and whatever repeats the same amounts, is investigated.
    """
    rival_name = case.settlement.blocked_by[line.key]
    repeats = any(
        other.adjudicated.occurrence == rival_name
        and other.line_id == line.line_id
        and other.adjudicated.paid_cents == line.adjudicated.paid_cents
        and other.adjudicated.codes == line.adjudicated.codes
        for other in case.known
    )
    remarks = case.remitted.remarks + tuple(
        remark for one in case.remitted.lines for remark in one.remarks
    )
    same_payment = rival_name.startswith(f"{case.header.identity}|")
    is_correction = not repeats and (_CORRECTION_REMARK in remarks or same_payment)
    return LineOutcome(
        kind=OutcomeKind.CORRECTION_HELD if is_correction else OutcomeKind.DUPLICATE_PAYMENT,
        action=OutcomeAction.WAIT if is_correction else OutcomeAction.INVESTIGATE,
        amount_cents=line.adjudicated.paid_cents,
        line_id=line.line_id,
        line_ordinal=line.adjudicated.line_ordinal,
        reasons=("answered_before_without_reversal",),
    )


def _held_exceptions(holding: Iterable[LineOutcome]) -> Iterable[PostingException]:
    codes = {
        OutcomeKind.CORRECTION_HELD: ExceptionCode.CORRECTION_BEFORE_REVERSAL,
        OutcomeKind.DUPLICATE_PAYMENT: ExceptionCode.DUPLICATE_PAYMENT,
    }
    for outcome in holding:
        yield PostingException(
            code=codes[outcome.kind], line_id=outcome.line_id, amount_cents=outcome.amount_cents
        )


def _reversal_exceptions(case: _Case) -> Iterable[PostingException]:
    occurrence = occurrence_of(case.header, case.remitted.ordinal)
    paid_cents = case.remitted.paid_cents
    if occurrence in case.settlement.unpaired_reversals:
        yield PostingException(
            code=ExceptionCode.REVERSAL_WITHOUT_ORIGINAL, amount_cents=paid_cents
        )
    if occurrence in case.settlement.inexact_pairs:
        yield PostingException(
            code=ExceptionCode.REVERSAL_DIFFERS_FROM_ORIGINAL, amount_cents=paid_cents
        )


def _receivable_exceptions(
    case: _Case, postings: tuple[Posting, ...]
) -> Iterable[PostingException]:
    """Report a receivable below zero: more was answered than was billed."""
    after = balances((*case.prior, *postings))
    for account in (Account.INSURANCE_RECEIVABLE, Account.NEXT_PAYER_RECEIVABLE):
        cents = after.claim_cents(case.claim.claim_id, account)
        if cents < 0:
            yield PostingException(
                code=ExceptionCode.CREDIT_BALANCE, amount_cents=cents, found=account.value
            )


def _released_outcomes(line: AnsweredLine) -> Iterable[LineOutcome]:
    """What to do about a line of an earlier answer that comes into force now."""
    one = line.adjudicated
    patient_action = (
        OutcomeAction.BILL_PATIENT
        if one.patient_account is Account.PATIENT_RECEIVABLE
        else OutcomeAction.BILL_NEXT_PAYER
    )
    parts: tuple[tuple[OutcomeKind, OutcomeAction, int], ...] = (
        (OutcomeKind.PAYMENT, OutcomeAction.CLOSE, one.paid_cents),
        (OutcomeKind.CONTRACTUAL_ADJUSTMENT, OutcomeAction.CLOSE, one.contractual_cents),
        (OutcomeKind.PATIENT_RESPONSIBILITY, patient_action, one.patient_cents),
        (OutcomeKind.DENIAL, OutcomeAction.APPEAL, one.denied_cents),
        (OutcomeKind.NOT_FINAL, OutcomeAction.INVESTIGATE, one.open_cents),
    )
    reasons = tuple(code.rsplit(":", 1)[0] for code in one.codes)
    for kind, action, amount_cents in parts:
        if amount_cents:
            yield LineOutcome(
                kind=kind,
                action=action,
                amount_cents=amount_cents,
                line_id=line.line_id,
                line_ordinal=one.line_ordinal,
                reasons=reasons if kind is not OutcomeKind.PAYMENT else (),
                occurrence=one.occurrence,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The payers' answers that count for a claim now, summed: what its state should follow from.

    `answers` is the number of answers with at least one line in force, reversed ones left out.
    """

    answers: int
    paid_cents: int
    contractual_cents: int
    patient_cents: int
    denied_cents: int
    open_cents: int
    held_cents: int


def standing_of(postings: Iterable[Posting]) -> Standing:
    """Sum the answers in force among a claim's postings."""
    lines = answered_lines(postings)
    in_force = [line.adjudicated for line in lines if line.is_applied]
    answered = {one.occurrence for one in in_force if not one.is_reversal}
    undone = {one.occurrence for one in in_force if one.is_reversal}
    return Standing(
        answers=len(answered) - len(undone),
        paid_cents=sum(one.paid_cents for one in in_force),
        contractual_cents=sum(one.contractual_cents for one in in_force),
        patient_cents=sum(one.patient_cents for one in in_force),
        denied_cents=sum(one.denied_cents for one in in_force),
        open_cents=sum(one.open_cents for one in in_force),
        held_cents=sum(line.adjudicated.paid_cents for line in lines if not line.is_applied),
    )


def unmatched_posting(
    remitted: RemittedClaim, header: RemittanceHeader, *, posted_on: date
) -> Posting:
    """The cash of an answer that fits none of our claims: in the ledger at once, never dropped."""
    return Posting(
        key=f"{occurrence_of(header, remitted.ordinal)}|unmatched",
        kind=PostingKind.UNMATCHED,
        entries=(
            Entry(Account.REMITTANCE_CLEARING, remitted.paid_cents),
            Entry(Account.UNAPPLIED_REMITTANCE, -remitted.paid_cents),
        ),
        occurred_on=posted_on,
        source=header.identity,
    )


def matched_posting(unmatched: Posting, *, posted_on: date) -> Posting:
    """Take an unmatched answer's cash back out; its claim's own postings then book it anew."""
    return Posting(
        key=f"{unmatched.key}|matched",
        kind=PostingKind.MATCHED,
        entries=tuple(entry.negated() for entry in unmatched.entries),
        occurred_on=posted_on,
        source=unmatched.source,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsCheck:
    """The totals of one payment: what the payer says, what its parts say, what we booked.

    `BPR02 = Σ CLP04 - Σ PLB = Σ posted`. Posted is read from the ledger.
    """

    total_paid_cents: int
    claims_paid_cents: int
    provider_adjustments_cents: int
    posted_cents: int

    @property
    def file_difference_cents(self) -> int:
        """What the file's own parts miss against BPR02."""
        return self.claims_paid_cents - self.provider_adjustments_cents - self.total_paid_cents

    @property
    def posting_difference_cents(self) -> int:
        """What the ledger misses against BPR02."""
        return self.posted_cents - self.total_paid_cents

    @property
    def reconciles(self) -> bool:
        """Nothing is missing and nothing is there twice."""
        return not (self.file_difference_cents or self.posting_difference_cents)


def reconcile_totals(
    header: RemittanceHeader, *, claims_paid_cents: int, postings: Iterable[Posting]
) -> TotalsCheck:
    """Check a payment against the ledger. Postings of other payments are ignored."""
    return reconcile_posted(
        header,
        claims_paid_cents=claims_paid_cents,
        posted_cents=posted_cents_of(header.identity, postings),
    )


def reconcile_posted(
    header: RemittanceHeader, *, claims_paid_cents: int, posted_cents: int
) -> TotalsCheck:
    """As `reconcile_totals`, from a running sum of what was posted in batches."""
    return TotalsCheck(
        total_paid_cents=header.total_paid_cents,
        claims_paid_cents=claims_paid_cents,
        provider_adjustments_cents=sum(one.amount_cents for one in header.provider_adjustments),
        posted_cents=posted_cents,
    )


def posted_cents_of(identity: str, postings: Iterable[Posting]) -> int:
    """What the ledger received from one payment, deposits left out."""
    of_payment = (
        one for one in postings if one.source == identity and one.kind is not PostingKind.DEPOSIT
    )
    return balances(of_payment).account_cents(Account.REMITTANCE_CLEARING)
