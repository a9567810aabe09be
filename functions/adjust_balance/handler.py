"""Post a balance adjustment of the EHR's staff."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.adjust_balance import AdjustBalance
from functions.billing.usecases.adjust_balance import adjust_balance as use_case


@billing_step(command=AdjustBalance)
def lambda_handler(command: AdjustBalance, cause: Cause, deps: Dependencies) -> Outcome:
    """Post a balance adjustment of the EHR's staff."""
    return use_case(command, cause, records=deps.records, clock=deps.clock)
