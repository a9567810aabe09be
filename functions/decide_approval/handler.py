"""Release or return a claim that waits for a second person."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.decide_approval import DecideApproval
from functions.billing.usecases.decide_approval import decide_approval as use_case


@billing_step(command=DecideApproval)
def lambda_handler(command: DecideApproval, cause: Cause, deps: Dependencies) -> Outcome:
    """Release or return a claim that waits for a second person."""
    return use_case(command, cause, records=deps.records, clock=deps.clock)
