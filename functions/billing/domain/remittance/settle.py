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
    pairs, unpaired, payments = _pair(answers)
    applied: dict[str, bool] = {}
    adopted: dict[str, AdjudicatedAmounts] = {}
    for pair in pairs:
        states, taken = _settle_pair(pair)
        applied.update(states)
        adopted.update(taken)
    applied.update({line.key: False for reversal in unpaired for line in reversal})
    states, blocked_by = _settle_payments(line for answer in payments for line in answer)
    applied.update(states)
    return Settlement(
        applied=applied,
        adopted=adopted,
        pairs={pair.reversal_name: pair.original_name for pair in pairs},
        inexact_pairs=frozenset(pair.reversal_name for pair in pairs if not pair.is_exact),
        unpaired_reversals=frozenset(one[0].adjudicated.occurrence for one in unpaired),
        blocked_by=blocked_by,
    )


def _canonical(line: AnsweredLine) -> tuple[str, int]:
    return (line.adjudicated.order, line.adjudicated.line_ordinal)


_Answer = tuple[AnsweredLine, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A reversal and the answer it cancels."""

    reversal: _Answer
    original: _Answer
    is_exact: bool

    @property
    def reversal_name(self) -> str:
        return self.reversal[0].adjudicated.occurrence

    @property
    def original_name(self) -> str:
        return self.original[0].adjudicated.occurrence


def _pair(answers: list[_Answer]) -> tuple[list[_Pair], list[_Answer], list[_Answer]]:
    """Pairs, reversals that cancel nothing known, and answers that nothing cancels.

    Exact pairs are made first, so that an inexact reversal cannot take another's original.
    """
    payments = [answer for answer in answers if not answer[0].adjudicated.is_reversal]
    unpaired = [answer for answer in answers if answer[0].adjudicated.is_reversal]
    pairs: list[_Pair] = []
    for is_exact in (True, False):
        for reversal in tuple(unpaired):
            original = _original_of(reversal, payments, is_exact=is_exact)
            if original is None:
                continue
            payments.remove(original)
            unpaired.remove(reversal)
            pairs.append(_Pair(reversal, original, is_exact))
    return pairs, unpaired, payments


def _totals(answer: _Answer) -> tuple[int, int]:
    return (
        sum(line.adjudicated.charge_cents for line in answer),
        sum(line.adjudicated.paid_cents for line in answer),
    )


def _original_of(reversal: _Answer, payments: list[_Answer], *, is_exact: bool) -> _Answer | None:
    """The answer a reversal cancels: totals negated, or every line and code when exact."""
    charge_cents, paid_cents = _totals(reversal)
    fitting = [
        one
        for one in payments
        if _totals(one) == (-charge_cents, -paid_cents)
        and (not is_exact or _negates_exactly(reversal, one))
    ]
    number = reversal[0].adjudicated.payer_claim_control_number
    return min(
        fitting,
        key=lambda one: (
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


def _settle_pair(pair: _Pair) -> tuple[dict[str, bool], dict[str, AdjudicatedAmounts]]:
    """Both applied or both held, line by line; the one posted now follows the one there is."""
    if not pair.is_exact:
        return {line.key: False for line in (*pair.reversal, *pair.original)}, {}
    states: dict[str, bool] = {}
    adopted: dict[str, AdjudicatedAmounts] = {}
    # Equal fingerprints sort equally, so the lines can be walked side by side.
    lines = zip(_by_fingerprint(pair.reversal, -1), _by_fingerprint(pair.original, 1), strict=True)
    for undoing, undone in lines:
        if undoing.is_applied is None and undone.is_applied:
            adopted[undoing.key] = _negated(undone.adjudicated, undoing.adjudicated)
            together = True
        else:
            there = bool(undoing.is_applied) and undone.is_applied is not False
            together = there and _cancel_out(undoing, undone)
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
