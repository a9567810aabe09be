"""Where each cent of one payment went: every answer, every line, every provider-level amount.

Read from postings alone, so it says what the ledger holds now and not what was once intended.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.postings import Posting, PostingKind
from functions.billing.domain.remittance.settle import AnsweredLine, answered_lines


class Destination(StrEnum):
    """What a payment's cash did; a provider-level amount goes by the name of its account instead."""

    CLAIMS = "claims"
    CREDIT_BALANCES = "credit_balances"
    UNAPPLIED = "unapplied_remittance"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLine:
    """One line of an answer. `charge = paid + contractual + patient + interest + denied + open`.

    A line that is not in force is held: its cash is a credit balance, the rest has no effect.
    """

    line_id: str
    ordinal: int
    is_in_force: bool
    charge_cents: int
    paid_cents: int
    contractual_cents: int
    patient_cents: int
    interest_cents: int
    denied_cents: int
    open_cents: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedAnswer:
    """One answer (CLP) as it is posted to a claim."""

    ordinal: int
    claim_id: str
    claim_status: str
    payer_claim_control_number: str
    lines: tuple[ExplainedLine, ...]

    @property
    def paid_cents(self) -> int:
        """CLP04."""
        return sum(line.paid_cents for line in self.lines)

    @property
    def charge_cents(self) -> int:
        """CLP03."""
        return sum(line.charge_cents for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedAside:
    """An answer whose cash is unapplied: a person has not yet said whose it is."""

    ordinal: int
    paid_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedProviderLevel:
    """One PLB pair. `cash_cents` is what it did to the payment: a takeback is negative."""

    ordinal: int
    account: Account
    claim_id: str
    cash_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentExplained:
    """A payment, taken apart. The destinations sum to what the ledger received from it."""

    answers: tuple[ExplainedAnswer, ...]
    aside: tuple[ExplainedAside, ...]
    provider_level: tuple[ExplainedProviderLevel, ...]

    @property
    def destinations(self) -> dict[str, int]:
        """Cents by destination, those that stand at zero left out."""
        cents: defaultdict[str, int] = defaultdict(int)
        for answer in self.answers:
            for line in answer.lines:
                held = Destination.CLAIMS if line.is_in_force else Destination.CREDIT_BALANCES
                cents[held] += line.paid_cents
        for one in self.aside:
            cents[Destination.UNAPPLIED] += one.paid_cents
        for pair in self.provider_level:
            cents[pair.account] += pair.cash_cents
        return {str(where): amount for where, amount in cents.items() if amount}

    @property
    def ledger_cents(self) -> int:
        """All that the ledger received from the payment."""
        return sum(self.destinations.values())


def explain_payment(identity: str, postings: Iterable[Posting]) -> PaymentExplained:
    """Take a payment apart. Postings of other payments, and deposits, are passed over."""
    own = [
        one for one in postings if one.source == identity and one.kind is not PostingKind.DEPOSIT
    ]
    return PaymentExplained(
        answers=_answers(own), aside=_aside(own), provider_level=_provider_level(own)
    )


def _answers(own: Sequence[Posting]) -> tuple[ExplainedAnswer, ...]:
    claim_of = {one.adjudicated.occurrence: one.claim_id for one in own if one.adjudicated}
    by_answer: defaultdict[str, list[AnsweredLine]] = defaultdict(list)
    for line in answered_lines(own):
        by_answer[line.adjudicated.occurrence].append(line)
    answers = (
        ExplainedAnswer(
            ordinal=_ordinal(occurrence),
            claim_id=claim_of[occurrence],
            claim_status=lines[0].adjudicated.claim_status,
            payer_claim_control_number=lines[0].adjudicated.payer_claim_control_number,
            lines=tuple(
                sorted(map(_line, lines), key=lambda line: (line.ordinal == 0, line.ordinal))
            ),
        )
        for occurrence, lines in by_answer.items()
    )
    return tuple(sorted(answers, key=lambda answer: answer.ordinal))


def _line(line: AnsweredLine) -> ExplainedLine:
    said = line.adjudicated
    return ExplainedLine(
        line_id=line.line_id,
        ordinal=said.line_ordinal,
        is_in_force=bool(line.is_applied),
        charge_cents=said.charge_cents,
        paid_cents=said.paid_cents,
        contractual_cents=said.contractual_cents,
        patient_cents=said.patient_cents,
        interest_cents=said.interest_cents,
        denied_cents=said.denied_cents,
        open_cents=said.open_cents,
        codes=said.codes,
    )


def _aside(own: Sequence[Posting]) -> tuple[ExplainedAside, ...]:
    waiting: dict[int, int] = {}
    for one in own:
        if one.kind is PostingKind.UNMATCHED:
            waiting.setdefault(
                _ordinal(one.key.removesuffix("|unmatched")),
                one.amount_cents(Account.REMITTANCE_CLEARING),
            )
    for one in own:
        if one.kind is PostingKind.MATCHED:
            waiting.pop(_ordinal(one.key.removesuffix("|unmatched|matched")), None)
    return tuple(
        ExplainedAside(ordinal=ordinal, paid_cents=cents)
        for ordinal, cents in sorted(waiting.items())
    )


def _provider_level(own: Sequence[Posting]) -> tuple[ExplainedProviderLevel, ...]:
    pairs = (
        ExplainedProviderLevel(
            ordinal=_ordinal(one.key),
            account=next(
                entry.account
                for entry in one.entries
                if entry.account is not Account.REMITTANCE_CLEARING
            ),
            claim_id=one.claim_id,
            cash_cents=one.amount_cents(Account.REMITTANCE_CLEARING),
        )
        for one in own
        if one.kind is PostingKind.PROVIDER_ADJUSTMENT
    )
    return tuple(sorted(pairs, key=lambda pair: pair.ordinal))


def _ordinal(key: str) -> int:
    """The last part of an occurrence, or of a provider-level posting's key."""
    return int(key.rpartition("|")[2])
