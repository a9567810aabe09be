"""The rule packs find nothing that is not excused, and every excuse is on record.

After a deliberate change: ``python -m tests.infrastructure.acknowledgements`` writes the file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.infrastructure.acknowledgements import GOLDEN, acknowledgements_in

if TYPE_CHECKING:
    from tests.infrastructure.synthesis import Synthesis

# Each pack names the same finding in its own words, so what is decided is counted by its reason.
REASONS_MAX = 18
REASON_WORDS_MIN = 6


def test_production_has_no_finding_that_is_not_acknowledged(production: Synthesis) -> None:
    assert sorted(production.findings) == []


def test_every_acknowledgement_and_its_reason_is_on_record(production: Synthesis) -> None:
    assert acknowledgements_in(production) == json.loads(GOLDEN.read_text())


def test_every_acknowledgement_excuses_a_finding_of_its_own_resource(
    production: Synthesis, unacknowledged: frozenset[tuple[str, str]]
) -> None:
    excused = {
        (entry["rule"], path)
        for entry in acknowledgements_in(production)
        for path in entry["resources"]
    }

    assert excused == unacknowledged


def test_acknowledgements_stay_few_and_give_a_reason(production: Synthesis) -> None:
    reasons = {entry["reason"] for entry in acknowledgements_in(production)}

    assert len(reasons) <= REASONS_MAX
    assert all(len(reason.split()) >= REASON_WORDS_MIN for reason in reasons)
