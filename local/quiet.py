"""Knowing that nothing moves any more, without guessing how long that takes.

The system is at rest when no inbox holds or delivers a message, no execution runs, and every event
in the outbox has been seen on the bus. It must look so twice in a row with nothing new between the
two looks, since a chain of steps hands work from one of these places to the next.
"""

import time
from dataclasses import dataclass

from local.bus import Tap
from local.cloud import Cloud
from local.motion import in_motion
from local.progress import Task

# The longest that one look waits for stillness, so that progress shows; the pause before the look that confirms it.
_LOOK_SECONDS = 0.5
_PAUSE_SECONDS = 0.1
# A function works on two events at a time: so many more wait a few seconds for their turn.
_CALM = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What is on its way at one look."""

    waiting: int
    running: int
    unpublished: int
    unannounced: int
    seen: int

    @property
    def is_still(self) -> bool:
        """Nothing is on its way."""
        return not (self.waiting or self.running or self.unpublished or self.unannounced)

    def __str__(self) -> str:
        """In a few words."""
        parts = (
            (self.waiting, "in inboxes"),
            (self.running, "running"),
            (self.unpublished, "to publish"),
            (self.unannounced, "files to come"),
        )
        return ", ".join(f"{count} {words}" for count, words in parts if count) or "at rest"


@dataclass(slots=True, kw_only=True)
class Watch:
    """Looks at the whole system; `dropped` are the files whose arrival is still to be announced."""

    cloud: Cloud
    tap: Tap
    dropped: set[str]
    patience_seconds: float = 45.0

    def wait_until_still(self, task: Task) -> str:
        """Wait as long as anything moves; an empty text, or what did not come to rest.

        Gives up only when nothing has changed for `patience_seconds`.
        """
        before: Motion | None = None
        changed_at = time.monotonic()
        while True:
            motion = self.look()
            task.note(str(motion))
            if motion.is_still and motion == before:
                return ""
            if motion != before:
                changed_at = time.monotonic()
            elif time.monotonic() - changed_at > self.patience_seconds:
                return str(motion)
            before = motion
            # What moves in inboxes and workflows was waited for; what passes over the bus was not.
            if not (motion.waiting or motion.running):
                time.sleep(_PAUSE_SECONDS)

    def wait_until_calm(self, task: Task) -> None:
        """Wait until less is on its way than would outlast the workflows' time-outs."""
        changed_at, before = time.monotonic(), -1
        while True:
            moving = sum(self._in_motion(calm=_CALM))
            task.note(f"{moving} on their way")
            if moving <= _CALM or time.monotonic() - changed_at > self.patience_seconds:
                return
            if moving != before:
                changed_at, before = time.monotonic(), moving

    def look(self) -> Motion:
        """One look; a short wait as long as inboxes or workflows are not still."""
        waiting, running = self._in_motion(calm=0)
        self.tap.listen()
        unannounced = len(self.dropped - self.tap.files)
        quiet_so_far = not (waiting or running or unannounced)
        return Motion(
            waiting=waiting,
            running=running,
            # Asked last, when all else is still: what is said before the look is seen by it.
            unpublished=self.tap.unpublished() if quiet_so_far else 0,
            unannounced=unannounced,
            seen=len(self.tap.heard),
        )

    def _in_motion(self, *, calm: int) -> tuple[int, int]:
        inboxes = self.cloud.deployment.inboxes.values()
        return in_motion(self.cloud.endpoint, inboxes, calm=calm, seconds=_LOOK_SECONDS)
