"""One measurement of the KPIs, as it is kept: compared later, and charted."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from functions.billing.domain.keys import Key
from functions.billing.domain.kpis.measures import Kpi


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measure's exact value as its two sums, for the whole (`segment` empty) or one segment."""

    name: str
    dimension: str
    segment: str
    numerator: int
    denominator: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiSnapshot:
    """All measures at one time, over one period."""

    kind: ClassVar[str] = "KPI"

    measured_at: datetime
    cause_id: str
    period_starts_at: datetime
    period_ends_at: datetime
    measures: tuple[Measured, ...]
    ref: str = "KPIS"
    version: int = 0
    audit_head: str = ""

    @property
    def key(self) -> Key:
        """A partition for each run, named by its cause."""
        return Key(f"KPI#{self.cause_id}", "KPI")

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"kpis:{self.cause_id}"


def measured(kpi: Kpi) -> tuple[Measured, ...]:
    """A measure's total and every segment that has something to show."""
    total = Measured(
        name=kpi.name,
        dimension="",
        segment="",
        numerator=kpi.total.numerator,
        denominator=kpi.total.denominator,
        count=kpi.count,
    )
    segments = tuple(
        Measured(
            name=kpi.name,
            dimension=dimension,
            segment=segment,
            numerator=tally.numerator,
            denominator=tally.denominator,
            count=0,
        )
        for dimension, tallies in kpi.by_segment.items()
        for segment, tally in tallies.items()
        if segment
    )
    return (total, *segments)
