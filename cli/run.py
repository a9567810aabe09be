"""What `billing demo`, `up` and `day` do, with what they print."""

import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from local.cloud import LOCAL_FOLDER, PROJECT_ROOT, Cloud, bring_up, read_running_cloud
from local.demo import DayChoice, chosen_day, drive_day, plan_for, run_demo
from local.errors import LocalCloudError
from local.progress import ConsoleNarrator
from local.report.page import write_page
from local.report.terminal import print_summary
from local.run_report import RunReport, write_json
from local.seeding import seed_rule_sets

_WIDTH_ELSEWHERE = 140


def console() -> Console:
    """The terminal, or a page wide enough to read where there is none."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=_WIDTH_ELSEWHERE)


def run_demo_command(choice: DayChoice, *, report_file: Path | None, page_file: Path | None) -> int:
    """The whole demo; the exit code."""
    shown = console()
    narrator = ConsoleNarrator(shown)
    with narrator.shown():
        report = run_demo(choice, narrator=narrator)
    return _finish(report, shown, report_file=report_file, page_file=page_file)


def run_day_command(choice: DayChoice, *, report_file: Path | None, page_file: Path | None) -> int:
    """A day on the cloud that is up; the exit code."""
    cloud = running()
    shown = console()
    narrator = ConsoleNarrator(shown)
    day = chosen_day(choice)
    plan = plan_for(day)
    unknown = set(plan.producers) - set(cloud.keys.secrets)
    if unknown:
        raise LocalCloudError(
            f"Nobody knows the keys of {', '.join(sorted(unknown))}.",
            advice="Run it by itself: billing demo --fhir DIR",
        )
    now = datetime.now(UTC)
    cloud.simulator.new_world(plan.world)
    seed_rule_sets(cloud.aws, cloud.deployment, replaced=plan.rule_sets, at=now)
    with narrator.shown():
        report = drive_day(cloud, day, narrator=narrator, started_at=now, started=time.monotonic())
    return _finish(report, shown, report_file=report_file, page_file=page_file)


def _finish(
    report: RunReport, shown: Console, *, report_file: Path | None, page_file: Path | None
) -> int:
    page_file = page_file or LOCAL_FOLDER / "report.html"
    write_page(report, page_file)
    if report_file:
        write_json(report, report_file)
    print_summary(report, shown)
    shown.print(f"The page with charts and stories: {_short(page_file)}", highlight=False)
    if report_file:
        shown.print(f"The figures: {_short(report_file)}", highlight=False)
    return 0 if report.holds else 1


def _short(path: Path) -> str:
    resolved = path.resolve()
    try:
        return str(resolved.relative_to(Path.cwd()))
    except ValueError:
        return str(resolved)


def run_up_command(*, seed: int) -> None:
    """Start the local cloud and say how to reach it."""
    shown = console()
    narrator = ConsoleNarrator(shown)
    day = chosen_day(DayChoice(seed=seed))
    with narrator.shown():
        cloud = bring_up(plan_for(day), narrator=narrator)
    _print_reach(cloud, shown)


def running() -> Cloud:
    """The local cloud that is up.

    Raises
    ------
    LocalCloudError
        If none is.
    """
    cloud = read_running_cloud()
    if cloud is None:
        raise LocalCloudError("No local cloud is up.", advice="Start one with: make up")
    return cloud


def _print_reach(cloud: Cloud, shown: Console) -> None:
    deployment = cloud.deployment
    python = _short(PROJECT_ROOT / ".venv" / "bin")
    lines = (
        "",
        "[bold]The local cloud is up.[/]",
        f"  AWS endpoint   {cloud.endpoint}   (key test, secret test, region us-east-1)",
        f"  Payers         {cloud.simulator_url}",
        f"  Bus            {deployment.bus_name}",
        f"  Intake bucket  {deployment.intake_bucket}   ehr/ remittances/ acknowledgements/",
        f"  Evidence       {deployment.evidence_bucket}",
        f"  Records table  {deployment.records_table}",
        f"  Audit table    {deployment.audit_table}",
        *(f"  Inbox          {name:<20} {url}" for name, url in deployment.inboxes.items()),
        f"  Logs           {_short(cloud.logs)}",
        "",
        "[bold]What to do with it[/]",
        f"  {python}/billing day                     run the built-in day on it",
        f"  {python}/billing claims                  every claim; --denied for those denied",
        f"  {python}/billing claim show CLAIM        one claim's story, with its evidence",
        f"  {python}/billing work                    what people must do",
        f"  {python}/billing publish TYPE --data '{{…}}'  an event, signed as the EHR signs",
        f"  {python}/billing drop FILE               an 835, 999 or 277CA file",
        f"  {python}/billing dead-letters            what was given up, and why",
        "  make down                              stop it",
    )
    for line in lines:
        shown.print(line, highlight=False, soft_wrap=True)
