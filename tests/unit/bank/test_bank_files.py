"""A bank's file gives each credit once with its trace, or is refused with the place that is wrong."""

from collections.abc import Callable, Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.bank.files import read_bank_file
from functions.billing.domain.errors import ContractError
from tests.unit.bank.bank_files import Credit, bai2, nacha

Writer = Callable[[Sequence[Credit]], str]
both_forms = pytest.mark.parametrize("write", [nacha, bai2])
CREDITS = (Credit(730_000, "EFT0000001"), Credit(5_000, "EFT0000002", payer="1999999999"))


@both_forms
def test_each_credit_carries_its_trace_payer_amount_and_day(write: Writer) -> None:
    found = read_bank_file(write(CREDITS).encode())

    assert [(one.trace_number, one.payer_identifier, one.amount_cents) for one in found] == [
        ("EFT0000001", "1412345678", 730_000),
        ("EFT0000002", "1999999999", 5_000),
    ]
    assert {one.deposited_on for one in found} == {date(2026, 3, 9)}
    assert {one.account for one in found} == {"0000123456"}


@both_forms
def test_a_debit_is_no_deposit_and_a_credit_without_a_trace_says_so(write: Writer) -> None:
    found = read_bank_file(write((Credit(100, "X", is_debit=True), Credit(250))).encode())

    assert [(one.amount_cents, one.trace_number) for one in found] == [(250, "")]


@both_forms
@given(data=st.data())
def test_the_same_credit_has_one_name_in_every_file_and_two_alike_have_two(
    write: Writer, data: st.DataObject
) -> None:
    cents = data.draw(st.lists(st.integers(1, 99_999_999), min_size=1, max_size=5))
    entries = [Credit(each, f"T{each % 3}") for each in cents]

    once = read_bank_file(write(entries).encode())
    again = read_bank_file(write([*entries, Credit(1, "NEW")]).encode())

    names = [one.deposit_id for one in once]
    assert len(set(names)) == len(names)
    assert names == [one.deposit_id for one in again][:-1]
    assert [one.amount_cents for one in once] == cents


@both_forms
@pytest.mark.parametrize("broken", ["total", "cut", "order"])
def test_a_file_whose_own_totals_or_order_are_wrong_is_refused_with_the_place(
    write: Writer, broken: str
) -> None:
    text = write(CREDITS)
    lines = text.splitlines()
    damaged = {
        "total": text.replace("730000", "730001", 1),
        "cut": "\n".join(lines[:-1]),
        "order": "\n".join([lines[0], *reversed(lines[1:])]),
    }[broken]

    with pytest.raises(
        ContractError, match=r"bank_file_unreadable: .*(record \d+|end of file)"
    ) as found:
        read_bank_file(damaged.encode())
    assert "SPRINGFIELD" not in str(found.value)


@pytest.mark.parametrize("body", [b"", b"ISA*00*", b"101", b"01,", b"\xff\xfe", b"16,142,1/"])
def test_what_is_no_bank_file_is_refused_without_a_trace_of_it(body: bytes) -> None:
    with pytest.raises(ContractError, match="bank_file_unreadable"):
        read_bank_file(body)


def test_a_continued_bai2_record_gives_its_trace() -> None:
    text = bai2((Credit(5_000, "EFT0000002"),))
    text = text.replace("HCCLAIMPMT TRN", "HCCLAIMPMT\n88, TRN")
    text = (
        text.replace("49,1005000,3/", "49,1005000,4/")
        .replace(",1,5/", ",1,6/")
        .replace(",1,7/", ",1,8/")
    )

    (found,) = read_bank_file(text.encode())

    assert found.trace_number == "EFT0000002"


@given(st.text("0123456789,/TRN*\n16849.", max_size=200))
def test_noise_is_refused_or_read_and_never_fails_otherwise(noise: str) -> None:
    for start in ("101", "01,"):
        try:
            read_bank_file((start + noise).encode())
        except ContractError:
            continue
