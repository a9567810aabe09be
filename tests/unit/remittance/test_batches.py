"""Every claim is in one batch, and no batch is too large; the manifest names each by its number."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.errors import ContractError
from functions.billing.domain.remittance.batches import (
    BYTES_PER_BATCH,
    CLAIMS_PER_BATCH,
    LINE_BYTES,
    Batch,
    BatchCutter,
    batch_of,
    line_range,
    manifest_of,
)

SIZES = st.lists(st.integers(20, 3 * BYTES_PER_BATCH), min_size=1, max_size=400)


def cut(sizes: list[int]) -> list[Batch]:
    cutter, at = BatchCutter(), 500
    for ordinal, size in enumerate(sizes, start=1):
        cutter.add(ordinal, at, at + size)
        at += size
    assert len(cutter) == len(list(cutter.batches("R")))
    return list(cutter.batches("RU3ZT6GQ2V7WA"))


@given(SIZES)
def test_batches_hold_every_claim_once_in_order_and_leave_no_byte_out(sizes: list[int]) -> None:
    batches = cut(sizes)

    assert batches[0].first_ordinal == 1
    assert batches[0].start_byte == 500
    assert batches[-1].end_byte == 500 + sum(sizes)
    for one, following in pairwise(batches):
        assert one.end_byte == following.start_byte
        claims = following.first_ordinal - one.first_ordinal
        assert 1 <= claims <= CLAIMS_PER_BATCH


@given(SIZES)
def test_only_a_single_claim_makes_a_batch_larger_than_it_may_be(sizes: list[int]) -> None:
    batches = cut(sizes)
    ends = [one.first_ordinal for one in batches[1:]] + [len(sizes) + 1]

    for one, following in zip(batches, ends, strict=True):
        is_single = following - one.first_ordinal == 1
        assert is_single or one.end_byte - one.start_byte <= BYTES_PER_BATCH


@given(SIZES, st.data())
def test_each_batch_is_read_from_its_own_line_of_the_manifest(
    sizes: list[int], data: st.DataObject
) -> None:
    batches = cut(sizes)
    manifest = manifest_of(batches)
    number = data.draw(st.integers(0, len(batches) - 1))
    start, end = line_range(number)

    assert len(manifest) == LINE_BYTES * len(batches)
    assert batch_of(manifest[start:end]) == batches[number]


def test_a_hundred_thousand_claims_of_two_gigabytes_fit_its_lines() -> None:
    last = Batch(
        remittance_id="RU3ZT6GQ2V7WA",
        first_ordinal=99_901,
        start_byte=2_147_483_648_000,
        end_byte=2_147_483_648_999,
    )

    assert batch_of(manifest_of([last])) == last


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"R 1 2 3",
        b"R 1 2".ljust(LINE_BYTES),
        b"R 1 2 x".ljust(LINE_BYTES),
        b"\xff" * LINE_BYTES,
    ],
)
def test_what_is_no_line_of_a_manifest_is_refused(line: bytes) -> None:
    with pytest.raises(ContractError, match="manifest_line_invalid"):
        batch_of(line)
