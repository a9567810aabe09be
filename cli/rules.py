"""Rule sets: looking into them, proving a change, rolling it out, taking it back."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from cli.run import console
from cli.target import LOCAL, Target, target
from functions.billing.adapters.code_tables import StoredCodeTables
from functions.billing.adapters.codec import plain
from functions.billing.adapters.rule_sets import keep
from functions.billing.adapters.scenarios import scenarios_of
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.errors import BillingError
from functions.billing.domain.money import dollars
from functions.billing.domain.rule_versions.comparison import (
    Change,
    Difference,
    Finding,
    Share,
    difference,
)
from functions.billing.domain.rule_versions.lifecycle import RuleVersion, digest_of, short
from functions.billing.domain.rule_versions.roll_out import Bound, Cohort, RollOut, Trial
from functions.billing.domain.rules import payer_policies, rule_set
from functions.billing.domain.rules.scenarios import ScenarioResult, run_scenarios
from functions.billing.ports import Records, content_key
from functions.billing.usecases.replaying import JUDGING, Versions, compare_claims, replay_claim
from functions.billing.usecases.roll_out_rules import RollOutPorts
from functions.billing.usecases.rolling_out import (
    observations_of,
    roll_out_of,
    roll_outs,
    standing_of,
)
from local.code_tables import folder_code_tables
from local.errors import LocalCloudError
from local.invoking import as_person
from local.report.words import sentence
from local.seeding import (
    RULE_SETS_FOLDER,
    roll_out_ports,
    rule_set_file,
    stored_rule_sets,
)
from local.store import Store

_STAGE = click.option(
    "--stage", default=LOCAL, show_default=True, help="The local cloud, or a stage on AWS."
)
_NAME = click.option("--rule-set", "name", default="scrub", show_default=True, help="Which one.")
_ACTOR = click.option("--as", "actor", required=True, help="Who does it.")
_REASON = click.option("--reason", required=True, help="Why; it stands in the audit.")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_CHANGES: Mapping[Change, tuple[str, str]] = {
    Change.HELD: ("newly held", "red"),
    Change.RELEASED: ("newly released", "green"),
    Change.REASONS: ("held for other reasons", "yellow"),
    Change.NONE: ("unchanged", "dim"),
}


@click.group()
def rules() -> None:
    """Rule sets and tables: check, test, compare, roll out, roll back."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A deployment, with the ports that look into its rule sets."""

    where: Target
    ports: RollOutPorts

    @classmethod
    def of(cls, stage: str) -> "_Place":
        where = target(stage)
        return cls(where, roll_out_ports(where.aws, where.deployment))

    @property
    def records(self) -> Records:
        return self.ports.records

    @property
    def versions(self) -> Versions:
        aws, deployment = self.where.aws, self.where.deployment
        return Versions(
            rule_sets=stored_rule_sets(aws, deployment),
            code_tables=StoredCodeTables(aws.client("s3"), bucket=deployment.evidence_bucket),
        )

    def version(self, name: str, given: str) -> str:
        """The one version whose digits begin like this."""
        listed = self.records.listed(RuleVersion, RuleVersion.ref_of(name))
        found = {
            one.content_version
            for one in listed
            if digest_of(one.content_version).startswith(given)
        }
        if len(found) != 1:
            raise LocalCloudError(
                f"{len(found) or 'No'} versions of {name} begin with {given}.",
                advice=f"See them with: billing rules show {name}",
            )
        return found.pop()

    def move(self, name: str, **data: Any) -> dict[str, Any]:
        return as_person(
            self.where.aws,
            self.where.deployment,
            function="RollOutRules",
            about=f"rule_set:{name}",
            data={"rule_set": name, **data},
            advice=f"See where it stands with: billing rules show {name}",
        )


@contextmanager
def _in_one_line(advice: str) -> Iterator[None]:
    """What the domain refuses, as a sentence and what to do next."""
    try:
        yield
    except BillingError as error:
        raise LocalCloudError(
            f"{sentence(error.code)}: {error.detail or error.subject}.", advice=advice
        ) from None


# Looking -------------------------------------------------------------------------------------


@rules.command("list")
@_STAGE
def list_rule_sets(*, stage: str) -> None:
    """List rule sets: what judges, and what is on trial."""
    place = _Place.of(stage)
    standing = roll_outs(place.records)
    on_trial = [one for one in standing if one.trial]
    console().print(f"{len(standing)} rule sets, {len(on_trial)} with a version on trial.")
    table = Table(
        "Rule set", "Active", "On trial", "Cohort", "Since", "Fails", "Active fails", "Bound"
    )
    for one in standing:
        table.add_row(one.name, short(one.active), *_trial_cells(place.records, one))
    console().print(table)


def _trial_cells(records: Records, one: RollOut) -> tuple[str, ...]:
    trial = one.trial
    if trial is None:
        return ("–", "", "", "", "", "")
    shown = standing_of(records, one.name, trial)
    tone = "red" if shown.breach(trial) else "green"
    return (
        f"{trial.stage} {short(trial.version)}",
        _cohort(trial),
        f"{trial.since:%d %b %H:%M}",
        f"[{tone}]{_share(shown.fails)}[/]",
        _share(shown.active_fails),
        f"+{trial.bound.fail_points} points, from {trial.bound.claims_min} claims",
    )


def _cohort(trial: Trial) -> str:
    cohort = trial.cohort
    whom = [*cohort.payers, *cohort.locations]
    return f"{cohort.share_percent} %" + (f" of {', '.join(whom)}" if whom else "")


def _share(share: Share) -> str:
    return f"{share.percent:.0f} % ({share.count} of {share.of})" if share.of else "–"


@rules.command()
@click.argument("name")
@_STAGE
def show(*, name: str, stage: str) -> None:
    """Show one rule set: its versions, and what the one on trial changes."""
    place = _Place.of(stage)
    standing = roll_out_of(place.records, name)
    if not standing.active:
        raise LocalCloudError(
            f"There is no rule set {name}.", advice="List them: billing rules list"
        )
    shown = console()
    table = Table("Version", "State", "Written by", "Approved by", "Drafted", "Note")
    listed = place.records.listed(RuleVersion, RuleVersion.ref_of(name))
    for one in sorted(listed, key=lambda each: each.drafted_at, reverse=True):
        table.add_row(
            short(one.content_version),
            one.state,
            ", ".join(one.authors),
            ", ".join(dict.fromkeys(one.approved_by)),
            f"{one.drafted_at:%d %b %H:%M}",
            one.note,
        )
    shown.print(table)
    if standing.trial is None:
        shown.print("Nothing is on trial.")
        return
    breach = standing_of(place.records, name, standing.trial).breach(standing.trial)
    print_difference(
        difference(observations_of(place.records, name, standing.trial)),
        f"{short(standing.trial.version)} in {standing.trial.stage}"
        + (", [red]beyond its bound[/]" if breach else ", within its bound"),
    )


def print_difference(told: Difference, title: str) -> None:
    """What a candidate changes: claims and dollars, by reason and by payer."""
    shown = console()
    shown.print(
        f"[bold]{title}[/]: of {told.claims} claims the active version holds {_share(told.active)}, "
        f"the candidate {_share(told.candidate)}.",
        highlight=False,
    )
    for heading, rows in (("Reason", told.by_reason), ("Payer", told.by_payer)):
        table = Table(heading, "What changes", "Claims", "Charges")
        for (what, change), moved in sorted(rows.items(), key=lambda row: -row[1].charge_cents):
            word, tone = _CHANGES[change]
            table.add_row(
                what, f"[{tone}]{word}[/]", str(moved.claims), dollars(moved.charge_cents)
            )
        if table.row_count:
            shown.print(table)
    for change, moved in told.changes.items():
        word, tone = _CHANGES[change]
        shown.print(f"[{tone}]{word}[/]: {moved.claims} claims, {dollars(moved.charge_cents)}")


# Moving --------------------------------------------------------------------------------------


@rules.command()
@click.argument("name")
@click.argument("path", type=_FILE)
@_ACTOR
@_REASON
@_STAGE
def draft(*, name: str, path: Path, actor: str, reason: str, stage: str) -> None:
    """Propose a FILE as a version of rule set NAME: draft it, and ask for its review."""
    place = _Place.of(stage)
    with _in_one_line("Mend the file, then draft it again."):
        version = keep(place.ports.evidence, name, _content(path))
    place.move(name, move="draft", content_version=version, actor=actor, reason=reason)
    answer = place.move(name, move="promote", content_version=version, actor=actor, reason=reason)
    click.echo(f"{name} {short(version)}: {answer['state']}. Somebody else promotes it.")


@rules.command()
@click.argument("name")
@click.argument("version")
@_ACTOR
@_REASON
@click.option("--share", type=click.IntRange(1, 100), help="Canary: percent of claims.")
@click.option("--payer", "payers", multiple=True, help="Canary: only claims to this payer.")
@click.option("--location", "locations", multiple=True, help="Canary: only claims of this place.")
@click.option("--claims-min", type=int, help="Conclude nothing from fewer claims.")
@click.option("--fail-points", type=int, help="Percentage points it may fail more.")
@click.option("--denial-points", type=int, help="Percentage points it may be denied more.")
@click.option("--force", is_flag=True, help="Though beyond its bound, or seen too little.")
@_STAGE
def promote(
    *, name: str, version: str, actor: str, reason: str, force: bool, stage: str, **options: Any
) -> None:
    """Bring a version one state nearer to claims: shadow, canary, active."""
    place = _Place.of(stage)
    with _in_one_line("Give a share of 1 to 100, and points of 0 to 100."):
        cohort, bound = _cohort_of(options), _bound_of(options)
    answer = place.move(
        name,
        move="promote",
        content_version=place.version(name, version),
        actor=actor,
        reason=reason,
        is_forced=force,
        **({"cohort": plain(cohort)} if cohort else {}),
        **({"bound": plain(bound)} if bound else {}),
    )
    click.echo(f"{name} {short(answer['content_version'])}: {answer['state']}, {_told(answer)}.")


def _cohort_of(options: Mapping[str, Any]) -> Cohort | None:
    if not (options["share"] or options["payers"] or options["locations"]):
        return None
    return Cohort(
        share_percent=options["share"] or 100,
        payers=tuple(options["payers"]),
        locations=tuple(options["locations"]),
    )


def _bound_of(options: Mapping[str, Any]) -> Bound | None:
    given = {
        name: options[name]
        for name in ("claims_min", "fail_points", "denial_points")
        if options[name] is not None
    }
    return Bound(**given) if given else None


def _told(answer: Mapping[str, Any]) -> str:
    return {
        "deployed": "and functions are being told",
        "waits": "and functions are told once the deployment under way has ended",
    }.get(answer["roll_out"], "which functions need not know")


@rules.command()
@click.argument("name")
@_ACTOR
@_REASON
@_STAGE
def rollback(*, name: str, actor: str, reason: str, stage: str) -> None:
    """Take back at once what is on trial, or else the active version."""
    place = _Place.of(stage)
    answer = place.move(name, move="roll_back", actor=actor, reason=reason)
    active = short(roll_out_of(place.records, name).active)
    click.echo(
        f"{name} {short(answer['content_version'])}: retired; {active} judges. "
        "Claims it stopped are judged again."
    )


@rules.command()
@click.argument("name")
@click.argument("version")
@_ACTOR
@_REASON
@_STAGE
def withdraw(*, name: str, version: str, actor: str, reason: str, stage: str) -> None:
    """Give up a version that is not yet on trial."""
    place = _Place.of(stage)
    content_version = place.version(name, version)
    place.move(name, move="withdraw", content_version=content_version, actor=actor, reason=reason)
    click.echo(f"{name} {short(content_version)}: withdrawn.")


# Proving -------------------------------------------------------------------------------------


@rules.command()
@click.argument("claim_id", metavar="CLAIM")
@_STAGE
def replay(*, claim_id: str, stage: str) -> None:
    """Judge a CLAIM again by exactly the versions that judged it; 1 if a verdict differs."""
    place = _Place.of(stage)
    with _in_one_line("List claims with: billing claims"):
        found = replay_claim(place.records, place.versions, claim_id)
    same = all(one.is_identical for one in found)
    verdict = "[green]identical[/]" if same else "[red]different[/]"
    console().print(f"{verdict}: {len(found)} judgement(s) of {claim_id} made again.")
    table = Table("Judged", "Rules", "Versions", "Again")
    for one in found:
        versions = ", ".join(f"{name} {short(version)}" for name, version in one.versions.items())
        again = "identical" if one.is_identical else f"differs: {', '.join(one.differs)}"
        table.add_row(f"{one.judged_at:%d %b %H:%M:%S}", str(one.rules), versions, again)
    console().print(table)
    if not same:
        raise click.exceptions.Exit(1)


@rules.command("diff")
@click.argument("old")
@click.argument("new")
@_NAME
@_STAGE
def diff_versions(*, old: str, new: str, name: str, stage: str) -> None:
    """Judge past claims by OLD and by NEW (a file, a version, or active): what would change."""
    place = _Place.of(stage)
    store = Store.scanned(place.where.aws, place.where.deployment)
    claim_ids = sorted(claim.claim_id for claim in store.of(Claim))
    with _in_one_line(f"Compare versions of {' or '.join(JUDGING)}."):
        compared = compare_claims(
            place.records,
            place.versions,
            claim_ids,
            name=name,
            old=_side(place, name, old),
            new=_side(place, name, new),
        )
        told = difference(compared)
    print_difference(told, f"{old} → {new}")


def _side(place: _Place, name: str, given: str) -> Mapping[str, Any]:
    if (path := Path(given)).is_file():
        return _content(path)
    version = (
        roll_out_of(place.records, name).active if given == "active" else place.version(name, given)
    )
    body = place.ports.evidence.fetch(content_key(name, version))
    content: Mapping[str, Any] = json.loads(body, parse_float=Decimal)
    return content


@rules.command("test")
@click.argument("folder", type=_FOLDER, default=RULE_SETS_FOLDER / "scrub" / "scenarios")
@click.option(
    "--rules", "rules_file", type=_FILE, help="Rules to try instead of those in force here."
)
@click.option("--policies", "policies_file", type=_FILE, help="Payer policies to try likewise.")
def run_tests(*, folder: Path, rules_file: Path | None, policies_file: Path | None) -> None:
    """Run payer scenarios, a FOLDER of JSON files, through the rules; 1 if one ends otherwise."""
    with _in_one_line("Mend the file it names; docs/rules.md shows a scenario."):
        tried = rule_set(_content(rules_file) if rules_file else rule_set_file("scrub"))
        policies = _content(policies_file) if policies_file else rule_set_file("payer_policies")
        results = run_scenarios(
            scenarios_of({path.stem: _content(path) for path in sorted(folder.glob("*.json"))}),
            tried,
            payer_policies(policies),
            folder_code_tables(tried.code_tables),
        )
    failed = [one for one in results if not one.holds]
    shown = console()
    shown.print(
        f"[red]{len(failed)} of {len(results)} scenarios end otherwise.[/]"
        if failed
        else f"[green]All {len(results)} scenarios end as they should.[/]"
    )
    shown.print(_results_table(results))
    if failed or not results:
        raise click.exceptions.Exit(1)


def _results_table(results: tuple[ScenarioResult, ...]) -> Table:
    table = Table("", "Scenario", "Payer", "Should be", "Is")
    for one in results:
        mark = "[green]✓[/]" if one.holds else "[red]✗[/]"
        scenario = one.scenario
        expected, actual = _verdict(scenario.expected), _verdict(one.actual)
        table.add_row(mark, scenario.title, scenario.claim.payer_id, expected, actual)
    return table


def _verdict(finding: Finding) -> str:
    return f"held: {', '.join(finding.reasons)}" if finding.held else "passes"


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(), parse_float=Decimal)
    except ValueError as error:
        raise LocalCloudError(f"{path} is no JSON: {error}.", advice="Mend it first.") from None
    if not isinstance(content, dict):
        raise LocalCloudError(f"{path} holds no JSON object.", advice="Mend it first.")
    return content
