"""The rule commands against a practice in memory: what people see, and how they are told what to do next."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import rules as commands
from functions.billing.domain.claims.revisions import Judgement
from functions.billing.domain.rule_versions.lifecycle import digest_of
from functions.billing.domain.rule_versions.roll_out import Bound
from local.errors import LocalCloudError
from local.store import Store
from tests.in_memory_appconfig import PROFILE, STRATEGIES
from tests.unit.usecases.rule_world import ADA, BEN, RuleWorld

Run = Callable[..., Result]


@pytest.fixture
def world() -> RuleWorld:
    return RuleWorld()


@pytest.fixture
def run(world: RuleWorld, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the practice; a move is made as the function makes it."""
    where = SimpleNamespace(
        aws=SimpleNamespace(client={"appconfigdata": world.app_config}.__getitem__),
        deployment=SimpleNamespace(app_config={**PROFILE, **STRATEGIES}),
    )

    def move(*_: Any, data: dict[str, Any], **__: Any) -> Any:
        who, what, name = data.pop("actor"), data.pop("move"), data.pop("rule_set")
        del data["reason"]
        if bound := data.get("bound"):
            data["bound"] = Bound(**bound)
        return world.move(what, who, name, **data)

    monkeypatch.setattr(commands, "target", lambda _stage: where)
    monkeypatch.setattr(commands, "roll_out_ports", lambda *_: world.ports)
    monkeypatch.setattr(commands, "as_person", move)
    monkeypatch.setattr(commands._Place, "versions", property(lambda _: world.versions))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(commands.rules, list(words), catch_exceptions=True)


def as_file(folder: Path, content: dict[str, Any]) -> str:
    path = folder / "rules.json"
    path.write_text(json.dumps(content, default=str))
    return str(path)


BY_ADA = ("--as", ADA, "--reason", "a test")
BY_BEN = ("--as", BEN, "--reason", "a test")


def test_a_file_becomes_a_version_that_others_bring_to_claims(
    world: RuleWorld, run: Run, tmp_path: Path
) -> None:
    drafted = run("draft", "scrub", as_file(tmp_path, world.changed_scrub()), *BY_ADA)
    assert "review. Somebody else promotes it." in drafted.output
    start = drafted.output.split()[1].rstrip(":")[:6]

    shadow = run("promote", "scrub", start, *BY_BEN, "--claims-min", "2", "--fail-points", "5")
    assert "shadow, and functions are being told" in shadow.output
    for number in (1, 2):
        world.claim(number)

    shown = run("show", "scrub").output
    assert "beyond its bound" in shown
    assert "group_number_missing" in shown
    assert "$300.00" in shown
    listed = run("list").output
    assert "9 rule sets" in listed or "8 rule sets" in listed
    assert "100 % (2 of 2)" in listed


def test_one_command_takes_it_back(world: RuleWorld, run: Run) -> None:
    version = world.in_shadow(world.changed_scrub())

    taken = run("rollback", "scrub", *BY_ADA)

    assert digest_of(version)[:12] in taken.output
    assert "retired" in taken.output
    assert world.roll_out().trial is None


def test_a_version_nobody_knows_is_told_with_where_to_look(run: Run) -> None:
    answer = run("promote", "scrub", "ffff", *BY_BEN)

    assert isinstance(answer.exception, LocalCloudError)
    assert "billing rules show scrub" in str(answer.exception)


def test_replay_says_identical_and_ends_with_one_when_it_is_not(world: RuleWorld, run: Run) -> None:
    claim = world.claim(1)
    same = run("replay", claim)
    assert same.exit_code == 0
    assert "identical" in same.output

    key = Judgement.key_of(claim, "001")
    item = world.records.tables.tables["records"][key.partition, key.sort]
    item["verdicts"]["S"] = item["verdicts"]["S"].replace("p", "h", 1)
    different = run("replay", claim)

    assert different.exit_code == 1
    assert "differs: patient-present" in different.output


def test_a_comparison_with_past_claims_tells_claims_and_dollars(
    world: RuleWorld, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = [SimpleNamespace(claim_id=world.claim(number)) for number in (1, 2)]
    store = SimpleNamespace(of=lambda _kind: claims)
    monkeypatch.setattr(Store, "scanned", lambda *_: store)

    told = run("diff", "active", as_file(tmp_path, world.changed_scrub())).output

    assert "newly held: 2 claims, $300.00" in told
    assert "BLUEPEAK" in told


def test_the_shipped_scenarios_run_and_a_changed_rule_fails_them(run: Run, tmp_path: Path) -> None:
    world_rules = json.loads(Path("rulesets/scrub/base.json").read_text())
    assert run("test").exit_code == 0

    world_rules["rules"] = [
        rule for rule in world_rules["rules"] if rule["reason_code"] != "member_id_missing"
    ]
    failed = run("test", "--rules", as_file(tmp_path, world_rules))

    assert failed.exit_code == 1
    assert "1 of 13 scenarios end otherwise" in failed.output


def test_a_file_that_is_no_json_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{")

    answer = run("draft", "scrub", str(path), *BY_ADA)

    assert isinstance(answer.exception, LocalCloudError)
    assert "broken.json is no JSON" in str(answer.exception)
