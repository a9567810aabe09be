"""What a reconciliation check found: kept, so that silence itself can be noticed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from functions.billing.domain.keys import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationReport:
    """One run of the check. A day without one is an alarm."""

    kind: ClassVar[str] = "RECONCILIATION"

    checked_at: datetime
    cause_id: str
    claims_proved: int
    postings_proved: int
    imbalance_cents: int
    acknowledgements_overdue: int
    remittances_overdue: int
    remittances_unposted: int
    deposits_waiting: int
    deposits_missing: int
    statuses_due: int
    filings_due: int
    version: int = 0
    audit_head: str = ""

    @property
    def key(self) -> Key:
        """A partition for each run, named by its cause."""
        return Key(f"RECONCILIATION#{self.cause_id}", "RECONCILIATION")

    @property
    def ref(self) -> str:
        """Runs are listed by the month they were made in."""
        return f"RECONCILIATIONS#{self.checked_at:%Y-%m}"

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"reconciliation:{self.cause_id}"
