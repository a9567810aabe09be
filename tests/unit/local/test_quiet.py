from collections.abc import Iterator

import pytest

from local import quiet
from local.bus import Tap
from local.progress import SilentNarrator
from local.quiet import Motion, Watch

STILL = Motion(waiting=0, running=0, unpublished=0, unannounced=0, seen=5)
BUSY = Motion(waiting=2, running=1, unpublished=0, unannounced=0, seen=3)


def _watch(looks: list[Motion], monkeypatch: pytest.MonkeyPatch, patience: float = 0.05) -> str:
    seen: Iterator[Motion] = iter(looks)
    last = looks[-1]
    monkeypatch.setattr(Watch, "look", lambda _self: next(seen, last))
    monkeypatch.setattr(quiet, "_PAUSE_SECONDS", 0)
    cloud, tap = object(), object()
    assert not isinstance(tap, Tap)
    watch = Watch(cloud=cloud, tap=tap, dropped=set(), patience_seconds=patience)  # type: ignore[arg-type]
    with SilentNarrator().task("") as task:
        return watch.wait_until_still(task)


def test_rest_must_be_seen_twice_with_nothing_new_between(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = Motion(waiting=0, running=0, unpublished=0, unannounced=0, seen=6)

    assert _watch([BUSY, STILL, BUSY, STILL, newer, newer], monkeypatch) == ""


def test_what_never_comes_to_rest_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _watch([BUSY], monkeypatch) == "2 in inboxes, 1 running"


def test_one_look_says_what_is_on_its_way() -> None:
    unpublished = Motion(waiting=0, running=0, unpublished=3, unannounced=1, seen=0)

    assert not unpublished.is_still
    assert str(unpublished) == "3 to publish, 1 files to come"
    assert str(STILL) == "at rest"
