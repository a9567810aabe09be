"""What people look at and what calls them: one dashboard, one topic, the alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from infra.catalogue import KPI_METRICS, METRICS_NAMESPACE, pascal_case

if TYPE_CHECKING:
    from constructs import Construct

    from infra.billing_stack import BillingStack, DeployedWorkflow
    from infra.data_stack import DataStack
    from infra.settings import DeploymentSettings

PERIOD = Duration.minutes(5)
DEAD_LETTER_AGE_DAYS = 3
INBOX_AGE_MINUTES = 15
ITERATOR_AGE_HOURS = 1
SILENT_CLAIMS_MAX = 20
WIDGET_WIDTH = 4
# What the watch over rule versions says when something is wrong with one on trial.
RULE_ALARMS: dict[str, tuple[str, str]] = {
    "RuleVersionTakenBack": (
        "rolled_back",
        "A rule version made too many claims fail, or be denied, and was taken back.",
    ),
    "RuleTrialBeyondBound": (
        "beyond_bound",
        "A rule version in shadow would make too many claims fail.",
    ),
}
WIDE_WIDGET_WIDTH = 12


class ObservabilityStack(Stack):
    """The dashboard and every alarm, each of which has a runbook."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DeploymentSettings,
        data: DataStack,
        billing: BillingStack,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=settings.account, region=settings.region),
            synthesizer=settings.synthesizer(),
            stack_name=settings.stack_name("observability"),
            description="Billing: dashboard and alarms.",
        )
        self.topic = self._alarm_topic(settings, data)
        self._alarm_dead_letters(billing)
        self._alarm_inboxes(billing)
        self._alarm_outbox(billing)
        self._alarm_functions(billing)
        self._alarm_workflows(billing)
        self._alarm_silence()
        self._alarm_rules()
        self.dashboard = self._draw_dashboard(billing)
        CfnOutput(self, "AlarmTopicArn", value=self.topic.topic_arn)
        CfnOutput(self, "DashboardName", value=self.dashboard.dashboard_name)

    def _alarm_topic(self, settings: DeploymentSettings, data: DataStack) -> sns.Topic:
        topic = sns.Topic(
            self,
            "Alarms",
            display_name="Billing alarms",
            master_key=data.message_key,
            enforce_ssl=not settings.is_local,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        if settings.alarm_email is not None:
            sns.CfnSubscription(
                self,
                "AlarmEmail",
                topic_arn=topic.topic_arn,
                protocol="email",
                endpoint=settings.alarm_email,
            )
        return topic

    def _alarm(
        self,
        construct_id: str,
        *,
        metric: cloudwatch.IMetric,
        threshold: float,
        description: str,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))

    def _alarm_dead_letters(self, billing: BillingStack) -> None:
        for words, queue in dead_letter_queues(billing).items():
            self._alarm(
                f"{words}DeadLetterArrived",
                metric=_visible(queue),
                threshold=0,
                description=f"A message is in the dead-letter queue of {words}.",
            )
            self._alarm(
                f"{words}DeadLetterGrowsOld",
                metric=_age(queue),
                threshold=Duration.days(DEAD_LETTER_AGE_DAYS).to_seconds(),
                description=f"A message of {words} has waited three days; it is lost after 14.",
            )

    def _alarm_inboxes(self, billing: BillingStack) -> None:
        for name, deployed in billing.workflows.items():
            self._alarm(
                f"{pascal_case(name)}InboxGrowsOld",
                metric=_age(deployed.inbox.queues.queue),
                threshold=Duration.minutes(INBOX_AGE_MINUTES).to_seconds(),
                description=f"Events wait before the {name} workflow.",
            )

    def _alarm_outbox(self, billing: BillingStack) -> None:
        # The stream keeps a record for one day; what is older is lost to it.
        self._alarm(
            "OutboxGrowsOld",
            metric=billing.publish_outbox.function.metric(
                "IteratorAge", statistic="Maximum", period=PERIOD
            ),
            threshold=Duration.hours(ITERATOR_AGE_HOURS).to_milliseconds(),
            description="Events wait in the outbox's stream, which keeps them for a day.",
        )

    def _alarm_functions(self, billing: BillingStack) -> None:
        for name, function in billing.functions.items():
            self._alarm(
                f"{pascal_case(name)}Fails",
                metric=function.function.metric_errors(period=PERIOD),
                threshold=0,
                description=f"The function {name} raised an error.",
            )

    def _alarm_workflows(self, billing: BillingStack) -> None:
        for name, deployed in billing.workflows.items():
            machine = deployed.workflow.state_machine
            words = pascal_case(name)
            self._alarm(
                f"{words}WorkflowFails",
                metric=machine.metric_failed(period=PERIOD),
                threshold=0,
                description=f"An execution of the {name} workflow failed.",
            )
            self._alarm(
                f"{words}WorkflowTimesOut",
                metric=machine.metric_timed_out(period=PERIOD),
                threshold=0,
                description=f"An execution of the {name} workflow ran out of time: the event "
                "is not in the dead-letter queue.",
            )

    def _alarm_silence(self) -> None:
        """Many silent claims at once are a lost file or connection; a held claim is an outage."""
        self._alarm(
            "ClaimsFallSilent",
            metric=cloudwatch.Metric(
                namespace=METRICS_NAMESPACE,
                metric_name="ClaimsSilent",
                dimensions_map={"service": "check_reconciliation"},
                statistic="Maximum",
                period=PERIOD,
            ),
            threshold=SILENT_CLAIMS_MAX,
            description="Many claims were not acknowledged, or not paid, in their payers' time.",
        )
        self._alarm(
            "ClaimsHeldForOutage",
            metric=cloudwatch.Metric(
                namespace=METRICS_NAMESPACE,
                metric_name="StepRuns",
                dimensions_map={"service": "submit_claim", "outcome": "held"},
                statistic="Sum",
                period=PERIOD,
            ),
            threshold=0,
            description="A clearinghouse answers nobody: claims wait in line.",
        )

    def _alarm_rules(self) -> None:
        for words, (outcome, description) in RULE_ALARMS.items():
            self._alarm(
                words,
                metric=cloudwatch.Metric(
                    namespace=METRICS_NAMESPACE,
                    metric_name="StepRuns",
                    dimensions_map={"service": "watch_roll_outs", "outcome": outcome},
                    statistic="Sum",
                    period=PERIOD,
                ),
                threshold=0,
                description=description,
            )

    def _draw_dashboard(self, billing: BillingStack) -> cloudwatch.Dashboard:
        dashboard = cloudwatch.Dashboard(self, "Dashboard")
        dashboard.add_widgets(cloudwatch.TextWidget(markdown="# Revenue cycle", width=24, height=1))
        dashboard.add_widgets(*(_kpi_widget(name) for name in KPI_METRICS))
        dashboard.add_widgets(cloudwatch.TextWidget(markdown="# Operations", width=24, height=1))
        dashboard.add_widgets(
            _graph(
                "Dead letters",
                [
                    _visible(queue).with_(label=words)
                    for words, queue in dead_letter_queues(billing).items()
                ],
            ),
            _graph(
                "Waiting before each workflow",
                [
                    _visible(deployed.inbox.queues.queue).with_(label=name)
                    for name, deployed in billing.workflows.items()
                ],
            ),
        )
        dashboard.add_widgets(
            _graph("Executions started", _per_workflow(billing, "ExecutionsStarted")),
            _graph("Executions failed", _per_workflow(billing, "ExecutionsFailed")),
        )
        dashboard.add_widgets(
            _graph(
                "Function errors",
                [
                    function.function.metric_errors(period=PERIOD, label=name)
                    for name, function in billing.functions.items()
                ],
            ),
            _graph(
                "Age of the outbox",
                [
                    billing.publish_outbox.function.metric(
                        "IteratorAge", statistic="Maximum", period=PERIOD, label="milliseconds"
                    )
                ],
            ),
        )
        return dashboard


def dead_letter_queues(billing: BillingStack) -> dict[str, sqs.IQueue]:
    """Every queue where something waits for a person, by the words of its source."""
    return {
        **{
            pascal_case(name): deployed.inbox.queues.dead_letters
            for name, deployed in billing.workflows.items()
        },
        "Bus": billing.unroutable_events,
        "Outbox": billing.unpublished_outbox,
        "Invocation": billing.failed_invocations,
    }


def _visible(queue: sqs.IQueue) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")


def _age(queue: sqs.IQueue) -> cloudwatch.Metric:
    return queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum")


def _per_workflow(billing: BillingStack, name: str) -> list[cloudwatch.Metric]:
    def metric(deployed: DeployedWorkflow) -> cloudwatch.Metric:
        return deployed.workflow.state_machine.metric(
            name, statistic="Sum", period=PERIOD, label=deployed.entry.name
        )

    return [metric(deployed) for deployed in billing.workflows.values()]


def _graph(title: str, metrics: list[cloudwatch.Metric]) -> cloudwatch.GraphWidget:
    left: list[cloudwatch.IMetric] = [*metrics]
    return cloudwatch.GraphWidget(title=title, left=left, width=WIDE_WIDGET_WIDTH)


def _kpi_widget(name: str) -> cloudwatch.SingleValueWidget:
    metric = cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": "measure_kpis"},
        statistic="Maximum",
        period=Duration.hours(1),
    )
    return cloudwatch.SingleValueWidget(
        title=name.replace("_", " "), metrics=[metric], width=WIDGET_WIDTH, sparkline=True
    )
