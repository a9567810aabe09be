"""Looking for people where none may be found: in logs, events and dead letters.

The day's patients are invented, and so serve as canaries: if a name, a member id, a birth date or a
street of theirs turns up outside of the documents and tables, a real one would have.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Shorter words than this turn up by chance.
_LENGTH_MIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaks:
    """Where something was found that may not be there; the words themselves are not repeated."""

    words_looked_for: int
    texts_read: int
    places: tuple[str, ...]


def find_leaks(documents: Mapping[str, bytes], texts: Iterable[tuple[str, str]]) -> Leaks:
    """Look for every canary of the documents in texts, given as (place, text)."""
    words = canaries(documents.values())
    # One alternation, longest first, at word borders only.
    ordered = sorted(words, key=len, reverse=True)
    pattern = re.compile(
        r"(?<![A-Za-z0-9])(?:" + "|".join(map(re.escape, ordered)) + r")(?![A-Za-z0-9])"
    )
    places: list[str] = []
    read = 0
    for place, text in texts:
        read += 1
        if words and pattern.search(text):
            places.append(place)
    return Leaks(words_looked_for=len(words), texts_read=read, places=tuple(places))


def canaries(documents: Iterable[bytes]) -> set[str]:
    """What identifies a patient in these FHIR bundles."""
    found: set[str] = set()
    for document in documents:
        try:
            bundle = json.loads(document)
        except ValueError:
            continue
        for entry in bundle.get("entry", []) if isinstance(bundle, dict) else []:
            found.update(_of_resource(entry.get("resource", {})))
    return {word for word in found if len(word) >= _LENGTH_MIN}


def _of_resource(resource: Mapping[str, Any]) -> Iterator[str]:
    match resource.get("resourceType"):
        case "Patient":
            for name in resource.get("name", []):
                family = str(name.get("family", ""))
                yield family
                yield family.upper()
            for address in resource.get("address", []):
                yield from map(str, address.get("line", []))
            for telecom in resource.get("telecom", []):
                yield str(telecom.get("value", ""))
            born = str(resource.get("birthDate", ""))
            yield born
            yield born.replace("-", "")
        case "Coverage":
            yield str(resource.get("subscriberId", ""))
