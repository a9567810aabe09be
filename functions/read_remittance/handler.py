"""Read an 835 file: keep it, balance each payment, cut it into batches."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.read_remittance import ReadRemittance, RemittanceFilePorts
from functions.billing.usecases.read_remittance import read_remittance as use_case


@billing_step(command=ReadRemittance)
def lambda_handler(command: ReadRemittance, cause: Cause, deps: Dependencies) -> Outcome:
    """Read an 835 file: keep it, balance each payment, cut it into batches."""
    ports = RemittanceFilePorts(
        records=deps.records,
        evidence=deps.evidence,
        intake=deps.intake,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
