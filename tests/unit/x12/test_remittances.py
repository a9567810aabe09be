"""835: what it says, and whether it balances."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.billing.x12 import (
    Adjustment,
    ClaimPayment,
    Refusal,
    RemittanceEnd,
    RemittanceStart,
    X12Error,
    parse_835_claims,
    stream_835,
)
from functions.billing.x12.amounts import cents_of, cents_text, decimal_of, decimal_text

from .examples import (
    INPATIENT_CLAIM,
    NPI_CLINIC,
    PAID_CLAIM,
    PLB,
    end_of,
    read_one,
    refusals,
    remittance,
    remittance_of,
)


def only_claim(content: bytes) -> ClaimPayment:
    (claim,) = (item for item in stream_835(content) if isinstance(item, ClaimPayment))
    return claim


def test_a_remittance_comes_as_header_claims_and_verdict() -> None:
    start, first, second, end = stream_835(remittance(), name="era")
    assert isinstance(start, RemittanceStart)
    assert isinstance(first, ClaimPayment)
    assert isinstance(second, ClaimPayment)
    assert isinstance(end, RemittanceEnd)
    header = start.header
    assert header.payment_cents == 70_000
    assert header.payment == Decimal(700)
    assert header.handling == "I"
    assert header.method == "ACH"
    assert header.settlement_date == date(2026, 4, 1)
    assert header.settlement_date_text == "20260401"
    assert (header.trace_number, header.originator_id) == ("EFT0001", "1999999999")
    assert header.payer.name == "EXAMPLE HEALTH PLAN"
    assert header.payer.contacts[0].numbers == (("TE", "5550100000"),)
    assert header.payee.id == NPI_CLINIC
    assert (first.ordinal, second.ordinal) == (1, 2)
    assert first.group is not None
    assert first.group.number == "1"
    assert end.balance.is_balanced
    assert end.segment_count == read_one(remittance()).segments.__len__()


def test_a_claim_gives_all_that_stands_in_it() -> None:
    claim, inpatient = read_one(remittance()).body.claims()
    assert claim.control_number == "C1"
    assert claim.status == "1"
    assert (claim.charge_cents, claim.paid_cents) == (20_000, 12_000)
    assert claim.patient_responsibility_cents == 3_000
    assert claim.payer_claim_control_number == "ICN1"
    assert (claim.facility_code, claim.frequency) == ("11", "1")
    assert claim.patient is not None
    assert (claim.patient.name, claim.patient.first_name, claim.patient.id) == ("DOE", "ANN", "M1")
    assert claim.rendering is not None
    assert claim.rendering.npi == "1558598797"
    assert claim.references[0].value == "GROUP1"
    assert claim.dates[0].day == date(2026, 3, 2)
    first, second = claim.lines
    assert first.adjustments == (
        Adjustment("PR", "3", Decimal(30)),
        Adjustment("CO", "45", Decimal(20)),
    )
    assert first.line_control_number == "L1"
    assert first.allowed_cents == 13_000
    assert first.remarks == ("N130",)
    assert first.service_date == date(2026, 3, 2)
    # The payer bundled or down-coded: both codes are kept.
    assert second.procedure.code == "85025"
    assert second.submitted_procedure is not None
    assert second.submitted_procedure.code == "85027"
    assert second.submitted_units == 1
    assert [a.reason for a in second.adjustments] == ["45", "97"]
    assert inpatient.adjustments[0].amount_cents == 35_000
    assert inpatient.remarks == ("MA07", "N418")
    assert inpatient.quantities[0].quantity == 3
    assert inpatient.lines == ()


def test_the_three_levels_balance_and_plb_counts_against_the_payment() -> None:
    balance = end_of(remittance()).balance
    assert balance.is_balanced
    assert balance.claims_paid_cents == 72_000
    assert balance.provider_adjustments_cents == 2_000
    assert balance.payment_cents == 70_000
    assert (balance.claim_count, balance.line_count) == (2, 2)


@pytest.mark.parametrize(
    ("before", "after", "line", "claim", "charges", "transaction"),
    [
        # A line is off: so are its line and its claim, but not the transaction.
        (b"CAS*CO*45*20~", b"CAS*CO*45*20.01~", (-1, 0), -1, 0, 0),
        # The claim's own adjustment is off.
        (b"CAS*CO*45*350**97*50", b"CAS*CO*45*349**97*50", (), 100, 0, 0),
        # The claim's payment is off: claim and transaction.
        (b"CLP*C2*1*1000*600", b"CLP*C2*1*1000*601", (), -100, 0, 100),
        # The lines do not add up to the claim.
        (b"CLP*C1*1*200*120", b"CLP*C1*1*210*120", (0, 0), 1000, 1000, 0),
        (b"BPR*I*700*", b"BPR*I*699.99*", None, 0, 0, 1),
        (b"WO:C0*25*", b"WO:C0*-25*", None, 0, 0, 5000),
    ],
)
def test_every_difference_is_shown_in_cents_at_its_own_level(
    before: bytes,
    after: bytes,
    line: tuple[int, ...] | None,
    claim: int,
    charges: int,
    transaction: int,
) -> None:
    content = remittance()
    assert content.count(before) == 1
    balance = end_of(content.replace(before, after)).balance
    assert not balance.is_balanced
    assert balance.difference_cents == transaction
    if line is None:
        assert balance.unbalanced_claims == ()
    else:
        (shown,) = balance.unbalanced_claims
        assert shown.balance.line_differences_cents == line
        assert shown.balance.difference_cents == claim
        assert shown.balance.charge_difference_cents == charges
        assert (
            shown.balance
            == [c.balance for c in read_one(content.replace(before, after)).body.claims()][
                shown.ordinal - 1
            ]
        )
    assert read_one(content.replace(before, after)).body.balance == balance


def test_a_reversal_negates_under_its_own_codes_and_the_correction_follows() -> None:
    reversal = (
        "CLP*C1*22*-200*-120**12*ICN1",
        "SVC*HC:99213*-200*-120",
        "CAS*PR*3*-30",
        "CAS*CO*45*-50",
    )
    correction = (
        "CLP*C1*1*200*150**12*ICN9",
        "SVC*HC:99213*200*150",
        "CAS*CO*45*50",
    )
    end = end_of(remittance_of(reversal, correction, payment="30"))
    assert end.balance.is_balanced
    assert end.balance.claims_paid_cents == 3_000
    first, second = read_one(remittance_of(reversal, correction, payment="30")).body.claims()
    assert first.is_reversal
    assert not second.is_reversal
    assert [(a.group, a.reason, a.amount_cents) for a in first.lines[0].adjustments] == [
        ("PR", "3", -3_000),
        ("CO", "45", -5_000),
    ]


def test_a_claim_without_number_that_does_not_balance_is_shown_all_the_same() -> None:
    balance = end_of(remittance_of(("CLP**1*100*90",), payment="90")).balance
    assert balance.unbalanced_claims[0].control_number == ""
    assert balance.unbalanced_claims[0].balance.difference_cents == 1_000


def test_a_zero_payment_still_carries_its_denials() -> None:
    denied = ("CLP*C1*1*200*0**12*ICN1", "SVC*HC:99213*200*0", "CAS*CO*29*200")
    content = remittance_of(denied, payment="0").replace(b"BPR*I*0*C*ACH*", b"BPR*H*0*C*NON*")
    start, claim, end = stream_835(content)
    assert isinstance(start, RemittanceStart)
    assert (start.header.handling, start.header.method) == ("H", "NON")
    assert isinstance(claim, ClaimPayment)
    assert claim.lines[0].adjustments[0].reason == "29"
    assert isinstance(end, RemittanceEnd)
    assert end.balance.is_balanced


def test_negative_adjustments_raise_the_payment_and_are_never_turned_round() -> None:
    claim = ("CLP*C1*1*100*76.86", "SVC*HC:99213*100*76.86", "CAS*CO*45*23.2**137*-.06")
    assert end_of(remittance_of(claim, payment="76.86")).balance.is_balanced
    line = only_claim(remittance_of(claim, payment="76.86")).lines[0]
    assert [a.amount_cents for a in line.adjustments] == [2_320, -6]


def test_six_trios_with_quantities_and_ninety_nine_segments_all_count() -> None:
    six = "CAS*CO*" + "*".join(f"{reason}*1*1" for reason in range(1, 7))
    claim = ("CLP*C1*1*1000*400", "SVC*HC:99213*1000*400", six, *["CAS*OA*23*6"] * 99)
    content = remittance_of(claim, payment="400")
    assert end_of(content).balance.is_balanced
    assert len(only_claim(content).lines[0].adjustments) == 6 + 99


def test_amounts_outside_of_the_balance_do_not_enter_it() -> None:
    extra = (*PAID_CLAIM, "AMT*AU*99999", "QTY*ZK*5")
    content = remittance_of(extra, payment="120")
    content = content.replace(b"LX*1~", b"LX*1~TS3*1*11*20261231*1*77777~TS2*88888~")
    content = content.replace(b"SE*27", b"SE*29") if b"SE*27" in content else content
    count = content[: content.index(b"SE*")].count(b"~") - 2 + 1
    start, stop = content.index(b"SE*"), content.index(b"*0001~GE")
    content = content[:start] + f"SE*{count}".encode() + content[stop:]
    assert end_of(content).balance.is_balanced


def test_one_claim_number_many_times_in_one_payment_stays_many_claims() -> None:
    claim = ("CLP*SAME*1*10*10", "SVC*HC:99213*10*10")
    content = remittance_of(*[claim] * 9, payment="90")
    claims = [item for item in stream_835(content) if isinstance(item, ClaimPayment)]
    assert [c.ordinal for c in claims] == list(range(1, 10))
    assert len({c.byte_start for c in claims}) == 9


def test_claims_without_an_lx_are_read_as_claims() -> None:
    content = remittance().replace(b"LX*1~", b"")
    count = int(content[content.index(b"SE*") + 3 :].split(b"*")[0])
    content = content.replace(f"SE*{count}*".encode(), f"SE*{count - 1}*".encode())
    assert end_of(content).balance.is_balanced
    assert [c.control_number for c in read_one(content).body.claims()] == ["C1", "C2"]


@pytest.mark.parametrize(
    "amount",
    [
        "1E2",
        "NaN",
        "Infinity",
        "+100",
        "1_00",
        "\uff11\uff10\uff10",
        " 100",
        "1,00",
        "",
        "1.2.3",
        "1" * 30,
        "-",
    ],
)
def test_what_python_takes_for_a_number_but_x12_does_not_is_refused(amount: str) -> None:
    content = (
        remittance_of(("CLP*C1*1*100*100", f"SVC*HC:99213*{amount}*100"), payment="100")
        if amount.isascii()
        else b""
    )
    if not amount.isascii():
        text = remittance_of(("CLP*C1*1*100*100", "SVC*HC:99213*QQ*100"), payment="100")
        content = text.replace(b"QQ", amount.encode())
    *_, last = stream_835(content)
    assert isinstance(last, Refusal)
    assert last.error.code in {"not_an_amount", "missing_element"}
    assert last.error.element == "SVC02"
    assert content[last.error.byte_offset :].startswith(b"SVC*")


@pytest.mark.parametrize(
    ("claim", "element"),
    [
        (("CLP*C1*1*100.005*100.005",), "CLP03"),
        (("CLP*C1*1*100*100", "SVC*HC:1*100.001*100.001"), "SVC02"),
        (("CLP*C1*1*100*100", "SVC*HC:1*100*100", "CAS*CO*45*0.005**1*-0.005"), "CAS"),
    ],
)
def test_a_fraction_of_a_cent_is_refused_even_where_it_cancels(
    claim: tuple[str, ...], element: str
) -> None:
    *_, last = stream_835(remittance_of(claim, payment="100"))
    assert isinstance(last, Refusal)
    assert last.error.code == "fraction_of_a_cent"
    assert (last.error.element or last.error.segment_id) == element


def test_trailing_zeros_beyond_cents_are_still_whole_cents() -> None:
    content = remittance_of(("CLP*C1*1*100.000*100.0",), payment="100")
    assert end_of(content).balance.is_balanced
    assert only_claim(content).charge_cents == 10_000


def test_sums_of_huge_amounts_are_exact() -> None:
    claim = (
        "CLP*C1*1*0.01*0",
        "SVC*HC:1*0.01*0",
        "CAS*CO*45*9999999999999999.99**1*0.02**2*-9999999999999999.99",
    )
    balance = end_of(remittance_of(claim, payment="0")).balance
    assert balance.unbalanced_claims[0].balance.line_differences_cents == (-1,)


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        (("CLP*C1*1*1*1", "SVC*HC:1*1"), "malformed_segment"),
        (("CLP*C1*1*1*1", "CAS*CO*45"), "malformed_segment"),
        (("CLP*C1*1*1*1", "CAS*CO**1"), "malformed_segment"),
        (("CLP*C1*1*1",), "missing_element"),
        (("CLP*C1*1*1*0", "CAS*CO*45*1**96"), "malformed_segment"),
    ],
)
def test_a_claim_that_cannot_be_read_refuses_its_transaction(
    claim: tuple[str, ...], code: str
) -> None:
    content = remittance_of(PAID_CLAIM, claim, payment="121")
    *_, last = stream_835(content, name="era")
    assert isinstance(last, Refusal)
    assert last.level == "transaction"
    assert last.error.code == code
    assert content[last.error.byte_offset :].startswith(last.error.segment_id.encode() + b"*")
    before = content[: last.error.byte_offset].split(b"ST*")[1]
    assert last.error.segment_number == before.count(b"~") + 1
    assert last.raw


@pytest.mark.parametrize("stray", ["SVC*HC:1*1*1", "CAS*CO*45*1"])
def test_amounts_outside_of_any_claim_refuse_their_transaction(stray: str) -> None:
    *_, last = stream_835(remittance_of([stray], PAID_CLAIM, payment="121"))
    assert isinstance(last, Refusal)
    assert last.error.code == "misplaced_segment"
    assert last.error.segment_id == stray[:3]


def test_claims_after_the_provider_adjustments_are_misplaced() -> None:
    content = remittance_of(PAID_CLAIM, payment="120", plb=(*PLB, *INPATIENT_CLAIM))
    *_, last = stream_835(content)
    assert isinstance(last, Refusal)
    assert last.error.code == "misplaced_segment"


@pytest.mark.parametrize("missing", [b"120*C*ACH", b"EFT0001"])
def test_a_payment_without_amount_or_trace_is_refused(missing: bytes) -> None:
    content = remittance_of(PAID_CLAIM, payment="120")
    assert content.count(missing) == 1
    content = content.replace(missing, b"")
    items = list(stream_835(content))
    (refusal,) = (item for item in items if isinstance(item, Refusal))
    assert refusal.error.element in {"BPR02", "TRN02"}
    assert not [item for item in items if isinstance(item, (ClaimPayment, RemittanceEnd))]


def test_unknown_segments_are_kept_and_counted() -> None:
    odd = (*PAID_CLAIM[:2], "ZZZ*MYSTERY*1", "ZZ*TWO", *PAID_CLAIM[2:], "CASH*1*2*3")
    content = remittance_of(odd, payment="120")
    end = end_of(content)
    assert end.balance.is_balanced
    assert end.unknown_segment_count == 3
    item = read_one(content)
    assert [name for _, name in item.body.unknown_segments()] == ["ZZZ", "ZZ", "CASH"]
    assert "ZZZ*MYSTERY*1" in item.body.segments


def test_a_later_run_reads_only_a_range_of_bytes() -> None:
    content = remittance()
    claims = list(read_one(content).body.claims())
    separators = read_one(content).envelope.interchange.separators
    for claim in claims:
        part = content[claim.byte_start : claim.byte_end]
        (again,) = parse_835_claims(
            part, separators, first_ordinal=claim.ordinal, byte_start=claim.byte_start
        )
        assert again == claim
        assert again.ordinal == claim.ordinal
        assert (again.byte_start, again.byte_end) == (claim.byte_start, claim.byte_end)
        assert again.balance == claim.balance
    both = content[claims[0].byte_start : claims[-1].byte_end]
    assert list(parse_835_claims(both, separators)) == claims


def test_a_range_that_is_no_range_of_claims_is_refused() -> None:
    content = remittance()
    separators = read_one(content).envelope.interchange.separators
    claim = next(read_one(content).body.claims())
    for start, end in ((1, 0), (0, -3)):
        part = content[claim.byte_start + start : claim.byte_end + end]
        with pytest.raises(X12Error) as caught:
            list(parse_835_claims(part, separators, file="era"))
        assert caught.value.code == "not_a_claim_range"


def test_an_unreadable_claim_in_a_range_raises() -> None:
    separators = read_one(remittance()).envelope.interchange.separators
    with pytest.raises(X12Error) as caught:
        list(parse_835_claims(b"CLP*C1*1*x*1~", separators, transaction="0001", byte_start=500))
    assert caught.value.element == "CLP03"
    assert caught.value.byte_offset == 500


def test_an_invalid_settlement_date_is_told_when_it_is_read_and_kept_as_written() -> None:
    content = remittance().replace(b"*20260401~", b"*20261341~")
    start = next(iter(stream_835(content)))
    assert isinstance(start, RemittanceStart)
    assert start.header.settlement_date_text == "20261341"
    with pytest.raises(X12Error) as caught:
        _ = start.header.settlement_date
    assert (caught.value.code, caught.value.element) == ("not_a_date", "BPR16")


def test_every_error_of_a_streamed_and_a_whole_remittance_is_placed_alike() -> None:
    content = remittance().replace(b"*150*100**", b"*abc*100**")
    *_, streamed = stream_835(content)
    assert isinstance(streamed, Refusal)
    errors = list(read_one(content).body.problems())
    assert [e.as_dict() for e in errors] == [streamed.error.as_dict()]
    assert refusals(content) == []


AMOUNTS = st.integers(-(10**12), 10**12)


def money(cents: int, style: int) -> str:
    """Write an amount in one of the ways payers write it."""
    sign = "-" if cents < 0 else ""
    whole, fraction = divmod(abs(cents), 100)
    written = [f"{sign}{whole}.{fraction:02d}", cents_text(cents)]
    if not whole and fraction:
        written.append(f"{sign}.{fraction:02d}")
    return written[style % len(written)]


@pytest.mark.parametrize("amount", ["1" * 21, "-" + "1" * 20, "1" * 18 + ".00"])
def test_an_amount_of_too_many_digits_is_refused_though_it_balances(amount: str) -> None:
    *_, last = stream_835(remittance_of((f"CLP*C1*1*{amount}*{amount}",), payment="100"))
    assert isinstance(last, Refusal)
    assert (last.error.code, last.error.element) == ("not_an_amount", "CLP03")


@pytest.mark.parametrize("quantity", ["x", "1E2", "--1"])
def test_a_quantity_that_is_no_number_is_refused(quantity: str) -> None:
    claim = ("CLP*C1*1*100*90", f"CAS*CO*45*4.00*{quantity}*96*6.00")
    *_, last = stream_835(remittance_of(PAID_CLAIM, claim, payment="210"))
    assert isinstance(last, Refusal)
    assert (last.error.code, last.error.segment_id) == ("not_an_amount", "CAS")


@pytest.mark.parametrize("opened", [(), ("LX*2",), ("LX*2", "TS3*1")])
def test_amounts_between_an_lx_and_its_first_claim_are_misplaced(opened: tuple[str, ...]) -> None:
    claims = (PAID_CLAIM, (*opened, "CAS*CO*45*0.00"), PAID_CLAIM)
    *_, last = stream_835(remittance_of(*claims, payment="240"))
    # Without an LX the CAS is one more of the claim before it.
    assert isinstance(last, Refusal if opened else RemittanceEnd)
    if isinstance(last, Refusal):
        assert (last.error.code, last.error.segment_id) == ("misplaced_segment", "CAS")


def test_claims_before_one_that_cannot_be_read_are_given() -> None:
    claims = [PAID_CLAIM] * 9 + [("CLP*C1*1*x*1",), PAID_CLAIM]
    *given_before, last = stream_835(remittance_of(*claims, payment="1320"))
    assert isinstance(last, Refusal)
    assert sum(isinstance(item, ClaimPayment) for item in given_before) == 9


@st.composite
def many_claims(draw: st.DrawFn) -> tuple[list[list[str]], list[int], int]:
    """Many claims with and without lines, trios, quantities and LX; which are off, and Σ CLP04."""
    claims, off, paid_total = [], [], 0
    for ordinal in range(1, draw(st.integers(1, 25)) + 1):
        wrong = draw(st.integers(0, 12)) == 0
        segments: list[str] = []
        charge = paid = 0
        for _ in range(draw(st.integers(0, 3))):
            trios = draw(st.lists(st.integers(-500, 5_000), max_size=3))
            quantity = draw(st.sampled_from(["", "", "1", "2.5"]))
            line_paid = draw(st.integers(0, 9_000))
            segments.append(f"SVC*HC:1*{cents_text(line_paid + sum(trios))}*{money(line_paid, 0)}")
            if trios:
                written = "*".join(f"45*{money(trio, 0)}*{quantity}" for trio in trios)
                segments.append(f"CAS*CO*{written}".rstrip("*"))
            charge += line_paid + sum(trios)
            paid += line_paid
        own = draw(st.integers(0, 300))
        if own:
            segments.insert(0, f"CAS*{draw(st.sampled_from(['PR', 'ZZ']))}*1*{cents_text(own)}")
            paid -= own
        paid += wrong
        paid_total += paid
        if wrong:
            off.append(ordinal)
        opened = ["LX*1"] if draw(st.booleans()) else []
        claims.append(
            [*opened, f"CLP*C*1*{money(charge, 0)}*{cents_text(paid)}", *segments, "REF*1L*A"]
        )
    return claims, off, paid_total


@given(many_claims())
@settings(max_examples=40, deadline=None)
def test_whichever_of_many_claims_are_out_of_balance_are_told(
    drawn: tuple[list[list[str]], list[int], int],
) -> None:
    claims, off, paid = drawn
    content = remittance_of(*claims, payment=cents_text(paid))
    balance = end_of(content).balance
    assert [each.ordinal for each in balance.unbalanced_claims] == off
    assert balance.claims_paid_cents == paid
    assert balance == read_one(content).body.balance


@given(
    data=st.lists(
        st.tuples(
            st.lists(
                st.tuples(AMOUNTS, st.lists(AMOUNTS, max_size=8), st.integers(0, 2)), max_size=4
            ),
            st.lists(AMOUNTS, max_size=3),
            st.integers(-2, 2),
            st.integers(-2, 2),
        ),
        max_size=5,
    ),
    withheld=st.lists(AMOUNTS, max_size=7),
    off=st.integers(-2, 2),
)
@settings(max_examples=150, deadline=None)
def test_any_remittance_balances_exactly_when_its_numbers_do(
    data: list[tuple[list[tuple[int, list[int], int]], list[int], int, int]],
    withheld: list[int],
    off: int,
) -> None:
    claims = []
    paid_total = 0
    expected = []
    for lines, own, claim_off, line_off in data:
        charge = sum(c for c, _, _ in lines) if lines else 5_000
        paid = charge - sum(own) - sum(sum(cas) for _, cas, _ in lines) + claim_off
        paid_total += paid
        segments = [f"CLP*C*1*{money(charge, 0)}*{money(paid, 1)}"]
        segments += [f"CAS*CO*45*{money(amount, 2)}" for amount in own]
        differences = []
        for number, (line_charge, cas, style) in enumerate(lines):
            line_paid = line_charge - sum(cas) - (line_off if number == 0 else 0)
            differences.append(line_off if number == 0 else 0)
            segments.append(f"SVC*HC:1*{money(line_charge, style)}*{money(line_paid, style)}")
            for at in range(0, len(cas), 6):
                trios = "*".join(f"45*{money(a, style)}*" for a in cas[at : at + 6])
                segments.append(f"CAS*CO*{trios}".rstrip("*"))
        claims.append(segments)
        expected.append((tuple(differences), -claim_off))
    payment = paid_total - sum(withheld) + off
    plb = [f"PLB*{NPI_CLINIC}*20261231*WO:1*{money(amount, 1)}" for amount in withheld]
    content = remittance_of(*claims, payment=money(payment, 1), plb=plb)
    balance = end_of(content).balance
    assert balance.difference_cents == -off
    bad = [(line, claim) for line, claim in expected if claim or any(line)]
    assert [
        (each.balance.line_differences_cents, each.balance.difference_cents)
        for each in balance.unbalanced_claims
    ] == bad
    assert balance.is_balanced == (not bad and not off)
    assert read_one(content).body.balance == balance


@given(st.integers(-(10**17), 10**17))
def test_cents_survive_the_wire(cents: int) -> None:
    text = cents_text(cents)
    assert cents_of(decimal_of(text)) == cents
    assert "E" not in text
    assert decimal_text(decimal_of(text)) == text
