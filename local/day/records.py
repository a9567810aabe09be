"""What a day is made of: plain records that the demo, the tests and the drill tools read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """When in the day something is published. Phases run in this order."""

    BOOKING = "booking"
    BEFORE_VISIT = "before_visit"
    VISIT = "visit"
    SIGN = "sign"
    LATER = "later"
    FAULTS = "faults"


class Signing(StrEnum):
    """How the publisher signs an event: honestly, or as somebody who shouldn't be believed."""

    VALID = "valid"
    ABSENT = "absent"
    FORGED = "forged"
    ALTERED = "altered"


class Reception(StrEnum):
    """What should become of an event at the inbox."""

    ACTED = "acted"
    ABSORBED = "absorbed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrEvent:
    """One event as the EHR (or the bank) publishes it; `data` holds ids and references only.

    `expect` and `expect_reason` tell what the inbox should do with it; `scenario` says why it is
    there.
    `repeat` is how many times the very same envelope is put on the bus.
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
    expect: Reception = Reception.ACTED
    expect_reason: str = ""
    scenario: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Where one encounter or appointment should end, in which scenario, and for what reason.

    `end_states` are lifecycle states, any of which is right; `reason_codes` must all be found on
    the subject.
    """

    scenario: str
    subject_id: str
    end_states: tuple[str, ...]
    reason_codes: tuple[str, ...] = ()
    queue: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositScript:
    """How the bank behaves for one payer's payments.

    `deposit` is `exact` (same trace and amount), `differs` (by `difference_cents`) or `absent`.
    """

    payer_id: str
    deposit: str
    difference_cents: int = 0
    scenario: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A second person's decision on a claim that waits for approval."""

    encounter_id: str
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationSetting:
    """One automated step set to `observe`, `assist` or `automate` for a payer and location."""

    step: str
    payer_id: str
    location_id: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableFile:
    """A file of the folder that is no FHIR bundle, with the reason in words."""

    file_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Everything the demo publishes, stores and checks.

    `documents` maps a key under `ehr/` to FHIR bundle bytes. `world` is the payer simulator's
    world, as JSON.
    `mapping` is the mapping content the product must be given before the day begins.
    """

    name: str
    seed: int
    today: date
    documents: Mapping[str, bytes] = field(repr=False)
    events: tuple[EhrEvent, ...] = field(repr=False)
    world: Mapping[str, Any] = field(repr=False)
    mapping: Mapping[str, Any] = field(repr=False)
    automation: tuple[AutomationSetting, ...] = ()
    approvals: tuple[Approval, ...] = ()
    deposits: tuple[DepositScript, ...] = ()
    expectations: Mapping[str, Expectation] = field(default_factory=dict)
    unreadable: tuple[UnreadableFile, ...] = ()
    encounter_count: int = 0
    patient_count: int = 0
