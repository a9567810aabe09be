"""Knowing that nothing moves any more, without guessing how long that takes.

The system is at rest when no inbox holds or delivers a message, no execution runs, and every event
in the outbox has been seen on the bus. It must look so twice in a row with nothing new between the
two looks, since a chain of steps hands work from one of these places to the next.
"""

import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local.bus import Tap
from local.cloud import Cloud
from local.progress import Task

# Looking costs the emulator work too: less often while much is on its way, soon again when all seems still.
_PAUSE_IN_MOTION_SECONDS = 0.25
_PAUSE_WHEN_STILL_SECONDS = 0.1
# A function works on two events at a time: so many more wait a few seconds for their turn.
_CALM = 20
_DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


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
            time.sleep(_PAUSE_WHEN_STILL_SECONDS if motion.is_still else _PAUSE_IN_MOTION_SECONDS)

    def wait_until_calm(self, task: Task) -> None:
        """Wait until less is on its way than would outlast the workflows' time-outs."""
        changed_at, before = time.monotonic(), -1
        while True:
            with ThreadPoolExecutor(max_workers=4) as pool:
                moving = sum(pool.map(self._depth, self._inboxes()))
                moving += sum(pool.map(self._running, self._machines()))
            task.note(f"{moving} on their way")
            if moving <= _CALM or time.monotonic() - changed_at > self.patience_seconds:
                return
            if moving != before:
                changed_at, before = time.monotonic(), moving
            time.sleep(_PAUSE_IN_MOTION_SECONDS)

    def look(self) -> Motion:
        """One look; it ends at the first place where something moves, since each question costs the emulator work."""
        self.tap.listen()
        waiting = next(filter(None, map(self._depth, self._inboxes())), 0)
        running = next(filter(None, map(self._running, self._machines())), 0) if not waiting else 0
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

    def _inboxes(self) -> Collection[str]:
        return self.cloud.deployment.inboxes.values()

    def _machines(self) -> Collection[str]:
        return self.cloud.deployment.state_machines.values()

    def _depth(self, url: str) -> int:
        answer = self.cloud.aws.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=list(_DEPTHS)
        )
        return sum(int(answer["Attributes"][name]) for name in _DEPTHS)

    def _running(self, arn: str) -> int:
        answer = self.cloud.aws.client("stepfunctions").list_executions(
            stateMachineArn=arn, statusFilter="RUNNING"
        )
        return len(answer["executions"])
