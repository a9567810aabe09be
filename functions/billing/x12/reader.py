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

    from .errors import X12Error
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
    return scan(file, name, WholeBody, gives_ta1=True)


class WholeBody(Body):
    """A transaction held whole."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        super().__init__(envelope, byte_start)
        self.run = Run()

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:
        """Take segments from ``start``; see `Body.feed`."""
        stop = self._stop_at(batch, start)
        self.run.extend(batch, start, stop)
        self.segment_count = len(self.run.segments)
        return stop
        yield

    def finish(self, byte_end: int) -> Iterator[Any]:
        """Give what remains; see `Body.finish`."""
        yield Transaction(self.envelope, self._model(), self.byte_start, byte_end, self.se)

    def faults(self) -> Iterator[X12Error]:
        """Give what else is wrong."""
        # Imported here: only refusals need the dictionary.
        from .faults import faults_of  # noqa: PLC0415

        if self.run.segments and self.envelope.kind in _MODELS:
            yield from faults_of(self._model())

    def _model(self) -> Any:
        model = _MODELS.get(self.envelope.kind, Loop)
        separators = self.envelope.interchange.separators
        return model.of(self.run.segments, separators, self.origin(2, self.run))

    def evidence(self) -> bytes:
        """Give the bytes held."""
        separators = self.envelope.interchange.separators
        end = separators.segment + separators.line_break
        st = separators.element.join(("ST", *self.envelope.st))
        return raw_of((st, *self.run.segments), end)
