"""Find the coverages that are due to be asked about again: before a visit, or because their payer was out of reach.

Reads   the due index; the payers' circuits.
Writes  a circuit's round, when what an outage held is let go.
Fails   nothing of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from functions.billing.domain.commit import Cause
from functions.billing.domain.eligibility.coverages import RECHECK, KnownCoverage
from functions.billing.ports import Clock, Records
from functions.billing.usecases.checking import FAMILY
from functions.billing.usecases.outages import released

STEP = "find_rechecks"

# One run asks about no more than this: together with the few at once the workflow allows, the budget of checks nobody
# waits for, so that they never take the place of one at the desk. The rest is due at the next run, minutes later.
RECHECKS_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRechecks:
    """Look now."""


def find_rechecks(
    command: FindRechecks,  # noqa: ARG001 the schedule says nothing but when
    cause: Cause,
    *,
    records: Records,
    clock: Clock,
) -> dict[str, object]:
    """`found`, with what `verify_eligibility` needs of each, and the seconds each waits before it asks."""
    found = _found(cause, records, clock)
    return {"outcome": "found", "rechecks": list(islice(found, RECHECKS_MAX))}


def _found(cause: Cause, records: Records, clock: Clock) -> Iterator[dict[str, object]]:
    held = released(KnownCoverage, FAMILY, step=STEP, cause=cause, records=records, clock=clock)
    for each in held:
        yield {
            "coverage_id": each.held.coverage_id,
            "wait_seconds": int(each.after.total_seconds()),
        }
    for known in records.due(KnownCoverage, RECHECK, clock.now()):
        yield {"coverage_id": known.coverage_id, "wait_seconds": 0}
