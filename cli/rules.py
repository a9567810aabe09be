"""Rule sets: looking into them, proving a change, rolling it out."""

import click


@click.group()
def rules() -> None:
    """Rule sets and tables: check, test, compare, roll out, roll back."""
