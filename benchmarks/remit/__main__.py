"""``python -m benchmarks.remit``: remittances of 10, 1,000 and 100,000 claims, read, posted and proved.

Each Lambda's work is a process of its own, whose high-water mark is its memory. AWS is stood in for by SQLite and a
folder; what DynamoDB would charge is counted call by call, and priced by the list the product uses.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.remit.practice import seed_claims, write_file
from benchmarks.remit.tables import SqliteDynamoDb
from functions.billing.domain.kpis.cost import UsageCounts, cost_of

SIZES = (10, 1_000, 100_000)
FILE_KEY = "remittances/bench.x12"
# States entered by an execution beside the Map's children: read, choice, Map, choice, reconcile, end.
STATES = 6
STEP_GB = {"read": Decimal(1), "post": Decimal(1), "reconcile": Decimal("0.5")}
EXPRESS_GB = Decimal(64) / Decimal(1024)
LOG_BYTES_PER_RUN = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one size came to."""

    claims: int
    megabytes: float
    batches: int
    read: dict[str, Any]
    posts: list[dict[str, Any]]
    reconcile: dict[str, Any]
    post_seconds: float
    events: int

    @property
    def all(self) -> list[dict[str, Any]]:
        """Every process."""
        return [self.read, *self.posts, self.reconcile]

    def units(self, kind: str) -> Decimal:
        """Capacity units of all of them."""
        return Decimal(sum(one["used"].get(f"{kind}_units_tenths", 0) for one in self.all)) / 10

    @property
    def usage(self) -> UsageCounts:
        """What AWS would charge for."""
        seconds = {
            "read": _decimal(self.read["cpu_seconds"]),
            "post": sum((_decimal(one["cpu_seconds"]) for one in self.posts), Decimal(0)),
            "reconcile": _decimal(self.reconcile["cpu_seconds"]),
        }
        runs = self.batches + 2
        return UsageCounts(
            transitions=STATES + self.batches,
            express_requests=self.batches,
            express_gb_seconds=seconds["post"] * EXPRESS_GB,
            invocations=runs,
            lambda_gb_seconds=sum(
                (seconds[step] * size for step, size in STEP_GB.items()), Decimal(0)
            ),
            write_units=self.units("write"),
            read_units=self.units("read"),
            events=self.events,
            queue_requests=3,
            object_puts=sum(one["puts"] for one in self.all),
            object_gets=sum(one["gets"] for one in self.all),
            key_requests=self.events,
            log_bytes=runs * LOG_BYTES_PER_RUN,
            traces=1 + self.batches,
        )

    @property
    def usd_per_claim(self) -> Decimal:
        """By the formula and list of the product."""
        found = cost_of(self.usage, self.claims).usd_per_1000
        return (found or Decimal(0)) / 1000


def _decimal(seconds: float) -> Decimal:
    return Decimal(round(seconds * 1000)) / 1000


def _run(step: str, folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.remit.work", step, str(folder), json.dumps(request)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{step} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(claims: int, folder: Path, workers: int) -> Figures:
    """One size, from the file to the proof."""
    (folder / "intake" / "remittances").mkdir(parents=True)
    size = write_file(folder / "intake" / FILE_KEY, claims)
    tables = SqliteDynamoDb(folder / "tables.db")
    seed_claims(tables, claims)
    before = tables.events()
    read = _run("read", folder, {"file_key": FILE_KEY})
    answer = read["answer"]
    requests = [
        {
            "manifest_key": answer["manifest_key"],
            "batches": answer["batches"],
            "begin": begin,
            "of": workers,
        }
        for begin in range(min(workers, answer["batches"]))
    ]
    began = time.perf_counter()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        posts = list(pool.map(lambda one: _run("post", folder, one), requests))
    post_seconds = time.perf_counter() - began
    reconcile = _run("reconcile", folder, {"remittances": answer["remittances"]})
    if reconcile["answer"]["outcome"] != "posted":
        sys.exit(f"{claims} claims: the totals do not agree")
    return Figures(
        claims=claims,
        megabytes=size / 1e6,
        batches=answer["batches"],
        read=read,
        posts=posts,
        reconcile=reconcile,
        post_seconds=post_seconds,
        events=tables.events() - before,
    )


def _print(figures: list[Figures], workers: int) -> None:
    print("\nClaims per second, and the most memory each Lambda's process ever had (MiB)\n")
    print(
        f"{'claims':>8} {'MB':>6} {'batches':>8} | {'read/s':>9} {'MiB':>5} | {'post/s':>7} "
        f"{'cpu ms':>7} {'MiB':>5} | {'prove s':>8} {'MiB':>5}"
    )
    for one in figures:
        cpu_ms = 1000 * sum(post["cpu_seconds"] for post in one.posts) / one.claims
        print(
            f"{one.claims:>8,} {one.megabytes:>6.1f} {one.batches:>8,} | "
            f"{one.claims / one.read['seconds']:>9,.0f} {one.read['peak_kib'] / 1024:>5.0f} | "
            f"{one.claims / one.post_seconds:>7,.0f} {cpu_ms:>7.2f} "
            f"{max(post['peak_kib'] for post in one.posts) / 1024:>5.0f} | "
            f"{one.reconcile['seconds']:>8.2f} {one.reconcile['peak_kib'] / 1024:>5.0f}"
        )
    idle = figures[0].read["idle_kib"] / 1024
    print(f"\nIdle, with everything loaded: {idle:.0f} MiB. Posted by {workers} processes.")
    print("\nPer claim, all three Lambdas together\n")
    print(
        f"{'claims':>8} {'writes':>7} {'reads':>7} {'WRU':>7} {'RRU':>7} {'USD':>12} {'to 1,000':>9}"
    )
    base = next((one for one in figures if one.claims >= 1_000), figures[-1]).usd_per_claim  # noqa: PLR2004
    for one in figures:
        calls = [
            sum(sum(process["used"].get(name, 0) for name in names) for process in one.all)
            for names in (("dynamodb.TransactWriteItems", "dynamodb.PutItem"), ("dynamodb.reads",))
        ]
        print(
            f"{one.claims:>8,} {calls[0] / one.claims:>7.2f} {calls[1] / one.claims:>7.2f} "
            f"{one.units('write') / one.claims:>7.1f} {one.units('read') / one.claims:>7.1f} "
            f"{one.usd_per_claim:>12.7f} {one.usd_per_claim / base:>9.2f}"
        )


def main() -> None:
    """Measure each size in a folder that is removed again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    given = parser.parse_args()
    figures = []
    for claims in given.claims:
        folder = Path(tempfile.mkdtemp(prefix="bench-remit-"))
        try:
            print(f"{claims:,} claims …", file=sys.stderr, flush=True)
            figures.append(measure(claims, folder, given.workers))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    _print(figures, given.workers)


if __name__ == "__main__":
    main()
