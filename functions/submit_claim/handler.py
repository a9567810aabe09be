"""Submit one released claim: intent first, then the frozen bytes, then the outcome."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.sending import SendingPorts
from functions.billing.usecases.submit_claim import SubmitClaim
from functions.billing.usecases.submit_claim import submit_claim as use_case


@billing_step(command=SubmitClaim)
def lambda_handler(command: SubmitClaim, cause: Cause, deps: Dependencies) -> Outcome:
    """Submit one released claim: intent first, then the frozen bytes, then the outcome."""
    ports = SendingPorts(
        records=deps.records,
        evidence=deps.evidence,
        connections=deps.connections,
        control_numbers=deps.control_numbers,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
