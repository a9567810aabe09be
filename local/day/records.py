"""What a day is made of: plain records that the demo, the tests and the drill tools read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class DayError(Exception):
    """A day cannot be built; the message says what to do, and names no patient."""


class Phase(StrEnum):
    """When in the day something is published. Phases run in this order."""

    BOOKING = "booking"
    OUTAGE = "outage"
    BEFORE_VISIT = "before_visit"
    VISIT = "visit"
    SIGN = "sign"
    LATER = "later"
    CLEARINGHOUSE_OUT = "clearinghouse_out"
    CLEARINGHOUSE_BACK = "clearinghouse_back"
    FAULTS = "faults"
    AFTER_PAYMENT = "after_payment"


class Signing(StrEnum):
    """How the publisher signs an event: honestly, or as somebody who shouldn't be believed."""

    VALID = "valid"
    ABSENT = "absent"
    """No signature at all."""
    FORGED = "forged"
    """The right key id, but signed with another key."""
    UNKNOWN_KEY = "unknown_key"
    """Signed with a key nobody registered, under its own id."""
    ALTERED = "altered"
    """Signed rightly; then `data` was changed."""
    STALE = "stale"
    """Signed rightly, an hour ago: a replay."""


class Reception(StrEnum):
    """What should become of an event at the inbox."""

    ACTED = "acted"
    ABSORBED = "absorbed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrEvent:
    """One event as the EHR publishes it; `data` holds ids and references only.

    `repeat` is how many times the very same envelope is put on the bus, one after the other.
    `same_envelope_as` is not empty when the envelope of an earlier event, with its signature, is to
    be put on the bus once more in place of a new one.
    `expect` and `expect_reason` tell what the inbox should do with it; `scenario` says why it is
    there.
    """

    phase: Phase
    type: str
    version: int
    id: str
    occurred_at: datetime
    data: Mapping[str, Any]
    source: str = "ehr.northfield"
    signing: Signing = Signing.VALID
    repeat: int = 1
    same_envelope_as: str = ""
    expect: Reception = Reception.ACTED
    expect_reason: str = ""
    scenario: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorCall:
    """A call to the payer simulator's control interface, made before a phase begins."""

    before: Phase
    path: str
    body: Mapping[str, Any] = field(repr=False)
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Where one encounter or appointment should end, and why. Empty fields are not checked.

    Attributes
    ----------
    subject_id
        The encounter id, or the appointment id for a visit that was only booked.
    encounter_state
        `BillingEncounter.state`; `absent`: the product must not know the encounter at all.
    claim_states
        Lifecycle states of its claim, any of which is right; empty: no claim at all.
    adjudication
        The payer's last word on the claim.
    reasons
        Codes that must all be found among the claim's or encounter's reasons.
    denial_class
        The class of its denial.
    events
        Event types that must have been published about it.
    work
        (queue, reason) of work items that must have been opened about it.
    fields
        The fields the first of that work must name, and no others.
    claims
        How many claims it must have become; 0: as many as there are.
    """

    scenario: str
    subject_id: str
    encounter_state: str = ""
    claim_states: tuple[str, ...] = ()
    adjudication: str = ""
    reasons: tuple[str, ...] = ()
    denial_class: str = ""
    events: tuple[str, ...] = ()
    work: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    claims: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A second person's decision on a claim that waits for approval."""

    encounter_id: str
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationSetting:
    """One automated step set to `observe`, `assist` or `automate` for a payer."""

    step: str
    payer_id: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """Rules somebody proposes during the day.

    `bound` is what its roll-out allows, by the names of `rule_versions.roll_out.Bound`.
    """

    content: Mapping[str, Any] = field(repr=False)
    why: str
    author: str
    approver: str
    share_percent: int
    bound: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableFile:
    """A file of the folder that could not be used, with the reason in words."""

    file_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Everything the demo publishes, stores and checks.

    Attributes
    ----------
    documents
        Key under `ehr/` → FHIR bundle bytes.
    events
        In the order of publishing.
    simulator_calls
        What changes at the payers during the day.
    world
        The payer simulator's world, as JSON; bank deposits are scripted there.
    mapping
        The mapping content the product must be given before the day begins.
    expectations
        Subject id → where it should end. Empty for a folder's day.
    unreadable
        Files of a folder that could not be used.
    payer_policies
        The payers' policies for the day, None for the repository's own.
    rule_change
        Rules that are proposed while encounters are signed.
    file_copies
        How often the network delivers each file.
    faults_seed
        What the day's faults were made from; None for a day without any but its own.
    """

    name: str
    seed: int
    today: date
    documents: Mapping[str, bytes] = field(repr=False)
    events: tuple[EhrEvent, ...] = field(repr=False)
    world: Mapping[str, Any] = field(repr=False)
    mapping: Mapping[str, Any] = field(repr=False)
    simulator_calls: tuple[SimulatorCall, ...] = ()
    automation: tuple[AutomationSetting, ...] = ()
    approvals: tuple[Approval, ...] = ()
    expectations: Mapping[str, Expectation] = field(default_factory=dict, repr=False)
    unreadable: tuple[UnreadableFile, ...] = ()
    payer_policies: Mapping[str, Any] | None = field(default=None, repr=False)
    rule_change: RuleChange | None = field(default=None, repr=False)
    encounter_count: int = 0
    patient_count: int = 0
    file_copies: int = 1
    faults_seed: int | None = None
