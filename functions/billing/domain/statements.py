"""What a patient's statement says: for what, why, how much, since when. Printing and posting it is another's work.

Everything is read from the ledger's postings, so a statement and the ledger cannot differ.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.ledger.postings import Posting, PostingKind
from functions.billing.domain.remittance.settle import answered_lines

PAYMENT_EXPECTED = timedelta(days=30)
"""From the statement's day to the day it asks to be paid by."""

SHARES: Mapping[str, str] = {
    "PR-1": "deductible",
    "PR-2": "coinsurance",
    "PR-3": "copay",
    "PR-96": "not covered by the plan",
    "PR-119": "the plan's maximum is reached",
    "PR-204": "not covered by the plan",
}
"""Why the patient owes a part, in our own words, by the payer's code (835 CAS, group PR)."""

_AGES = (30, 60, 90, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One service: what was charged, what others bore, what is the patient's and why."""

    service_on: date
    procedure: str
    charge_cents: int
    paid_by_payers_cents: int
    adjusted_cents: int
    patient_cents: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementClaim:
    """One visit's part of a statement. `balance = patient share - received` holds to the cent."""

    claim_id: str
    encounter_id: str
    payer_name: str
    owed_since: date
    lines: tuple[StatementLine, ...]
    patient_share_cents: int
    received_cents: int
    balance_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Aging:
    """A balance by its age in days, in cents."""

    current_cents: int = 0
    over_30_cents: int = 0
    over_60_cents: int = 0
    over_90_cents: int = 0
    over_120_cents: int = 0

    @property
    def total_cents(self) -> int:
        """The whole balance."""
        return (
            self.current_cents
            + self.over_30_cents
            + self.over_60_cents
            + self.over_90_cents
            + self.over_120_cents
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientStatement:
    """All that one patient owes on a day, visit by visit."""

    patient_id: str
    stated_on: date
    pay_by: date
    claims: tuple[StatementClaim, ...]
    aging: Aging

    @property
    def balance_cents(self) -> int:
        """What the patient owes in all."""
        return sum(one.balance_cents for one in self.claims)


def patient_statement(
    patient_id: str,
    billed: Iterable[tuple[ClaimContent, Sequence[Posting]]],
    *,
    stated_on: date,
) -> PatientStatement:
    """The statement of one patient from the claims and their ledgers; settled visits are left out."""
    found = (statement_claim(content, postings) for content, postings in billed)
    claims = tuple(sorted((one for one in found if one), key=lambda one: one.owed_since))
    return PatientStatement(
        patient_id=patient_id,
        stated_on=stated_on,
        pay_by=stated_on + PAYMENT_EXPECTED,
        claims=claims,
        aging=aging(((one.owed_since, one.balance_cents) for one in claims), stated_on),
    )


def statement_claim(content: ClaimContent, postings: Sequence[Posting]) -> StatementClaim | None:
    """One claim's part, or None when the patient owes nothing for it."""
    balance = claim_balance(content.claim_id, postings)
    if balance.patient_cents <= 0:
        return None
    moved = [
        (one, cents) for one in postings if (cents := one.amount_cents(Account.PATIENT_RECEIVABLE))
    ]
    received_cents = -sum(cents for one, cents in moved if _is_received(one))
    return StatementClaim(
        claim_id=content.claim_id,
        encounter_id=content.encounter_id,
        payer_name=content.coverage.payer.name if content.coverage else "",
        owed_since=min(one.occurred_on for one, cents in moved if cents > 0),
        lines=_lines(content, postings),
        patient_share_cents=balance.patient_cents + received_cents,
        received_cents=received_cents,
        balance_cents=balance.patient_cents,
    )


def _is_received(posting: Posting) -> bool:
    return posting.kind is PostingKind.BALANCE_ADJUSTMENT and bool(
        posting.amount_cents(Account.CASH)
    )


def _lines(content: ClaimContent, postings: Sequence[Posting]) -> tuple[StatementLine, ...]:
    """The answers in force, line by line; what stands at claim level is not a service."""
    by_line: defaultdict[str, list[tuple[int, int, int, tuple[str, ...]]]] = defaultdict(list)
    for line in answered_lines(postings):
        said = line.adjudicated
        if line.is_applied and said.patient_account is Account.PATIENT_RECEIVABLE:
            by_line[line.line_id].append(
                (said.paid_cents, said.contractual_cents, said.patient_cents, said.codes)
            )
    return tuple(
        StatementLine(
            service_on=charge.service_date,
            procedure=charge.procedure,
            charge_cents=charge.charge_cents,
            paid_by_payers_cents=sum(paid for paid, *_ in by_line[charge.line_id]),
            adjusted_cents=sum(adjusted for _, adjusted, *_ in by_line[charge.line_id]),
            patient_cents=sum(patient for _, _, patient, _ in by_line[charge.line_id]),
            reasons=_reasons(code for *_, codes in by_line[charge.line_id] for code in codes),
        )
        for charge in content.lines
        if charge.line_id in by_line
    )


def _reasons(codes: Iterable[str]) -> dict[str, int]:
    """Cents by reason, for the codes that make the patient owe; `PR-1:2500` is 25 dollars of deductible."""
    cents: defaultdict[str, int] = defaultdict(int)
    for code in codes:
        name, _, amount = code.rpartition(":")
        if name.startswith("PR-"):
            cents[SHARES.get(name, name)] += int(amount)
    return {reason: amount for reason, amount in cents.items() if amount}


def aging(owed: Iterable[tuple[date, int]], today: date) -> Aging:
    """Sort balances by how long they have been owed."""
    buckets = [0] * (len(_AGES) + 1)
    for since, cents in owed:
        buckets[sum((today - since).days > days for days in _AGES)] += cents
    return Aging(
        current_cents=buckets[0],
        over_30_cents=buckets[1],
        over_60_cents=buckets[2],
        over_90_cents=buckets[3],
        over_120_cents=buckets[4],
    )
