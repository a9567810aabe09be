"""Nothing is lost: read and write, write and read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.billing.x12 import (
    Adjustment,
    HealthCode,
    Loop,
    Party,
    Period,
    Procedure,
    ProfessionalClaim,
    ProfessionalLine,
    Reference,
    Separators,
    X12Error,
    address,
    read,
    write,
)
from functions.billing.x12.descriptors import Field

from .examples import NOON, PARTNER, numbers, professional_claims, read_one
from .seeds import seeds

SEPARATORS = st.sampled_from(
    [
        Separators(),
        Separators("|", "^", ">", "~", "\n"),
        Separators("*", "!", "|", "\n"),
        Separators("\x1d", "\x1e", "\x1f", "\x1c"),
        Separators("+", "&", "<", "'", "\r\n"),
    ]
)


@pytest.mark.parametrize("number", range(len(seeds())))
def test_read_then_write_gives_the_same_bytes(number: int) -> None:
    content = seeds()[number]
    assert write(list(read(content))) == content  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(len(seeds())))
def test_writing_with_other_separators_changes_nothing_else(number: int) -> None:
    content = seeds()[number]
    other = Separators("\x1d", "\x1e", "\x1f", "\x1c")
    items = list(read(content))
    changed = list(read(write(items, separators=other)))  # type: ignore[arg-type]
    assert [i.body for i in items] == [i.body for i in changed]  # type: ignore[union-attr]
    mine = items[0].envelope.interchange.separators  # type: ignore[union-attr]
    assert write(changed, separators=mine) == content  # type: ignore[arg-type]


# X12 text: no separators of any of the sets above, no blanks at the ends.
TEXT = st.text(
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-/#ÄÑé"), min_size=1, max_size=20
).map(lambda text: text.strip() or "X")
CENTS = st.integers(0, 10**9)
DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
PERIODS = st.tuples(DAYS, DAYS).map(lambda days: Period(min(days), max(days)))
PROCEDURES = st.builds(
    Procedure,
    st.sampled_from(["HC", "ER"]),
    st.sampled_from(["99213", "J3301", "G0438"]),
    st.lists(st.sampled_from(["25", "59", "TC"]), max_size=4).map(tuple),
    description=st.just("") | TEXT,
    code_end=st.sampled_from(["", "99215"]),
)
UNITS = st.decimals(0, 9999, places=3, allow_nan=False)


def references(*qualifiers: str) -> st.SearchStrategy[tuple[Reference, ...]]:
    made = st.builds(Reference, st.sampled_from(qualifiers), TEXT, st.just("") | TEXT)
    return st.lists(made, max_size=2).map(tuple)


PARTIES = st.builds(
    Party,
    kind=st.sampled_from(["1", "2"]),
    name=TEXT,
    first_name=st.none() | TEXT,
    id_qualifier=st.just("XX"),
    id=st.just("1234567893"),
    street=st.none() | TEXT,
    city=TEXT,
    state=st.sampled_from(["OH", "KY"]),
    postal_code=st.just("43215"),
    birth_date=st.none() | DAYS,
    references=references("G2", "0B"),
)
LINES = st.builds(
    ProfessionalLine,
    procedure=PROCEDURES,
    charge_cents=CENTS,
    unit=st.sampled_from(["UN", "MJ"]),
    units=UNITS,
    diagnosis_pointers=st.lists(st.integers(1, 12), min_size=1, max_size=4).map(tuple),
    service_period=PERIODS,
    line_control_number=st.none() | TEXT,
    references=references("9B"),
    providers=st.lists(PARTIES, max_size=2).map(tuple),
)
CLAIMS = st.builds(
    ProfessionalClaim,
    control_number=TEXT,
    charge_cents=CENTS,
    facility_code=st.sampled_from(["11", "22"]),
    facility_qualifier=st.just("B"),
    frequency=st.sampled_from(["1", "7", "8"]),
    accident_cause=st.none() | st.sampled_from(["AA", "EM"]),
    accident_state=st.none() | st.just("OH"),
    patient_paid_cents=st.none() | CENTS,
    onset=st.none() | PERIODS,
    payer_claim_control_number=st.none() | TEXT,
    diagnoses=st.lists(
        st.sampled_from(["I10", "E119"]).map(lambda code: HealthCode("ABF", code)),
        min_size=1,
        max_size=12,
    ).map(tuple),
    rendering=st.none() | PARTIES,
    lines=st.lists(LINES, min_size=1, max_size=3).map(tuple),
)


def fields_of(loop: Loop) -> dict[str, object]:
    return {name: getattr(loop, name) for name in loop.field_names()}


@given(claims=st.lists(CLAIMS, min_size=1, max_size=3), separators=SEPARATORS)
@settings(max_examples=60, deadline=None)
def test_what_is_written_reads_back_as_the_same_model(
    claims: list[ProfessionalClaim], separators: Separators
) -> None:
    body = professional_claims(*claims)
    made = address([body], partner=PARTNER, numbers=numbers(), created=NOON, usage="P")
    content = write(made, separators=separators)
    assert content == write(made, separators=separators)
    item = read_one(content)
    assert item.body == body
    assert write([item]) == content
    again = [context.claim for context in item.body.claims()]
    assert [fields_of(c) for c in again] == [fields_of(c) for c in claims]
    assert list(item.body.problems()) == []


@given(CLAIMS)
@settings(max_examples=60, deadline=None)
def test_a_claim_gives_back_the_values_it_was_made_of(claim: ProfessionalClaim) -> None:
    rebuilt = ProfessionalClaim(**fields_of(claim))  # type: ignore[arg-type]
    assert rebuilt == claim
    assert hash(rebuilt) == hash(claim)


ADJUSTMENTS = st.lists(
    st.builds(
        Adjustment,
        st.sampled_from(["CO", "PR", "OA", "PI"]),
        st.sampled_from(["1", "2", "45", "97"]),
        CENTS.map(lambda cents: Decimal(cents) / 100),
        st.none() | st.integers(1, 9).map(Decimal),
    ),
    max_size=30,
)


@given(ADJUSTMENTS)
def test_adjustments_are_grouped_six_to_a_segment_and_none_is_lost(
    adjustments: list[Adjustment],
) -> None:
    from functions.billing.x12 import ServicePayment  # noqa: PLC0415

    line = ServicePayment(
        procedure=Procedure("HC", "99213"),
        charge_cents=100,
        paid_cents=100,
        adjustments=tuple(adjustments),
    )
    written = [s for s in line.segments if s.startswith("CAS")]
    again = line.adjustments
    assert sorted(map(repr, again)) == sorted(map(repr, adjustments))
    for group in ("CO", "PR", "OA", "PI"):
        mine = [a for a in adjustments if a.group == group]
        assert [a for a in again if a.group == group] == mine
        segments = [s for s in written if s.split("\x1d")[1] == group]
        assert len(segments) == -(-len(mine) // 6)


@pytest.mark.parametrize("number", range(len(seeds())))
def test_a_field_is_the_same_however_it_is_come_by(number: int) -> None:
    """A field is looked up by its segment's name; sought in its place it is the same."""
    whole = seeds()[number]
    damaged = whole.replace(b"*1*", b"*x*", 9).replace(b"*2026", b"*2O26", 2)
    for content in (whole, damaged):
        loops = [loop for item in read(content) for loop in loops_in(getattr(item, "body", None))]
        assert loops or content is damaged
        for loop in loops:
            for name in loop.field_names():
                field = inspect.getattr_static(loop, name)
                if type(field) is Field:
                    assert told(getattr, loop, name) == told(field.read, loop)
                    assert told(getattr, loop, name) == told(field.read, loop)


def loops_in(loop: Loop | None) -> Iterator[Loop]:
    if loop is not None:
        yield loop
        for children in loop.layout().children.values():
            for child in children:
                yield from loops_in(child)


def told(read_one_field: Callable[..., object], *arguments: object) -> object:
    try:
        return read_one_field(*arguments)
    except X12Error as error:
        return error.as_dict()
