"""Send an appeal's packet to the payer, once."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.submit_appeal import AppealSendingPorts, SubmitAppeal
from functions.billing.usecases.submit_appeal import submit_appeal as use_case


@billing_step(command=SubmitAppeal)
def lambda_handler(command: SubmitAppeal, cause: Cause, deps: Dependencies) -> Outcome:
    """Send an appeal's packet to the payer, once."""
    ports = AppealSendingPorts(
        records=deps.records,
        evidence=deps.evidence,
        clearinghouse=deps.clearinghouse,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
