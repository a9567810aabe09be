"""BAI2 files: cash reports with comma-separated records. Credits with a TRN in their text are payers' deposits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from functions.billing.bank.deposits import (
    BankDeposit,
    day_of,
    number_of,
    numbered,
    trace_in,
    unreadable,
)

_CREDIT_CODES = range(100, 400)
"""Type codes of credit details; 400 to 699 are debits."""
_LEVELS = ("account", "group", "file")
_TRAILERS = {"49": 0, "98": 1, "99": 2}
_HEADERS = {"03": 0, "02": 1, "01": 2}


@dataclass(frozen=True, slots=True)
class _Record:
    """One record with its continuations joined; `lines` counts them all."""

    number: int
    code: str
    fields: tuple[str, ...]
    lines: int

    @property
    def place(self) -> str:
        return f"record {self.number} ({self.code})"

    def field(self, position: int, name: str) -> str:
        if position >= len(self.fields):
            raise unreadable(f"{self.place}, field {position + 1}", name)
        return self.fields[position]


@dataclass(slots=True)
class _Open:
    """A file, group or account between its header and its trailer."""

    total: int = 0
    records: int = 0
    children: int = 0


def read_bai2(text: str) -> tuple[BankDeposit, ...]:
    """Every credit of the file.

    Raises
    ------
    ContractError
        If a record is malformed, out of place, or a control total or count does not hold.
    """
    deposits: list[BankDeposit] = []
    open_levels: dict[int, _Open] = {}
    account, as_of = "", date.min
    is_closed = False
    for record in _records(text):
        level = _HEADERS.get(record.code)
        if is_closed:
            raise unreadable(record.place, "nothing after the file trailer")
        if level is not None:
            _begin(open_levels, level, record)
            if record.code == "02":
                as_of = day_of(record.field(4, "the as-of date"), f"{record.place}, as-of date")
            if record.code == "03":
                account = record.field(1, "the account number")
                open_levels[0].total += _summaries_cents(record)
        elif record.code == "16" and 0 in open_levels:
            detail = _detail(record, account, as_of)
            open_levels[0].total += number_of(
                record.field(2, "the amount"), f"{record.place}, amount"
            )
            deposits += [detail] if detail else []
            open_levels[0].records += record.lines
        elif record.code in _TRAILERS and _TRAILERS[record.code] in open_levels:
            is_closed = _end(open_levels, _TRAILERS[record.code], record)
        else:
            raise unreadable(record.place, "a record of its place: 01, 02, 03, 16, 49, 98, 99")
    if not is_closed:
        raise unreadable("end of file", "a file trailer (99)")
    return numbered(deposits)


def _records(text: str) -> Iterator[_Record]:
    """Records with their 88 continuations; a record ends with a slash, a text with its line."""
    pending: tuple[int, str, list[str]] | None = None
    for number, line in enumerate((one.strip() for one in text.splitlines()), start=1):
        if not line:
            continue
        code, _, rest = line.partition(",")
        if code == "88":
            if pending is None:
                raise unreadable(f"record {number} (88)", "a record to continue")
            pending[2].append(rest)
            continue
        if pending:
            yield _joined(*pending)
        pending = (number, code, [line])
    if pending:
        yield _joined(*pending)


def _joined(number: int, code: str, lines: list[str]) -> _Record:
    text = "".join(
        line.rstrip("/") + ("," if line.endswith("/") and position < len(lines) - 1 else "")
        for position, line in enumerate(lines)
    )
    return _Record(number, code, tuple(text.split(",")), len(lines))


def _begin(open_levels: dict[int, _Open], level: int, record: _Record) -> None:
    is_nested = level == len(_LEVELS) - 1 or level + 1 in open_levels
    if level in open_levels or not is_nested:
        raise unreadable(record.place, f"the {_LEVELS[level]} before it to be closed")
    open_levels[level] = _Open(records=record.lines)


def _end(open_levels: dict[int, _Open], level: int, record: _Record) -> bool:
    """Check a trailer against what it closes; whether that was the file."""
    done = open_levels.pop(level)
    done.records += record.lines
    sign = -1 if record.field(1, "a control total").startswith("-") else 1
    total = sign * number_of(record.fields[1].lstrip("+-"), f"{record.place}, control total")
    if total != done.total:
        raise unreadable(f"{record.place}, control total", f"the sum of the {_LEVELS[level]}")
    counts = [number_of(text, record.place) for text in record.fields[2:] if text]
    wanted = [done.records] if level == 0 else [done.children, done.records]
    if counts != wanted:
        raise unreadable(f"{record.place}, counts", " and ".join(map(str, wanted)))
    outer = open_levels.get(level + 1)
    if outer:
        outer.total += done.total
        outer.records += done.records
        outer.children += 1
    return outer is None


def _summaries_cents(record: _Record) -> int:
    """Amounts in an account's header: status and summaries, each with code, amount, count, funds type."""
    cents = 0
    rest = list(record.fields[3:])
    while any(rest):
        rest = [*rest, "", "", "", ""]
        amount = rest[1]
        if amount:
            sign = -1 if amount.startswith("-") else 1
            cents += sign * number_of(amount.lstrip("+-"), f"{record.place}, summary amount")
        rest = _after_funds(rest[3], rest[4:], record)
    return cents


def _after_funds(funds_type: str, rest: Sequence[str], record: _Record) -> list[str]:
    """What follows the availability that a funds type announces."""
    if funds_type == "S":
        return list(rest[3:])
    if funds_type == "V":
        return list(rest[2:])
    if funds_type == "D":
        if not rest:
            raise unreadable(record.place, "a number of distributions")
        return list(rest[1 + 2 * number_of(rest[0], f"{record.place}, distributions") :])
    if funds_type not in {"", "0", "1", "2", "Z"}:
        raise unreadable(f"{record.place}, funds type", "0, 1, 2, D, S, V or Z")
    return list(rest)


def _detail(record: _Record, account: str, as_of: date) -> BankDeposit | None:
    """A credit, or None for a debit."""
    code = number_of(record.field(1, "a type code"), f"{record.place}, type code")
    cents = number_of(record.field(2, "the amount"), f"{record.place}, amount")
    if code not in _CREDIT_CODES or not cents:
        return None
    funds = record.fields[3] if len(record.fields) > 3 else ""  # noqa: PLR2004 - the fourth field
    bank_reference, customer_reference, *text = [
        *_after_funds(funds, record.fields[4:], record),
        "",
        "",
    ]
    trace, payer = trace_in(",".join(text))
    return BankDeposit(
        form="bai2",
        account=account,
        reference=bank_reference or customer_reference,
        amount_cents=cents,
        deposited_on=as_of,
        trace_number=trace,
        payer_identifier=payer,
    )
