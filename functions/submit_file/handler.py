"""Submit the next file of claims that go together."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.sending import SendingPorts
from functions.billing.usecases.submit_file import SubmitFile
from functions.billing.usecases.submit_file import submit_file as use_case


@billing_step(command=SubmitFile)
def lambda_handler(command: SubmitFile, cause: Cause, deps: Dependencies) -> Outcome:
    """Submit the next file of claims that go together."""
    ports = SendingPorts(
        records=deps.records,
        evidence=deps.evidence,
        connections=deps.connections,
        control_numbers=deps.control_numbers,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
