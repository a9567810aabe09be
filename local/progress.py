"""Showing how far things are: bars on a terminal, one line per finished task elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


class Task(Protocol):
    """Something that is being done."""

    def advance(self, steps: int = 1) -> None:
        """So many steps further."""

    def note(self, text: str) -> None:
        """What it is at, in a few words."""


class Narrator(Protocol):
    """Tells a person what is going on."""

    @contextmanager
    def task(self, title: str, total: int | None = None) -> Iterator[Task]:
        """Show a task from its beginning to its end."""
        ...  # pragma: no cover

    def say(self, text: str) -> None:
        """One line of text."""


class _Silent:
    def advance(self, steps: int = 1) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""


class SilentNarrator:
    """For tests: tells nobody."""

    @contextmanager
    def task(self, title: str, total: int | None = None) -> Iterator[Task]:  # noqa: ARG002 - a protocol
        """Run it, silently."""
        yield _Silent()

    def say(self, text: str) -> None:
        """Say nothing."""


class _Bar:
    """One line of a rich progress display."""

    def __init__(self, progress: Progress, identifier: TaskID) -> None:
        self._progress = progress
        self._identifier = identifier

    def advance(self, steps: int = 1) -> None:
        """See `Task`."""
        self._progress.advance(self._identifier, steps)

    def note(self, text: str) -> None:
        """See `Task`."""
        self._progress.update(self._identifier, note=text)


class ConsoleNarrator:
    """Bars with rich; what is finished stays on the screen with the time it took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}[/]"),
            console=console,
            transient=False,
        )

    @contextmanager
    def shown(self) -> Iterator["ConsoleNarrator"]:
        """Show bars while inside."""
        if not self._console.is_terminal:
            yield self
            return
        with self._progress:
            yield self

    @contextmanager
    def task(self, title: str, total: int | None = None) -> Iterator[Task]:
        """See `Narrator`."""
        started = time.monotonic()
        identifier = self._progress.add_task(f"{title:<44}", total=total, note="")
        bar = _Bar(self._progress, identifier)
        try:
            yield bar
        except BaseException:
            self._progress.stop_task(identifier)
            self._progress.update(identifier, note="[red]stopped here[/]")
            raise
        steps = total or 1
        self._progress.update(identifier, total=steps, completed=steps, note="")
        if not self._console.is_terminal:
            seconds = time.monotonic() - started
            self._console.print(f"✓ {title}  {seconds:.1f} s", highlight=False)

    def say(self, text: str) -> None:
        """See `Narrator`."""
        self._console.print(text, highlight=False)
