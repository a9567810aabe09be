"""Synthesize a stage and read what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from infra.application import add_stacks
from infra.compliance import add_checks
from infra.settings import (
    PARTNER_OF_EMULATOR,
    PROJECT_ROOT,
    PROMISES,
    DeploymentSettings,
    Stage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT = "111122223333"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one template."""

    stack: str
    logical_id: str
    type: str
    properties: dict[str, Any]
    attributes: dict[str, Any]

    @property
    def path(self) -> str:
        """The construct's path, as the rule packs name it."""
        return str(self.attributes["Metadata"]["aws:cdk:path"])


@dataclass(frozen=True, slots=True)
class Synthesis:
    """The templates of one stage, by stack, and what the rule packs found."""

    templates: dict[str, dict[str, Any]]
    findings: frozenset[tuple[str, str]]
    folder: Path

    def resources(self, *types: str, stack: str | None = None) -> Iterator[Resource]:
        """Every resource of these types, in every stack or in one."""
        for name, template in self.templates.items():
            if stack not in {None, name}:
                continue
            for logical_id, resource in template["Resources"].items():
                if not types or resource["Type"] in types:
                    yield Resource(
                        name,
                        logical_id,
                        resource["Type"],
                        resource.get("Properties", {}),
                        resource,
                    )

    def resource(self, stack: str, reference: object) -> Resource:
        """The resource that a ``Ref`` or ``Fn::GetAtt`` of a template names."""
        logical_id = referenced(reference)
        return next(each for each in self.resources(stack=stack) if each.logical_id == logical_id)


def settings_of(stage: Stage) -> DeploymentSettings:
    """Settings to synthesize with; assets are empty placeholders."""
    return DeploymentSettings(
        stage=stage,
        account=ACCOUNT,
        region=REGION,
        connectors=({**PROMISES["rest"], **PARTNER_OF_EMULATOR},),
        ehr_accounts=("444455556666",),
        assets=None,
    )


def synthesize(
    stage: Stage, folder: Path, *, checked: bool, settings: DeploymentSettings | None = None
) -> Synthesis:
    """Synthesize a stage; findings are collected rather than raised."""
    context = json.loads((PROJECT_ROOT / "cdk.json").read_text())["context"]
    # The CLI asks for paths in the templates; so do these tests.
    context["aws:cdk:enable-path-metadata"] = True
    app = cdk.App(outdir=str(folder), context=context, analytics_reporting=False)
    if checked:
        add_checks(app)
    stacks = add_stacks(app, settings or settings_of(stage))
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error) and "Validation failed" not in str(error):
            raise
    return Synthesis(
        templates={
            field: json.loads((folder / f"{field.capitalize()}.template.json").read_text())
            for field in stacks.__slots__
            if getattr(stacks, field) is not None
        },
        findings=frozenset(_findings(folder)),
        folder=folder,
    )


def _findings(folder: Path) -> Iterator[tuple[str, str]]:
    report = json.loads((folder / "validation-report.json").read_text())
    for plugin in report["pluginReports"]:
        for violation in plugin.get("violations", []):
            for construct in violation["violatingConstructs"]:
                yield violation["ruleName"], construct["constructPath"]


def referenced(value: object) -> str:
    """The logical id a ``Ref`` or ``Fn::GetAtt`` names, or the empty string."""
    if isinstance(value, dict):
        if "Ref" in value:
            return str(value["Ref"])
        if "Fn::GetAtt" in value:
            return str(value["Fn::GetAtt"][0])
    return ""


def as_list(value: object) -> list[Any]:
    """IAM writes one thing as itself and several as a list."""
    return value if isinstance(value, list) else [value]
