"""`billing`: the command for engineers and operations.

Everything heavy is imported by the command that needs it, so that `--help` answers at once.
"""

import importlib
import signal
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

# ruff: noqa: PLC0415 - see the module's docstring

_ERROR_LOG = Path(__file__).resolve().parent.parent / ".local" / "errors.log"
_STOPPED = 130


class _LazyGroup(click.Group):
    """A group whose members' modules load when they are used; their first lines stand here."""

    lazy: Mapping[str, tuple[str, str, str]] = {
        "x12": ("cli.x12", "x12_commands", "Read, check, write and explain X12 files."),
        "claims": ("cli.records", "claims", "List claims: state, verdict, money."),
        "claim": ("cli.records", "claim", "One claim's whole story, with its evidence."),
        "work": ("cli.records", "work", "What people must do now, by queue."),
        "eligibility": (
            "cli.eligibility",
            "eligibility",
            "Every check of a coverage; how long answers are trusted.",
        ),
        "outages": ("cli.eligibility", "outages", "Who is out of reach, and since when."),
        "kpis": ("cli.records", "kpis", "The newest measurement of every KPI."),
        "remit": (
            "cli.money",
            "remit",
            "Payments (835): how they came, where each cent went, what waits.",
        ),
        "statement": ("cli.money", "statement", "What a patient owes: for what, why, since when."),
        "reconcile": ("cli.money", "reconcile", "A day's four totals, side by side."),
        "ledger": ("cli.money", "ledger", "Prove that the ledger sums to zero."),
        "rules": (
            "cli.rule_checks",
            "rules",
            "Rule sets: check, test, compare, roll out, roll back.",
        ),
        "approve": ("cli.operations", "approve", "Release a claim that waits for a second person."),
        "publish": ("cli.operations", "publish", "Publish an event as the EHR does (local cloud)."),
        "drop": ("cli.operations", "drop", "Drop an 835, 999 or 277CA file (local cloud)."),
        "dead-letters": ("cli.operations", "dead_letters", "What was given up, and why."),
        "simulate": ("cli.simulate", "simulate", "Explore what crashes do to a submission."),
        "redrive": ("cli.operations", "redrive", "Send a workflow's dead letters in again."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name."""
        return sorted({*super().list_commands(ctx), *self.lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded now."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, name, _ = self.lazy[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading any."""
        rows = []
        for name in self.list_commands(ctx):
            if name in self.lazy:
                rows.append((name, self.lazy[name][2]))
            elif command := super().get_command(ctx, name):
                rows.append((name, command.get_short_help_str(limit=80)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def billing() -> None:
    """Medical billing for cloud EHRs: run it, look into it, work with it."""


_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_FILING_LIMITS = click.option(
    "--filing-limits",
    is_flag=True,
    help="With --fhir: hold what is past its payer's filing limit, however old the folder is.",
)


@billing.command()
@click.option("--fhir", type=_FOLDER, help="Make the day of the FHIR R4 bundles in this folder.")
@click.option("--report", type=_FILE, help="Write the figures to this JSON file.")
@click.option("--html", type=_FILE, help="Write the page here (default: .local/report.html).")
@click.option("--seed", type=int, default=7, show_default=True, help="Which built-in day.")
@click.option(
    "--faults",
    type=int,
    metavar="SEED",
    help="Lose answers, fail and repeat on the way, as this seed says: the money must be the same to the cent.",
)
@click.option(
    "--claims-per-file",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many claims the clearinghouse takes in one file.",
)
@_FILING_LIMITS
def demo(
    fhir: Path | None,
    report: Path | None,
    html: Path | None,
    seed: int,
    faults: int | None,
    claims_per_file: int,
    *,
    filing_limits: bool,
) -> None:
    """Run a day end to end on a local cloud, and stop everything again.

    Ends with 0 only if every check holds that it prints.
    """
    from cli.run import run_demo_command
    from local.demo import DayChoice

    choice = DayChoice(
        seed=seed,
        faults=faults,
        folder=fhir,
        filing_limits=filing_limits,
        claims_per_file=claims_per_file,
    )
    sys.exit(run_demo_command(choice, report_file=report, page_file=html))


@billing.command()
@click.option("--seed", type=int, default=7, show_default=True, help="Which day's payers.")
def up(seed: int) -> None:
    """Start the local cloud and leave it running."""
    from cli.run import run_up_command

    run_up_command(seed=seed)


@billing.command()
@click.option("--fhir", type=_FOLDER, help="Make the day of the FHIR R4 bundles in this folder.")
@click.option("--report", type=_FILE, help="Write the figures to this JSON file.")
@click.option("--html", type=_FILE, help="Write the page here (default: .local/report.html).")
@click.option("--seed", type=int, default=7, show_default=True, help="Which built-in day.")
@_FILING_LIMITS
def day(
    fhir: Path | None, report: Path | None, html: Path | None, seed: int, *, filing_limits: bool
) -> None:
    """Run a day on the local cloud that is up, and leave it there to be looked at."""
    from cli.run import run_day_command
    from local.demo import DayChoice

    choice = DayChoice(seed=seed, folder=fhir, filing_limits=filing_limits)
    sys.exit(run_day_command(choice, report_file=report, page_file=html))


@billing.command()
def down() -> None:
    """Stop the local cloud that was left running."""
    from local.cloud import take_down

    click.echo("Stopped." if take_down() else "No local cloud was up.")


def main() -> NoReturn:
    """Run a command; whatever goes wrong is said in one line, never as a stack trace."""
    # A polite end unwinds everything that was started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, _end)
    try:
        billing.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(_STOPPED)
    except Exception as error:  # noqa: BLE001 - the last resort of a command line
        click.echo(_in_one_line(error), err=True)
        sys.exit(1)
    sys.exit(0)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _in_one_line(error: Exception) -> str:
    from local.errors import LocalCloudError

    if isinstance(error, LocalCloudError):
        return f"✗ {error}"
    _ERROR_LOG.parent.mkdir(parents=True, exist_ok=True)
    with _ERROR_LOG.open("a") as log:
        log.write(f"{datetime.now(UTC).isoformat()} the command failed\n")
        log.writelines(traceback.format_exception(error))
    return (
        f"✗ Unexpected {type(error).__name__}. Where it arose is in {_ERROR_LOG}; please report it."
    )


if __name__ == "__main__":
    main()
