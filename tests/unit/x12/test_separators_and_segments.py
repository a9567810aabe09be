"""From bytes to segments."""

from __future__ import annotations

from io import BytesIO

import pytest

from functions.billing.x12 import Separators, read, write
from functions.billing.x12.tokens import segments

from .examples import (
    PAID_CLAIM,
    end_of,
    isa,
    read_one,
    refusals,
    remittance,
    remittance_of,
)


def segments_of(content: bytes) -> list[str]:
    return [each[0] for each in segments(content) if isinstance(each, tuple)]


@pytest.mark.parametrize(
    "separators",
    [
        Separators(),
        Separators("|", "^", ":", "~"),
        Separators("*", "^", "<", "\n"),
        Separators("*", "^", ">", "~", "\r\n"),
        Separators("*", "!", "|", "~", "\n"),
        Separators("\x1d", "\x1e", "\x1f", "\x1c"),
        Separators("*", "", ":", "~"),
        Separators("*", "^", ":", "\r", "\n"),
    ],
)
def test_separators_are_taken_from_the_isa(separators: Separators) -> None:
    content = remittance(separators=separators)
    item = read_one(content)
    assert item.envelope.interchange.separators == separators
    assert item.body.payment_cents == 70_000
    claim = next(item.body.claims())
    assert claim.lines[0].procedure.code == "99213"
    assert claim.lines[0].procedure.modifiers == ("25",)
    assert end_of(content).balance.is_balanced
    assert write([item]) == content


def test_a_byte_order_mark_is_no_part_of_the_file_but_counts_as_bytes() -> None:
    content = b"\xef\xbb\xbf" + remittance()
    item = read_one(content)
    assert content[item.byte_start :].startswith(b"ST*835")


def test_blanks_and_line_breaks_around_segments_are_ignored() -> None:
    plain = remittance()
    ragged = plain.replace(b"~CLP", b"~\r\n  CLP").replace(b"~SVC", b"~\n SVC") + b"\n\n  "
    assert read_one(ragged).body == read_one(plain).body
    assert end_of(ragged).balance == end_of(plain).balance


def test_empty_segments_are_no_segments() -> None:
    plain = remittance()
    assert read_one(plain.replace(b"~LX", b"~~~LX")).body == read_one(plain).body
    assert end_of(plain.replace(b"~CLP", b"~~CLP")).balance == end_of(plain).balance


def test_a_file_wrapped_at_eighty_columns_reads_like_any_other() -> None:
    plain = remittance()
    lines = [plain[at : at + 80] for at in range(0, len(plain), 80)]
    wrapped = b"\r\n".join(lines)
    assert read_one(wrapped).body == read_one(plain).body
    assert segments_of(wrapped) == segments_of(plain)


@pytest.mark.parametrize("line_break", ["", "\n", "\r\n"])
def test_every_claims_byte_range_holds_exactly_its_segments(line_break: str) -> None:
    content = remittance(separators=Separators(line_break=line_break))
    for claim in read_one(content).body.claims():
        written = content[claim.byte_start : claim.byte_end].decode()
        kept = [s.strip() for s in written.split("~") if s.strip()]
        assert tuple(kept) == claim.segments


def test_byte_positions_are_right_where_line_breaks_are_irregular() -> None:
    content = remittance().replace(b"~NM1", b"~\r\nNM1").replace(b"~SVC", b"~\n\nSVC")
    for claim in read_one(content).body.claims():
        assert content[claim.byte_start :].startswith(claim.segments[0].encode())
        for line in claim.lines:
            assert line.origin is not None
            assert content[line.origin.byte_start :].startswith(b"SVC")


def test_interchanges_with_different_separators_share_a_file() -> None:
    first = remittance(number=1)
    second = remittance(number=2, separators=Separators("|", "^", ">", "\n"))
    third = remittance(number=3, separators=Separators("*", "^", ":", "~", "\r\n"))
    content = first + second + third
    found = list(read(content))
    assert [item.envelope.interchange.control_number for item in found if item.envelope] == [
        "000000001",
        "000000002",
        "000000003",
    ]
    assert write(found) == content  # type: ignore[arg-type]


def test_an_interchange_without_trailer_does_not_swallow_the_next() -> None:
    first = remittance(number=1).split(b"SE*")[0]
    second = remittance(number=2, separators=Separators("|", "^", ">", "\n"))
    items = list(read(first + second))
    kinds = [type(item).__name__ for item in items]
    assert kinds == ["Refusal", "Refusal", "Refusal", "Transaction"]
    assert {error.error.code for error in items[:3]} == {"missing_trailer"}  # type: ignore[union-attr]


def test_the_last_terminator_may_be_missing_after_the_iea_only() -> None:
    content = remittance()
    assert read_one(content.rstrip(b"~")).body == read_one(content).body
    cut = content[: content.index(b"SE*")].rstrip(b"~")
    assert "no_terminator" in {refusal.error.code for refusal in refusals(cut)}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", None),
        (b" \r\n ", None),
        (b"this is no X12", "no_interchange"),
        (b"ISA", "isa_width"),
        (isa().encode().replace(b" ", b"") + b"~", "isa_width"),
        (isa().encode() + b":", "isa_separators"),
        (isa().encode() + b"A", "isa_separators"),
    ],
)
def test_what_is_no_x12_is_refused_in_words(content: bytes, code: str | None) -> None:
    found = refusals(content)
    if code is None:
        assert found == []
        return
    (refusal,) = found
    assert refusal.level == "file"
    assert refusal.error.code == code
    assert refusal.raw


def test_reading_goes_on_at_the_next_interchange_after_garbage() -> None:
    content = b"garbage ISA more garbage\n" + remittance() + b"trailing"
    items = list(read(content))
    assert [type(item).__name__ for item in items] == ["Refusal", "Transaction", "Refusal"]


def test_a_segment_without_end_is_refused_before_it_fills_the_memory() -> None:
    content = isa().encode() + b"~" + b"REF*" + b"9" * 3_000_000
    assert "no_terminator" in {refusal.error.code for refusal in refusals(content)}


def test_a_segment_on_a_chunks_edge_is_read_once() -> None:
    claims = [
        [segment.replace("C1", f"C{number}") for segment in PAID_CLAIM] for number in range(900)
    ]
    for shift in range(0, 40, 7):
        name = "N3*" + "X" * (shift + 1)
        body = remittance_of([name], *claims, payment=str(120 * 900))
        assert len(body) > 3 * 65_536
        # The stray N3 belongs to the LX loop; it moves every claim by some bytes.
        assert end_of(body).balance.claim_count == 900
        assert [c.control_number for c in read_one(body).body.claims()] == [
            f"C{number}" for number in range(900)
        ]


def test_the_file_is_read_in_bounded_pieces() -> None:
    class Watched(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size <= 65_536
            return super().read(size)

    assert list(read(Watched(remittance())))
