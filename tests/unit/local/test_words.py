import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.money import dollars
from local.report.words import count_of, duration, measure, sentence, short_dollars


@pytest.mark.parametrize(
    ("cents", "text"),
    [(0, "$0.00"), (5, "$0.05"), (123_450, "$1,234.50"), (-300, "-$3.00"), (-5, "-$0.05")],
)
def test_cents_read_as_dollars(cents: int, text: str) -> None:
    assert dollars(cents) == text


@given(st.integers(-(10**12), 10**12))
def test_no_cent_is_lost_in_words(cents: int) -> None:
    digits = dollars(cents).replace("$", "").replace(",", "").replace(".", "")

    assert int(digits) == cents


def test_large_amounts_are_short_where_room_is_scarce() -> None:
    assert short_dollars(95_000) == "$950"
    assert short_dollars(1_240_000) == "$12.4k"
    assert short_dollars(125_000_000) == "$1.25M"


def test_codes_read_as_sentences() -> None:
    assert sentence("timely_filing_expired") == "Timely filing expired"


def test_what_could_not_be_measured_is_not_shown_as_zero() -> None:
    assert measure(None, "ratio") == "–"
    assert measure(0.0, "ratio") == "0.0 %"


def test_times_are_in_the_unit_people_use() -> None:
    assert [duration(seconds) for seconds in (45, 150, 7_300, 200_000)] == [
        "45 s",
        "2.5 min",
        "2.0 h",
        "2.3 days",
    ]


def test_one_thing_is_singular() -> None:
    assert count_of(1, "claim") == "1 claim"
    assert count_of(1_200, "entry", "entries") == "1,200 entries"
