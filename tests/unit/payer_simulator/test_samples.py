"""Claims written by others: the simulator reads them or says why not, and never falls over."""

import os
from pathlib import Path

import pytest

from local.payer_simulator.frontdoor import read_set
from local.payer_simulator.wire import WireError, read_interchange

ROOT = Path(__file__).parents[3]
SAMPLES = Path(os.environ.get("BILLING_SAMPLES", ROOT.parent / "shared" / "samples")) / "x12"
FILES = sorted(SAMPLES.glob("*")) if SAMPLES.is_dir() else []

pytestmark = pytest.mark.skipif(not FILES, reason="no sample files")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))
def test_a_foreign_file_is_read_or_refused_in_words(file: Path) -> None:
    try:
        read = read_interchange(file.read_text(encoding="utf-8"))
    except WireError as error:
        assert str(error)  # noqa: PT017
        return
    assert read.groups
    for group in read.groups:
        for one in group.sets:
            found = read_set(one)
            assert found.claims or found.findings or found.set_codes


def test_most_foreign_files_have_an_envelope_that_is_read() -> None:
    read = 0
    for file in FILES:
        try:
            read_interchange(file.read_text(encoding="utf-8"))
        except WireError:
            continue
        read += 1
    assert read >= len(FILES) // 2
