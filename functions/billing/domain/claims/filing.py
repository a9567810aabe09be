"""The watch over timely filing: before the payer's limit somebody must decide, however the claim got stuck.

A claim that has not been taken in by its payer carries the last day to file. When the payer's warning time begins,
billing decides; in the last days it escalates; after them only a delay reason or a write-off is left.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from functions.billing.domain.work_items import Queue

FILING_DUE = "FILING"
LAST_DAYS = 3


@dataclass(frozen=True, slots=True)
class FilingDecision:
    """Who must decide now, and when it is looked at again (None: never)."""

    queue: Queue
    reason: str
    recommended_action: str
    due_days: int
    next_look: datetime | None


def watch_from(file_by: date, warning_days: int) -> datetime:
    """When the watch over a claim begins to speak."""
    return _morning(file_by - timedelta(days=warning_days))


def filing_decision(file_by: date, today: date) -> FilingDecision:
    """What a claim that is still not with its payer calls for on this day."""
    days_left = (file_by - today).days
    if days_left > LAST_DAYS:
        return FilingDecision(
            Queue.BILLING,
            "timely_filing_at_risk",
            "decide now: mend and file it, file on paper or through the payer's portal, or write it off",
            days_left - LAST_DAYS,
            _morning(file_by - timedelta(days=LAST_DAYS)),
        )
    if days_left >= 0:
        return FilingDecision(
            Queue.FINANCE,
            "timely_filing_last_days",
            "nobody has decided: file it today by whatever way is open",
            0,
            _morning(file_by + timedelta(days=1)),
        )
    return FilingDecision(
        Queue.FINANCE,
        "timely_filing_missed",
        "file with a delay reason (CLM20) and the proof of what was sent before, or write it off",
        0,
        None,
    )


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
