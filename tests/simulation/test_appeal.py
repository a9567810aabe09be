"""The explorer over one appeal's sending: the payer has it once, or a person has the work."""

import pytest

from functions.billing.usecases import submit_appeal
from tests.simulation.environments import ENVIRONMENTS
from tests.simulation.scenario import examine
from tests.simulation.subjects.appeal import redriven

KEY_ONLY = ENVIRONMENTS[1]


def test_two_faults_anywhere_leave_an_appeal_sent_once_or_with_a_person() -> None:
    outcome = examine(redriven(KEY_ONLY, faults=2))

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 500


def test_an_appeal_whose_key_is_trusted_for_ever_is_seen_to_go_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(submit_appeal, "window_is_open", lambda *_: True)

    outcome = examine(redriven(KEY_ONLY, faults=2))

    assert {case.finding.kind for case in outcome.cases} == {"duplicate"}
