"""The files in which code lists are published, read line by line into a table's entries.

Only codes, dates and figures are taken: descriptions are left behind, since many belong to others. A row that looks
like one and can't be read stops the reading, with its line, field and what was expected: half a table would judge
claims wrongly without anyone noticing.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from functions.billing.domain.codes.table import OPEN, Entry, TableKind
from functions.billing.domain.errors import RuleSetError

BEGINNING = date(1970, 1, 1)
"""The first day of what has no beginning."""

_PROCEDURE = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]")
_DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9AB][0-9A-Z]{0,4}")
_NPI = re.compile(r"[12][0-9]{9}")
_NO_DATE = frozenset({"", "*"})
_UNIT_LIMIT_BASE = 10
_LINE_LIMIT, _DAY_LIMIT, _DAY_LIMIT_CLINICAL = 1, 2, 3
_NEVER_IN_FORCE = 9


class FileFormat(StrEnum):
    """How a code list is published."""

    ICD_10_CM_ORDER = "icd-10-cm-order"
    """The yearly order file of ICD-10-CM (fixed width): from and to are the fiscal year's or the update's."""

    NCCI_PTP = "ncci-ptp"
    """NCCI procedure-to-procedure edits (tab separated), practitioner or hospital."""

    NCCI_MUE = "ncci-mue"
    """NCCI medically unlikely edits (comma or tab separated): from and to are the quarter's."""

    HCPCS = "hcpcs"
    """The quarterly HCPCS level II file (fixed width)."""

    NPPES = "nppes"
    """The NPPES dissemination file (comma separated)."""

    FDA_PACKAGES = "fda-packages"
    """The packages of the FDA's drug directory (tab separated)."""

    CODES = "codes"
    """Any list with a column `code` and perhaps `from` and `to`: a licensed list of CPT, a taxonomy list."""


KINDS: Mapping[FileFormat, TableKind | None] = {
    FileFormat.ICD_10_CM_ORDER: TableKind.DIAGNOSES,
    FileFormat.NCCI_PTP: TableKind.PROCEDURE_PAIRS,
    FileFormat.NCCI_MUE: TableKind.UNIT_LIMITS,
    FileFormat.HCPCS: TableKind.PROCEDURES,
    FileFormat.NPPES: TableKind.PROVIDERS,
    FileFormat.FDA_PACKAGES: TableKind.DRUGS,
    FileFormat.CODES: None,
}
"""The kind of table each format gives; a list of codes may be of any kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFile:
    """One published file.

    Attributes
    ----------
    name
        What errors call it.
    lines
        Its text, line by line.
    format
        How it is laid out.
    from_day, to_day
        When the release is in force, for formats whose rows carry no dates of their own.
    """

    name: str
    lines: Iterable[str]
    format: FileFormat
    from_day: date = BEGINNING
    to_day: date = OPEN

    def entries(self) -> Iterator[Entry]:
        """What the file says, row by row.

        Raises
        ------
        RuleSetError
            `code_file_malformed`, naming the file, the line, the field and what was expected.
        """
        yield from _READERS[self.format](self)

    def error(self, line: int, field: str, expected: str) -> RuleSetError:
        """The refusal of one field."""
        return RuleSetError(
            "code_file_malformed",
            subject=f"file:{self.name}",
            detail=f"line {line}, {field}: expected {expected}",
        )


def _order_file(file: CodeFile) -> Iterator[Entry]:
    """Columns 7-13 the code, 15 whether it can be billed (1) or is a heading (0)."""
    for number, line in enumerate(file.lines, start=1):
        if not line.strip():
            continue
        code, billable = line[6:13].strip(), line[14:15]
        if not _DIAGNOSIS.fullmatch(code):
            raise file.error(number, "columns 7 to 13", "an ICD-10-CM code")
        if billable not in {"0", "1"}:
            raise file.error(number, "column 15", "0 or 1")
        yield Entry(code, file.from_day, file.to_day, int(billable))


def _ptp_file(file: CodeFile) -> Iterator[Entry]:
    """Column 1, column 2, "prior to 1996", effective date, deletion date, modifier indicator.

    Pairs deleted as of the day they began were never in force, as indicator 9 says too.
    """
    for number, cells in _rows(file, _PROCEDURE):
        if len(cells) < 6:  # noqa: PLR2004 -- the columns named above
            raise file.error(number, "row", "six columns")
        if not _PROCEDURE.fullmatch(cells[1]):
            raise file.error(number, "Column 2", "a procedure code")
        began = _day(file, number, "Effective Date", cells[3]) or BEGINNING
        ended = _day(file, number, "Deletion Date", cells[4]) or OPEN
        if cells[5] not in {"0", "1", "9"}:
            raise file.error(number, "Modifier", "0, 1 or 9")
        if int(cells[5]) != _NEVER_IN_FORCE and began < ended:
            key = cells[0].ljust(5) + cells[1]
            yield Entry(key, began, ended, int(cells[5]))


def _mue_file(file: CodeFile) -> Iterator[Entry]:
    """Procedure, units, adjudication indicator (1 a line, 2 and 3 a day) with its name behind it."""
    for number, cells in _rows(file, _PROCEDURE):
        if len(cells) < 3 or not cells[1].isdigit():  # noqa: PLR2004 -- the columns named above
            raise file.error(number, "MUE Values", "a whole number of units")
        if cells[2][:1] not in {"1", "2", "3"}:
            raise file.error(number, "MUE Adjudication Indicator", "1, 2 or 3")
        value = int(cells[1]) * _UNIT_LIMIT_BASE + int(cells[2][0])
        yield Entry(cells[0], file.from_day, file.to_day, value)


def unit_limit(value: int) -> tuple[int, bool]:
    """What an MUE entry's value says: the units, and whether they count by day rather than by line."""
    units, indicator = divmod(value, _UNIT_LIMIT_BASE)
    return units, indicator != _LINE_LIMIT


def _hcpcs_file(file: CodeFile) -> Iterator[Entry]:
    """Columns 1-5 the code, 11 the kind of record (3 begins a procedure), 269 added, 285 terminated."""
    for number, line in enumerate(file.lines, start=1):
        if line[10:11] != "3":
            continue
        code = line[:5].strip()
        if not _PROCEDURE.fullmatch(code):
            raise file.error(number, "columns 1 to 5", "a HCPCS code")
        began = _day(file, number, "columns 269 to 276", line[268:276].strip()) or BEGINNING
        ended = _day(file, number, "columns 285 to 292", line[284:292].strip()) or OPEN
        yield Entry(code, began, ended)


def _nppes_file(file: CodeFile) -> Iterator[Entry]:
    """One span, or two where an NPI was deactivated and came back."""
    for number, row in _named_rows(file, "npi"):
        if not _NPI.fullmatch(row["npi"]):
            raise file.error(number, "NPI", "10 digits")

        def day(column: str, number: int = number, row: Mapping[str, str] = row) -> date | None:
            return _day(file, number, column, row.get(column.lower(), ""))

        began = day("Provider Enumeration Date") or BEGINNING
        ended, returned = day("NPI Deactivation Date"), day("NPI Reactivation Date")
        kind = int(row.get("entity type code") or 0)
        last = ended - timedelta(days=1) if ended else OPEN
        if last >= began:
            yield Entry(row["npi"], began, last, kind)
        if ended and returned:
            yield Entry(row["npi"], returned, OPEN, kind)


def _fda_file(file: CodeFile) -> Iterator[Entry]:
    for number, row in _named_rows(file, "ndcpackagecode"):
        code = eleven_digits(row["ndcpackagecode"])
        if code is None:
            raise file.error(number, "NDCPACKAGECODE", "10 digits in three parts")
        began = _day(file, number, "STARTMARKETINGDATE", row.get("startmarketingdate", ""))
        ended = _day(file, number, "ENDMARKETINGDATE", row.get("endmarketingdate", ""))
        yield Entry(code, began or BEGINNING, ended or OPEN)


def eleven_digits(code: str) -> str | None:
    """A drug code in three parts (4-4-2, 5-3-2, 5-4-1 or 5-4-2) as the eleven digits claims carry.

    Eleven digits without parts are taken as they are; anything else is None.
    """
    if re.fullmatch(r"[0-9]{11}", code):
        return code
    parts = code.split("-")
    if len(parts) != 3 or not all(re.fullmatch(r"[0-9]+", part) for part in parts):  # noqa: PLR2004
        return None
    padded = "".join(part.zfill(width) for part, width in zip(parts, (5, 4, 2), strict=True))
    return padded if len(padded) == 11 else None  # noqa: PLR2004 -- an NDC's length


def _code_list(file: CodeFile) -> Iterator[Entry]:
    for number, row in _named_rows(file, "code"):
        code = row["code"].replace(".", "").upper()
        if not re.fullmatch(r"[0-9A-Z]{2,11}", code):
            raise file.error(number, "code", "letters and digits")
        began = _day(file, number, "from", row.get("from", "")) or file.from_day
        ended = _day(file, number, "to", row.get("to", "")) or file.to_day
        yield Entry(code, began, ended)


def _rows(file: CodeFile, first: re.Pattern[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows whose first cell is a code; titles, notices and headings stand before them."""
    begun = False
    for number, line in enumerate(file.lines, start=1):
        if not line.strip():
            continue
        cells = _cells(line)
        if first.fullmatch(cells[0]):
            begun = True
            yield number, cells
        elif begun:
            raise file.error(number, "first column", "a procedure code")
    if not begun:
        raise file.error(1, "file", "at least one row that begins with a code")


def _named_rows(file: CodeFile, key: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Rows by the names of a heading, of which one must be `key`."""
    names: list[str] = []
    for number, line in enumerate(file.lines, start=1):
        if not line.strip():
            continue
        cells = _cells(line)
        if not names:
            names = [cell.lower() for cell in cells]
            if key not in names:
                raise file.error(number, "heading", f"a column {key}")
            continue
        if len(cells) < len(names):
            raise file.error(number, "row", f"{len(names)} columns")
        yield number, dict(zip(names, cells, strict=False))
    if not names:
        raise file.error(1, "heading", f"a column {key}")


def _cells(line: str) -> list[str]:
    text = line.rstrip("\r\n")
    row = text.split("\t") if "\t" in text else next(csv.reader([text]))
    return [cell.strip().strip('"') for cell in row]


def _day(file: CodeFile, line: int, field: str, text: str) -> date | None:
    if text in _NO_DATE:
        return None
    try:
        if "/" in text:
            month, day, year = text.split("/")
            return date(int(year), int(month), int(day))
        plain = text.replace("-", "")
        return date(int(plain[:4]), int(plain[4:6]), int(plain[6:8]))
    except ValueError:
        raise file.error(line, field, "a date such as 20260101 or 01/31/2026") from None


_READERS: Mapping[FileFormat, Callable[[CodeFile], Iterator[Entry]]] = {
    FileFormat.ICD_10_CM_ORDER: _order_file,
    FileFormat.NCCI_PTP: _ptp_file,
    FileFormat.NCCI_MUE: _mue_file,
    FileFormat.HCPCS: _hcpcs_file,
    FileFormat.NPPES: _nppes_file,
    FileFormat.FDA_PACKAGES: _fda_file,
    FileFormat.CODES: _code_list,
}
