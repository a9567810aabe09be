"""Read whole transactions of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from .acknowledgement_999 import ImplementationAcknowledgement
from .bodies import Body, Run, raw_of
from .claims_837 import InstitutionalClaims, ProfessionalClaims
from .eligibility_270 import EligibilityInquiry
from .eligibility_271 import EligibilityResponse
from .envelope import Envelope, Refusal, Transaction
from .loops import Loop
from .remittance_835 import Remittance
from .scan import scan
from .status_276 import StatusInquiry
from .status_277 import ClaimAcknowledgement, StatusResponse

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .tokens import Batch

_MODELS: dict[str, type[Any]] = {
    model.kind: model
    for model in (
        ProfessionalClaims,
        InstitutionalClaims,
        Remittance,
        EligibilityInquiry,
        EligibilityResponse,
        StatusInquiry,
        StatusResponse,
        ClaimAcknowledgement,
        ImplementationAcknowledgement,
    )
}


def read(file: BinaryIO | bytes, *, name: str = "") -> Iterator[Transaction | Refusal]:
    """Read every transaction of a file, one after the other.

    One transaction at a time is held in memory. A transaction that is broken is given as a
    refusal and its neighbours are read all the same; so are a group's or interchange's trailer
    that does not match, after the transactions they surround.

    Parameters
    ----------
    file
        An open binary file, or its content.
    name
        How errors name it.
    """
    return scan(file, name, _WholeBody, gives_ta1=True)


class _WholeBody(Body):
    """A transaction held whole."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        super().__init__(envelope, byte_start)
        self.run = Run()

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:
        stop = self._stop_at(batch, start)
        self.run.extend(batch, start, stop)
        self.segment_count = len(self.run.segments)
        return stop
        yield

    def finish(self, byte_end: int) -> Iterator[Any]:
        model = _MODELS.get(self.envelope.kind, Loop)
        body = model.of(
            self.run.segments, self.envelope.interchange.separators, self.origin(2, self.run)
        )
        yield Transaction(self.envelope, body, self.byte_start, byte_end)

    def evidence(self) -> bytes:
        separators = self.envelope.interchange.separators
        end = separators.segment + separators.line_break
        st = separators.element.join(("ST", *self.envelope.st))
        return raw_of((st, *self.run.segments), end)
