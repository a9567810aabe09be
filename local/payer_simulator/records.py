"""What the simulator remembers: submissions, claims on file, files, deposits, appeals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt

    from local.payer_simulator.acknowledgements import GroupVerdict
    from local.payer_simulator.adjudication import Settlement
    from local.payer_simulator.claims import Claim
    from local.payer_simulator.remittance import Payee
    from local.payer_simulator.wire import Interchange
    from local.payer_simulator.world import (
        AcknowledgementScript,
        AppealAnswer,
        ClaimAnswer,
        Decision,
        FollowUp,
        Member,
        Payer,
        SettledDecision,
    )

FrontDoor = Literal["accepted", "rejected_syntax", "rejected_clearinghouse", "rejected_payer"]


@dataclass(slots=True)
class Scripted:
    """What the script says of one claim, aspect by aspect, and which entries said it."""

    acknowledgement: AcknowledgementScript | None = None
    adjudication: Decision | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    appeals: tuple[AppealAnswer, ...] = ()
    names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Landed:
    """One claim on file at its payer (or refused at the door)."""

    claim: Claim
    payer: Payer
    member: Member | None
    submission_id: str
    nth: int
    number: str
    landed_on: dt.date
    landed_at_wave: int
    scripted: Scripted
    front_door: FrontDoor = "accepted"
    front_door_status: str = ""
    acknowledged: bool = False
    duplicate_of: Landed | None = None
    standing: Settlement | None = None
    standing_number: str = ""
    pending: tuple[str, str] | None = None
    fate: str = ""
    decided_on: dt.date | None = None
    traces: list[str] = field(default_factory=list)
    history: list[tuple[str, Settlement]] = field(default_factory=list)
    corrections: int = 0

    @property
    def accepted(self) -> bool:
        """Whether the payer took the claim into adjudication."""
        return self.front_door == "accepted"

    @property
    def sort_key(self) -> tuple[str, str, int]:
        """An order that does not depend on who came first within a wave."""
        return (self.claim.patient_control_number, self.claim.frequency, self.nth)


@dataclass(slots=True)
class DueAnswer:
    """A 277CA answer that waits for its wave."""

    wave: int
    landed: Landed
    answer: ClaimAnswer


@dataclass(slots=True)
class Submission:
    """One POST that landed."""

    submission_id: str
    interchange: Interchange
    text: str
    received_at: dt.datetime
    verdicts: tuple[GroupVerdict, ...]
    claims: list[Landed]
    patient_control_numbers: tuple[str, ...]
    submitter_name: str
    submitter_id: str
    answer_999_at_wave: int | None
    answered_999: bool = False


@dataclass(slots=True)
class DueEvent:
    """Something a payer will do in a remittance wave."""

    wave: int
    kind: Literal["adjudicate", "reverse", "correct", "takeback", "interest"]
    landed: Landed
    correction: SettledDecision | None = None
    correction_in_next_wave: bool = False
    cents: int = 0
    with_claim_reference: bool = True


@dataclass(slots=True)
class DueFile:
    """An 835 file that is delivered in a later wave (a repeat, a repair, a straggler)."""

    wave: int
    file: DeliveredFile


@dataclass(slots=True)
class PayerState:
    """How far one payer has come."""

    wave: int = 0
    waves_sent: int = 0
    payments: int = 0
    events: list[DueEvent] = field(default_factory=list)
    files: list[DueFile] = field(default_factory=list)
    carried_cents: dict[Payee, tuple[int, str]] = field(default_factory=dict)
    receivers: dict[Payee, str] = field(default_factory=dict)
    eligibility_outage: Literal["off", "aaa", "http", "timeout"] = "off"
    claims_outage: Literal["off", "http", "hold"] = "off"

    @property
    def held(self) -> bool:
        """Whether the payer answers no claim at the moment."""
        return self.claims_outage == "hold"


@dataclass(slots=True)
class DeliveredFile:
    """A file the clearinghouse hands out."""

    file_id: str
    name: str
    kind: Literal["999", "277CA", "835"]
    payer_id: str | None
    content: bytes
    payments: list[dict[str, object]] = field(default_factory=list)
    script: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money that arrives at the bank, with the trace it carries."""

    deposit_id: str
    payer_id: str
    trace: str
    originator: str
    amount_cents: int
    date: dt.date
    method: str
    payee_npi: str
    payee_tax_id: str


@dataclass(slots=True)
class RemittanceRecord:
    """One payment as the payer's own books have it."""

    payer_id: str
    trace: str
    file_ids: list[str]
    charged_cents: int
    paid_cents: int
    provider_adjustment_cents: int
    payment_cents: int
    deposit_cents: int
    script: list[str]


@dataclass(slots=True)
class Appeal:
    """One appeal received, and the wave its decision is due."""

    appeal_id: str
    landed: Landed
    number: str
    level: int
    content_sha256: str
    received_on: dt.date
    wave: int
    answer: AppealAnswer
    receipt_id: str
    decided_on: dt.date | None = None


@dataclass(slots=True)
class Transaction:
    """One entry of the clearinghouse's list of what it processed."""

    transaction_id: str
    direction: Literal["INBOUND", "OUTBOUND"]
    kind: str
    version: str
    file_name: str
    content: bytes
    processed_at: dt.datetime
    identifiers: list[tuple[str, str]]
