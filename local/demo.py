"""The demo: a local cloud, a day driven through it, a report, and everything stopped again."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.cloud import Cloud, Plan, running_cloud
from local.collect import Run, collect
from local.day import Day, DayError, build_day, day_from_fhir
from local.day.circumstances import in_files, with_faults
from local.drive import Driver, source_of, today
from local.errors import LocalCloudError
from local.progress import Narrator
from local.run_report import RunReport
from local.seeding import rule_set_file

DEFAULT_SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChoice:
    """Which day to run: the built-in one, or one made of a folder of FHIR bundles.

    `faults` is the seed of what breaks on the way of the built-in day, which must keep its money. `claims_per_file` is
    how many claims the clearinghouse takes at once.
    """

    seed: int = DEFAULT_SEED
    faults: int | None = None
    folder: Path | None = None
    filing_limits: bool = False
    claims_per_file: int = 1


def chosen_day(choice: DayChoice) -> Day:
    """Build the day.

    Raises
    ------
    LocalCloudError
        If the folder holds nothing to make a day of, or faults are asked for with a folder.
    """
    if choice.faults is not None and choice.folder:
        raise LocalCloudError(
            "What a folder's money is without faults is not known.",
            advice="Faults go with the built-in day: leave out --fhir, or --faults.",
        )
    try:
        if choice.folder is None:
            day = build_day(choice.seed, today())
            day = day if choice.claims_per_file == 1 else in_files(day)
            return day if choice.faults is None else with_faults(day, choice.faults)
        return day_from_fhir(
            choice.folder, today(), choice.seed, filing_limits=choice.filing_limits
        )
    except DayError as error:
        raise LocalCloudError(str(error), advice="") from None


def plan_for(day: Day, *, claims_per_file: int = 1) -> Plan:
    """The local cloud this day needs: its payers, its producers, its tables and settings."""
    return Plan(
        world=day.world,
        producers=tuple(sorted({source_of(day), *(event.source for event in day.events)})),
        rule_sets={
            "mapping": day.mapping,
            "automation": _automation(day),
            **({"payer_policies": day.payer_policies} if day.payer_policies else {}),
        },
        claims_per_file=claims_per_file,
    )


def _automation(day: Day) -> Mapping[str, Any]:
    base = rule_set_file("automation")
    settings = [
        {"step": one.step, "payer_id": one.payer_id, "mode": one.mode} for one in day.automation
    ]
    return {**base, "settings": settings or base["settings"]}


def run_demo(choice: DayChoice, *, narrator: Narrator, purpose: str = "demo") -> RunReport:
    """Run a day from an empty machine to its report; whatever happens, nothing is left running."""
    with day_on_cloud(choice, narrator=narrator, purpose=purpose) as (_, report):
        return report


@contextmanager
def day_on_cloud(
    choice: DayChoice, *, narrator: Narrator, purpose: str
) -> Iterator[tuple[Cloud, RunReport]]:
    """The same, with the cloud still up inside the block."""
    started_at, started = datetime.now(UTC), time.monotonic()
    with narrator.task("Make up the day" if choice.folder is None else "Read the FHIR bundles"):
        day = chosen_day(choice)
    plan = plan_for(day, claims_per_file=choice.claims_per_file)
    with running_cloud(plan, purpose=purpose, narrator=narrator) as cloud:
        report = drive_day(cloud, day, narrator=narrator, started_at=started_at, started=started)
        yield cloud, report


def drive_day(
    cloud: Cloud, day: Day, *, narrator: Narrator, started_at: datetime, started: float
) -> RunReport:
    """Drive a day through a cloud that is up, and report."""
    driver = Driver.of(cloud, day, narrator)
    delivered = driver.drive()
    with narrator.task("Read what happened"):
        return collect(
            Run(
                cloud=cloud,
                day=day,
                delivered=delivered,
                tap=driver.tap,
                started_at=started_at,
                seconds=time.monotonic() - started,
                drill=driver.drill,
            )
        )
