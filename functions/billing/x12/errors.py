"""What is said when X12 content cannot be read, balanced or written.

Messages name places and expectations, never the values found in clinical or personal elements:
an error is logged and shown, and an element may hold a patient's name.
"""

from __future__ import annotations

from typing import Final


class X12Error(ValueError):
    """A place in a file, and what was expected there.

    Parameters
    ----------
    code
        A stable word for programs, such as ``segment_count`` or ``not_an_amount``.
    expected
        What should have stood there, in words.
    found
        What stood there; given only for envelope facts (counts, control numbers, versions),
        which carry no personal data.
    file
        Name given to the reader.
    interchange, group, transaction
        ISA13, GS06 and ST02 of the place; empty outside of them.
    segment_number
        Position of the segment: within the transaction, ST being 1, or within the interchange,
        ISA being 1, when the place is outside of any transaction. 0 when unknown.
    byte_offset
        Position of the segment's first byte in the file, from 0; -1 when unknown (a model made
        in memory).
    segment_id, element
        For example ``CLP`` and ``CLP03``; ``SVC01-2`` for a component.
    """

    def __init__(  # noqa: PLR0913 - each fact of the place has its own name
        self,
        code: str,
        *,
        expected: str,
        found: str = "",
        file: str = "",
        interchange: str = "",
        group: str = "",
        transaction: str = "",
        segment_number: int = 0,
        byte_offset: int = -1,
        segment_id: str = "",
        element: str = "",
    ) -> None:
        super().__init__(code)
        self.code: Final = code
        self.expected: Final = expected
        self.found: Final = found
        self.file: Final = file
        self.interchange: Final = interchange
        self.group: Final = group
        self.transaction: Final = transaction
        self.segment_number: Final = segment_number
        self.byte_offset: Final = byte_offset
        self.segment_id: Final = segment_id
        self.element: Final = element

    def __str__(self) -> str:
        found = f", found {self.found}" if self.found else ""
        where = self.place
        return f"{self.code}: expected {self.expected}{found}" + (f" ({where})" if where else "")

    @property
    def place(self) -> str:
        """The place in words: file, interchange, group, transaction, segment, byte, element."""
        parts = (
            ("", self.file),
            ("interchange ", self.interchange),
            ("group ", self.group),
            ("transaction ", self.transaction),
            ("segment ", str(self.segment_number) if self.segment_number else ""),
            ("byte ", str(self.byte_offset) if self.byte_offset >= 0 else ""),
            ("", self.element or self.segment_id),
        )
        return ", ".join(label + value for label, value in parts if value)

    def as_dict(self) -> dict[str, str | int]:
        """The same facts for a log line, a work item or JSON."""
        return {
            "code": self.code,
            "expected": self.expected,
            "found": self.found,
            "file": self.file,
            "interchange": self.interchange,
            "group": self.group,
            "transaction": self.transaction,
            "segment_number": self.segment_number,
            "byte_offset": self.byte_offset,
            "segment_id": self.segment_id,
            "element": self.element,
        }
