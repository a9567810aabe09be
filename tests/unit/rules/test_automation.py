"""Which mode a step runs in: the most specific setting wins."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rules.automation import Mode, automation_policy
from tests.unit.rules.claims import parsed


def policy(*settings: dict[str, str], default: str = "assist") -> Any:
    return automation_policy({"default": default, "settings": list(settings)})


def test_without_a_setting_the_default_holds() -> None:
    assert policy().mode("scrub_claim", "X", "L1") is Mode.ASSIST


def test_the_most_specific_setting_wins_whatever_its_place_in_the_list() -> None:
    settings = (
        {"mode": "observe"},
        {"mode": "assist", "step": "scrub_claim"},
        {"mode": "automate", "step": "scrub_claim", "payer_id": "X"},
        {"mode": "observe", "step": "scrub_claim", "payer_id": "X", "location_id": "L1"},
    )
    for ordered in itertools.permutations(settings):
        read = policy(*ordered)

        assert read.mode("scrub_claim", "X", "L1") is Mode.OBSERVE
        assert read.mode("scrub_claim", "X", "L2") is Mode.AUTOMATE
        assert read.mode("scrub_claim", "Y", "L1") is Mode.ASSIST
        assert read.mode("submit_claim", "X", "L1") is Mode.OBSERVE


def test_a_step_counts_more_than_a_payer_and_a_payer_more_than_a_location() -> None:
    read = policy(
        {"mode": "observe", "step": "scrub_claim"},
        {"mode": "automate", "payer_id": "X", "location_id": "L1"},
        {"mode": "assist", "location_id": "L1"},
    )

    assert read.mode("scrub_claim", "X", "L1") is Mode.OBSERVE
    assert read.mode("submit_claim", "X", "L1") is Mode.AUTOMATE
    assert read.mode("submit_claim", "Y", "L1") is Mode.ASSIST


def test_a_star_means_all() -> None:
    setting = {"mode": "observe", "step": "scrub_claim", "payer_id": "*", "location_id": "*"}

    assert policy(setting).mode("scrub_claim", "X", "L1") is Mode.OBSERVE


def test_the_example_observes_one_step_for_one_payer() -> None:
    read = automation_policy(parsed("automation/example.json"))

    assert read.mode("respond_to_denial", "OPENMKT", "L1") is Mode.OBSERVE
    assert read.mode("respond_to_denial", "BLUEPEAK", "L1") is Mode.AUTOMATE
    assert read.mode("submit_appeal", "STATECAID") is Mode.ASSIST


@pytest.mark.parametrize(
    "settings",
    [
        [{"mode": "sometimes"}],
        [{"step": "scrub_claim"}],
        [{"mode": "observe", "stage": "x"}],
        [{"mode": "observe", "payer_id": "X"}, {"mode": "assist", "payer_id": "X"}],
        [{"mode": "observe"}, {"mode": "assist", "step": "*"}],
    ],
)
def test_a_malformed_or_contradictory_policy_is_refused(settings: list[dict[str, str]]) -> None:
    with pytest.raises(RuleSetError):
        policy(*settings)


@given(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_every_step_payer_and_location_has_a_mode(step: str, payer: str, place: str) -> None:
    read = automation_policy(parsed("automation/example.json"))

    assert read.mode(step, payer, place) in Mode
