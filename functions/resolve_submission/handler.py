"""Find out what became of an attempt nobody answered for."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.resolve_submission import ResolveSubmission
from functions.billing.usecases.resolve_submission import resolve_submission as use_case
from functions.billing.usecases.sending import SendingPorts


@billing_step(command=ResolveSubmission)
def lambda_handler(command: ResolveSubmission, cause: Cause, deps: Dependencies) -> Outcome:
    """Find out what became of an attempt nobody answered for."""
    ports = SendingPorts(
        records=deps.records,
        evidence=deps.evidence,
        connections=deps.connections,
        control_numbers=deps.control_numbers,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
