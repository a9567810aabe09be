"""Segments written with other separators, and the numbering of levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .errors import X12Error
from .separators import MODEL_SEPARATORS, Separators

ELEMENT = MODEL_SEPARATORS.element


def render(segments: Iterable[str], source: Separators, target: Separators) -> tuple[str, ...]:
    """Write segments with other separators.

    Raises
    ------
    X12Error
        ``separator_in_text`` when an element contains one of the separators wanted.
    """
    roles = ("element", "repetition", "component", "segment")
    before = [getattr(source, role) for role in roles]
    after = [getattr(target, role) for role in roles]
    if before == after:
        return tuple(segments)
    table = {ord(old): new for old, new in zip(before, after, strict=True) if old}
    kept = set(before)
    taken = "".join(each for each in after if each and each not in kept)
    written = []
    for segment in segments:
        if any(each in segment for each in taken):
            name = segment.partition(source.element)[0]
            raise X12Error(
                "separator_in_text",
                expected="no element to contain a separator of the interchange",
                segment_id=name,
            )
        written.append(segment.translate(table))
    return tuple(written)


def number_hierarchy(
    segments: Sequence[str],
    levels: Sequence[str],
    aliases: Mapping[str, str],
    *,
    last_level_says_children: bool,
) -> tuple[str, ...]:
    """Number the HL segments of a transaction made in memory.

    Parameters
    ----------
    segments
        Segments whose HL03 is set, in order, with the separators of models.
    levels
        HL03 codes from the top down.
    aliases
        HL03 codes to write instead of others, where a transaction calls a level by another name.
    last_level_says_children
        Whether the lowest level has an HL04; the status transactions leave it out.

    Returns
    -------
    tuple of str
        The same with HL01 counted, HL02 pointing at the parent and HL04 saying whether
        another level follows below.
    """
    places = [at for at, each in enumerate(segments) if each.startswith("HL" + ELEMENT)]
    codes = [segments[at].split(ELEMENT)[3] for at in places]
    codes = [aliases.get(code, code) for code in codes]
    written = list(segments)
    last: dict[int, int] = {}
    for number, (at, code) in enumerate(zip(places, codes, strict=True), 1):
        depth = levels.index(code)
        parent = next((last[up] for up in range(depth - 1, -1, -1) if up in last), 0)
        last = {level: known for level, known in last.items() if level < depth}
        last[depth] = number
        below = number < len(codes) and levels.index(codes[number]) > depth
        elements = ["HL", str(number), str(parent) if parent else "", code]
        if last_level_says_children or depth < len(levels) - 1:
            elements.append("1" if below else "0")
        written[at] = ELEMENT.join(elements)
    return tuple(written)
