"""Ask a payer about a claim nobody has answered for in time."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.inquire_status import InquireStatus, InquiryPorts
from functions.billing.usecases.inquire_status import inquire_status as use_case


@billing_step(command=InquireStatus)
def lambda_handler(command: InquireStatus, cause: Cause, deps: Dependencies) -> Outcome:
    """Ask a payer about a claim nobody has answered for in time."""
    ports = InquiryPorts(
        records=deps.records,
        clearinghouse=deps.clearinghouse,
        control_numbers=deps.control_numbers,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
