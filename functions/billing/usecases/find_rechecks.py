"""Find the coverages that are due to be checked again: before a visit, or since their payer was out of reach.

Reads   the due index.
Fails   nothing of its own.
"""

from dataclasses import dataclass

from functions.billing.domain.commit import Cause
from functions.billing.domain.eligibility.coverages import KnownCoverage
from functions.billing.ports import Clock, Records
from functions.billing.usecases.verify_eligibility import RECHECK

# One run of the schedule asks about no more than this; the rest is due at the next.
RECHECKS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRechecks:
    """Look now."""


def find_rechecks(
    command: FindRechecks,  # noqa: ARG001 the schedule says nothing but when
    cause: Cause,  # noqa: ARG001 nothing is written here
    *,
    records: Records,
    clock: Clock,
) -> dict[str, object]:
    """`found`, with what `verify_eligibility` needs of each."""
    rechecks = []
    for known in records.due(KnownCoverage, RECHECK, clock.now()):
        rechecks.append({"coverage_id": known.coverage_id, "appointment_id": known.appointment_id})
        if len(rechecks) >= RECHECKS_MAX:
            break
    return {"outcome": "found", "rechecks": rechecks}
