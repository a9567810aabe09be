"""One Lambda's work in a process of its own: what it took, and the most memory it ever had.

python -m benchmarks.remit.work read|post|reconcile FOLDER REQUEST
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from benchmarks.remit.tables import SqliteDynamoDb
from functions.billing.adapters.records import DynamoDbRecords
from functions.billing.domain.commit import Cause
from functions.billing.domain.errors import StaleRecordError
from functions.billing.ports import StoredDocument
from functions.billing.usecases.post_remittance import PostingPorts, PostRemittance, post_remittance
from functions.billing.usecases.read_remittance import (
    ReadRemittance,
    RemittanceFilePorts,
    read_remittance,
)
from functions.billing.usecases.reconcile_remittance import (
    ReconcileRemittance,
    reconcile_remittance,
)
from tests.builders import rule_set_contents
from tests.fakes import FixedRuleSets

CAUSE = Cause("evt_bench", "remittance.received", "evt_bench")
# As the workflow's own Retry: another batch may hold an item this one wants.
TRIES = 4
CHUNK_BYTES = 1 << 20


class Folder:
    """`ports.Evidence` and `ports.Intake` on a folder: files are streamed and read by range, as from S3."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.puts = self.gets = 0

    def _path(self, key: str) -> Path:
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def put(self, key: str, body: bytes | BinaryIO, *, content_type: str) -> StoredDocument:  # noqa: ARG002
        """See `ports.Intake`."""
        self.puts += 1
        digest, size = hashlib.sha256(), 0
        with self._path(key).open("wb") as file:
            for chunk in [body] if isinstance(body, bytes) else _chunks(body):
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
        return StoredDocument(key, digest.hexdigest(), size)

    def keep(self, key: str, body: bytes | BinaryIO, *, content_type: str) -> StoredDocument:
        """See `ports.Evidence`."""
        return self.put(key, body, content_type=content_type)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """See both ports."""
        self.gets += 1
        with self._path(key).open("rb") as file:
            yield file

    def fetch(self, key: str, *, start_byte: int = 0, end_byte: int | None = None) -> bytes:
        """See both ports."""
        self.gets += 1
        with self._path(key).open("rb") as file:
            file.seek(start_byte)
            return file.read() if end_byte is None else file.read(end_byte - start_byte)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


class WallClock:
    """`ports.Clock`."""

    def now(self) -> datetime:
        """The machine's time."""
        return datetime.now(UTC)


class Work:
    """The three steps over the shared tables and folders."""

    def __init__(self, folder: Path) -> None:
        self.tables = SqliteDynamoDb(folder / "tables.db")
        self.intake = Folder(folder / "intake")
        self.evidence = Folder(folder / "evidence")
        self._records = DynamoDbRecords(self.tables, table="records", audit_table="audit")
        self._rule_sets = FixedRuleSets(rule_set_contents())
        self._clock = WallClock()

    def read(self, request: dict[str, Any]) -> dict[str, Any]:
        """Read the file."""
        ports = RemittanceFilePorts(
            records=self._records,
            evidence=self.evidence,
            intake=self.intake,
            clock=self._clock,
        )
        return dict(read_remittance(ReadRemittance(**request), CAUSE, ports))

    def post(self, request: dict[str, Any]) -> dict[str, Any]:
        """Post every `of`-th batch, as one warm function among several does."""
        ports = PostingPorts(
            records=self._records,
            evidence=self.evidence,
            rule_sets=self._rule_sets,
            clock=self._clock,
        )
        numbers = range(request["begin"], request["batches"], request["of"])
        for number in numbers:
            command = PostRemittance(manifest_key=request["manifest_key"], batch=number)
            _persist(partial(post_remittance, command, CAUSE, ports))
        return {"runs": len(numbers)}

    def reconcile(self, request: dict[str, Any]) -> dict[str, Any]:
        """Prove the payments' totals."""
        command = ReconcileRemittance(remittances=tuple(request["remittances"]))
        return dict(reconcile_remittance(command, CAUSE, records=self._records, clock=self._clock))


def _persist(act: Callable[[], object]) -> None:
    for left in reversed(range(TRIES)):
        try:
            act()
        except StaleRecordError:
            if not left:
                raise
        else:
            return


def main() -> None:
    """Do it, and print what it took."""
    step, folder, request = sys.argv[1:]
    work = Work(Path(folder))
    before = _peak_kib()
    began, cpu_began = time.perf_counter(), time.process_time()
    answer = getattr(work, step)(json.loads(request))
    print(
        json.dumps(
            {
                "answer": answer,
                "seconds": time.perf_counter() - began,
                "cpu_seconds": time.process_time() - cpu_began,
                "idle_kib": before,
                "peak_kib": _peak_kib(),
                "used": dict(work.tables.used),
                "puts": work.evidence.puts + work.intake.puts,
                "gets": work.evidence.gets + work.intake.gets,
            }
        )
    )


def _peak_kib() -> int:
    """The high-water mark of this process alone: `ru_maxrss` begins with that of whoever started it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    message = "The high-water mark is read from /proc, which only Linux has."
    raise OSError(message)


if __name__ == "__main__":
    main()
