"""Looking into rules before and behind claims: do they make sense, what does a reason mean, what are the tables."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from rich.panel import Panel
from rich.table import Table

from cli.rule_catalogue import in_words, kind_in_words, severity_in_words
from cli.rules import rules
from cli.run import console
from cli.target import LOCAL, target
from functions.billing.adapters.code_tables import keep_code_table
from functions.billing.adapters.documents import S3Evidence
from functions.billing.domain.codes import CodeTable, version_of
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rules import Rule, payer_policies, rule_set
from functions.billing.domain.rules.checking import Concern, problems
from local.code_tables import CODE_TABLES_FOLDER, folder_tables
from local.errors import LocalCloudError
from local.report.words import count_of, queue, sentence
from local.seeding import RULE_SETS, RULE_SETS_FOLDER

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SCRUB = RULE_SETS_FOLDER / RULE_SETS["scrub"]
_POLICIES = RULE_SETS_FOLDER / RULE_SETS["payer_policies"]
_RULES = click.option("--rules", "rules_file", type=_FILE, default=_SCRUB, help="Another rule set.")
_TABLES = click.option(
    "--tables",
    "folder",
    type=_FOLDER,
    default=CODE_TABLES_FOLDER,
    help="Another folder of code files and its manifest.",
)
_TONES = {Concern.UNUSED: "yellow"}


@rules.command()
@_RULES
@_TABLES
@click.option("--policies", type=_FILE, default=_POLICIES, help="Other payer policies.")
def check(*, rules_file: Path, folder: Path, policies: Path) -> None:
    """Check that a rule set makes sense: form, owners, reach, contradictions, tables."""
    content = _content(rules_file)
    compiled = _compiled(folder)
    pinned = set(content.get("code_tables", {}).values())
    tables = {
        name: CodeTable(table) for name, table in compiled.items() if version_of(table) in pinned
    }
    found = problems(content, policies=payer_policies(_content(policies)), tables=tables)
    wrong = [one for one in found if one.concern is not Concern.UNUSED]
    shown = console()
    count = count_of(len(content.get("rules", ())), "rule")
    if not found:
        shown.print(f"[green]✓[/] {count}, {count_of(len(tables), 'code table')}: nothing to mend.")
        return
    mark = "[red]✗[/]" if wrong else "[yellow]![/]"
    shown.print(f"{mark} {count}, {count_of(len(found), 'thing')} to mend.")
    table = Table("What", "Where", "Why")
    for one in found:
        tone = _TONES.get(one.concern, "red")
        table.add_row(f"[{tone}]{one.concern}[/]", one.subject, one.detail)
    shown.print(table)
    if any(one.concern is Concern.TABLE for one in found):
        shown.print("Compile, pin and publish tables with: billing rules tables --help")
    if wrong:
        raise click.exceptions.Exit(1)


@rules.command()
@click.argument("reason")
@_RULES
def explain(*, reason: str, rules_file: Path) -> None:
    """Say what a REASON means: which rules give it, on which claims, and what to do about it."""
    known = _read(rules_file)
    mine = [rule for rule in known if reason in {rule.reason_code, rule.rule_id}]
    if not mine:
        codes = [*(rule.reason_code for rule in known), *(rule.rule_id for rule in known)]
        near = get_close_matches(reason, codes, n=3)
        advice = (
            f"Did you mean {' or '.join(near)}?" if near else "docs/rule-catalogue.md lists all."
        )
        raise LocalCloudError(f"No rule gives the reason {reason}.", advice=advice)
    shown = console()
    owners = ", ".join(dict.fromkeys(queue(rule.owner).lower() for rule in mine))
    shown.print(
        f"[bold]{sentence(reason)}[/]: given by {count_of(len(mine), 'rule')}, mended by {owners}."
    )
    for rule in mine:
        table = Table.grid(padding=(0, 2))
        for label, text in (
            ("Checks", kind_in_words(rule.kind)),
            ("Judges", in_words(rule.applies_to)),
            ("Names", ", ".join(rule.field_paths)),
            ("A failure", f"{severity_in_words(rule)} the claim"),
            ("What to do", rule.recommended_action),
        ):
            table.add_row(f"[dim]{label}[/]", text)
        shown.print(Panel(table, title=f"{rule.rule_id} ({rule.kind})", title_align="left"))


@rules.group()
def tables() -> None:
    """Code tables: compile published files, pin their versions, publish them."""


@tables.command("show")
@_TABLES
def show_tables(*, folder: Path) -> None:
    """Compile a folder's code files and show what came of them."""
    compiled = _compiled(folder)
    total = sum(map(len, compiled.values()))
    shown = console()
    shown.print(f"{count_of(len(compiled), 'table')}, {total / 1e6:,.1f} MB.")
    table = Table("Table", "Of", "Entries", "Complete", "Source", "Version")
    for name, content in compiled.items():
        terms = CodeTable(content).terms
        table.add_row(
            name,
            terms.kind,
            f"{terms.entries:,}",
            "yes" if terms.is_complete else "an excerpt",
            terms.source,
            version_of(content)[:19],
        )
    shown.print(table)


@tables.command()
@_RULES
@_TABLES
def pin(*, rules_file: Path, folder: Path) -> None:
    """Write the versions of a folder's tables into a rule set, where it names them."""
    text = rules_file.read_text(encoding="utf-8")
    changed = []
    for name, content in _compiled(folder).items():
        pinned = re.compile(rf'("{re.escape(name)}": *")sha256:[0-9a-f]{{64}}"')
        version = version_of(content)
        after = pinned.sub(rf'\g<1>{version}"', text)
        if after != text:
            changed.append(name)
        text = after
    rules_file.write_text(text, encoding="utf-8")
    click.echo(f"Pinned anew: {', '.join(changed)}." if changed else "Every pin was right already.")


@tables.command()
@_TABLES
@click.option(
    "--stage", default=LOCAL, show_default=True, help="The local cloud, or a stage on AWS."
)
def publish(*, folder: Path, stage: str) -> None:
    """Keep a folder's tables in a stage's evidence bucket, for rule sets to pin."""
    where = target(stage)
    evidence = S3Evidence(where.aws.client("s3"), bucket=where.deployment.evidence_bucket)
    for name, content in _compiled(folder).items():
        click.echo(f"{name} {keep_code_table(evidence, content)}")


def _compiled(folder: Path) -> dict[str, bytes]:
    try:
        return folder_tables(folder)
    except RuleSetError as error:
        raise LocalCloudError(
            f"{error.subject}: {error.detail}.", advice="Mend the file."
        ) from None
    except FileNotFoundError as error:
        raise LocalCloudError(
            f"{error.filename} is not there.", advice="The manifest names the files of its folder."
        ) from None


def _read(path: Path) -> tuple[Rule, ...]:
    try:
        return rule_set(_content(path)).rules
    except RuleSetError as error:
        raise LocalCloudError(
            f"{error.subject}: {error.detail}.", advice="See all with: billing rules check"
        ) from None


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content: Mapping[str, Any] = json.loads(
            path.read_text(encoding="utf-8"), parse_float=Decimal
        )
    except ValueError as error:
        raise LocalCloudError(f"{path} is no JSON: {error}.", advice="Mend it first.") from None
    return content
