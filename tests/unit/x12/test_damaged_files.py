"""The bounded part of the fuzz; ``python -m benchmarks.x12.fuzz`` runs it at length."""

from __future__ import annotations

import pytest

from benchmarks.x12.fuzz import FuzzError, Tally, examine, is_balanced, run

from .examples import read_one, remittance
from .seeds import seeds


@pytest.mark.parametrize("seed", [7, 8])
def test_damaged_files_never_crash_hang_or_balance_wrongly(seed: int) -> None:
    tally = run(seeds(), 600_000, seed)
    # The damage must leave enough to judge, or the run would prove nothing.
    assert tally.balanced > 50
    assert tally.unbalanced > 10
    assert tally.refusals > 200


def test_the_judge_of_the_fuzz_sees_a_wrong_balance() -> None:
    segments = read_one(remittance()).body.segments
    assert is_balanced(segments, "*")
    for before, after in (("*150*100*", "*150*101*"), ("I*700*", "I*701*"), ("*45*20", "*45*1E1")):
        changed = tuple(segment.replace(before, after) for segment in segments)
        assert changed != segments
        assert not is_balanced(changed, "*")


def test_the_fuzz_fails_when_a_promise_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.x12.fuzz.is_balanced", lambda *_: False)
    with pytest.raises(FuzzError, match="judged False"):
        examine(remittance(), Tally())
