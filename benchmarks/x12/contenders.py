"""What is timed: ours, the floor, and every peer that is installed, on the same file.

Run in a process of its own, ``python -m benchmarks.x12.contenders NAME FILE``, it prints one line of
JSON: processor seconds by laps, peak memory, and what was found, to compare with what the generator put in.
Imports are not timed; reading the file is.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

Found = dict[str, int]
Contender = Callable[[Path], Found]


# The time of whoever streams is cut into so many, for what disturbs seldom lasts through all of them.
_LAPS = 10
_lap_ends: list[float] = []


def _lap() -> None:
    _lap_ends.append(time.process_time())


class _Lapped(io.FileIO):
    """A file that notes the time at every tenth of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._bytes = path.stat().st_size

    def read(self, size: int | None = -1) -> bytes:
        """Read on."""
        if self.tell() * _LAPS > self._bytes * (len(_lap_ends) + 1):
            _lap()
        return super().read(size) or b""


def floor(path: Path) -> Found:
    """Read the file and cut it into segments and elements, keeping nothing."""
    segments = path.read_bytes().split(b"~")
    for start in range(0, len(segments), len(segments) // _LAPS + 1):
        _lap()
        for segment in segments[start : start + len(segments) // _LAPS + 1]:
            segment.split(b"*")
    return {}


def ours_835(path: Path) -> Found:
    """Every claim of an 835, balanced at line, claim and transaction."""
    from functions.billing.x12 import ClaimPayment, RemittanceEnd, stream_835  # noqa: PLC0415

    claims = lines = paid = payment = 0
    balanced = True
    with _Lapped(path) as file:
        for item in stream_835(file):
            if type(item) is ClaimPayment:
                claims += 1
            elif isinstance(item, RemittanceEnd):
                lines += item.balance.line_count
                paid += item.balance.claims_paid_cents
                payment += item.balance.payment_cents
                balanced = balanced and item.balance.is_balanced
    return {
        "claims": claims,
        "lines": lines,
        "paid_cents": paid,
        "payment_cents": payment,
        "balanced": int(balanced),
    }


def ours_835_fields(path: Path) -> Found:
    """The same, and every amount, adjustment, code and date a posting reads."""
    from functions.billing.x12 import ClaimPayment, stream_835  # noqa: PLC0415

    claims = lines = paid = adjustments = 0
    with _Lapped(path) as file:
        for item in stream_835(file):
            if type(item) is not ClaimPayment:
                continue
            claims += 1
            paid += item.paid_cents
            _ = (
                item.control_number,
                item.status,
                item.charge_cents,
                item.patient_responsibility_cents,
                item.payer_claim_control_number,
            )
            adjustments += len(item.adjustments)
            for line in item.lines:
                lines += 1
                adjustments += len(line.adjustments)
                _ = (line.procedure, line.charge_cents, line.paid_cents, line.service_date)
                _ = (line.line_control_number, line.remarks)
    return {"claims": claims, "lines": lines, "paid_cents": paid, "adjustments": adjustments}


def ours_837p(path: Path) -> Found:
    """Every claim of an 837P with the levels above it."""
    from functions.billing.x12 import ClaimInContext, stream_837  # noqa: PLC0415

    claims = 0
    with _Lapped(path) as file:
        for item in stream_837(file):
            claims += type(item) is ClaimInContext
    return {"claims": claims}


def ours_837p_fields(path: Path) -> Found:
    """The same, and every line's charge against the claim's."""
    from functions.billing.x12 import ClaimInContext, stream_837  # noqa: PLC0415

    claims = lines = charge = 0
    balanced = True
    with _Lapped(path) as file:
        for item in stream_837(file):
            if type(item) is not ClaimInContext:
                continue
            claims += 1
            charge += item.claim.charge_cents
            lines += len(item.claim.lines)
            balanced = balanced and not item.difference_cents
    return {"claims": claims, "lines": lines, "charge_cents": charge, "balanced": int(balanced)}


def ours_written(path: Path) -> Found:
    """Read every transaction whole and write it again, byte for byte."""
    from functions.billing.x12 import Transaction, read, write_to  # noqa: PLC0415

    sink = io.BytesIO()
    with path.open("rb") as file:
        write_to(sink, (item for item in read(file) if isinstance(item, Transaction)))
    return {"same": int(sink.getvalue() == path.read_bytes())}


def oxedi_parse(path: Path) -> Found:
    """oxedi: the whole file into tables."""
    oxedi = importlib.import_module("oxedi")
    result = oxedi.parse(path.read_bytes())
    return {
        "claims": result.count_claims(),
        "payment_cents": int(result.sum_payments() * 100),
        "lines": len(result.tables["services"]),
        "adjustments": len(result.tables["adjustments"]),
    }


def pyx12_validate(path: Path) -> Found:
    """pyx12: validate against its map and write a 999."""
    import logging  # noqa: PLC0415

    logging.disable(logging.CRITICAL)
    document = importlib.import_module("pyx12.x12n_document")
    params = importlib.import_module("pyx12.params")
    with path.open(encoding="latin-1") as file:
        try:
            document.x12n_document(params.ParamsBase(), file, io.StringIO(), None)
        except Exception:  # noqa: BLE001 - it fails at the 999 of an 835, after validating
            return {}
    return {}


def pyx12_segments(path: Path) -> Found:
    """pyx12: segments only."""
    reader = importlib.import_module("pyx12.x12file")
    claims = 0
    with path.open(encoding="latin-1") as file:
        for segment in reader.X12Reader(file):
            claims += segment.get_seg_id() in {"CLP", "CLM"}
    return {"claims": claims}


def edi_835_parser(path: Path) -> Found:
    """edi-835-parser: the whole file into objects."""
    warnings.simplefilter("ignore")
    parsed = importlib.import_module("edi_835_parser").parse(str(path))
    return {"claims": sum(len(each.claims) for each in parsed.transaction_sets)}


def openx12_parse(path: Path) -> Found:
    """openx12: the whole file into dictionaries."""
    kind = "x835" if path.suffix == ".835" else "x837p"
    parsed = importlib.import_module(f"openx12.{kind}").parse(path.read_text("latin-1"))
    return {"claims": len(parsed.claims)}


CONTENDERS: dict[str, tuple[str, str, Contender]] = {
    # name: (kinds of file, module that must be there, what runs)
    "floor": ("835 837p", "", floor),
    "ours": ("835", "", ours_835),
    "ours, fields of a posting": ("835", "", ours_835_fields),
    "ours, 837P": ("837p", "", ours_837p),
    "ours, 837P, charges": ("837p", "", ours_837p_fields),
    "ours, read and write": ("835 837p", "", ours_written),
    "oxedi parse": ("835", "oxedi", oxedi_parse),
    "pyx12 segments": ("835 837p", "pyx12", pyx12_segments),
    "pyx12 validate": ("835 837p", "pyx12", pyx12_validate),
    "edi-835-parser": ("835", "edi_835_parser", edi_835_parser),
    "openx12": ("835 837p", "openx12", openx12_parse),
}


def _warm(name: str) -> None:
    """Import what a contender needs before the clock starts."""
    module = CONTENDERS[name][1]
    if module:
        importlib.import_module(module)
        if module == "pyx12":
            importlib.import_module("pyx12.x12n_document")
        if module == "openx12":
            importlib.import_module("openx12.x835")
            importlib.import_module("openx12.x837p")
    else:
        x12 = importlib.import_module("functions.billing.x12")
        for public in ("stream_835", "stream_837", "read", "write_to"):
            getattr(x12, public)
    Decimal(0)


def _peak_kib() -> int:
    """Peak memory of this program; ``getrusage`` would count its parent's before the start."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Time one contender on one file."""
    name, path = sys.argv[1], Path(sys.argv[2])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    _warm(name)
    start = time.process_time()
    found = CONTENDERS[name][2](path)
    _lap()
    line = {
        "laps_s": [end - begin for begin, end in pairwise([start, *_lap_ends])],
        "peak_kib": _peak_kib(),
        "found": found,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
