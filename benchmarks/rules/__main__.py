"""``python -m benchmarks.rules``: how fast claims are judged, and what tables of real size cost.

Each measurement is a fresh process; rounds are interleaved; the least disturbed round counts, in
processor seconds of one core.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PAIRS = (10_000, 100_000, 1_000_000, 3_000_000)
CLAIMS_A_SECOND_MIN = 2_000
GROWTH_MAX = 1.25
OWN_MEMORY_MAX_KIB = 16 * 1024
_KIB = 1024


def main() -> int:
    """Measure, print, and say whether the targets are met."""
    chosen = _arguments()
    with tempfile.TemporaryDirectory(prefix="code-tables-") as name:
        folder = Path(name)
        print("Compiling tables as large as the public ones …", flush=True)
        versions = _run(folder, act="others")["versions"]
        tables = {}
        for count in chosen.pairs:
            tables[count] = made = _run(folder, act="pairs", count=count)
            print(
                f"  {count:>9,} pairs  {made['bytes'] / 1e6:6.1f} MB on disk, compiled in "
                f"{made['cpu_seconds']:.0f} s with {made['peak_kib'] / _KIB:.0f} MiB",
                flush=True,
            )
        figures: dict[tuple[int, bool], list[dict[str, Any]]] = {}
        for _ in range(chosen.rounds):
            for count in chosen.pairs:
                for for_every_payer in (False, True):
                    figures.setdefault((count, for_every_payer), []).append(
                        _judge(folder, chosen, versions, tables[count], for_every_payer)
                    )
    best = {key: min(runs, key=lambda run: run["cpu_seconds"]) for key, runs in figures.items()}
    _show(chosen, best)
    return _judge_figures(chosen, best)


def _judge(
    folder: Path,
    chosen: argparse.Namespace,
    versions: dict[str, str],
    table: dict[str, Any],
    for_every_payer: bool,  # noqa: FBT001 -- one of the two figures
) -> dict[str, Any]:
    return _run(
        folder,
        act="judge",
        versions={**versions, "ncci_ptp_practitioner": table["version"]},
        count=chosen.claims,
        rule_count=chosen.rules,
        for_every_payer=for_every_payer,
    )


def _show(chosen: argparse.Namespace, best: dict[tuple[int, bool], dict[str, Any]]) -> None:
    print(f"\n{chosen.rules} rules, {chosen.claims:,} claims of one to six lines, one core")
    print(
        f"{'pairs in the table':>20}{'claims/s':>10}{'µs/claim':>10}{'rules asked':>13}"
        f"{'own memory':>12}{'mapped':>9}"
    )
    for (count, for_every_payer), run in best.items():
        asked = run["verdicts"] / run["claims"]
        own = (run["after"]["own_kib"] - run["before"]["own_kib"]) / _KIB
        print(
            f"{count:>20,}{_speed(run):>10,.0f}{run['cpu_seconds'] / run['claims'] * 1e6:>10.0f}"
            f"{asked:>13.0f}{own:>+8.1f} MiB{run['after']['mapped_kib'] / _KIB:>5.0f} MiB"
            f"{'   every rule of every payer asked' if for_every_payer else ''}"
        )
    run = next(iter(best.values()))
    print(
        f"\nReading and compiling the rule set, once for each version: {run['reading_seconds'] * 1e3:.0f} ms. "
        f"Held: {run['held']} of {run['claims']}."
    )
    bare = min(run["bare_seconds"] for run in best.values())
    print(
        f"A bare loop of a million additions takes {bare * 1e3:.0f} ms of this core just now; "
        "a quiet one needs about 45."
    )


def _judge_figures(chosen: argparse.Namespace, best: dict[tuple[int, bool], dict[str, Any]]) -> int:
    largest = best[max(chosen.pairs), False]
    times = [best[count, False]["cpu_seconds"] for count in chosen.pairs]
    own = max(run["after"]["own_kib"] - run["before"]["own_kib"] for run in best.values())
    growth = times[-1] / times[0]
    verdicts = [
        (
            f"claims/s with {max(chosen.pairs):,} pairs",
            f"{_speed(largest):,.0f}",
            f">= {CLAIMS_A_SECOND_MIN:,}",
            _speed(largest) >= CLAIMS_A_SECOND_MIN,
        ),
        (
            f"time per claim, {max(chosen.pairs):,} pairs over {min(chosen.pairs):,}",
            f"{growth:.2f}",
            f"<= {GROWTH_MAX}",
            growth <= GROWTH_MAX,
        ),
        (
            "own memory while judging",
            f"{own / _KIB:.1f} MiB",
            f"<= {OWN_MEMORY_MAX_KIB // _KIB} MiB",
            own <= OWN_MEMORY_MAX_KIB,
        ),
    ]
    print()
    for what, figure, target, is_met in verdicts:
        print(f"{'✓' if is_met else '✗'}  {what:48}{figure:>12}   target {target}")
    return 0 if all(verdict[-1] for verdict in verdicts) else 1


def _speed(run: dict[str, Any]) -> float:
    return float(run["claims"] / run["cpu_seconds"])


def _run(folder: Path, **task: Any) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 -- our own module
        [
            sys.executable,
            "-m",
            "benchmarks.rules.work",
            json.dumps({"folder": str(folder), **task}),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument(
        "--pairs", type=int, nargs="+", default=PAIRS, help="table sizes to compare"
    )
    parser.add_argument("--rules", type=int, default=300)
    parser.add_argument("--claims", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
