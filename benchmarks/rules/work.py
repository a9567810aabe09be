"""One measurement in a process of its own: compile a table, or judge claims by tables on disk."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.rules.generate import RULE_SETS, claims, other_tables, pair_table, rules
from functions.billing.adapters.code_tables import StoredCodeTables
from functions.billing.domain.codes import version_of
from functions.billing.domain.rules import (
    EligibilityFact,
    EligibilityState,
    ScrubFacts,
    holds,
    judge,
    payer_policies,
    rule_set,
)
from functions.billing.ports import code_table_key
from functions.billing.runtime import cold_start
from local.code_tables import folder_tables

SUBMITTED_ON = date(2026, 3, 5)
CHECKED_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def compile_pairs(folder: Path, count: int) -> dict[str, Any]:
    """Put a table of pairs into the folder, under its version."""
    begun = process_time()
    content = pair_table(count)
    seconds = process_time() - begun
    return {
        "version": _put(folder, content),
        "bytes": len(content),
        "cpu_seconds": seconds,
        **_memory(),
    }


def compile_others(folder: Path) -> dict[str, Any]:
    """Put every other table into the folder; their versions by name."""
    tables = {**folder_tables(), **other_tables()}
    return {"versions": {name: _put(folder, content) for name, content in tables.items()}}


def judge_claims(
    folder: Path, versions: dict[str, str], count: int, rule_count: int, *, for_every_payer: bool
) -> dict[str, Any]:
    """Judge so many claims once by so many rules, on one core, after a few to warm up."""
    content = rules(rule_count, versions, for_every_payer=for_every_payer)
    begun = process_time()
    judged_by = rule_set(content)
    reading = process_time() - begun
    # The files are in place, so that no client is asked for any.
    tables = StoredCodeTables(None, bucket="", folder=folder).opened(judged_by.code_tables)
    policies = payer_policies(
        json.loads((RULE_SETS / "payer_policies" / "example.json").read_text())
    )
    work = [
        (
            claim,
            ScrubFacts(
                submitted_on=SUBMITTED_ON,
                eligibility=EligibilityFact(EligibilityState.ACTIVE, CHECKED_AT),
                policy=policies.of(claim.payer_id),
                code_tables=tables,
            ),
        )
        for claim in claims(count)
    ]
    for claim, facts in work[:50]:
        judge(claim, facts, judged_by)
    # As every function does once it is loaded.
    cold_start.finish()
    before = _memory()
    verdicts = held = 0
    begun = process_time()
    for claim, facts in work:
        found = judge(claim, facts, judged_by)
        verdicts += len(found)
        held += holds(found)
    seconds = process_time() - begun
    return {
        "cpu_seconds": seconds,
        "claims": count,
        "rules": len(judged_by.rules),
        "verdicts": verdicts,
        "held": held,
        "reading_seconds": reading,
        "bare_seconds": _bare_loop(),
        "before": before,
        "after": _memory(),
    }


def _bare_loop() -> float:
    """How long this core takes for a million additions just now, to judge the other figures by."""
    begun, total = process_time(), 0
    for number in range(1_000_000):
        total += number
    return process_time() - begun


@dataclass(frozen=True, slots=True)
class _Status:
    """What Linux says of this process's memory, in KiB: its own, and pages of mapped files."""

    own_kib: int
    mapped_kib: int


def _memory() -> dict[str, int]:
    status = Path("/proc/self/status")
    if not status.exists():
        return {"own_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "mapped_kib": 0}
    said = dict(line.split(":", 1) for line in status.read_text().splitlines())
    found = _Status(int(said["RssAnon"].split()[0]), int(said["RssFile"].split()[0]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"own_kib": found.own_kib, "mapped_kib": found.mapped_kib, "peak_kib": peak}


def _put(folder: Path, content: bytes) -> str:
    version = version_of(content)
    (folder / Path(code_table_key(version)).name).write_bytes(content)
    return version


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    acts: dict[str, Callable[..., dict[str, Any]]] = {
        "pairs": compile_pairs,
        "others": compile_others,
        "judge": judge_claims,
    }
    act = acts[task.pop("act")]
    print(json.dumps(act(Path(task.pop("folder")), **task)))
