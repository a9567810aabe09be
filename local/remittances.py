"""How far a payment is posted, from what its batches left behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.billing.domain.remittance.payments import PostedBatch, Remittance, RemittanceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One payment and what is posted of it. `left` says how long the rest will take, as it went so far."""

    remittance: Remittance
    batches_posted: int
    claims_posted: int
    left: str
    is_overdue: bool


def progress_of(
    remittance: Remittance, batches: Sequence[PostedBatch], *, now: datetime
) -> Progress:
    """Count a payment's batches and foresee its end."""
    claims = sum(batch.claims for batch in batches)
    is_running = remittance.state is RemittanceState.RECEIVED
    return Progress(
        remittance=remittance,
        batches_posted=len(batches),
        claims_posted=claims,
        left=_left(remittance, batches, claims) if is_running else "",
        is_overdue=is_running and remittance.due_at is not None and remittance.due_at < now,
    )


def _left(remittance: Remittance, batches: Sequence[PostedBatch], claims: int) -> str:
    missing = remittance.claims - claims
    if not missing:
        return "totals to be proved"
    times = sorted(batch.posted_at for batch in batches)
    # Two moments make a pace; before that, nothing is foreseen.
    if len(times) < 2 or times[-1] == times[0]:  # noqa: PLR2004
        return f"{remittance.batches - len(batches)} of {remittance.batches} batches"
    pace = claims / (times[-1] - times[0]).total_seconds()
    return f"{missing:,} claims, about {timedelta(seconds=round(missing / pace))}"
