"""The public files, in their layouts: what is taken, what is left, and how a broken row is refused."""

from datetime import date

import pytest

from functions.billing.domain.codes import OPEN, Entry, TableKind
from functions.billing.domain.codes.files import (
    BEGINNING,
    CodeFile,
    FileFormat,
    eleven_digits,
    unit_limit,
)
from functions.billing.domain.codes.manifest import compiled_tables
from functions.billing.domain.codes.table import CodeTable
from functions.billing.domain.errors import RuleSetError

FROM, TO = date(2026, 1, 1), date(2026, 3, 31)


def read(layout: FileFormat, *lines: str) -> list[Entry]:
    file = CodeFile(name="list.txt", lines=lines, format=layout, from_day=FROM, to_day=TO)
    return list(file.entries())


def test_an_order_file_tells_billable_codes_from_headings() -> None:
    lines = ("00001 A00     0 Example heading", "00002 A000    1 Example code", "")

    assert read(FileFormat.ICD_10_CM_ORDER, *lines) == [
        Entry("A00", FROM, TO, 0),
        Entry("A000", FROM, TO, 1),
    ]


PTP_HEADING = (
    "A notice about someone's rights",
    "Column1/Column2 Edits",
    "Column 1\tColumn 2\t*=in existence prior to 1996\tEffective Date\tDeletion Date\tModifier\tRationale",
)


def test_pairs_have_their_dates_and_those_never_in_force_are_left_out() -> None:
    rows = (
        "93000\t93005\t*\t19960101\t*\t0\texample",
        "97530\t97140\t\t20200101\t20231231\t1\texample",
        "20610\tJ1100\t\t20200101\t*\t9\texample",
        "20610\tJ1200\t\t20240101\t20240101\t1\texample",
    )

    assert read(FileFormat.NCCI_PTP, *PTP_HEADING, *rows) == [
        Entry("9300093005", date(1996, 1, 1), OPEN, 0),
        Entry("9753097140", date(2020, 1, 1), date(2023, 12, 31), 1),
    ]


def test_unit_limits_say_whether_they_count_a_line_or_a_day() -> None:
    rows = (
        '"HCPCS/CPT Code","Practitioner Services MUE Values","MUE Adjudication Indicator","MUE Rationale"',
        '"20610","2","1 Line Edit","example"',
        '"93000","3","2 Date of Service Edit: Policy","example"',
        '"J1100","120","3 Date of Service Edit: Clinical","example"',
    )

    found = {one.key: unit_limit(one.value) for one in read(FileFormat.NCCI_MUE, *rows)}

    assert found == {"20610": (2, False), "93000": (3, True), "J1100": (120, True)}


def test_hcpcs_codes_have_the_days_they_were_added_and_ended() -> None:
    def record(code: str, kind: str, added: str, ended: str) -> str:
        return f"{code}00100{kind}".ljust(268) + added.ljust(16) + ended.ljust(8)

    lines = (
        record("J1100", "3", "19870101", ""),
        record("J1100", "4", "", ""),
        record("G0101", "3", "19980101", "20251231"),
        record("   25", "7", "20000101", ""),
    )

    assert read(FileFormat.HCPCS, *lines) == [
        Entry("J1100", date(1987, 1, 1), OPEN),
        Entry("G0101", date(1998, 1, 1), date(2025, 12, 31)),
    ]


def test_a_provider_is_active_until_deactivated_and_again_from_the_day_it_came_back() -> None:
    rows = (
        '"NPI","Entity Type Code","NPI Deactivation Date","NPI Reactivation Date","Provider Enumeration Date"',
        '"1033001110","1","","","05/23/2006"',
        '"1793001102","2","02/01/2024","03/01/2024","05/23/2006"',
        '"1033009980","","02/01/2024","",""',
    )

    assert read(FileFormat.NPPES, *rows) == [
        Entry("1033001110", date(2006, 5, 23), OPEN, 1),
        Entry("1793001102", date(2006, 5, 23), date(2024, 1, 31), 2),
        Entry("1793001102", date(2024, 3, 1), OPEN, 2),
        Entry("1033009980", BEGINNING, date(2024, 1, 31), 0),
    ]


def test_drug_packages_become_eleven_digits() -> None:
    rows = (
        "PRODUCTID\tNDCPACKAGECODE\tSTARTMARKETINGDATE\tENDMARKETINGDATE",
        "x\t0002-1433-80\t20140918\t",
    )

    assert read(FileFormat.FDA_PACKAGES, *rows) == [Entry("00002143380", date(2014, 9, 18), OPEN)]


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("0002-1433-80", "00002143380"),
        ("50242-40-62", "50242004062"),
        ("60575-4112-1", "60575411201"),
        ("60575-4112-01", "60575411201"),
        ("00002143380", "00002143380"),
        ("0002143380", None),
        ("123456-1-1", None),
        ("0002-14a3-80", None),
        ("", None),
    ],
)
def test_a_drug_code_is_padded_by_its_parts_and_never_guessed(
    written: str, digits: str | None
) -> None:
    assert eleven_digits(written) == digits


def test_a_licensed_list_needs_a_column_of_codes_and_may_have_dates() -> None:
    rows = ("Code,From,To", "99213,,", "99201,,2020-12-31")

    assert read(FileFormat.CODES, *rows) == [
        Entry("99213", FROM, TO),
        Entry("99201", FROM, date(2020, 12, 31)),
    ]


BROKEN = [
    (FileFormat.ICD_10_CM_ORDER, ("00001 A0", "x"), "line 1, columns 7 to 13"),
    (FileFormat.ICD_10_CM_ORDER, ("00001 A00     2 x",), "line 1, column 15"),
    (FileFormat.NCCI_PTP, (*PTP_HEADING, "93000\t93005\t*\t1996\t*\t0"), "line 4, Effective Date"),
    (FileFormat.NCCI_PTP, (*PTP_HEADING, "93000\t93005\t*\t19960101\t*\t7"), "line 4, Modifier"),
    (FileFormat.NCCI_PTP, (*PTP_HEADING, "93000\t93005"), "line 4, row"),
    (FileFormat.NCCI_PTP, ("93000\t93005\t\t19960101\t*\t0", "total\t1"), "line 2, first column"),
    (FileFormat.NCCI_PTP, PTP_HEADING, "line 1, file"),
    (FileFormat.NCCI_MUE, ("93000,many,1 Line Edit",), "line 1, MUE Values"),
    (FileFormat.NCCI_MUE, ("93000,1,none",), "line 1, MUE Adjudication Indicator"),
    (FileFormat.NPPES, ("NPI,Entity Type Code", "12,1"), "line 2, NPI"),
    (FileFormat.NPPES, ("Number,Type", "12,1"), "line 1, heading"),
    (FileFormat.CODES, ("code,from", "99213,yesterday"), "line 2, from"),
    (FileFormat.CODES, ("code,from", "99213"), "line 2, row"),
    (FileFormat.CODES, (), "line 1, heading"),
    (FileFormat.FDA_PACKAGES, ("NDCPACKAGECODE", "12"), "line 2, NDCPACKAGECODE"),
]


@pytest.mark.parametrize(("layout", "lines", "place"), BROKEN)
def test_a_broken_row_is_refused_by_file_line_and_field(
    layout: FileFormat, lines: tuple[str, ...], place: str
) -> None:
    with pytest.raises(RuleSetError) as refused:
        read(layout, *lines)

    assert refused.value.code == "code_file_malformed"
    assert refused.value.subject == "file:list.txt"
    assert refused.value.detail.startswith(place)


def manifest(**changes: object) -> dict[str, object]:
    table = {"kind": "procedures", "source": "test", "is_complete": True, "files": [], **changes}
    return {"tables": {"one": table}}


def test_a_table_may_be_made_of_several_releases() -> None:
    files = [
        {"file": "old", "format": "codes", "to": "2025-12-31"},
        {"file": "new", "format": "codes", "from": "2026-01-01"},
    ]
    texts = {"old": ["code", "99201", "99213"], "new": ["code", "99213"]}

    table = CodeTable(compiled_tables(manifest(files=files), texts.__getitem__)["one"])

    assert table.value("99201", date(2025, 12, 31)) == 1
    assert table.value("99201", date(2026, 1, 1)) is None
    assert table.value("99213", date(2026, 1, 1)) == 1
    assert table.terms.kind is TableKind.PROCEDURES


@pytest.mark.parametrize(
    "content",
    [
        manifest(kind="guesses"),
        manifest(files=[{"file": "x", "format": "nppes"}]),
        manifest(files=[{"file": "x", "format": "codes", "since": "2026-01-01"}]),
        {"tables": {}, "extra": 1},
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(RuleSetError, match="rule_set_malformed"):
        compiled_tables(content, lambda _: ["code", "99213"])
