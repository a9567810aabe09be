"""Write transactions: the counts in SE, GE and IEA are computed, all else is as given."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from .errors import X12Error
from .rendering import render
from .separators import DEFAULT_SEPARATORS, Separators

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .envelope import Group, Interchange, Transaction


def write(transactions: Iterable[Transaction], *, separators: Separators | None = None) -> bytes:
    """Write transactions to bytes; see `write_to`."""
    return b"".join(_written(transactions, separators))


def write_to(
    file: BinaryIO, transactions: Iterable[Transaction], *, separators: Separators | None = None
) -> None:
    """Write transactions to a file, one at a time.

    Consecutive transactions that share one `Interchange` object, or one `Group` object, are
    written under one ISA, or GS.
    The same transactions give the same bytes.

    Parameters
    ----------
    file
        An open binary file.
    transactions
        From `address`, or from `read`.
    separators
        Characters to write with in place of each interchange's own.

    Raises
    ------
    X12Error
        ``separator_in_text`` when an element contains a separator.
    """
    file.writelines(_written(transactions, separators))


def _written(transactions: Iterable[Transaction], separators: Separators | None) -> Iterator[bytes]:
    writer = _Writer(separators)
    for transaction in transactions:
        yield writer.take(transaction)
    yield writer.close_interchange()


class _Writer:
    """What is open, and what it has counted."""

    def __init__(self, separators: Separators | None) -> None:
        self.wanted = separators
        self.separators = separators or DEFAULT_SEPARATORS
        self.interchange: Interchange | None = None
        self.group: Group | None = None
        self.group_count = self.transaction_count = 0

    def take(self, transaction: Transaction) -> bytes:
        """Write one transaction with whatever must close or open before it."""
        envelope = transaction.envelope
        lead = b""
        # Two interchanges, or groups, may look alike, so only the same object keeps one open.
        if envelope.interchange is not self.interchange:
            lead += self.close_interchange()
            self.interchange = envelope.interchange
            self.separators = self.wanted or envelope.interchange.separators
            lead += self._isa(envelope.interchange)
        if envelope.group is not self.group:
            lead += self._close_group()
            if envelope.group is not None:
                self.group = envelope.group
                self.group_count += 1
                lead += self._line(("GS", *envelope.group.elements))
        if envelope.group is not None:
            self.transaction_count += 1
        return lead + self._transaction(transaction)

    def close_interchange(self) -> bytes:
        """Write GE and IEA for what is open."""
        if self.interchange is None:
            return b""
        written = self._close_group()
        number = self.interchange.control_number
        written += self._line(("IEA", str(self.group_count), number))
        self.interchange = None
        self.group_count = 0
        return written

    def _close_group(self) -> bytes:
        if self.group is None:
            return b""
        written = self._line(("GE", str(self.transaction_count), self.group.control_number))
        self.group = None
        self.transaction_count = 0
        return written

    def _isa(self, interchange: Interchange) -> bytes:
        separators = self.separators
        elements = list(interchange.elements)
        if self.wanted is not None:
            if separators.repetition:
                elements[10] = separators.repetition
            elements[15] = separators.component
        return self._line(("ISA", *elements))

    def _line(self, elements: tuple[str, ...]) -> bytes:
        separators = self.separators
        # The envelope has no composites, so only these two could break it.
        taken = (separators.element, separators.segment)
        if any(each in element for element in elements for each in taken):
            raise X12Error(
                "separator_in_text",
                expected="no element to contain a separator of the interchange",
                segment_id=elements[0],
            )
        end = separators.segment + separators.line_break
        return (separators.element.join(elements) + end).encode("latin-1")

    def _transaction(self, transaction: Transaction) -> bytes:
        separators = self.separators
        own = transaction.envelope.interchange.separators
        try:
            written = render(transaction.segments, own, separators)
        except X12Error as error:
            raise X12Error(
                error.code,
                expected=error.expected,
                interchange=transaction.envelope.interchange.control_number,
                transaction=transaction.envelope.control_number,
                segment_id=error.segment_id,
            ) from None
        end = separators.segment + separators.line_break
        return (end.join(written) + end).encode("latin-1")
