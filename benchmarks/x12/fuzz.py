"""Throws damaged and random bytes at the readers: ``python -m benchmarks.x12.fuzz --bytes 10000000``.

Whatever comes in, the readers must end, must raise nothing, must place what they give within the
file, must agree with one another, and must never call a payment balanced that is not. A second
balance, written apart from the readers and with fractions, is the judge.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from functions.billing.x12 import (
    ClaimInContext,
    ClaimPayment,
    Envelope,
    Refusal,
    RemittanceEnd,
    RemittanceStart,
    Transaction,
    X12Error,
    read,
    stream_835,
    stream_837,
    write,
)
from functions.billing.x12.tokens import segments

SECONDS_PER_CASE_MAX = 10.0
_AMOUNT = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")


class FuzzError(AssertionError):
    """A promise was broken; ``content`` is the input that broke it."""

    def __init__(self, what: str, content: bytes) -> None:
        super().__init__(what)
        self.content = content


@dataclass
class Tally:
    """What a run has seen."""

    cases: int = 0
    size: int = 0
    transactions: int = 0
    refusals: int = 0
    balanced: int = 0
    unbalanced: int = 0


def _amount(text: str) -> Fraction:
    if not _AMOUNT.fullmatch(text):
        raise ValueError(text)
    value = Fraction(text)
    if (value * 100).denominator != 1:
        raise ValueError(text)
    return value


def is_balanced(segments: tuple[str, ...], cut: str) -> bool:
    """Balance the segments between ST and SE of an 835; malformed amounts don't balance."""
    try:
        return _is_balanced([segment.split(cut) for segment in segments])
    except (ValueError, IndexError):
        return False


def _trios(elements: list[str]) -> Fraction:
    total = Fraction(0)
    for at in range(2, len(elements), 3):
        trio = [*elements[at : at + 3], "", ""][:3]
        if trio[0] and trio[1]:
            total += _amount(trio[1])
        elif any(trio):
            raise ValueError(trio)
    return total


def _is_balanced(  # noqa: C901, PLR0912 - written apart from the readers, in one piece
    segments: list[list[str]],
) -> bool:
    paid = withheld = payment = Fraction(0)
    claim: list[Fraction] | None = None  # charge, paid, adjusted, charges of lines
    line: list[Fraction] | None = None  # charge, paid, adjusted
    lines = 0

    def close_line() -> bool:
        return line is None or line[0] - line[2] == line[1]

    def close_claim() -> bool:
        if claim is None:
            return True
        return (
            close_line() and claim[0] - claim[2] == claim[1] and (not lines or claim[3] == claim[0])
        )

    for elements in segments:
        name = elements[0]
        if name in {"CLP", "LX", "PLB"}:
            if not close_claim():
                return False
            claim = line = None
            lines = 0
        if name == "BPR" and not payment:
            payment = _amount(elements[2])
        elif name == "CLP":
            claim = [_amount(elements[3]), _amount(elements[4]), Fraction(0), Fraction(0)]
            paid += claim[1]
        elif name == "SVC":
            if claim is None or not close_line():
                return False
            line = [_amount(elements[2]), _amount(elements[3]), Fraction(0)]
            lines += 1
            claim[3] += line[0]
        elif name == "CAS":
            adjusted = _trios(elements)
            if claim is None:
                return False
            claim[2] += adjusted
            if line is not None:
                line[2] += adjusted
        elif name == "PLB":
            for at in range(3, len(elements), 2):
                written, amount = [*elements[at : at + 2], ""][:2]
                if written and amount:
                    withheld += _amount(amount)
                elif written or amount:
                    return False
    return close_claim() and paid - withheld == payment


def _segments_of(content: bytes) -> list[str]:
    return [each[0] for each in segments(content) if isinstance(each, tuple)]


def examine(content: bytes, tally: Tally) -> None:
    """Read one input every way there is.

    Raises
    ------
    FuzzError
        When a promise is broken.
    """
    started = time.perf_counter()
    tally.cases += 1
    tally.size += len(content)
    try:
        _examine(content, tally)
    except FuzzError:
        raise
    except Exception as error:
        raise FuzzError(f"{type(error).__name__} raised", content) from error
    if time.perf_counter() - started > SECONDS_PER_CASE_MAX:
        raise FuzzError("it takes too long", content)


def _examine(content: bytes, tally: Tally) -> None:
    items = list(read(content))
    whole: dict[int, Transaction] = {}
    for item in items:
        if not -1 <= item.byte_start <= item.byte_end <= len(content):
            raise FuzzError("bytes outside of the file", content)
        if isinstance(item, Refusal):
            tally.refusals += 1
            str(item.error)
            continue
        tally.transactions += 1
        whole[item.byte_start] = item
        item.body.unknown_segments()
        for _ in item.body.problems():
            pass
    _examine_writing(items, content)
    _examine_remittances(content, whole, tally)
    for each in stream_837(content):
        if isinstance(each, ClaimInContext):
            for _ in each.claim.problems():
                pass


def _examine_writing(items: list[Transaction | Refusal], content: bytes) -> None:
    transactions = [item for item in items if isinstance(item, Transaction)]
    if len(transactions) != len(items) or not items:
        return
    # Counts with leading zeros are right, and are written without them.
    before = [re.sub(r"^(GE|IEA)(.)0+(?=[0-9])", r"\1\2", s) for s in _segments_of(content)]
    if any(
        not each.group or not each.group.elements
        for each in (t.envelope for t in transactions)
        if each.kind != "TA1"
    ):
        return
    after = _segments_of(write(transactions))
    if _without_empty_groups(before) != _without_empty_groups(after):
        raise FuzzError("read and write differ", content)


def _without_empty_groups(segments: list[str]) -> list[str]:
    """Leave out trailers and headers: an empty group, or interchange, is not written again."""
    names = ("ISA", "IEA", "GS", "GE")
    return [s for s in segments if not s.startswith(names)]


def _examine_remittances(content: bytes, whole: dict[int, Transaction], tally: Tally) -> None:
    envelope: Envelope | None = None
    start = -1
    for item in stream_835(content):
        if isinstance(item, RemittanceStart):
            envelope, start = item.envelope, item.byte_start
        elif isinstance(item, ClaimPayment):
            if not 0 <= item.byte_start < item.byte_end <= len(content):
                raise FuzzError("a claim outside of the file", content)
        elif isinstance(item, RemittanceEnd):
            if envelope is None or item.byte_start != start:
                raise FuzzError("an end without its start", content)
            _examine_verdict(item, whole[start], content)
            tally.balanced += item.balance.is_balanced
            tally.unbalanced += not item.balance.is_balanced


def _examine_verdict(end: RemittanceEnd, whole: Transaction, content: bytes) -> None:
    cut = whole.envelope.interchange.separators.element
    judged = is_balanced(whole.body.segments, cut)
    if end.balance.is_balanced != judged:
        raise FuzzError(f"balanced {end.balance.is_balanced}, judged {judged}", content)
    try:
        other = whole.body.balance
    except X12Error as error:
        raise FuzzError("the whole cannot be balanced, the stream can", content) from error
    if other != end.balance:
        raise FuzzError("stream and whole differ", content)


Mutation = Callable[[random.Random, bytes], bytes]


def _flip(draw: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.randint(1, 8)):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut(draw: random.Random, content: bytes) -> bytes:
    start = draw.randrange(len(content))
    return content[:start] + content[start + draw.randint(1, 200) :]


def _insert(draw: random.Random, content: bytes) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + draw.randbytes(draw.randint(1, 60)) + content[at:]


def _truncate(draw: random.Random, content: bytes) -> bytes:
    return content[: draw.randrange(len(content))]


def _splice(draw: random.Random, content: bytes) -> bytes:
    at, start = draw.randrange(len(content)), draw.randrange(len(content))
    return content[:at] + content[start : start + draw.randint(1, 400)] + content[at:]


def _change_segments(draw: random.Random, content: bytes) -> bytes:
    segments = content.split(b"~")
    for _ in range(draw.randint(1, 4)):
        at, other = draw.randrange(len(segments)), draw.randrange(len(segments))
        match draw.randrange(4):
            case 0:
                segments.insert(other, segments[at])
            case 1:
                del segments[at]
                segments = segments or [b""]
            case 2:
                segments[at], segments[other] = segments[other], segments[at]
            case _:
                segments[at] = segments[at] + b"*" * draw.randint(1, 3)
    return b"~".join(segments)


_ODD = (b"", b"0", b"-0", b"1E5", b"NaN", b".5", b"5.", b"-.01", b"00012.10", b"1.005", b"9" * 25)


def _change_elements(draw: random.Random, content: bytes) -> bytes:
    segments = content.split(b"~")
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(segments))
        elements = segments[at].split(b"*")
        which = draw.randrange(len(elements))
        if draw.randrange(2):
            elements[which] = draw.choice(_ODD)
        else:
            elements[which] = str(draw.randrange(-50_000, 50_000) / 100).encode()
        segments[at] = b"*".join(elements)
    return b"~".join(segments)


def _break_lines(draw: random.Random, content: bytes) -> bytes:
    end = draw.choice((b"~\n", b"~\r\n", b"~ \n", b"\n~", b"~~"))
    if draw.randrange(2):
        return content.replace(b"~", end)
    return content.replace(b"~", end, draw.randint(1, 20))


def _recount(draw: random.Random, content: bytes) -> bytes:
    """Damage the inside and mend the count, so that the damage is not refused at once."""
    changed = draw.choice((_change_segments, _change_elements))(draw, content)

    def counted(match: re.Match[bytes]) -> bytes:
        return b"ST*" + match[1] + b"~SE*%d*" % (match[1].count(b"~") + 2)

    return re.sub(rb"ST\*(.*?)~SE\*[0-9]*\*", counted, changed, flags=re.DOTALL)


MUTATIONS: tuple[Mutation, ...] = (
    _flip,
    _cut,
    _insert,
    _truncate,
    _splice,
    _change_segments,
    _change_elements,
    _change_elements,
    _break_lines,
    _recount,
    _recount,
    _recount,
)


def inputs(seeds: list[bytes], seed: int) -> Iterator[bytes]:
    """Give damaged files without end: most from valid ones, some of bytes alone."""
    draw = random.Random(seed)  # noqa: S311
    while True:
        if draw.randrange(20) == 0:
            yield draw.randbytes(draw.randint(0, 3_000))
            continue
        content = draw.choice(seeds)
        if draw.randrange(5) == 0:
            content += draw.choice(seeds)
        for _ in range(draw.choice((1, 1, 2, 3))):
            if content:
                content = draw.choice(MUTATIONS)(draw, content)
        yield content


def run(seeds: list[bytes], bytes_wanted: int, seed: int) -> Tally:
    """Examine inputs until so many bytes have been read.

    Raises
    ------
    FuzzError
        At the first promise broken.
    """
    tally = Tally()
    for content in inputs(seeds, seed):
        examine(content, tally)
        if tally.size >= bytes_wanted:
            return tally
    return tally


def main() -> int:
    """Run from the command line; a failing input is written beside the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", default="x12-fuzz-failure.bin", help="where to keep a failure")
    options = parser.parse_args()
    from tests.unit.x12.seeds import seeds  # noqa: PLC0415 - the tests' files are the seeds

    started = time.perf_counter()
    try:
        tally = run(seeds(), options.bytes, options.seed)
    except FuzzError as failure:
        with open(options.keep, "wb") as file:  # noqa: PTH123
            file.write(failure.content)
        print(f"FAILED: {failure}; the input is in {options.keep}", file=sys.stderr)
        return 1
    print(f"{tally} in {time.perf_counter() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
