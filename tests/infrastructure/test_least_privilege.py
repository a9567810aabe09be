"""Who may do what: read from the templates, so whatever grants it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from infra.catalogue import FUNCTIONS, RecordsAccess, SecretAccess
from tests.infrastructure.synthesis import Resource, Synthesis, as_list, referenced

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "AWS::IAM::Role"
FUNCTION = "AWS::Lambda::Function"
POLICY = "AWS::IAM::ManagedPolicy"

# Actions that cannot name a resource, as AWS documents them, and who holds them.
WITHOUT_RESOURCE = {
    "Billing/RuntimePolicy/Resource",
    "Billing/WorkflowLoggingPolicy/Resource",
    "Rules/MonitorPolicy/Resource",
}


def policies_of_roles(synthesis: Synthesis) -> dict[str, list[dict[str, Any]]]:
    """Every statement of every managed policy, by the path of the role that has it."""
    shared: dict[str, Resource] = {
        json.dumps(export["Value"]): policy
        for name, template in synthesis.templates.items()
        for export in template.get("Outputs", {}).values()
        for policy in synthesis.resources(POLICY, stack=name)
        if referenced(export["Value"]) == policy.logical_id
    }
    by_export = {
        export["Export"]["Name"]: shared[json.dumps(export["Value"])]
        for template in synthesis.templates.values()
        for export in template.get("Outputs", {}).values()
        if "Export" in export and json.dumps(export["Value"]) in shared
    }
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for role in synthesis.resources(ROLE):
        for attached in role.properties.get("ManagedPolicyArns", []):
            policy = (
                by_export[attached["Fn::ImportValue"]]
                if "Fn::ImportValue" in attached
                else synthesis.resource(role.stack, attached)
            )
            found[role.path] += policy.properties["PolicyDocument"]["Statement"]
    for policy in synthesis.resources(POLICY):
        for attached in policy.properties.get("Roles", []):
            role = synthesis.resource(policy.stack, attached)
            found[role.path] += policy.properties["PolicyDocument"]["Statement"]
    return found


def actions_in(statements: list[dict[str, Any]]) -> set[str]:
    """All actions of some statements."""
    return {action for statement in statements for action in as_list(statement["Action"])}


def deployed_functions(synthesis: Synthesis) -> Iterator[tuple[str, str, Resource]]:
    """Catalogue name, path of the role, function."""
    for function in synthesis.resources(FUNCTION):
        name = function.properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        yield name, synthesis.resource(function.stack, function.properties["Role"]).path, function


def test_every_function_and_every_workflow_has_a_role_of_its_own(production: Synthesis) -> None:
    users = [
        referenced(user.properties.get("Role") or user.properties.get("RoleArn"))
        for user in production.resources(FUNCTION, "AWS::StepFunctions::StateMachine")
    ]

    assert "" not in users
    assert len(users) == len(set(users))


def test_no_role_has_an_inline_policy_or_one_of_aws(production: Synthesis) -> None:
    assert list(production.resources("AWS::IAM::Policy")) == []
    for role in production.resources(ROLE):
        assert "Policies" not in role.properties
        assert "arn:aws:iam::aws" not in json.dumps(role.properties.get("ManagedPolicyArns", []))


def test_no_action_is_a_wildcard(production: Synthesis) -> None:
    for policy in production.resources(POLICY):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            for action in as_list(statement["Action"]):
                assert "*" not in action, (policy.path, action)


def test_every_resource_is_named_but_for_what_has_no_name(production: Synthesis) -> None:
    open_ended = {
        policy.path
        for policy in production.resources(POLICY)
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if "*" in as_list(statement["Resource"])
    }

    assert open_ended == WITHOUT_RESOURCE


def test_no_role_may_delete_a_record_a_document_or_a_message_of_the_dead(
    production: Synthesis,
) -> None:
    for role, statements in policies_of_roles(production).items():
        held = actions_in(statements)
        assert not {action for action in held if action.startswith("dynamodb:Delete")}, role
        assert not held & {
            "dynamodb:BatchWriteItem",
            "dynamodb:PartiQLDelete",
            "dynamodb:PartiQLUpdate",
            "dynamodb:UpdateTable",
            "s3:BypassGovernanceRetention",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:PutObjectRetention",
            "sqs:PurgeQueue",
        }, role


def test_the_audit_table_can_only_be_added_to(production: Synthesis) -> None:
    backup = "Governance/BackupRole/Resource"
    for role, statements in policies_of_roles(production).items():
        on_audit = [
            statement
            for statement in statements
            if any("Audit3D8ADE0A" in json.dumps(each) for each in as_list(statement["Resource"]))
        ]
        if role != backup:
            assert actions_in(on_audit) <= {"dynamodb:PutItem"}, role


def test_a_transaction_is_granted_by_its_parts(production: Synthesis) -> None:
    for statements in policies_of_roles(production).values():
        assert "dynamodb:TransactWriteItems" not in actions_in(statements)


@pytest.mark.parametrize(
    ("action", "holders"),
    [
        ("events:PutEvents", {"publish_outbox"}),
        ("states:StartExecution", {"start_workflow"}),
        ("ssm:GetParameter", {"start_workflow"}),
        ("sqs:ReceiveMessage", {"start_workflow"}),
        ("lambda:InvokeFunction", set()),
    ],
)
def test_a_power_is_held_by_those_who_need_it_only(
    production: Synthesis, action: str, holders: set[str]
) -> None:
    held = policies_of_roles(production)

    assert {
        name
        for name, role, _function in deployed_functions(production)
        if action in actions_in(held[role])
    } == holders


def test_each_starter_can_start_its_own_workflow_only(production: Synthesis) -> None:
    held = policies_of_roles(production)
    for name, role, function in deployed_functions(production):
        if name != "start_workflow":
            continue
        started = [
            resource
            for statement in held[role]
            if "states:StartExecution" in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        ]
        variables = function.properties["Environment"]["Variables"]
        assert started == [variables["STATE_MACHINE_ARN"]]


def test_each_function_holds_what_the_catalogue_says(production: Synthesis) -> None:
    held = policies_of_roles(production)
    entries = {entry.name: entry for entry in FUNCTIONS}
    for name, role, _function in deployed_functions(production):
        entry = entries[name]
        actions = actions_in(held[role])
        assert ("dynamodb:UpdateItem" in actions) == (entry.records is RecordsAccess.WRITE), name
        assert ("dynamodb:Query" in actions) == (entry.records is not RecordsAccess.NONE), name
        assert ("secretsmanager:GetSecretValue" in actions) == bool(entry.secrets), name
        assert ("s3:GetObject" in actions) == any(
            access.value.startswith("read") for access in entry.documents
        ), name
        assert ("s3:PutObject" in actions) == any(
            access.value.startswith("write") for access in entry.documents
        ), name


def test_powers_that_must_not_meet_do_not(production: Synthesis) -> None:
    """Deciding and sending, sending and signing, are for different roles."""
    entries = {entry.name: entry for entry in FUNCTIONS}
    assert entries["decide_approval"].secrets == ()
    for entry in entries.values():
        assert not (entry.publishes and entry.records is RecordsAccess.WRITE), entry.name
        assert len(entry.secrets) <= 1, entry.name
        assert entry.faces_clearinghouse == (SecretAccess.CLEARINGHOUSE in entry.secrets)
    held = policies_of_roles(production)
    for name, role, _function in deployed_functions(production):
        actions = actions_in(held[role])
        assert not {"events:PutEvents", "states:StartExecution"} <= actions, name


def test_a_workflow_calls_its_own_steps_only(production: Synthesis) -> None:
    held = policies_of_roles(production)
    for machine in production.resources("AWS::StepFunctions::StateMachine"):
        role = production.resource(machine.stack, machine.properties["RoleArn"]).path
        called = {
            json.dumps(resource)
            for statement in held[role]
            if "lambda:InvokeFunction" in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        }
        substituted = {
            json.dumps(value)
            for key, value in machine.properties["DefinitionSubstitutions"].items()
            if key.endswith("FunctionArn")
        }
        assert called == substituted


def test_only_the_account_of_the_ehr_may_put_events_and_only_as_the_ehr(
    production: Synthesis,
) -> None:
    (policy,) = production.resources("AWS::Events::EventBusPolicy")
    statement = policy.properties["Statement"]

    assert statement["Condition"] == {"StringLike": {"events:source": "ehr.*"}}
    assert statement["Action"] == "events:PutEvents"
    assert "444455556666" in json.dumps(statement["Principal"])


def test_queues_take_messages_of_their_own_rules_only(production: Synthesis) -> None:
    for policy in production.resources("AWS::SQS::QueuePolicy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny":
                continue
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert "aws:SourceArn" in statement["Condition"]["ArnEquals"]
