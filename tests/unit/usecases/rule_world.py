"""A practice whose rule versions go their whole way in memory: proposed, on trial, active, taken back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from functions.billing.adapters.code_tables import keep_code_table
from functions.billing.adapters.roll_outs import AppConfigDeployments, AppConfigRollOuts
from functions.billing.adapters.rule_sets import StoredRuleSets, keep
from functions.billing.domain.commit import Cause
from functions.billing.domain.rule_versions.lifecycle import RuleVersion, VersionState
from functions.billing.domain.rule_versions.roll_out import RollOut
from functions.billing.usecases.replaying import Versions
from functions.billing.usecases.roll_out_rules import (
    RollOutPorts,
    RollOutRules,
    bring_in_force,
    roll_out_rules,
)
from functions.billing.usecases.rolling_out import roll_out_of, version_of
from functions.billing.usecases.scrub_claim import ScrubClaim, scrub_claim
from functions.billing.usecases.watch_roll_outs import WatchRollOuts, watch_roll_outs
from tests.builders import (
    CAUSE,
    code_table_contents,
    encounter,
    rule_set_contents,
    staged_claim,
)
from tests.fakes import FixedCodeTables, InMemoryEvidence, InMemoryRecords, SettableClock
from tests.in_memory_appconfig import PROFILE, STRATEGIES, InMemoryAppConfig

ADA, BEN = "ada", "ben"
# Holds every claim without a group number, as all of these are: far more than the rules did before.
STRICT_RULE = {
    "id": "group-number",
    "kind": "required_fields",
    "reason_code": "group_number_missing",
    "severity": "reject",
    "owner": "front_desk",
    "recommended_action": "Ask for the group number.",
    "parameters": {"fields": ["coverage.group_number"]},
}


class RuleWorld:
    """Ports in memory, with AppConfig between those who roll out and those who judge."""

    def __init__(self) -> None:
        self.clock = SettableClock()
        self.records = InMemoryRecords()
        self.evidence = InMemoryEvidence()
        self.app_config = InMemoryAppConfig()
        self.deployments = AppConfigDeployments(self.app_config, PROFILE, STRATEGIES)
        heard = AppConfigRollOuts(lambda: self.app_config, PROFILE, poll_seconds=0)
        self.rule_sets = StoredRuleSets(heard, self.evidence)
        self.code_tables = FixedCodeTables(code_table_contents())
        self.versions = Versions(rule_sets=self.rule_sets, code_tables=self.code_tables)
        for table in code_table_contents():
            keep_code_table(self.evidence, table)
        self.first = rule_set_contents()
        versions = {name: keep(self.evidence, name, each) for name, each in self.first.items()}
        bring_in_force(versions, CAUSE, self.ports, author="repository", approver="deployment")

    @property
    def ports(self) -> RollOutPorts:
        return RollOutPorts(
            records=self.records,
            evidence=self.evidence,
            roll_outs=self.deployments,
            clock=self.clock,
        )

    # Rules -------------------------------------------------------------------------------------

    def changed_scrub(self, rule: Mapping[str, Any] = STRICT_RULE) -> dict[str, Any]:
        """The first rules and one more."""
        return {**self.first["scrub"], "rules": [*self.first["scrub"]["rules"], dict(rule)]}

    def move(self, move: str, by: str, name: str = "scrub", **more: Any) -> dict[str, object]:
        """One move by one person, as the function makes it."""
        command = RollOutRules(move=move, rule_set=name, actor=by, reason="test", **more)  # type: ignore[arg-type]
        return roll_out_rules(command, CAUSE, self.ports)

    def draft(self, content: Mapping[str, Any], name: str = "scrub", by: str = ADA) -> str:
        version = keep(self.evidence, name, content)
        self.move("draft", by, name, content_version=version)
        return version

    def promote(self, version: str, by: str = BEN, name: str = "scrub", **more: Any) -> str:
        return str(self.move("promote", by, name, content_version=version, **more)["state"])

    def in_shadow(self, content: Mapping[str, Any], name: str = "scrub", **more: Any) -> str:
        """A version that judges beside the active one."""
        version = self.draft(content, name)
        self.promote(version, ADA, name)
        assert self.promote(version, name=name, **more) == "shadow"
        return version

    def in_canary(self, content: Mapping[str, Any], name: str = "scrub", **more: Any) -> str:
        """A version that judges a cohort, whatever its shadow showed."""
        version = self.in_shadow(content, name, bound=more.get("bound"))
        assert self.promote(version, name=name, is_forced=True, **more) == "canary"
        return version

    def roll_out(self, name: str = "scrub") -> RollOut:
        return roll_out_of(self.records, name)

    def state_of(self, version: str, name: str = "scrub") -> VersionState:
        return version_of(self.records, name, version).state

    def version(self, version: str, name: str = "scrub") -> RuleVersion:
        return version_of(self.records, name, version)

    def watch(self, cause_id: str = "evt_watch") -> dict[str, object]:
        cause = Cause(cause_id, "rollout.due", cause_id)
        return watch_roll_outs(
            WatchRollOuts(),
            cause,
            records=self.records,
            roll_outs=self.deployments,
            clock=self.clock,
        )

    # Claims ------------------------------------------------------------------------------------

    def claim(self, number: int, **changes: Any) -> str:
        """Stage and judge one claim of its own encounter; its id."""
        claim_id = f"CTEST{number:08d}"
        visit = encounter(encounter_id=f"encounter-{number}", **changes)
        patient = replace(visit.patient, patient_id=f"patient-{number}")  # type: ignore[type-var]
        name = replace(patient.name, given=f"ADA{number}")  # type: ignore[union-attr]
        visit = replace(visit, patient=replace(patient, name=name))  # type: ignore[type-var]
        staged_claim(self.records, visit, claim_id=claim_id)
        self.scrub(claim_id)
        return claim_id

    def scrub(self, claim_id: str) -> str:
        outcome = scrub_claim(
            ScrubClaim(claim_id=claim_id),
            CAUSE,
            records=self.records,
            rule_sets=self.rule_sets,
            code_tables=self.code_tables,
            clock=self.clock,
        )
        return str(outcome["outcome"])
