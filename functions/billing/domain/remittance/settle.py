"""Which of a claim's answers count: a function of the set of answers, not of their order.

Payers answer a claim more than once: they reverse and correct, pay twice, split a claim over
several payments, and their files arrive in any order. So for each answer (one CLP) and each of its
lines there are two states. *Applied*: it pays, adjusts and closes. *Held*: its cash stands as a
credit balance and nothing else happens. Whenever an answer arrives, the states that all known
answers should have are worked out anew, and postings are added for those that changed.

1. A reversal cancels the answer that it negates. The two are applied together or held together, so
   they always sum to zero.
2. Of the rest, each line of the claim takes one answer per payer rank: one that paid before one
   that only charged the patient, before one that did neither; then the earliest. The others wait.
   Claim-level adjustments go wherever their answer's lines go.
3. A reversal that cancels nothing known is held until its original arrives.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from functions.billing.domain.ledger.postings import AdjudicatedAmounts, Posting, PostingKind

_CHANGE = {
    PostingKind.REMITTANCE: 1,
    PostingKind.REVERSAL: 1,
    PostingKind.RELEASED: 1,
    PostingKind.WITHDRAWN: -1,
    PostingKind.HELD: 0,
}
"""How a posting changes the state of its line: held (0) or applied (1)."""


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """One line of one answer. `is_applied` is None while it is being posted for the first time."""

    line_id: str
    adjudicated: AdjudicatedAmounts
    is_applied: bool | None
    changes: int = 0
    """How often it was released or withdrawn: makes the next key."""

    @property
    def key(self) -> str:
        """Identifies the line among all answers."""
        return self.adjudicated.key

    @property
    def is_whole_claim(self) -> bool:
        """An answer without service lines (institutional claims paid at claim level)."""
        return not self.line_id and self.adjudicated.charge_cents != 0

    @property
    def is_beside_lines(self) -> bool:
        """Claim-level adjustments of an answer with lines: they go wherever its lines go."""
        return not self.line_id and self.adjudicated.charge_cents == 0


def answered_lines(postings: Iterable[Posting]) -> tuple[AnsweredLine, ...]:
    """The answers booked so far, with their states, from the postings alone."""
    found: dict[str, AnsweredLine] = {}
    state: defaultdict[str, int] = defaultdict(int)
    changes: defaultdict[str, int] = defaultdict(int)
    seen: set[str] = set()
    for posting in postings:
        if posting.adjudicated is None or posting.key in seen:
            continue
        seen.add(posting.key)
        key = posting.adjudicated.key
        found[key] = AnsweredLine(posting.line_id, posting.adjudicated, is_applied=False)
        state[key] += _CHANGE[posting.kind]
        changes[key] += posting.kind in {PostingKind.RELEASED, PostingKind.WITHDRAWN}
    return tuple(
        replace(line, is_applied=state[key] > 0, changes=changes[key])
        for key, line in found.items()
    )


@dataclass(frozen=True, slots=True)
class Settlement:
    """What each line's state should be, and what was noticed on the way.

    `adopted` holds, for a reversal posted now, the negated amounts of the original that it cancels
    line by line: the ledger undoes what it booked, whatever it would make of the codes today.
    """

    applied: Mapping[str, bool]
    adopted: Mapping[str, AdjudicatedAmounts]
    pairs: Mapping[str, str]
    """Reversal occurrence → the occurrence it cancels."""
    inexact_pairs: frozenset[str]
    """Reversals whose totals fit their original, but not their lines or codes."""
    unpaired_reversals: frozenset[str]
    blocked_by: Mapping[str, str]
    """Held line key → the occurrence that stands in its place."""


def settle(lines: Iterable[AnsweredLine]) -> Settlement:
    """Work out which lines of which answers should be applied."""
    by_occurrence: defaultdict[str, list[AnsweredLine]] = defaultdict(list)
    for line in sorted(lines, key=_canonical):
        by_occurrence[line.adjudicated.occurrence].append(line)
    answers = [tuple(found) for found in by_occurrence.values()]
    payments = [answer for answer in answers if not answer[0].adjudicated.is_reversal]
    reversals = [answer for answer in answers if answer[0].adjudicated.is_reversal]
    applied: dict[str, bool] = {}
    adopted: dict[str, AdjudicatedAmounts] = {}
    pairs: dict[str, str] = {}
    inexact: set[str] = set()
    unpaired: set[str] = set()
    for reversal in reversals:
        name = reversal[0].adjudicated.occurrence
        original = _original_of(reversal, payments)
        if original is None:
            unpaired.add(name)
            applied.update({line.key: False for line in reversal})
            continue
        payments.remove(original)
        pairs[name] = original[0].adjudicated.occurrence
        if not _negates_exactly(reversal, original):
            inexact.add(name)
        states, taken = _settle_pair(reversal, original, is_exact=name not in inexact)
        applied.update(states)
        adopted.update(taken)
    states, blocked_by = _settle_payments(line for answer in payments for line in answer)
    applied.update(states)
    return Settlement(
        applied=applied,
        adopted=adopted,
        pairs=pairs,
        inexact_pairs=frozenset(inexact),
        unpaired_reversals=frozenset(unpaired),
        blocked_by=blocked_by,
    )


def _canonical(line: AnsweredLine) -> tuple[str, int]:
    return (line.adjudicated.order, line.adjudicated.line_ordinal)


_Answer = tuple[AnsweredLine, ...]


def _totals(answer: _Answer) -> tuple[int, int]:
    return (
        sum(line.adjudicated.charge_cents for line in answer),
        sum(line.adjudicated.paid_cents for line in answer),
    )


def _original_of(reversal: _Answer, payments: list[_Answer]) -> _Answer | None:
    """The answer a reversal cancels: same totals, negated; the closest in codes and number."""
    charge_cents, paid_cents = _totals(reversal)
    fitting = [one for one in payments if _totals(one) == (-charge_cents, -paid_cents)]
    number = reversal[0].adjudicated.payer_claim_control_number
    return min(
        fitting,
        key=lambda one: (
            not _negates_exactly(reversal, one),
            one[0].adjudicated.payer_claim_control_number != number,
            _canonical(one[0]),
        ),
        default=None,
    )


def _negates_exactly(reversal: _Answer, original: _Answer) -> bool:
    """Line by line, the same charges, payments, groups, reasons and amounts, negated."""
    return _fingerprint(reversal, -1) == _fingerprint(original, 1)


def _fingerprint(answer: _Answer, sign: int) -> list[tuple[str, int, int, tuple[str, ...]]]:
    return sorted(
        (
            line.line_id,
            sign * line.adjudicated.charge_cents,
            sign * line.adjudicated.paid_cents,
            _signed_codes(line.adjudicated.codes, sign),
        )
        for line in answer
    )


def _signed_codes(codes: tuple[str, ...], sign: int) -> tuple[str, ...]:
    parts = (code.rsplit(":", 1) for code in codes)
    return tuple(sorted(f"{name}:{sign * int(cents)}" for name, cents in parts))


def _settle_pair(
    reversal: _Answer, original: _Answer, *, is_exact: bool
) -> tuple[dict[str, bool], dict[str, AdjudicatedAmounts]]:
    """Both applied or both held, line by line; the one posted now follows the one that is there."""
    states: dict[str, bool] = {}
    adopted: dict[str, AdjudicatedAmounts] = {}
    if not is_exact:
        return {line.key: False for line in (*reversal, *original)}, adopted
    # Equal fingerprints sort equally, so the lines can be walked side by side.
    for undoing, undone in zip(
        _by_fingerprint(reversal, -1), _by_fingerprint(original, 1), strict=True
    ):
        if undoing.is_applied is None and undone.is_applied:
            adopted[undoing.key] = _negated(undone.adjudicated, undoing.adjudicated)
            together = True
        elif undone.is_applied is None:
            together = bool(undoing.is_applied) and _cancel_out(undoing, undone)
        else:
            together = (
                bool(undoing.is_applied)
                and bool(undone.is_applied)
                and _cancel_out(undoing, undone)
            )
        states[undoing.key] = together
        states[undone.key] = together
    return states, adopted


def _by_fingerprint(answer: _Answer, sign: int) -> list[AnsweredLine]:
    return sorted(
        answer,
        key=lambda line: (
            line.line_id,
            sign * line.adjudicated.charge_cents,
            sign * line.adjudicated.paid_cents,
            _signed_codes(line.adjudicated.codes, sign),
        ),
    )


def _negated(original: AdjudicatedAmounts, reversal: AdjudicatedAmounts) -> AdjudicatedAmounts:
    return replace(
        reversal,
        charge_cents=-original.charge_cents,
        paid_cents=-original.paid_cents,
        contractual_cents=-original.contractual_cents,
        patient_cents=-original.patient_cents,
        interest_cents=-original.interest_cents,
        denied_cents=-original.denied_cents,
        open_cents=-original.open_cents,
        receivable=original.receivable,
        patient_account=original.patient_account,
    )


def _cancel_out(undoing: AnsweredLine, undone: AnsweredLine) -> bool:
    return _negated(undone.adjudicated, undoing.adjudicated) == undoing.adjudicated


def _settle_payments(
    lines: Iterable[AnsweredLine],
) -> tuple[dict[str, bool], dict[str, str]]:
    states: dict[str, bool] = {}
    blocked_by: dict[str, str] = {}
    standing: list[AnsweredLine] = []
    rivals: dict[str, str] = {}
    followers: list[AnsweredLine] = []
    for line in sorted(lines, key=lambda one: (_precedence(one), *_canonical(one))):
        if line.is_beside_lines:
            followers.append(line)
            continue
        rival = next((other for other in standing if _compete(line, other)), None)
        states[line.key] = rival is None
        if rival is None:
            standing.append(line)
        else:
            blocked_by[line.key] = rival.adjudicated.occurrence
            rivals[line.adjudicated.occurrence] = rival.adjudicated.occurrence
    for line in followers:
        stands_in_its_place = rivals.get(line.adjudicated.occurrence)
        states[line.key] = stands_in_its_place is None
        if stands_in_its_place:
            blocked_by[line.key] = stands_in_its_place
    return states, blocked_by


def _precedence(line: AnsweredLine) -> int:
    """Cash first, then a patient share, then answers that moved nothing, such as denials."""
    if line.adjudicated.paid_cents:
        return 0
    return 1 if line.adjudicated.patient_cents else 2


def _compete(one: AnsweredLine, other: AnsweredLine) -> bool:
    return (
        one.adjudicated.occurrence != other.adjudicated.occurrence
        and one.adjudicated.payer_rank == other.adjudicated.payer_rank
        and (one.line_id == other.line_id or one.is_whole_claim or other.is_whole_claim)
    )
