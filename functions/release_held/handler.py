"""Let claims go that an outage of their clearinghouse held."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.release_held import ReleaseHeld
from functions.billing.usecases.release_held import release_held as use_case


@billing_step(command=ReleaseHeld)
def lambda_handler(command: ReleaseHeld, cause: Cause, deps: Dependencies) -> Outcome:
    """Let claims go that an outage of their clearinghouse held."""
    return use_case(command, cause, records=deps.records, clock=deps.clock)
