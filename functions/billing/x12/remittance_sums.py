"""Whether claims of an 835 balance, worked out for many together.

Every step goes over all the claims at once, for a step for each segment would cost more than the
segment. What this cannot tell is left to `remittance_835.balance_claim`.
"""

from __future__ import annotations

from itertools import accumulate, chain, compress, islice
from operator import add, ne, sub
from typing import TYPE_CHECKING, NamedTuple

from .amounts import decimal_of
from .kinds import only
from .remittance_kinds import CAS, CLP, SVC

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .separators import Separators

_IS_CLP, _IS_SVC, _IS_CAS = only(CLP), only(SVC), only(CAS)
_IS_CHOSEN = only(CLP, SVC, CAS)
_CLP, _SVC, _CAS = bytes((CLP,)), bytes((SVC,)), bytes((CAS,))
_OTHERS = bytes(set(range(256)) - {CLP, SVC, CAS})
# CAS01: those of 5010, which a file has nearly always.
_GROUPS = ("CO", "PR", "OA", "PI")
_UNUSUAL = "unusual"


class Sums(NamedTuple):
    """What claims come to, those apart that do not balance at line or claim level.

    Attributes
    ----------
    paid_cents
        Σ CLP04 of those that balance.
    line_count
        Their lines.
    off
        Which do not balance, counted from 0.
    """

    paid_cents: int
    line_count: int
    off: frozenset[int]


class _Level(NamedTuple):
    """All claims, or all lines: what each was charged, paid and adjusted by, in cents."""

    charged: list[int]
    paid: list[int]
    adjusted: list[int]


def sums_of(segments: Sequence[str], kinds: bytes, separators: Separators) -> Sums | None:
    """Sum up whole claims, and find those that do not balance.

    Parameters
    ----------
    segments
        Those of one or more claims, from a CLP or an LX on; more may follow.
    kinds
        The kind of each segment of the claims.
    separators
        Those of the interchange.

    Returns
    -------
    Sums or None
        None when one of the claims has a malformed segment or an amount written unusually, and
        must be looked at by itself.
    """
    # One letter for each CLP, SVC and CAS; a CAS belongs to the CLP or SVC before it.
    shape = kinds.translate(None, _OTHERS)
    try:
        claims, lines = _levels(segments, kinds, shape, separators)
    except (IndexError, ValueError):
        return None
    line_counts = list(map(len, shape.replace(_CAS, b"").split(_CLP)[1:]))
    off = _off(claims, lines, line_counts)
    return Sums(
        sum(claims.paid) - sum(claims.paid[claim] for claim in off),
        len(lines.paid) - sum(line_counts[claim] for claim in off),
        off,
    )


def _off(claims: _Level, lines: _Level, line_counts: list[int]) -> frozenset[int]:
    """Find the claims, of so many lines each, that do not balance or have a line that does not.

    Where lines balance and their charges add up to the claim's, the claim's own equation comes to
    CLP04 + Σ CAS of the claim = Σ SVC03; without lines, to CLP04 + Σ CAS = CLP03.
    """
    charged, owed = _sums(lines.charged, line_counts), _sums(lines.paid, line_counts)
    if 0 in line_counts:
        for claim, count in enumerate(line_counts):
            if not count:
                charged[claim] = owed[claim] = claims.charged[claim]
    lines_owed = list(map(add, lines.paid, lines.adjusted))
    claims_owed = list(map(add, claims.paid, claims.adjusted))
    if lines_owed == lines.charged and claims_owed == owed and claims.charged == charged:
        return frozenset()
    lines_off = _sums(map(ne, lines_owed, lines.charged), line_counts)
    found = zip(
        lines_off, map(ne, claims_owed, owed), map(ne, claims.charged, charged), strict=True
    )
    return frozenset(claim for claim, each in enumerate(found) if any(each))


def _levels(
    segments: Sequence[str], kinds: bytes, shape: bytes, separators: Separators
) -> tuple[_Level, _Level]:
    """Read the amounts of claims and of lines.

    Raises
    ------
    IndexError, ValueError
        When one of the segments or amounts needs a closer look.
    """
    cut = separators.element
    chosen = list(compress(segments, kinds.translate(_IS_CHOSEN)))
    claims = [clp.split(cut, 5) for clp in compress(chosen, shape.translate(_IS_CLP))]
    lines = [svc.split(cut, 4) for svc in compress(chosen, shape.translate(_IS_SVC))]
    cas = list(compress(chosen, shape.translate(_IS_CAS)))
    trios, trio_ends = _trios(cas, cut, separators.segment) if cas else ([], [])
    texts = [clp[3] for clp in claims]
    texts += [clp[4] for clp in claims]
    texts += [svc[2] for svc in lines]
    texts += [svc[3] for svc in lines]
    texts += trios
    cents = iter(cents_of_all(texts))
    sizes = len(claims), len(claims), len(lines), len(lines)
    claims_charged, claims_paid, lines_charged, lines_paid = (
        list(islice(cents, size)) for size in sizes
    )
    adjusted = _adjusted(cents, trio_ends, shape)
    owners = shape.replace(_CAS, b"")
    return (
        _Level(claims_charged, claims_paid, list(compress(adjusted, owners.translate(_IS_CLP)))),
        _Level(lines_charged, lines_paid, list(compress(adjusted, owners.translate(_IS_SVC)))),
    )


def _adjusted(cents: Iterable[int], trio_ends: Iterable[int], shape: bytes) -> list[int]:
    """Give what each CLP and each SVC is adjusted by: the sum of the CAS right after it."""
    cas_counts = map(len, shape.replace(_SVC, _CLP).split(_CLP)[1:])
    running = list(accumulate(cents, initial=0))
    after_cas = list(map(running.__getitem__, chain((0,), trio_ends)))
    return _steps(after_cas, accumulate(cas_counts, initial=0))


def _sums(values: Iterable[int], counts: Iterable[int]) -> list[int]:
    """Sum up values by runs: the first so many, the next so many, and so on."""
    return _steps(list(accumulate(values, initial=0)), accumulate(counts, initial=0))


def _steps(running: list[int], bounds: Iterable[int]) -> list[int]:
    """Give by how much a running sum grows between bounds."""
    reached = list(map(running.__getitem__, bounds))
    return list(map(sub, reached[1:], reached))


def _trios(segments: list[str], cut: str, mark: str) -> tuple[list[str], list[int]]:
    """Give the amounts of CAS segments, and how many there are up to the end of each.

    ``mark`` is what no element can hold: the segment terminator.

    Raises
    ------
    IndexError, ValueError
        When a CAS is anything but whole trios with correct quantities.
    """
    written = mark.join(["", *segments])
    for group in _GROUPS:
        written = written.replace(f"{mark}CAS{cut}{group}{cut}", f"{cut}{mark}{cut}")
    try:
        return _plain_trios(written, len(segments), cut, mark)
    except ValueError:
        rests = (_without_quantities(segment.split(cut, 2)[2], cut) for segment in segments)
        written = "".join([f"{cut}{mark}{cut}{rest}" for rest in rests])
        return _plain_trios(written, len(segments), cut, mark)


def _plain_trios(written: str, count: int, cut: str, mark: str) -> tuple[list[str], list[int]]:
    """Take trios without quantities, of so many CAS, each with a mark before it; see `_trios`."""
    # Reason, amount, quantity, reason, amount and so on. A mark at the end stands where the
    # last quantity would, and so do all others but the first if each CAS has whole trios.
    elements = f"{written}{cut}{mark}".split(cut)
    reasons, amounts, quantities = elements[2:-1:3], elements[3::3], elements[4::3]
    ends = list(compress(range(1, len(quantities) + 1), quantities))
    if not (all(reasons) and count == len(ends) == quantities.count(mark)):
        raise ValueError(_UNUSUAL)
    return amounts, ends


def _without_quantities(rest: str, cut: str) -> str:
    """Leave a CAS's quantities out, if they are correct."""
    elements = rest.split(cut)
    for quantity in filter(None, elements[2::3]):
        decimal_of(quantity)
    elements[2::3] = [""] * len(elements[2::3])
    return cut.join(elements).rstrip(cut)


# Every digit becomes 0, so that the shape of many amounts can be told at once.
_SHAPE = bytes.maketrans(b"123456789", b"000000000")
_TOO_LONG = b"0" * 17 + b".00,"


def cents_of_all(texts: list[str]) -> list[int]:
    """Give amounts in cents, all at once.

    This is `cents_of(decimal_of(text))` for each text, at a third of the time: amounts with two
    decimals are whole cents once the point is taken out.

    Raises
    ------
    ValueError
        When one of them needs a closer look.
    """
    written = (",".join(texts) + ",").encode()
    shape = written.translate(_SHAPE)
    count = len(texts)
    if shape.count(b".00,") != count:
        texts = [text if text[-3:-2] == "." else _padded(text) for text in texts]
        written = (",".join(texts) + ",").encode()
        shape = written.translate(_SHAPE)
    if (
        shape.count(b".00,") != count
        or shape.count(b".") != count
        or shape.translate(None, b"0.,-")
        or _TOO_LONG in shape
    ):
        raise ValueError(_UNUSUAL)
    values = list(map(int, written.translate(None, b".").split(b",")[:-1]))
    if len(values) != count:
        raise ValueError(_UNUSUAL)
    return values


def _padded(text: str) -> str:
    """Write an amount of no or one decimal with two; leave anything else as it is."""
    whole, _, fraction = text.partition(".")
    if len(fraction) > 1 or not (fraction or whole.strip("-")):
        return text
    return f"{whole}.{fraction:0<2}"
