"""`billing simulate`: what crashes and lost answers do to a claim, in every order.

The explorer lives with the tests (`tests/simulation`) and runs from a checkout only.
"""

import sys

import click

# ruff: noqa: PLC0415 - only this command needs what it imports


@click.command()
@click.option("--schedules", type=click.IntRange(1), help="Walk this many schedules at random.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of the random walks.")
@click.option("--replay", metavar="CASE", help="Walk one schedule again, as a failure printed it.")
@click.option(
    "--moto", is_flag=True, help="Walk or replay over moto; walks are compared with the model."
)
def simulate(schedules: int | None, seed: int, replay: str | None, *, moto: bool) -> None:
    """Explore what crashes and lost answers do to a submission.

    Without options: every schedule of up to three faults, every one of two deliveries at once with up to one, in every
    clearinghouse environment, files of several claims, some walks over moto, then the protocol with each of its guards
    taken out. Ends with 0 only if nothing is wrong and no missing guard went unnoticed.
    """
    try:
        from tests.simulation.simulate import Report, explore_all, replayed, walk_on
    except ModuleNotFoundError:
        raise click.ClickException(
            "the simulation runs from a checkout: its tests are not here"
        ) from None
    if replay:
        try:
            for line in replayed(replay, over_moto=moto):
                click.echo(line)
        except ValueError as error:
            raise click.ClickException(f"this case cannot be replayed: {error}") from None
        return
    steps = walk_on(schedules, seed, over_moto=moto) if schedules else explore_all()
    report = Report()
    shown = 0
    for done, report in steps:
        if not schedules:
            click.echo(f"· {done}")
        for case in report.cases[shown : shown + 5]:
            click.echo(f"✗ {case}")
        shown = len(report.cases)
    for guard in report.survivors:
        click.echo(f"✗ nobody noticed that this was missing: {guard}")
    for line in report.lines():
        click.echo(line)
    sys.exit(0 if report.holds else 1)
