"""Read a bank's file and match each deposit in it."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.read_deposits import BankFilePorts, ReadDeposits
from functions.billing.usecases.read_deposits import read_deposits as use_case


@billing_step(command=ReadDeposits)
def lambda_handler(command: ReadDeposits, cause: Cause, deps: Dependencies) -> Outcome:
    """Read a bank's file and match each deposit in it."""
    ports = BankFilePorts(
        records=deps.records,
        evidence=deps.evidence,
        intake=deps.intake,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
