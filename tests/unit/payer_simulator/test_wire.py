import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from local.payer_simulator.frontdoor import npi_is_valid
from local.payer_simulator.wire import (
    Envelope,
    SetWriter,
    WireError,
    amount,
    cents_from,
    plain_text,
    read_interchange,
    write_interchange,
)
from local.payer_simulator.world import WireStyle
from tests.unit.payer_simulator.scenes import X12, Sent

STYLES = [
    WireStyle(),
    WireStyle(element="|", component="<", line_breaks="\n", byte_order_mark=True),
    WireStyle(segment="\n"),
    WireStyle(component=">", repetition="!", line_breaks="\r\n"),
]


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_an_amount_comes_back_as_the_cents_it_was(cents: int) -> None:
    text = amount(cents)
    assert cents_from(text) == cents
    assert Decimal(text) * 100 == cents
    assert not text.endswith(".")


@pytest.mark.parametrize("text", ["", "1,5", "1.005", "1e3", "NaN", "--1", "1.0.0"])
def test_text_that_is_no_amount_in_cents_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        cents_from(text)


@pytest.mark.parametrize("style", STYLES)
def test_what_is_written_in_any_style_is_read_back_with_its_separators(style: WireStyle) -> None:
    one = SetWriter(style, "277", "0001", "005010X214")
    one.add("STC", ("A7", "562", "85"), "20260302", "U", amount(1050))
    one.add("EB", "1", "IND", ["30", "98"], "", "")
    when = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
    envelope = Envelope("SENDER", "RECEIVER", "HN", "005010X214", 7, when)
    text = write_interchange(envelope, [one], style).decode()

    assert text.startswith("\ufeff") is style.byte_order_mark
    read = read_interchange(text)
    segments = read.groups[0].sets[0].body
    assert [segment.name for segment in segments] == ["STC", "EB"]
    assert segments[0].parts(1) == ("A7", "562", "85")
    assert segments[1].get(3) == f"30{style.repetition}98"
    assert X12(text).component == style.component


def test_a_separator_within_an_element_is_never_written() -> None:
    one = SetWriter(WireStyle(), "835", "0001", "")
    with pytest.raises(ValueError, match="separator"):
        one.add("NM1", "QC", "1", "O*NEIL")
    assert plain_text("O*NEIL:  &\nSONS", WireStyle()) == "O NEIL & SONS"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("ISA*00", "ISB*00", "begin with ISA"),
        ("IEA*1*000000001", "IEA*2*000000001", "IEA01"),
        ("IEA*1*000000001", "IEA*1*000000009", "IEA02"),
        ("GE*1*1", "GE*2*1", "GE01"),
        ("GE*1*1", "GE*1*9", "GE02"),
        ("*ZZ*CLINIC  ", "*ZZ*CLINIC", "fixed width"),
        ("~SE*", "~SX*", "ST within|not closed by SE"),
    ],
)
def test_a_broken_envelope_is_refused_and_the_place_named(
    before: str, after: str, message: str
) -> None:
    text = Sent().x12()
    assert before in text
    with pytest.raises(WireError, match=message):
        read_interchange(text.replace(before, after, 1))


def test_two_separators_alike_are_refused_in_a_world() -> None:
    with pytest.raises(ValidationError, match="differ"):
        WireStyle(component="*")


def test_an_npi_is_checked_by_luhn() -> None:
    assert npi_is_valid("1234567893")
    assert npi_is_valid("1558598797")
    assert not npi_is_valid("1234567890")
    assert not npi_is_valid("123456789")
