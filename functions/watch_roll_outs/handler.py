"""Watch versions on trial; take back those beyond their bound."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.watch_roll_outs import WatchRollOuts
from functions.billing.usecases.watch_roll_outs import watch_roll_outs as use_case


@billing_step(command=WatchRollOuts)
def lambda_handler(command: WatchRollOuts, cause: Cause, deps: Dependencies) -> Outcome:
    """Watch versions on trial; take back those beyond their bound."""
    return use_case(
        command, cause, records=deps.records, roll_outs=deps.roll_outs, clock=deps.clock
    )
