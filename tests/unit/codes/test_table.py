"""A compiled table says exactly what its entries say, whatever its size and the order they came in."""

from datetime import date, timedelta
from mmap import ACCESS_READ, mmap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.codes import (
    OPEN,
    CodeTable,
    Entry,
    TableKind,
    TableTerms,
    compiled,
    version_of,
)
from functions.billing.domain.errors import RuleSetError

DAY = date(2026, 3, 2)


def terms(kind: TableKind = TableKind.UNIT_LIMITS) -> TableTerms:
    return TableTerms(kind=kind, source="test", is_complete=True)


# Few letters, so that keys share beginnings, repeat and straddle records.
keys = st.text("A01", min_size=1, max_size=5)
days = st.integers(0, 20_000).map(lambda count: date(1980, 1, 1) + timedelta(days=count))
entries = st.builds(
    lambda key, first, length, value: Entry(key, first, first + timedelta(days=length), value),
    keys,
    days,
    st.integers(0, 2_000),
    st.integers(0, 2**32 - 1),
)


@given(st.lists(entries, max_size=60), keys, days)
def test_a_table_answers_as_a_search_through_its_entries_does(
    known: list[Entry], key: str, day: date
) -> None:
    table = CodeTable(compiled(terms(), known))

    for wanted, on in [(key, day), *((one.key, one.from_day) for one in known)]:
        in_force = [one for one in known if one.key == wanted and one.from_day <= on <= one.to_day]
        latest = (
            max((one.from_day, one.to_day, one.value) for one in in_force) if in_force else None
        )
        assert table.value(wanted, on) == (latest[2] if latest else None)
        assert table.knows(wanted) is any(one.key == wanted for one in known)


@given(st.lists(entries, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_same_entries_give_the_same_version_in_any_order(
    known: list[Entry], random: object
) -> None:
    shuffled = [*known, known[0]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert compiled(terms(), shuffled) == compiled(terms(), known)


def test_another_value_is_another_version() -> None:
    versions = {
        version_of(compiled(terms(), [Entry("99213", DAY, OPEN, value)])) for value in (1, 2)
    }

    assert len(versions) == 2


def test_a_mapped_file_is_looked_into_where_it_lies(tmp_path: Path) -> None:
    file = tmp_path / "one.table"
    pairs = [Entry(f"{number:05d}99213", DAY, OPEN, number % 2) for number in range(5_000)]
    file.write_bytes(compiled(terms(TableKind.PROCEDURE_PAIRS), pairs))

    with file.open("rb") as opened:
        table = CodeTable(mmap(opened.fileno(), 0, access=ACCESS_READ))

    assert table.terms.entries == 5_000
    assert all(table.value(one.key, DAY) == one.value for one in pairs)
    assert table.value("0000099214", DAY) is None


@pytest.mark.parametrize("key", ["", "992131", "9921é", "9921\x00", "     "])
def test_what_no_table_can_hold_is_found_in_none(key: str) -> None:
    table = CodeTable(compiled(terms(), [Entry("99213", DAY, OPEN)]))

    assert table.value(key, DAY) is None
    assert not table.knows(key)


@pytest.mark.parametrize(
    "entry", [Entry("", DAY, OPEN), Entry("992131", DAY, OPEN), Entry("9", DAY, OPEN, -1)]
)
def test_an_entry_that_does_not_fit_its_kind_is_refused(entry: Entry) -> None:
    with pytest.raises(RuleSetError, match="code_table_malformed"):
        compiled(terms(), [entry])


whole = compiled(terms(), [Entry("99213", DAY, OPEN)])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        whole[:10],
        whole[:-1],
        whole + b"x",
        b"x" + whole,
        whole.replace(b"unit_limits", b"other_table"),
    ],
)
def test_content_that_is_no_whole_table_is_refused(content: bytes) -> None:
    with pytest.raises(RuleSetError, match="code_table_malformed"):
        CodeTable(content)
