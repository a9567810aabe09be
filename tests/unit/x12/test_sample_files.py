"""Files collected from elsewhere; skipped where the folder is absent (BILLING_SAMPLES)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from functions.billing.x12 import Refusal, RemittanceEnd, Transaction, read, stream, write
from functions.billing.x12.faults import faults_of
from functions.billing.x12.tokens import segments

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("BILLING_SAMPLES", ROOT.parent / "shared" / "samples")) / "x12"
FILES = sorted(p for p in FOLDER.glob("*") if p.suffix != ".md") if FOLDER.is_dir() else []

pytestmark = pytest.mark.skipif(not FILES, reason="no sample files")

# What is wrong with the files that are not wholly right: (level, code, element).
REFUSED = {
    "271_lfh_AAA_error.271": ("transaction", "control_number", "SE02"),
    "271_tiger_dependent_rejection.txt": ("transaction", "version", "GS08"),
    "837i_ims_x223.txt": ("transaction", "segment_count", "SE01"),
    "837p_ims_different_separators.txt": ("transaction", "segment_count", "SE01"),
    "837p_ims_missing_elements_NEG.txt": ("transaction", "segment_count", "SE01"),
    "999_ims_accepted.txt": ("interchange", "control_number", "IEA02"),
}
FAULTY = {"835_lfh_managed_care.835": ("not_a_date", "BPR16")}

by_name = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


@by_name
def test_every_sample_is_read_or_refused_for_the_right_reason(path: Path) -> None:
    with path.open("rb") as file:
        items = list(read(file, name=path.name))
    refusals = [item for item in items if isinstance(item, Refusal)]
    expected = REFUSED.get(path.name)
    found = [(r.level, r.error.code, r.error.element) for r in refusals]
    assert found == ([expected] if expected else [])
    faults = [
        (fault.code, fault.element)
        for item in items
        if isinstance(item, Transaction)
        for fault in faults_of(item.body)
    ]
    assert faults == ([FAULTY[path.name]] if path.name in FAULTY else [])


@by_name
def test_every_sample_that_reads_is_written_again_exactly(path: Path) -> None:
    content = path.read_bytes()
    items = list(read(content))
    if any(isinstance(item, Refusal) for item in items):
        pytest.skip("refused")
    before = [each[0] for each in segments(content) if isinstance(each, tuple)]
    after = [
        each[0]
        for each in segments(write([i for i in items if isinstance(i, Transaction)]))
        if isinstance(each, tuple)
    ]
    assert after == before


@by_name
def test_no_sample_holds_a_segment_we_do_not_know(path: Path) -> None:
    for item in read(path.read_bytes()):
        if isinstance(item, Transaction):
            assert item.body.unknown_segments() == ()


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.name.startswith("835")], ids=lambda path: path.name
)
def test_every_835_sample_balances(path: Path) -> None:
    (end,) = (item for item in stream(path.read_bytes()) if isinstance(item, RemittanceEnd))
    assert end.balance.is_balanced


def test_the_missing_element_of_the_broken_sample_is_named_beside_its_wrong_count() -> None:
    (path,) = (p for p in FILES if p.name == "837p_ims_missing_elements_NEG.txt")
    (refusal,) = read(path.read_bytes())
    assert isinstance(refusal, Refusal)
    assert "NM102" in {other.element for other in refusal.others}
