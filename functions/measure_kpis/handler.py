"""Measure the KPIs and keep the snapshot."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.observability import show_kpis
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.measure_kpis import MeasureKpis
from functions.billing.usecases.measure_kpis import measure_kpis as use_case


@billing_step(command=MeasureKpis)
def lambda_handler(command: MeasureKpis, cause: Cause, deps: Dependencies) -> Outcome:
    """Measure the KPIs and keep the snapshot."""
    outcome = use_case(command, cause, records=deps.records, clock=deps.clock)
    show_kpis("measure_kpis", outcome["kpis"])
    return outcome
