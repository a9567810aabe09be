"""Find the visits whose coverage is due to be checked again."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.find_rechecks import FindRechecks
from functions.billing.usecases.find_rechecks import find_rechecks as use_case


@billing_step(command=FindRechecks)
def lambda_handler(command: FindRechecks, cause: Cause, deps: Dependencies) -> Outcome:
    """Find the visits whose coverage is due to be checked again."""
    return use_case(command, cause, records=deps.records, clock=deps.clock)
