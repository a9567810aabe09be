"""Files of mixed transactions: 835s claim by claim, everything else whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from .reader import WholeBody
from .remittance_stream import RemittanceBody, RemittanceEnd, RemittanceStart
from .scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bodies import Body
    from .envelope import Envelope, Refusal, Transaction
    from .remittance_835 import ClaimPayment


def stream(
    file: BinaryIO | bytes, *, name: str = ""
) -> Iterator[Transaction | RemittanceStart | ClaimPayment | RemittanceEnd | Refusal]:
    """Read a file of any kinds of transactions.

    835s come as from `stream_835`, all others as from `read`.

    Parameters
    ----------
    file
        An open binary file, or its content.
    name
        How errors name it.
    """

    def body(envelope: Envelope, byte_start: int) -> Body:
        if envelope.kind == "835":
            return RemittanceBody(envelope, byte_start)
        return WholeBody(envelope, byte_start)

    return scan(file, name, body, gives_ta1=True)
