"""Rule sets as functions read them: which version judges is heard from AppConfig, what it says is evidence."""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.billing.adapters.documents import S3Evidence
from functions.billing.adapters.roll_outs import AppConfigDeployments, AppConfigRollOuts
from functions.billing.adapters.rule_sets import StoredRuleSets, keep
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rule_versions.lifecycle import VersionState
from functions.billing.domain.rule_versions.roll_out import (
    Assignment,
    Cohort,
    RollOutState,
    Trial,
)
from functions.billing.ports import content_key
from tests.contract.test_documents import buckets
from tests.fakes import NOON
from tests.in_memory_appconfig import PROFILE, STRATEGIES, InMemoryAppConfig


class Published:
    """Rule sets on the buckets of a stage, rolled out by AppConfig."""

    def __init__(self, *, poll_seconds: float = 0) -> None:
        self.evidence = S3Evidence(buckets(), bucket="evidence")
        self.app_config = InMemoryAppConfig()
        self.deployments = AppConfigDeployments(self.app_config, PROFILE, STRATEGIES)
        self.heard = AppConfigRollOuts(lambda: self.app_config, PROFILE, poll_seconds=poll_seconds)
        self.rule_sets = StoredRuleSets(self.heard, self.evidence)

    def publish(self, content: Mapping[str, Any]) -> str:
        version = keep(self.evidence, "scrub", content)
        self.roll_out(Assignment(version))
        return version

    def roll_out(self, assignment: Assignment, *, at_once: bool = True) -> bool:
        return self.deployments.deploy({"scrub": assignment}, at_once=at_once, why="test")


def as_it_is(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return content


@pytest.fixture
def published(aws: None) -> Published:  # noqa: ARG001
    return Published()


def test_the_active_version_is_the_one_rolled_out_last(published: Published) -> None:
    published.publish({"name": "first"})
    assert published.rule_sets.active("scrub", as_it_is) == {"name": "first"}

    version = published.publish({"name": "second"})

    assert published.rule_sets.active("scrub", as_it_is) == {"name": "second"}
    canonical = json.dumps({"name": "second"}, separators=(",", ":")).encode()
    assert version == f"sha256:{hashlib.sha256(canonical).hexdigest()}"


def test_a_version_once_published_stays_readable_under_its_hash(published: Published) -> None:
    first = published.publish({"name": "first"})
    published.publish({"name": "second"})

    assert published.rule_sets.at("scrub", first, as_it_is) == {"name": "first"}
    assert published.evidence.fetch(content_key("scrub", first)) == b'{"name":"first"}'


def test_numbers_of_a_rule_set_are_exact(published: Published) -> None:
    key = content_key("scrub", "sha256:exact")
    published.evidence.keep(key, b'{"rate":0.1}', content_type="application/json")

    assert published.rule_sets.at("scrub", "sha256:exact", as_it_is)["rate"] == Decimal("0.1")


def test_a_rule_set_is_read_once_for_each_version(published: Published) -> None:
    readings: list[Mapping[str, Any]] = []

    def read(content: Mapping[str, Any]) -> int:
        readings.append(content)
        return len(readings)

    published.publish({"name": "first"})

    assert [published.rule_sets.active("scrub", read) for _ in range(3)] == [1, 1, 1]


def test_a_rule_set_nobody_published_is_named(published: Published) -> None:
    published.publish({"name": "first"})

    with pytest.raises(RuleSetError, match="rule_set_not_published: rule_set:denials"):
        published.rule_sets.active("denials", as_it_is)


def test_a_version_without_content_is_an_error_and_no_empty_rule_set(published: Published) -> None:
    published.roll_out(Assignment("sha256:lost"))

    with pytest.raises(RuleSetError, match="rule_set_content_missing"):
        published.rule_sets.active("scrub", as_it_is)


def test_a_trial_is_heard_as_it_was_rolled_out(published: Published) -> None:
    trial = Trial(
        version="sha256:new",
        stage=VersionState.CANARY,
        since=NOON,
        cohort=Cohort(share_percent=5, payers=("BLUEPEAK",)),
    )
    published.roll_out(Assignment("sha256:old", trial))

    assert published.rule_sets.rolled_out("scrub") == Assignment("sha256:old", trial)
    assert published.deployments.deployed() == {"scrub": Assignment("sha256:old", trial)}


def test_appconfig_is_asked_once_within_the_time_an_answer_holds(aws: None) -> None:  # noqa: ARG001
    published = Published(poll_seconds=3_600)
    published.publish({"name": "first"})

    for _ in range(5):
        published.rule_sets.rolled_out("scrub")

    assert published.app_config.polls == 1


def test_what_was_heard_holds_while_appconfig_is_down_and_is_asked_anew(
    published: Published,
) -> None:
    published.publish({"name": "first"})
    first = published.rule_sets.rolled_out("scrub")

    published.app_config.is_down = True
    assert published.rule_sets.rolled_out("scrub") == first
    published.app_config.is_down = False
    published.publish({"name": "second"})

    assert published.rule_sets.rolled_out("scrub") != first


def test_a_function_that_never_heard_anything_says_so_for_its_workflow_to_try_again(
    published: Published,
) -> None:
    published.app_config.is_down = True

    with pytest.raises(ClientError, match="InternalServerException"):
        published.rule_sets.rolled_out("scrub")


def test_a_deployment_waits_for_the_one_before_unless_it_must_be_at_once(
    published: Published,
) -> None:
    published.app_config.is_staged_slow = True
    assert published.roll_out(Assignment("sha256:one"), at_once=False)
    assert published.deployments.state() is RollOutState.DEPLOYING

    assert not published.roll_out(Assignment("sha256:two"), at_once=False)
    assert published.roll_out(Assignment("sha256:three"), at_once=True)

    assert published.rule_sets.rolled_out("scrub") == Assignment("sha256:three")
    assert published.deployments.state() is RollOutState.SETTLED


def test_what_an_alarm_took_back_is_told_apart_from_what_stands(published: Published) -> None:
    published.app_config.is_staged_slow = True
    published.roll_out(Assignment("sha256:old"), at_once=True)
    published.roll_out(Assignment("sha256:new"), at_once=False)
    published.app_config.end_deployment("ROLLED_BACK")

    assert published.deployments.state() is RollOutState.TAKEN_BACK
    assert published.deployments.deployed() == {"scrub": Assignment("sha256:old")}


def test_the_client_really_has_the_calls(aws: None) -> None:  # noqa: ARG001
    """The two clients in memory are one object; the real ones must have what it offers."""
    offered = {name for name in vars(InMemoryAppConfig) if not name.startswith("_")}
    real = {
        *dir(boto3.client("appconfig", region_name="us-east-1")),
        *dir(boto3.client("appconfigdata", region_name="us-east-1")),
    }

    assert offered - real == {"end_deployment"}
