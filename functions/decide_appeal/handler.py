"""Take down the payer's decision; open the next level or end."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.decide_appeal import DecideAppeal
from functions.billing.usecases.decide_appeal import decide_appeal as use_case


@billing_step(command=DecideAppeal)
def lambda_handler(command: DecideAppeal, cause: Cause, deps: Dependencies) -> Outcome:
    """Take down the payer's decision; open the next level or end."""
    return use_case(
        command,
        cause,
        records=deps.records,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
