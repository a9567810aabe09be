"""Control numbers, counts, and what happens to a broken transaction's neighbours."""

from __future__ import annotations

import pytest

from functions.billing.x12 import Refusal, Transaction, X12Error, is_npi, read, stream_835, write

from .examples import (
    NPI_CLINIC,
    NPI_DOCTOR,
    NPI_OTHER,
    PAID_CLAIM,
    body_835,
    interchange,
    read_one,
    refusals,
    remittance,
    transaction,
)

BODY = body_835((PAID_CLAIM,), "120")


def three(middle: list[str]) -> bytes:
    """A file of three 835s of which the middle one is as given."""
    return interchange(transaction("835", BODY, "0001"), middle, transaction("835", BODY, "0003"))


@pytest.mark.parametrize(
    ("middle", "code", "element"),
    [
        (["ST*835*0002", *BODY, "SE*5*0002"], "segment_count", "SE01"),
        (["ST*835*0002", *BODY, "SE*X*0002"], "segment_count", "SE01"),
        (["ST*835*0002", *BODY, f"SE*{len(BODY) + 2}*0009"], "control_number", "SE02"),
        (["ST*835*0002", *BODY], "missing_trailer", "SE"),
        (["ST*835", *BODY, f"SE*{len(BODY) + 2}*"], "missing_element", "ST02"),
        (transaction("837*004010X098A1", ["BHT*0019"], "0002"), "version", "ST03"),
    ],
)
def test_a_broken_transaction_leaves_its_neighbours_alone(
    middle: list[str], code: str, element: str
) -> None:
    items = list(read(three(middle), name="era.x12"))
    assert [item.envelope.control_number for item in items if isinstance(item, Transaction)] == [
        "0001",
        "0003",
    ]
    (refusal,) = (item for item in items if isinstance(item, Refusal))
    assert refusal.level == "transaction"
    assert refusal.error.code == code
    assert (refusal.error.element or refusal.error.segment_id) == element
    assert refusal.error.file == "era.x12"
    assert refusal.error.interchange == "000000001"
    assert refusal.error.group == "1"


def test_a_refusal_carries_the_bytes_it_refuses() -> None:
    content = three(["ST*835*0002", *BODY, "SE*5*0002"])
    (refusal,) = refusals(content)
    evidence = content[refusal.byte_start : refusal.byte_end]
    assert evidence.startswith(b"ST*835*0002~")
    assert evidence.endswith(b"SE*5*0002~")
    assert evidence.startswith(refusal.raw)
    assert refusal.raw.endswith(BODY[-1].encode() + b"~")


def test_an_error_names_the_segment_and_the_byte() -> None:
    content = three(["ST*835*0002", *BODY, "SE*5*0002"])
    (refusal,) = refusals(content, "era.x12")
    error = refusal.error
    assert error.segment_number == len(BODY) + 2
    assert content[error.byte_offset :].startswith(b"SE*5*0002")
    assert error.expected == f"{len(BODY) + 2} segments, as counted"
    for word in ("era.x12", "000000001", "0002", "SE01", f"byte {error.byte_offset}"):
        assert word in str(error)
    assert error.as_dict()["element"] == "SE01"


def test_an_error_never_tells_the_value_of_an_element() -> None:
    content = remittance().replace(b"*150*100**", b"*SECRET*100**")
    with pytest.raises(X12Error) as caught:
        _ = [line.charge_cents for claim in read_one(content).body.claims() for line in claim.lines]
    assert caught.value.element == "SVC02"
    assert "SECRET" not in str(caught.value)
    assert "SECRET" not in repr(caught.value.as_dict())
    assert "SECRET" not in repr(read_one(content).body)


@pytest.mark.parametrize(
    ("before", "after", "level", "code"),
    [
        (b"GE*1*1", b"GE*2*1", "group", "transaction_count"),
        (b"GE*1*1", b"GE*1*9", "group", "control_number"),
        (b"GE*1*1~", b"", "group", "missing_trailer"),
        (b"IEA*1*000000001", b"IEA*2*000000001", "interchange", "group_count"),
        (b"IEA*1*000000001", b"IEA*1*000000009", "interchange", "control_number"),
        (b"IEA*1*000000001~", b"", "interchange", "missing_trailer"),
        (b"GE*1*1~", b"GE*1*1~GE*1*1~", "group", "stray_trailer"),
        (b"GE*1*1~", b"GE*1*1~REF*1*2~NTE*X~", "interchange", "stray_segment"),
        (b"~ST*835", b"~REF*1*2~ST*835", "group", "stray_segment"),
    ],
)
def test_a_wrong_trailer_is_told_beside_the_transactions_it_surrounds(
    before: bytes, after: bytes, level: str, code: str
) -> None:
    content = remittance()
    assert before in content
    items = list(read(content.replace(before, after)))
    assert sum(isinstance(item, Transaction) for item in items) == 1
    (refusal,) = (item for item in items if isinstance(item, Refusal))
    assert (refusal.level, refusal.error.code) == (level, code)


def test_a_transaction_outside_of_a_group_is_refused() -> None:
    content = remittance()
    start, end = content.index(b"GS*"), content.index(b"ST*")
    (refusal, *_) = refusals(content[:start] + content[end:])
    assert refusal.error.code == "no_group"


def test_a_test_file_says_so() -> None:
    assert read_one(remittance(usage="T")).envelope.is_test
    assert not read_one(remittance(usage="P")).envelope.is_test
    # Anything that is not plainly production must pass for a test.
    assert read_one(remittance(usage="X")).envelope.is_test


def test_a_transaction_of_an_unknown_kind_is_kept_whole() -> None:
    content = interchange(
        transaction("278*005010X217", ["BHT*0007*13*1*20260330*1200", "HL*1**20*1"]),
        functional_id="HP",
        version="005010X217",
    )
    item = read_one(content)
    assert item.kind == "278"
    assert write([item]) == content


def test_an_835_in_a_stream_of_claims_is_refused_as_another_kind() -> None:
    content = interchange(
        transaction("276*005010X212", ["BHT*0010*13*1*20260330*1200"]), functional_id="HR"
    )
    (refusal,) = stream_835(content)
    assert isinstance(refusal, Refusal)
    assert refusal.error.code == "other_kind"


def test_a_ta1_is_read_between_isa_and_gs() -> None:
    content = remittance().replace(b"~GS*", b"~TA1*000000041*260330*1200*R*001~GS*", 1)
    first, second = read(content)
    assert isinstance(first, Transaction)
    assert isinstance(second, Transaction)
    assert (first.kind, second.kind) == ("TA1", "835")
    assert first.body.control_number == "000000041"
    assert write([first, second]) == content


@pytest.mark.parametrize("npi", [NPI_CLINIC, NPI_DOCTOR, NPI_OTHER, "1999999984"])
def test_a_valid_npi_is_recognized(npi: str) -> None:
    assert is_npi(npi)


@pytest.mark.parametrize(
    "npi",
    ["1234567890", "123456789", "12345678930", "3234567893", "123456789X", "", "\uff11234567893"],
)
def test_a_wrong_npi_is_not(npi: str) -> None:
    assert not is_npi(npi)
