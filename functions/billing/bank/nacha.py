"""NACHA files: records of 94 characters. CCD entries with one addenda (CCD+) carry the 835's TRN."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from functions.billing.bank.deposits import (
    BankDeposit,
    day_of,
    number_of,
    numbered,
    trace_in,
    unreadable,
)

RECORD_LENGTH = 94
_CREDITS = frozenset({"22", "32", "42", "52"})
"""Transaction codes of a credit: checking, savings, general ledger, loan. Prenotes and debits are no deposits."""
_ADDENDA_OF_PAYMENT = "05"


@dataclass(slots=True)
class _Batch:
    """What a batch has said until its control record."""

    company: str
    settles: str
    place: str
    records: int = 0
    credit_cents: int = 0
    entries: list[tuple[str, str]] = field(default_factory=list)


def read_nacha(text: str) -> tuple[BankDeposit, ...]:
    """Every credit of the file.

    Raises
    ------
    ContractError
        If a record is malformed or a control total does not hold.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    deposits: list[BankDeposit] = []
    batch: _Batch | None = None
    total_cents = 0
    is_closed = False
    for number, line in enumerate(lines, start=1):
        place = f"record {number}"
        if len(line) != RECORD_LENGTH:
            raise unreadable(place, f"{RECORD_LENGTH} characters")
        match line[0]:
            case "1" if number == 1:
                pass
            case "5" if batch is None and not is_closed:
                batch = _Batch(company=line[40:50].strip(), settles=line[69:75], place=place)
            case "6" if batch is not None:
                _take_entry(batch, line, place)
            case "7" if batch is not None and batch.entries:
                _take_addenda(batch, line)
            case "8" if batch is not None:
                _check_batch(batch, line, place)
                deposits += _deposits(batch)
                total_cents += batch.credit_cents
                batch = None
            case "9" if batch is None:
                is_closed = _check_file(
                    is_closed=is_closed, line=line, total=total_cents, place=place
                )
            case _:
                raise unreadable(place, "a record of its place: 1, 5, 6, 7, 8, 9 in their order")
    if not is_closed:
        raise unreadable(f"record {len(lines) + 1}", "a file control record (9)")
    return numbered(deposits)


def _take_entry(batch: _Batch, line: str, place: str) -> None:
    batch.records += 1
    cents = number_of(line[29:39], f"{place}, amount")
    if line[1:3] in _CREDITS:
        batch.credit_cents += cents
    batch.entries.append((line, ""))


def _take_addenda(batch: _Batch, line: str) -> None:
    batch.records += 1
    entry, said = batch.entries[-1]
    if line[1:3] == _ADDENDA_OF_PAYMENT:
        batch.entries[-1] = (entry, said + line[3:83].rstrip())


def _check_batch(batch: _Batch, line: str, place: str) -> None:
    if number_of(line[4:10], f"{place}, count") != batch.records:
        raise unreadable(f"{place}, count", f"{batch.records} entries and addenda")
    if number_of(line[32:44], f"{place}, credits") != batch.credit_cents:
        raise unreadable(f"{place}, credits", "the sum of the batch's credits")


def _check_file(*, is_closed: bool, line: str, total: int, place: str) -> bool:
    """The control record; after it only filling records of nines."""
    if is_closed:
        if line.strip("9"):
            raise unreadable(place, "nothing after the file control record")
        return True
    if number_of(line[43:55], f"{place}, credits") != total:
        raise unreadable(f"{place}, credits", "the sum of the file's credits")
    return True


def _deposits(batch: _Batch) -> Iterator[BankDeposit]:
    for entry, said in batch.entries:
        if entry[1:3] not in _CREDITS:
            continue
        trace, payer = trace_in(said)
        yield BankDeposit(
            form="nacha",
            account=entry[12:29].strip(),
            reference=entry[79:94].strip(),
            amount_cents=number_of(entry[29:39], batch.place),
            deposited_on=day_of(batch.settles, f"{batch.place}, effective entry date"),
            trace_number=trace,
            payer_identifier=payer or batch.company,
        )
