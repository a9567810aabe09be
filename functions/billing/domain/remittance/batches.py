"""How a payment's claims are cut into batches, and the manifest that says where each batch lies in its file.

A batch is a range of bytes, so a file of any size is posted in pieces that never meet in one memory. The manifest has
one line of fixed width for each batch: whoever posts the n-th reads that line and nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.billing.domain.errors import ContractError

CLAIMS_PER_BATCH = 100
BYTES_PER_BATCH = 262_144
"""A batch also ends here: claims of an institution may have hundreds of lines."""

LINE_BYTES = 64
_END = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Neighbouring claims of one payment: the first one's ordinal, and their bytes (`end_byte` exclusive)."""

    remittance_id: str
    first_ordinal: int
    start_byte: int
    end_byte: int


class BatchCutter:
    """Cuts one payment as its claims stream by; holds one range for each hundred claims."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int, int]] = []
        self._claims = 0

    def add(self, ordinal: int, start_byte: int, end_byte: int) -> None:
        """Take in the next claim, in file order."""
        if self._claims and self._fits(end_byte):
            first, start, _ = self._ranges[-1]
            self._ranges[-1] = (first, start, end_byte)
            self._claims += 1
        else:
            self._ranges.append((ordinal, start_byte, end_byte))
            self._claims = 1

    def _fits(self, end_byte: int) -> bool:
        _, start, _ = self._ranges[-1]
        return self._claims < CLAIMS_PER_BATCH and end_byte - start <= BYTES_PER_BATCH

    def __len__(self) -> int:
        """How many batches there are so far."""
        return len(self._ranges)

    def batches(self, remittance_id: str) -> Iterable[Batch]:
        """What was cut, for the payment of this name."""
        for first, start, end in self._ranges:
            yield Batch(
                remittance_id=remittance_id, first_ordinal=first, start_byte=start, end_byte=end
            )


def manifest_of(batches: Iterable[Batch]) -> bytes:
    """The batches of a file, one line of `LINE_BYTES` each."""
    return "".join(_line(batch) for batch in batches).encode()


def line_range(number: int) -> tuple[int, int]:
    """Where the line of the n-th batch, from zero, begins and ends (exclusive)."""
    return number * LINE_BYTES, (number + 1) * LINE_BYTES


def batch_of(line: bytes) -> Batch:
    """The batch that a manifest's line names.

    Raises
    ------
    ContractError
        If it is no whole line of a manifest.
    """
    words = line.decode("ascii", "replace").split()
    numbers = [word for word in words[1:] if word.isdigit()]
    if len(line) != LINE_BYTES or len(words) != len(numbers) + 1 or len(numbers) != 3:  # noqa: PLR2004 ordinal, start, end
        raise ContractError(
            "manifest_line_invalid", detail="expected a remittance id, an ordinal and two offsets"
        )
    first, start, end = map(int, numbers)
    return Batch(remittance_id=words[0], first_ordinal=first, start_byte=start, end_byte=end)


def _line(batch: Batch) -> str:
    words = (batch.remittance_id, batch.first_ordinal, batch.start_byte, batch.end_byte)
    return f"{' '.join(map(str, words)):<{LINE_BYTES - 1}}{_END}"
