"""When a coverage is asked about again: before each visit, by the payer's policy."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A booked visit that a coverage is meant to pay for."""

    appointment_id: str
    starts_at: datetime


def next_recheck(
    visits: Iterable[PlannedVisit],
    *,
    hours_before: int,
    answered_at: datetime | None,
    now: datetime,
) -> datetime | None:
    """When to ask next: `hours_before` the first visit that has no answer from then on; None when all have.

    A visit that is nearer than that and has no such answer is due at once; one that has begun is due no more.
    """
    before = timedelta(hours=hours_before)
    moments = (
        max(visit.starts_at - before, now)
        for visit in visits
        if visit.starts_at > now and (answered_at is None or answered_at < visit.starts_at - before)
    )
    return min(moments, default=None)
