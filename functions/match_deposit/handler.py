"""Match one bank deposit with its remittance."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.match_deposit import MatchDeposit
from functions.billing.usecases.match_deposit import match_deposit as use_case


@billing_step(command=MatchDeposit)
def lambda_handler(command: MatchDeposit, cause: Cause, deps: Dependencies) -> Outcome:
    """Match one bank deposit with its remittance."""
    return use_case(command, cause, records=deps.records, clock=deps.clock)
