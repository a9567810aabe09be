"""``python -m benchmarks.x12``: ours against the floor and the peers, in one run.

Each measurement is a fresh process on one core; rounds are interleaved; each lap of the way through
the file counts as in its least disturbed round, in processor seconds. Ratios hold from machine to
machine, seconds do not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.x12.contenders import CONTENDERS
from benchmarks.x12.generate import Totals, write_835, write_837p
from benchmarks.x12.peers import MODULES as PEER_MODULES
from benchmarks.x12.peers import interpreter

# The slow ones are run on files up to so many megabytes; beyond, they scale in proportion.
MEGABYTES_MAX = {
    "pyx12 validate": 1,
    "pyx12 segments": 10,
    "edi-835-parser": 10,
    "openx12": 10,
    "ours, read and write": 10,
}
ROUNDS = 9
# A round of a small file is much shorter than what disturbs it.
ROUNDS_OF_SMALL_FILES = 27
ROUNDS_OF_THE_SLOW = 2
# Whoever takes longer is slow too, on that file.
LONG_SECONDS = 10
IMPORT_PROGRAM = (
    "import time; s=time.perf_counter(); import decimal; d=time.perf_counter()-s\n"
    "import dataclasses, datetime, functools, io, itertools, operator, typing, importlib\n"
    "s=time.perf_counter(); import functions.billing.x12 as x; p=time.perf_counter()-s\n"
    "s=time.perf_counter(); x.stream_835; r=time.perf_counter()-s\n"
    "s=time.perf_counter(); [getattr(x, n) for n in dir(x)]; e=time.perf_counter()-s\n"
    "print(d, p, p + r, p + r + e)\n"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A contender on one file.

    Attributes
    ----------
    seconds
        Processor time, of each lap the least over the rounds.
    round_seconds
        Processor time of the least disturbed round, to compare with those who have but one lap.
    disturbed
        The median round as a multiple of ``seconds``: near 1 on a machine with nothing else to do.
    peak_mib
        The most memory it had, median over the rounds.
    found
        What it found in the file.
    """

    seconds: float
    round_seconds: float
    disturbed: float
    peak_mib: float
    found: dict[str, int]

    @classmethod
    def of(cls, rounds: list[dict[str, Any]]) -> Figure:
        """Take what rounds said."""
        seconds = sum(map(min, zip(*(each["laps_s"] for each in rounds), strict=True)))
        whole = [sum(each["laps_s"]) for each in rounds]
        return cls(
            seconds,
            min(whole),
            median(whole) / seconds,
            median(each["peak_kib"] for each in rounds) / 1024,
            rounds[-1]["found"],
        )


def _measure(names: list[str], path: Path, rounds: int, peers: Path | None) -> dict[str, Figure]:
    """Run contenders in turn, so many rounds; the slow ones fewer; one that fails, never again."""
    lines: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in list(lines):
            if turn >= ROUNDS_OF_THE_SLOW and _is_slow(name, lines[name][0]):
                continue
            python = peers if CONTENDERS[name][1] in PEER_MODULES else sys.executable
            done = subprocess.run(  # noqa: S603
                [str(python), "-m", "benchmarks.x12.contenders", name, str(path)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                print(f"{name} fails on {path.name}: {done.stderr.strip().splitlines()[-1]}")
                del lines[name]
                continue
            lines[name].append(json.loads(done.stdout))
    return {name: Figure.of(measured) for name, measured in lines.items()}


def _is_slow(name: str, first_round: dict[str, Any]) -> bool:
    return name in MEGABYTES_MAX or sum(first_round["laps_s"]) > LONG_SECONDS


def _is_there(module: str, peers: Path | None) -> bool:
    if module in PEER_MODULES:
        return peers is not None
    return not module or find_spec(module) is not None


def _names(kind: str, megabytes: int, wanted: list[str] | None, peers: Path | None) -> list[str]:
    return [
        name
        for name, (kinds, module, _) in CONTENDERS.items()
        if kind in kinds.split()
        and _is_there(module, peers)
        and megabytes <= MEGABYTES_MAX.get(name, 1_000)
        and (not wanted or name == "floor" or name in wanted)
    ]


def _correct(found: dict[str, int], totals: Totals) -> str:
    wrong = [
        f"{name} {value} for {getattr(totals, name)}"
        for name, value in found.items()
        if hasattr(totals, name) and value != getattr(totals, name)
    ]
    if found.get("balanced") == 0 or found.get("same") == 0:
        wrong.append("not balanced or not the same")
    return "; ".join(wrong) or ("exact" if found else "")


def _show(kind: str, size: int, figures: dict[str, Figure], totals: Totals) -> None:
    base = figures["floor"].seconds
    print(f"\n{kind}, {size / 1e6:.1f} MB, {totals.claims} claims, {totals.lines} lines")
    print(
        f"{'':28}{'s':>9}{'MB/s':>8}{'x floor':>9}{'disturbed':>11}{'peak MiB':>10}"
        "  against the generator"
    )
    for name, figure in figures.items():
        print(
            f"{name:28}{figure.seconds:9.3f}{size / 1e6 / figure.seconds:8.1f}"
            f"{figure.seconds / base:9.2f}{figure.disturbed:10.2f}x{figure.peak_mib:10.1f}"
            f"  {_correct(figure.found, totals)}"
        )


Results = dict[tuple[str, int], dict[str, Figure]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure beside its target."""

    what: str
    figure: float
    target: str
    is_met: bool


def _at_most(what: str, figure: float, limit: float) -> Verdict:
    return Verdict(what, figure, f"<= {limit:g}", figure <= limit)


def _at_least(what: str, figure: float, limit: float) -> Verdict:
    return Verdict(what, figure, f">= {limit:g}", figure >= limit)


_MEGABYTES_FOR_RATIO = 10
_MEGABYTES_FOR_MEMORY = 100
# The factor, and the megabytes from which on: those who keep what they read slow down as it grows.
_SPEED_OVER = {
    "oxedi parse": (0.9, 1),
    "pyx12 validate": (100, 1),
    "edi-835-parser": (10, 10),
    "openx12": (10, 10),
}


def _verdicts_835(megabytes: int, figures: dict[str, Figure]) -> Iterator[Verdict]:
    mine = figures["ours"]
    if megabytes >= _MEGABYTES_FOR_RATIO:
        ratio = mine.seconds / figures["floor"].seconds
        yield _at_most(f"835 {megabytes} MB / floor", ratio, 3.5)
    for peer, (factor, least) in _SPEED_OVER.items():
        if peer in figures and megabytes >= least:
            speed = figures[peer].round_seconds / mine.round_seconds
            yield _at_least(f"835 {megabytes} MB, speed over {peer}", speed, factor)
    if "oxedi parse" in figures and megabytes >= _MEGABYTES_FOR_MEMORY:
        share = mine.peak_mib / figures["oxedi parse"].peak_mib
        yield _at_most(f"835 {megabytes} MB, memory of oxedi's", share, 0.1)


def _verdicts(results: Results) -> Iterator[Verdict]:
    """Compare with the targets."""
    for (kind, megabytes), figures in results.items():
        if kind == "835" and "ours" in figures:
            yield from _verdicts_835(megabytes, figures)
        if kind == "837p" and "ours, 837P" in figures:
            ratio = figures["ours, 837P"].seconds / figures["floor"].seconds
            yield _at_most(f"837P {megabytes} MB / floor", ratio, 2.6)
    for kind, name in (("835", "ours"), ("837p", "ours, 837P")):
        sizes = [m for k, m in results if k == kind and name in results[k, m]]
        if len(sizes) > 1:
            grown = (
                results[kind, max(sizes)][name].peak_mib - results[kind, min(sizes)][name].peak_mib
            )
            what = f"{kind} peak memory, {max(sizes)} MB less {min(sizes)} MB (MiB)"
            yield _at_most(what, grown, 2)


def _imports(rounds: int) -> Verdict:
    lines = []
    with tempfile.TemporaryDirectory() as compiled:
        # As deployed: compiled before. The first round compiles and does not count.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(rounds + 1):
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-c", IMPORT_PROGRAM],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            )
            lines.append([float(word) * 1000 for word in done.stdout.split()])
    del lines[0]
    decimal, package, stream, everything = (median(column) for column in zip(*lines, strict=True))
    print(
        f"\nimport, over the standard library: package {package:.1f} ms, with stream_835"
        f" {stream:.1f} ms, with every public name {everything:.1f} ms"
        f" (decimal alone: {decimal:.1f} ms)"
    )
    # 15 ms where `decimal` takes 2.7.
    return _at_most("import with stream_835 / import of decimal", stream / decimal, 5.5)


def main() -> int:
    """Generate the files, measure, show, and say which targets are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.x12", description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--rounds", type=int, help="instead of 9, and 27 below 10 MB")
    parser.add_argument("--kinds", nargs="+", choices=["835", "837p"], default=["835", "837p"])
    parser.add_argument("--only", nargs="+", metavar="CONTENDER", help=", ".join(CONTENDERS))
    parser.add_argument("--folder", type=Path, help="where to keep the generated files")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}")
    wants_peers = not options.only or any(CONTENDERS[n][1] in PEER_MODULES for n in options.only)
    peers = interpreter() if wants_peers else None
    results: Results = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in options.kinds:
            for megabytes in sorted(options.megabytes):
                path = folder / f"{megabytes}.{kind}"
                make = write_835 if kind == "835" else write_837p
                totals = make(path, megabytes * 1_000_000)
                names = _names(kind, megabytes, options.only, peers)
                is_small = megabytes < _MEGABYTES_FOR_RATIO
                rounds = options.rounds or (ROUNDS_OF_SMALL_FILES if is_small else ROUNDS)
                figures = _measure(names, path, rounds, peers)
                results[kind, megabytes] = figures
                _show(kind, path.stat().st_size, figures, totals)
                if not options.folder:
                    path.unlink()
    imported = _imports(options.rounds or ROUNDS)
    verdicts = [*_verdicts(results), imported]
    print()
    for each in verdicts:
        word = "met   " if each.is_met else "MISSED"
        print(f"{word} {each.what:48}{each.figure:9.2f}  {each.target}")
    if options.json:
        kept = {
            f"{kind} {megabytes} MB": {
                name: {
                    "seconds": figure.seconds,
                    "disturbed": figure.disturbed,
                    "peak_mib": figure.peak_mib,
                    "found": figure.found,
                }
                for name, figure in figures.items()
            }
            for (kind, megabytes), figures in results.items()
        }
        options.json.write_text(json.dumps(kept, indent=1) + "\n")
    return 0 if all(each.is_met for each in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
