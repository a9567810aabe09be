"""Working with a deployment: approvals, events and files by hand, dead letters."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cli.run import running
from cli.target import LOCAL, target
from local.bus import Bus
from local.cloud import Cloud
from local.day.records import EhrEvent, Phase
from local.dead_letters import held_by_others, look_at, said_by, take
from local.drive import decide
from local.errors import LocalCloudError
from local.report.words import count_of

_STAGE = click.option(
    "--stage", default=LOCAL, show_default=True, help="The local cloud, or a stage on AWS."
)
_PREFIXES = {"835": "remittances/", "999": "acknowledgements/", "277": "acknowledgements/"}


@click.command()
@click.argument("claim_id")
@click.option("--as", "actor", required=True, help="Who decides; not someone who changed it.")
@click.option("--reason", required=True, help="Why.")
@click.option("--return", "is_return", is_flag=True, help="Send it back instead.")
@_STAGE
def approve(*, claim_id: str, actor: str, reason: str, is_return: bool, stage: str) -> None:
    """Release a claim that waits for a second person, or send it back."""
    where = target(stage)
    outcome = decide(
        where.aws,
        where.deployment,
        claim_id=claim_id,
        decision="reject" if is_return else "approve",
        actor=actor,
        reason=reason,
    )
    click.echo(f"Claim {claim_id}: {outcome['outcome']}.")


@click.command()
@click.argument("type_", metavar="TYPE")
@click.option("--data", required=True, help="The payload as JSON, as contracts/ describes it.")
@click.option("--id", "event_id", default="", help="The event's id; made of the time by default.")
@click.option("--source", default="ehr.northfield", show_default=True, help="Who says it.")
def publish(*, type_: str, data: str, event_id: str, source: str) -> None:
    """Publish an event on the local cloud, signed as the EHR signs: publish TYPE --data JSON."""
    cloud = running()
    now = datetime.now(UTC)
    event = EhrEvent(
        phase=Phase.LATER,
        type=type_,
        version=1,
        id=event_id or f"by-hand-{now:%Y%m%d%H%M%S%f}",
        occurred_at=now,
        data=_object(data),
        source=_known(cloud, source),
    )
    Bus(aws=cloud.aws, deployment=cloud.deployment, keys=cloud.keys).publish([event])
    click.echo(f"Published {type_} as {event.id}.")


def _object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        raise click.BadParameter("must be a JSON object", param_hint="--data") from None
    if not isinstance(content, dict):
        raise click.BadParameter("must be a JSON object", param_hint="--data")
    return content


def _known(cloud: Cloud, source: str) -> str:
    if source not in cloud.keys.secrets:
        names = ", ".join(sorted(cloud.keys.secrets))
        raise click.BadParameter(f"nobody has the key of {source}; known: {names}")
    return source


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(sorted(_PREFIXES)), help="By default its name says it.")
def drop(*, path: Path, kind: str | None) -> None:
    """Drop an 835, 999 or 277CA file into the local cloud's intake bucket."""
    cloud = running()
    kind = kind or path.name[:3]
    if kind not in _PREFIXES:
        raise click.BadParameter("the name does not begin with 835, 999 or 277: give --kind")
    key = f"{_PREFIXES[kind]}{path.name}"
    cloud.aws.client("s3").put_object(
        Bucket=cloud.deployment.intake_bucket, Key=key, Body=path.read_bytes()
    )
    click.echo(f"Dropped as {key}.")


@click.command("dead-letters")
@_STAGE
def dead_letters(*, stage: str) -> None:
    """Show what was given up, and why."""
    where = target(stage)
    client = where.aws.client("sqs")
    total = held = 0
    for workflow, url in where.deployment.dead_letters.items():
        held += held_by_others(client, url)
        for message in look_at(client, url):
            total += 1
            said = said_by(message)
            click.echo(
                f"{workflow}: {said.get('reason_code', 'gave up without a reason')} "
                f"at {said.get('stage', 'the inbox')} ({said.get('subject_id', '')}). "
                f"{said.get('suggested_action', '')}"
            )
    click.echo(f"{count_of(total, 'dead letter')}." if total or held else "No dead letters.")
    if held:
        click.echo(f"{held} more are looked at or sent in again just now: look again in a minute.")


@click.command()
@click.argument("workflow")
@_STAGE
def redrive(*, workflow: str, stage: str) -> None:
    """Send a WORKFLOW's dead letters in again, as the console's redrive button does."""
    where = target(stage)
    names = {name.lower(): name for name in where.deployment.dead_letters}
    name = names.get(workflow.replace("-", "").lower())
    if name is None:
        known = ", ".join(sorted(where.deployment.dead_letters))
        raise LocalCloudError(f"There is no workflow {workflow}.", advice=f"There are: {known}.")
    client = where.aws.client("sqs")
    url = where.deployment.dead_letters[name]
    moved = 0
    for message in take(client, url, seconds=60):
        client.send_message(
            QueueUrl=where.deployment.inboxes[name],
            MessageBody=message["Body"],
            MessageAttributes=message.get("MessageAttributes", {}),
        )
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        moved += 1
    click.echo(f"Sent in again: {moved}.")
