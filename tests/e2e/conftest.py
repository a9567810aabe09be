"""One local cloud and one day for all end-to-end tests: deployed by the real CDK, driven once."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local.cloud import Cloud
from local.day.records import Day
from local.demo import DayChoice, chosen_day, day_on_cloud
from local.progress import SilentNarrator
from local.run_report import RunReport
from local.store import Store


@dataclass(frozen=True, slots=True)
class DayRun:
    """What a test may ask: the report, the cloud that is still up, what its tables hold."""

    day: Day
    report: RunReport
    cloud: Cloud
    store: Store

    def failing(self) -> list[str]:
        """Every check that does not hold, with its detail."""
        return [f"{one.name}: {one.detail}" for one in self.report.checks if not one.holds]


@pytest.fixture(scope="session")
def run() -> Iterator[DayRun]:
    """The built-in day, run once."""
    choice = DayChoice()
    with day_on_cloud(choice, narrator=SilentNarrator(), purpose="e2e") as (cloud, report):
        store = Store.scanned(cloud.aws, cloud.deployment)
        yield DayRun(day=chosen_day(choice), report=report, cloud=cloud, store=store)
