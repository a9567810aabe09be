"""What one rule found in one place of a claim."""

from dataclasses import dataclass
from enum import StrEnum

from functions.billing.domain.work_items import Queue


class Severity(StrEnum):
    """What a failed rule does to the claim."""

    REJECT = "reject"
    """The claim is held."""

    WARN = "warn"
    """The claim goes on, and the finding is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one rule found in one place.

    `field_path` and `expected` are empty for a rule that passed. Nothing here repeats a value of
    the claim, so verdicts may stand in work items and audit entries.
    """

    rule_id: str
    passed: bool
    reason_code: str
    field_path: str
    severity: Severity
    recommended_action: str
    owner: Queue
    expected: str = ""
