"""Wake every submission that stands still."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.sweep_submissions import SweepSubmissions
from functions.billing.usecases.sweep_submissions import sweep_submissions as use_case


@billing_step(command=SweepSubmissions)
def lambda_handler(command: SweepSubmissions, cause: Cause, deps: Dependencies) -> Outcome:
    """Wake every submission that stands still."""
    return use_case(
        command,
        cause,
        records=deps.records,
        gathers=deps.gathers,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
