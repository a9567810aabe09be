"""Whether claims of an 835 balance, worked out for many together.

Every step goes over all the claims at once, for a step for each segment would cost more than the
segment. What this cannot tell is left to `remittance_835.balance_claim`.
"""

from __future__ import annotations

from itertools import accumulate, compress, islice
from operator import add, sub
from typing import TYPE_CHECKING, NamedTuple

from .amounts import decimal_of
from .remittance_kinds import CAS, CLP, SVC, only

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_IS_CLP, _IS_SVC, _IS_CAS = only(CLP), only(SVC), only(CAS)
_CLP, _SVC, _CAS = bytes((CLP,)), bytes((SVC,)), bytes((CAS,))
_OTHERS = bytes(set(range(256)) - {CLP, SVC, CAS})
_UNUSUAL = "unusual"


class Sums(NamedTuple):
    """What claims that all balance come to: Σ CLP04, and how many lines they have."""

    paid_cents: int
    line_count: int


class _Level(NamedTuple):
    """All claims, or all lines: what each was charged, paid and adjusted by, in cents."""

    charged: list[int]
    paid: list[int]
    adjusted: list[int]


def sums_if_balanced(segments: Sequence[str], kinds: bytes, cut: str) -> Sums | None:
    """Sum up whole claims, if every one of them balances at line and claim level.

    Parameters
    ----------
    segments
        Those of one or more claims, from a CLP or an LX on.
    kinds
        The kind of each.
    cut
        The element separator.

    Returns
    -------
    Sums or None
        None when a claim does not balance, or has a malformed segment or an amount written
        unusually: each claim is to be looked at by itself.
    """
    # One letter for each CLP, SVC and CAS; a CAS belongs to the CLP or SVC before it.
    shape = kinds.translate(None, _OTHERS)
    try:
        claims, lines = _levels(segments, kinds, shape, cut)
    except (IndexError, ValueError):
        return None
    line_counts = list(map(len, shape.replace(_CAS, b"").split(_CLP)[1:]))
    if _balance(claims, lines, line_counts):
        return Sums(sum(claims.paid), len(lines.paid))
    return None


def _balance(claims: _Level, lines: _Level, line_counts: list[int]) -> bool:
    """Say whether all lines balance, and all claims, which have so many lines each.

    Where lines balance and their charges add up to the claim's, the claim's own equation comes to
    CLP04 + Σ CAS of the claim = Σ SVC03; without lines, to CLP04 + Σ CAS = CLP03.
    """
    charged, owed = _sums(lines.charged, line_counts), _sums(lines.paid, line_counts)
    if 0 in line_counts:
        for claim, count in enumerate(line_counts):
            if not count:
                charged[claim] = owed[claim] = claims.charged[claim]
    return (
        list(map(add, lines.paid, lines.adjusted)) == lines.charged
        and list(map(add, claims.paid, claims.adjusted)) == owed
        and claims.charged == charged
    )


def _levels(
    segments: Sequence[str], kinds: bytes, shape: bytes, cut: str
) -> tuple[_Level, _Level]:
    """Read the amounts of claims and of lines.

    Raises
    ------
    IndexError, ValueError
        When one of the segments or amounts needs a closer look.
    """
    claims = [clp.split(cut, 5) for clp in compress(segments, kinds.translate(_IS_CLP))]
    lines = [svc.split(cut, 4) for svc in compress(segments, kinds.translate(_IS_SVC))]
    trios, trio_counts = _trios(list(compress(segments, kinds.translate(_IS_CAS))), cut)
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
    cas_counts = map(len, shape.replace(_SVC, _CLP).split(_CLP)[1:])
    adjusted = _sums(cents, _sums(trio_counts, cas_counts))
    owners = shape.replace(_CAS, b"")
    return (
        _Level(claims_charged, claims_paid, list(compress(adjusted, owners.translate(_IS_CLP)))),
        _Level(lines_charged, lines_paid, list(compress(adjusted, owners.translate(_IS_SVC)))),
    )


def _sums(values: Iterable[int], counts: Iterable[int]) -> list[int]:
    """Sum up values by runs: the first so many, the next so many, and so on."""
    running = list(accumulate(values, initial=0))
    bounds = list(map(running.__getitem__, accumulate(counts, initial=0)))
    return list(map(sub, bounds[1:], bounds))


def _trios(segments: list[str], cut: str) -> tuple[list[str], list[int]]:
    """Give the amounts of CAS segments, and how many each has.

    Raises
    ------
    IndexError, ValueError
        When a CAS is anything but whole trios with correct quantities.
    """
    # What comes after CAS and the group: reason, amount, quantity, reason, amount and so on.
    rests = [segment.split(cut, 2)[2] for segment in segments]
    cuts = [rest.count(cut) for rest in rests]
    ends = {count % 3 for count in set(cuts)}
    if 0 in ends:
        raise ValueError(_UNUSUAL)
    if 2 in ends:  # noqa: PLR2004
        # The last trio may have its quantity or leave it out.
        fill = ("", cut, "")
        rests = [rest + fill[count % 3] for rest, count in zip(rests, cuts, strict=True)]
        elements = cut.join(rests).split(cut)
    else:
        elements = (cut + cut).join(rests).split(cut) if rests else []
    if not all(elements[::3]):
        raise ValueError(_UNUSUAL)
    for quantity in filter(None, elements[2::3]):
        decimal_of(quantity)
    return elements[1::3], [count // 3 + 1 for count in cuts]


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
