"""The demo: a local cloud, a day driven through it, a report, and everything stopped again."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.cloud import Cloud, Plan, running_cloud
from local.collect import Run, collect
from local.day import Day, DayError, build_day, day_from_fhir
from local.day.faults import with_faults
from local.day.money import MONEY
from local.drive import Driver, source_of, today
from local.errors import LocalCloudError
from local.progress import Narrator
from local.run_report import Money, RunReport
from local.seeding import rule_set_file

DEFAULT_SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChoice:
    """Which day to run: the built-in one, or one made of a folder of FHIR bundles.

    `faults` is the seed of what breaks on the way of the built-in day, which must keep its money.
    """

    seed: int = DEFAULT_SEED
    faults: int | None = None
    folder: Path | None = None
    filing_limits: bool = False


def chosen_day(choice: DayChoice) -> Day:
    """Build the day.

    Raises
    ------
    LocalCloudError
        If the folder holds nothing to make a day of, or faults are asked for with a folder.
    """
    if choice.faults is not None and choice.folder:
        raise LocalCloudError(
            "Faults go with the built-in day only.", advice="Leave out --fhir, or --faults."
        )
    try:
        if choice.folder is None:
            day = build_day(choice.seed, today())
            return day if choice.faults is None else with_faults(day, choice.faults)
        return day_from_fhir(
            choice.folder, today(), choice.seed, filing_limits=choice.filing_limits
        )
    except DayError as error:
        raise LocalCloudError(str(error), advice="") from None


def plan_for(day: Day) -> Plan:
    """The local cloud this day needs: its payers, its producers, its tables and settings."""
    return Plan(
        world=day.world,
        producers=tuple(sorted({source_of(day), *(event.source for event in day.events)})),
        rule_sets={
            "mapping": day.mapping,
            "automation": _automation(day),
            **({"payer_policies": day.payer_policies} if day.payer_policies else {}),
        },
    )


def _automation(day: Day) -> Mapping[str, Any]:
    base = rule_set_file("automation")
    settings = [
        {"step": one.step, "payer_id": one.payer_id, "mode": one.mode} for one in day.automation
    ]
    return {**base, "settings": settings or base["settings"]}


def known_money(choice: DayChoice) -> Money | None:
    """What the day is known to come to; None for a folder, or a seed nobody wrote it down for."""
    is_known = choice.folder is None and choice.seed in MONEY
    return Money(**MONEY[choice.seed]) if is_known else None


def money_without_faults(choice: DayChoice, play: Callable[[DayChoice], RunReport]) -> Money | None:
    """What the day comes to by itself: as its seed is known for, else as playing it once without faults shows.

    None where there is nothing to compare with: a folder, or a day without faults that nobody wrote down.

    Raises
    ------
    LocalCloudError
        If the day does not hold even without faults.
    """
    known = known_money(choice)
    if known or choice.faults is None:
        return known
    report = play(replace(choice, faults=None))
    if not report.holds:
        raise LocalCloudError(
            f"The day of seed {choice.seed} does not hold even without faults.",
            advice=f"See what is wrong with: billing demo --seed {choice.seed}",
        )
    return report.money


def run_demo(choice: DayChoice, *, narrator: Narrator, purpose: str = "demo") -> RunReport:
    """Run a day from an empty machine to its report; whatever happens, nothing is left running."""
    with day_on_cloud(choice, narrator=narrator, purpose=purpose) as (_, report):
        return report


@contextmanager
def day_on_cloud(
    choice: DayChoice, *, narrator: Narrator, purpose: str
) -> Iterator[tuple[Cloud, RunReport]]:
    """The same, with the cloud still up inside the block."""
    known = money_without_faults(
        choice, lambda without: run_demo(without, narrator=narrator, purpose=purpose)
    )
    started_at, started = datetime.now(UTC), time.monotonic()
    with narrator.task("Make up the day" if choice.folder is None else "Read the FHIR bundles"):
        day = chosen_day(choice)
    with running_cloud(plan_for(day), purpose=purpose, narrator=narrator) as cloud:
        report = drive_day(
            cloud, day, narrator=narrator, started_at=started_at, started=started, known=known
        )
        yield cloud, report


def drive_day(
    cloud: Cloud,
    day: Day,
    *,
    narrator: Narrator,
    started_at: datetime,
    started: float,
    known: Money | None,
) -> RunReport:
    """Drive a day through a cloud that is up, and report; `known` is what its money must be."""
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
                known_money=known,
            )
        )
