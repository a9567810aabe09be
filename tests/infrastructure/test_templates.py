"""What every queue, function, table, bucket, workflow and alarm must have, on AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.build_assets import LAMBDA_PYTHON
from infra.catalogue import FUNCTIONS, WORKFLOWS
from infra.constructs.inbox import clock_event
from tests.infrastructure.synthesis import Resource, Synthesis, referenced

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "AWS::DynamoDB::GlobalTable"
FUNCTION = "AWS::Lambda::Function"
QUEUE = "AWS::SQS::Queue"
STATEFUL = (TABLE, "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret")
LOGICAL_IDS = Path(__file__).with_name("stateful_ids.golden.json")

DAY_SECONDS = 86_400
DEAD_LETTER_DAYS = 14
OBJECT_LOCK_DAYS_MIN = 2192

# What the emulator's CloudFormation refuses, and so what no stack of the local stage may hold.
REFUSED_BY_EMULATOR = {
    "AWS::Backup::BackupSelection",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::EC2::FlowLog",
    "AWS::Events::Archive",
    "AWS::EventSchemas::Registry",
    "AWS::Logs::QueryDefinition",
}


def dead_letter_ids(synthesis: Synthesis) -> set[str]:
    """Queues in which something waits for a person."""
    found = {
        referenced(queue.properties["RedrivePolicy"]["deadLetterTargetArn"])
        for queue in synthesis.resources(QUEUE)
        if "RedrivePolicy" in queue.properties
    }
    found |= {
        referenced(function.properties["DeadLetterConfig"]["TargetArn"])
        for function in synthesis.resources(FUNCTION)
    }
    found |= {
        referenced(bus.properties["DeadLetterConfig"]["Arn"])
        for bus in synthesis.resources("AWS::Events::EventBus")
    }
    found |= {
        referenced(mapping.properties["DestinationConfig"]["OnFailure"]["Destination"])
        for mapping in synthesis.resources("AWS::Lambda::EventSourceMapping")
        if "DestinationConfig" in mapping.properties
    }
    return found


def inboxes(synthesis: Synthesis) -> list[Resource]:
    """Queues that something reads."""
    dead = dead_letter_ids(synthesis)
    return [queue for queue in synthesis.resources(QUEUE) if queue.logical_id not in dead]


def test_every_queue_is_an_inbox_with_redrive_or_a_dead_letter_queue(
    production: Synthesis,
) -> None:
    assert len(inboxes(production)) == len(WORKFLOWS)
    for queue in inboxes(production):
        redrive = queue.properties["RedrivePolicy"]
        assert redrive["maxReceiveCount"] == 5
        target = production.resource("billing", redrive["deadLetterTargetArn"])
        assert "RedrivePolicy" not in target.properties
        assert (
            target.properties["MessageRetentionPeriod"] > queue.properties["MessageRetentionPeriod"]
        )


def test_dead_letters_are_kept_for_two_weeks(production: Synthesis) -> None:
    dead = dead_letter_ids(production)
    assert len(dead) == len(WORKFLOWS) + 3
    for queue in production.resources(QUEUE):
        if queue.logical_id in dead:
            assert queue.properties["MessageRetentionPeriod"] == DEAD_LETTER_DAYS * DAY_SECONDS


def test_every_dead_letter_queue_raises_an_alarm_by_depth_and_by_age(
    production: Synthesis,
) -> None:
    watched: dict[str, set[str]] = {}
    # An alarm either acts or is one that AppConfig watches while it deploys.
    monitored = json.dumps(
        [each.properties for each in production.resources("AWS::AppConfig::Environment")]
    )
    for alarm in production.resources("AWS::CloudWatch::Alarm"):
        assert alarm.properties.get("AlarmActions") or alarm.logical_id in monitored, alarm.path
        for dimension in alarm.properties.get("Dimensions", []):
            if dimension["Name"] == "QueueName":
                name = json.dumps(dimension["Value"])
                watched.setdefault(name, set()).add(alarm.properties["MetricName"])
    for logical_id in dead_letter_ids(production):
        metrics = set().union(*(seen for name, seen in watched.items() if logical_id in name))
        assert metrics == {
            "ApproximateNumberOfMessagesVisible",
            "ApproximateAgeOfOldestMessage",
        }, logical_id


def test_a_message_stays_invisible_for_six_times_its_readers_time_out(
    production: Synthesis,
) -> None:
    mappings = [
        mapping
        for mapping in production.resources("AWS::Lambda::EventSourceMapping")
        if mapping.properties.get("ScalingConfig")
    ]
    assert len(mappings) == len(WORKFLOWS)
    for mapping in mappings:
        queue = production.resource("billing", mapping.properties["EventSourceArn"])
        function = production.resource("billing", mapping.properties["FunctionName"])
        assert queue.properties["VisibilityTimeout"] >= 6 * function.properties["Timeout"]


def test_every_event_source_reports_single_failures(production: Synthesis) -> None:
    for mapping in production.resources("AWS::Lambda::EventSourceMapping"):
        assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_outbox_is_read_in_order_and_keeps_what_it_cannot_publish(
    production: Synthesis,
) -> None:
    (mapping,) = [
        mapping
        for mapping in production.resources("AWS::Lambda::EventSourceMapping")
        if "StartingPosition" in mapping.properties
    ]

    assert mapping.properties["StartingPosition"] == "TRIM_HORIZON"
    assert mapping.properties["BisectBatchOnFunctionError"] is True
    assert mapping.properties["MaximumRecordAgeInSeconds"] < DAY_SECONDS
    assert "OnFailure" in mapping.properties["DestinationConfig"]
    (pattern,) = mapping.properties["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "HISTORY#"}]}}},
    }


def test_every_rule_sends_to_an_inbox_and_keeps_what_it_cannot_deliver(
    production: Synthesis,
) -> None:
    allowed = {queue.logical_id for queue in inboxes(production)}
    rules = [rule for rule in production.resources("AWS::Events::Rule") if rule.stack == "billing"]
    assert rules
    for rule in rules:
        (target,) = rule.properties["Targets"]
        assert referenced(target["Arn"]) in allowed
        queue = production.resource("billing", target["Arn"])
        assert (
            target["DeadLetterConfig"]["Arn"]
            == queue.properties["RedrivePolicy"]["deadLetterTargetArn"]
        )


def test_each_event_of_the_catalogue_starts_exactly_one_workflow(
    production: Synthesis,
) -> None:
    heard = [
        detail_type
        for rule in production.resources("AWS::Events::Rule", stack="billing")
        for detail_type in rule.properties["EventPattern"]["detail-type"]
        if detail_type != "Object Created"
    ]

    assert sorted(heard) == sorted(event for entry in WORKFLOWS for event in entry.events)


def test_only_the_ehr_and_billing_itself_are_heard_on_the_bus(production: Synthesis) -> None:
    for rule in production.resources("AWS::Events::Rule", stack="billing"):
        pattern = rule.properties["EventPattern"]
        if "EventBusName" in rule.properties:
            assert pattern["source"] == [{"prefix": "ehr."}, "billing"]
        else:
            assert pattern["source"] == ["aws.s3"]
            assert pattern["detail"]["object"]["key"] != []


def test_the_clock_sends_an_event_no_rule_on_the_bus_would_take(production: Synthesis) -> None:
    timers = list(production.resources("AWS::Scheduler::Schedule"))
    assert {json.loads(timer.properties["Target"]["Input"])["detail-type"] for timer in timers} == {
        schedule.event_type for entry in WORKFLOWS for schedule in entry.schedules
    }
    for timer in timers:
        event = json.loads(timer.properties["Target"]["Input"])
        assert event == clock_event(event["detail-type"])
        assert event["source"] == "billing.schedule"
        assert timer.properties["State"] == "ENABLED"


def test_every_function_is_traced_logged_limited_and_caught(production: Synthesis) -> None:
    functions = list(production.resources(FUNCTION))
    assert len(functions) == len(FUNCTIONS) - 1 + len(WORKFLOWS)
    logs = set()
    for function in functions:
        properties = function.properties
        assert properties["TracingConfig"] == {"Mode": "Active"}
        assert properties["Runtime"] == f"python{LAMBDA_PYTHON}"
        assert properties["Architectures"] == ["arm64"]
        assert properties["ReservedConcurrentExecutions"] > 0
        assert properties["MemorySize"] >= 512
        assert properties["Timeout"] <= 120
        assert properties["DeadLetterConfig"]
        assert properties["LoggingConfig"]["LogFormat"] == "JSON"
        logs.add(referenced(properties["LoggingConfig"]["LogGroup"]))
    assert len(logs) == len(functions)


def test_every_log_is_encrypted_and_ends(production: Synthesis) -> None:
    groups = list(production.resources("AWS::Logs::LogGroup"))
    # One for each function, starter and workflow; one for the network, one for the webhooks' door.
    assert len(groups) == len(FUNCTIONS) - 1 + 2 * len(WORKFLOWS) + 2
    for group in groups:
        assert group.properties["RetentionInDays"] >= 180
        assert group.properties["KmsKeyId"]
        assert group.attributes["DeletionPolicy"] == "Retain"


def test_only_functions_that_face_the_clearinghouse_have_a_way_out(
    production: Synthesis,
) -> None:
    facing = {entry.name for entry in FUNCTIONS if entry.faces_clearinghouse}
    assert facing == {
        "verify_eligibility",
        "submit_claim",
        "submit_file",
        "resolve_submission",
        "submit_appeal",
        "inquire_status",
        "fetch_transactions",
    }
    for function in production.resources(FUNCTION):
        name = function.properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        subnets = json.dumps(function.properties["VpcConfig"]["SubnetIds"])
        assert ("Egress" in subnets, "Isolated" in subnets) == (name in facing, name not in facing)


def test_one_door_stands_open_to_the_internet_and_is_throttled(production: Synthesis) -> None:
    (route,) = production.resources("AWS::ApiGatewayV2::Route")
    (stage,) = production.resources("AWS::ApiGatewayV2::Stage")
    (permission,) = (
        each
        for each in production.resources("AWS::Lambda::Permission")
        if each.properties["Principal"] == "apigateway.amazonaws.com"
    )

    assert route.properties["RouteKey"] == "POST /webhooks/clearinghouse"
    limits = stage.properties["DefaultRouteSettings"]
    assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"] <= 50
    assert "body" not in stage.properties["AccessLogSettings"]["Format"].lower()
    assert "ReceiveWebhook" in json.dumps(permission.properties["FunctionName"])


def test_a_distributed_map_may_start_its_own_machine_and_no_other(production: Synthesis) -> None:
    (policy,) = (
        each
        for each in production.resources("AWS::IAM::ManagedPolicy")
        if "MapRunPolicy" in each.path
    )
    statements = {
        statement["Sid"]: statement
        for statement in policy.properties["PolicyDocument"]["Statement"]
    }

    assert statements["StartChildren"]["Action"] == "states:StartExecution"
    assert "RemittanceWorkflow" in json.dumps(statements["StartChildren"]["Resource"])
    assert "RemittanceWorkflow" in json.dumps(statements["FollowChildren"]["Resource"])
    assert "RemittanceWorkflow" in json.dumps(policy.properties["Roles"])


def test_tables_are_encrypted_recoverable_and_cannot_be_deleted(production: Synthesis) -> None:
    tables = {table.stack: table for table in production.resources(TABLE)}
    assert set(tables) == {"data", "audit"}
    for table in tables.values():
        (replica,) = table.properties["Replicas"]
        assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert replica["DeletionProtectionEnabled"] is True
        assert table.properties["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
        assert table.attributes["DeletionPolicy"] == "Retain"
        assert table.attributes["UpdateReplacePolicy"] == "Retain"
        assert "TimeToLiveSpecification" not in table.properties
    assert tables["data"].properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert {
        index["IndexName"] for index in tables["data"].properties["GlobalSecondaryIndexes"]
    } == {"by_due", "by_ref"}


def test_the_audit_table_has_a_key_of_its_own(production: Synthesis) -> None:
    (key,) = production.resources("AWS::KMS::Key", stack="audit")
    (table,) = production.resources(TABLE, stack="audit")
    (replica,) = table.properties["Replicas"]

    assert referenced(replica["SSESpecification"]["KMSMasterKeyId"]) == key.logical_id


def test_nobody_can_change_an_audit_entry(production: Synthesis) -> None:
    (table,) = production.resources(TABLE, stack="audit")
    (replica,) = table.properties["Replicas"]
    (statement,) = replica["ResourcePolicy"]["PolicyDocument"]["Statement"]

    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == {"AWS": "*"}
    assert {"dynamodb:DeleteItem", "dynamodb:UpdateItem"} <= set(statement["Action"])


def test_evidence_is_locked_for_at_least_six_years(production: Synthesis) -> None:
    locked = [
        bucket.properties["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        for bucket in production.resources("AWS::S3::Bucket")
        if bucket.properties.get("ObjectLockEnabled")
    ]

    assert [rule["Mode"] for rule in locked] == ["COMPLIANCE"]
    assert all(rule["Days"] >= OBJECT_LOCK_DAYS_MIN for rule in locked)


def test_keys_rotate_and_outlive_their_stack(production: Synthesis) -> None:
    for key in production.resources("AWS::KMS::Key"):
        assert key.properties["EnableKeyRotation"] is True
        assert key.attributes["DeletionPolicy"] == "Retain"


def test_queues_bus_topic_and_secrets_use_customer_managed_keys(production: Synthesis) -> None:
    field_of = {
        QUEUE: "KmsMasterKeyId",
        "AWS::Events::EventBus": "KmsKeyIdentifier",
        "AWS::Events::Archive": "KmsKeyIdentifier",
        "AWS::SNS::Topic": "KmsMasterKeyId",
        "AWS::SecretsManager::Secret": "KmsKeyId",
        "AWS::Scheduler::Schedule": "KmsKeyArn",
        "AWS::Backup::BackupVault": "EncryptionKeyArn",
    }
    for resource in production.resources(*field_of):
        key = resource.properties[field_of[resource.type]]
        assert "Key" in json.dumps(key), resource.path
        assert "alias/aws" not in json.dumps(key), resource.path


def test_workflows_log_everything_but_the_data(production: Synthesis) -> None:
    machines = list(production.resources("AWS::StepFunctions::StateMachine"))
    assert len(machines) == len(WORKFLOWS)
    for machine in machines:
        logging = machine.properties["LoggingConfiguration"]
        assert logging["IncludeExecutionData"] is False
        assert logging["Level"] == "ALL"
        assert machine.properties["TracingConfiguration"] == {"Enabled": True}


def test_only_the_workflow_that_reads_long_files_is_standard(production: Synthesis) -> None:
    standard = [
        machine.path
        for machine in production.resources("AWS::StepFunctions::StateMachine")
        if machine.properties["StateMachineType"] == "STANDARD"
    ]

    assert standard == ["Billing/RemittanceWorkflow/StateMachine/Resource"]


def test_failing_functions_workflows_and_an_old_outbox_raise_alarms(
    production: Synthesis,
) -> None:
    alarms = [
        (alarm.properties["Namespace"], alarm.properties["MetricName"])
        for alarm in production.resources("AWS::CloudWatch::Alarm")
    ]

    functions = len(list(production.resources(FUNCTION)))
    assert alarms.count(("AWS/Lambda", "Errors")) == functions
    assert alarms.count(("AWS/Lambda", "IteratorAge")) == 1
    assert alarms.count(("AWS/States", "ExecutionsFailed")) == len(WORKFLOWS)
    assert alarms.count(("AWS/States", "ExecutionsTimedOut")) == len(WORKFLOWS)


def test_stateful_resources_bear_no_physical_name(production: Synthesis) -> None:
    for resource in production.resources(*STATEFUL):
        assert not {"TableName", "BucketName", "Name"} & set(resource.properties), resource.path


def test_stateful_resources_keep_their_logical_ids(production: Synthesis) -> None:
    """A changed id replaces the resource, and with it what it holds.

    Where that is meant: write the new list to ``stateful_ids.golden.json`` and plan the move.
    """
    ids = {
        stack: sorted(each.logical_id for each in production.resources(*STATEFUL, stack=stack))
        for stack in ("data", "audit")
    }

    assert ids == json.loads(LOGICAL_IDS.read_text())


@pytest.mark.parametrize("stack", ["Data", "Audit", "Network", "Governance"])
def test_stacks_that_hold_something_are_protected(production: Synthesis, stack: str) -> None:
    manifest = json.loads((production.folder / "manifest.json").read_text())

    assert manifest["artifacts"][stack]["properties"]["terminationProtection"] is True


def test_governance_archives_backs_up_and_registers(production: Synthesis) -> None:
    types = {resource.type for resource in production.resources(stack="governance")}

    assert {
        "AWS::Events::Archive",
        "AWS::Backup::BackupSelection",
        "AWS::EventSchemas::Registry",
    } <= types
    (selection,) = production.resources("AWS::Backup::BackupSelection")
    assert len(selection.properties["BackupSelection"]["Resources"]) == 2


def test_one_saved_query_asks_every_functions_log(production: Synthesis) -> None:
    (query,) = production.resources("AWS::Logs::QueryDefinition")

    assert len(query.properties["LogGroupNames"]) == len(FUNCTIONS) - 1 + len(WORKFLOWS)


def test_the_local_stage_holds_nothing_the_emulator_refuses(local: Synthesis) -> None:
    assert set(local.templates) == {"data", "audit", "billing", "rules", "observability"}
    assert not {resource.type for resource in local.resources()} & REFUSED_BY_EMULATOR


def test_the_local_stage_needs_no_custom_resource(local: Synthesis, production: Synthesis) -> None:
    for synthesis in (local, production):
        custom = [each.type for each in synthesis.resources() if each.type.startswith("Custom::")]
        assert custom == []


def test_the_local_stage_runs_the_same_workflows_with_few_processes(
    local: Synthesis, production: Synthesis
) -> None:
    def definitions(synthesis: Synthesis) -> Iterator[str]:
        for machine in synthesis.resources("AWS::StepFunctions::StateMachine"):
            yield machine.properties["DefinitionString"]

    assert list(definitions(local)) == list(definitions(production))
    for function in local.resources(FUNCTION):
        assert function.properties["ReservedConcurrentExecutions"] == 2
        assert "VpcConfig" not in function.properties
