"""What happened in a run, as plain figures: read by people, by tests and by other programs.

Money is integer cents. The names of the top level are those the JSON report promises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing the run promises, and whether it holds."""

    name: str
    holds: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStage:
    """How many got this far, and where the others stopped."""

    label: str
    count: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Where the billed money went. Billed is the sum of all that follows it, to the cent.

    `paid_cents` is what payers paid less what they took back, `patient_cents` what patients were
    left to pay, `denied_cents` what payers refused and nobody has settled, `waiting_cents` what no
    payer has answered yet, `disputed_cents` answers a person must look at before they count,
    `next_payer_cents` what a first payer left to a second one.
    """

    billed_cents: int = 0
    contractual_cents: int = 0
    paid_cents: int = 0
    patient_cents: int = 0
    denied_cents: int = 0
    waiting_cents: int = 0
    disputed_cents: int = 0
    next_payer_cents: int = 0
    written_off_cents: int = 0
    not_yet_billed_cents: int = 0
    recovered_cents: int = 0
    interest_cents: int = 0
    credit_cents: int = 0
    unapplied_cents: int = 0
    deposited_cents: int = 0

    @property
    def allowed_cents(self) -> int:
        """What payers accepted as the price: their share, the patient's, and another payer's."""
        return self.paid_cents + self.patient_cents + self.next_payer_cents

    @property
    def outstanding_cents(self) -> int:
        """What is still owed, by whomever."""
        return (
            self.patient_cents
            + self.next_payer_cents
            + self.denied_cents
            + self.waiting_cents
            + self.disputed_cents
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialClass:
    """Denials of one class of the taxonomy."""

    bucket: str
    count: int
    cents: int
    recovered_cents: int = 0
    responses: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkToDo:
    """Open work of one kind: how often, how much money hangs on it, what to do."""

    queue: str
    reason: str
    count: int
    amount_cents: int
    recommended_action: str
    due_on: date | None = None
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldReason:
    """Claims our own rules held for one reason: who mends which fields, and how."""

    reason: str
    queue: str
    fields: tuple[str, ...]
    count: int
    amount_cents: int
    recommended_action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedByRules:
    """What a payer turned down although our rules had let it through.

    `rules_passed` are those of ours that look at the same thing.
    """

    payer_id: str
    said: str
    codes: tuple[str, ...]
    bucket: str
    procedures: tuple[str, ...]
    count: int
    amount_cents: int
    rules_passed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One measure with what it means. `value` is None where nothing was there to measure."""

    name: str
    label: str
    value: float | None
    unit: str
    definition: str
    numerator: float | None = None
    denominator: float | None = None
    is_better_when_higher: bool = True
    is_leading: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerLine:
    """One payer's part of the day."""

    payer_id: str
    claims: int
    billed_cents: int
    paid_cents: int
    patient_cents: int
    denied_cents: int
    denials: int
    rejections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDay:
    """The four totals of the payments that settle on one day, in cents.

    `awaited_cents` is announced and not at the bank yet; `unexplained_deposits` came without a remittance.
    """

    day: date
    payments: int
    deposit_cents: int
    announced_cents: int
    posted_cents: int
    ledger_cents: int
    awaited_cents: int
    unexplained_deposits: int
    agrees: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLine:
    """One line of a payment: what became of its charge. `note` says what is special about it."""

    clp: int
    claim_id: str
    line: str
    charge_cents: int
    paid_cents: int
    contractual_cents: int
    patient_cents: int
    denied_cents: int
    open_cents: int
    codes: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPayment:
    """One payment taken apart: each line, and where each cent went."""

    remittance_id: str
    payer: str
    trace_number: str
    paid_cents: int
    lines: tuple[PaidLine, ...]
    destinations: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLine:
    """Events that were refused, for one reason."""

    type: str
    reason: str
    field_path: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexplained:
    """Something that has no end or no reason: the run fails if there is one."""

    subject: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryStep:
    """One line of a claim's story."""

    at: datetime
    title: str
    actor: str = ""
    because: str = ""
    facts: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimStory:
    """A claim's whole story in order, as a person would tell it."""

    claim_id: str
    encounter_id: str
    payer_id: str
    headline: str
    state: str
    steps: tuple[StoryStep, ...]
    charge_cents: int = 0
    paid_cents: int = 0
    patient_cents: int = 0
    outstanding_cents: int = 0
    scenario: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One thing AWS would charge for. `usd_per_1000` is per 1,000 claims."""

    name: str
    service: str
    count: float
    usd_per_1000: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictChange:
    """Claims to one payer that a candidate would newly hold, for one reason."""

    payer_id: str
    reason: str
    claims: int
    charge_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrial:
    """A change of rules on trial: what its shadow showed, and what became of its canary."""

    rule_set: str
    version: str
    why: str
    author: str
    approver: str
    claims_in_shadow: int
    active_held: int
    candidate_held: int
    changes: tuple[VerdictChange, ...]
    refusal: str
    share_percent: int
    claims_in_canary: int
    canary_active_held: int
    canary_held: int
    bound_points: int
    is_rolled_back: bool
    rolled_back_by: str
    recalled: int
    still_stopped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """Everything a run has to say for itself."""

    name: str
    seed: int
    today: date
    started_at: datetime
    seconds: float
    patients: int
    encounters: int
    claims: Mapping[str, int]
    submissions: int
    duplicates_at_payer: int
    remittances: int
    ledger_imbalance_cents: int
    unexplained: int
    work_items: Mapping[str, int]
    dead_letters: int
    kpis: Mapping[str, float | None]
    events_published: Mapping[str, int]
    encounters_by_state: Mapping[str, int] = field(default_factory=dict)
    encounters_not_billed: Mapping[str, int] = field(default_factory=dict)
    claims_by_outcome: Mapping[str, int] = field(default_factory=dict)
    money: Money = field(default_factory=Money)
    funnel: tuple[FunnelStage, ...] = ()
    payers: tuple[PayerLine, ...] = ()
    denials: tuple[DenialClass, ...] = ()
    held: tuple[HeldReason, ...] = ()
    missed: tuple[MissedByRules, ...] = ()
    appeals: Mapping[str, int] = field(default_factory=dict)
    acknowledgements: Mapping[str, int] = field(default_factory=dict)
    eligibility: Mapping[str, int] = field(default_factory=dict)
    submission_outcomes: Mapping[str, int] = field(default_factory=dict)
    remittances_by_state: Mapping[str, int] = field(default_factory=dict)
    remittance_files: Mapping[str, int] = field(default_factory=dict)
    deposits: Mapping[str, int] = field(default_factory=dict)
    payment_days: tuple[PaymentDay, ...] = ()
    payment_shown: ShownPayment | None = None
    work: tuple[WorkToDo, ...] = ()
    work_resolved: int = 0
    dead_letters_by_queue: Mapping[str, int] = field(default_factory=dict)
    unexplained_details: tuple[Unexplained, ...] = ()
    kpi_table: tuple[Kpi, ...] = ()
    events_received: Mapping[str, int] = field(default_factory=dict)
    events_absorbed: Mapping[str, int] = field(default_factory=dict)
    events_refused: tuple[RefusedLine, ...] = ()
    unreadable_files: Mapping[str, str] = field(default_factory=dict)
    rule_trial: RuleTrial | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    cost: tuple[CostLine, ...] = ()
    cost_usd_per_1000_claims: float | None = None
    stories: tuple[ClaimStory, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)

    @property
    def claim_count(self) -> int:
        """Claims in any state."""
        return sum(self.claims.values())


def write_json(report: RunReport, path: Path) -> None:
    """Write the report where other programs read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def read_json(path: Path) -> RunReport:
    """Read what `write_json` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=RunReport)


def as_plain(report: RunReport) -> Any:
    """The report as plain data."""
    return msgspec.to_builtins(report)
