"""How functions learn which rule versions judge: one small document, deployed in steps by AWS AppConfig."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_appconfig as appconfig
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam

from infra.catalogue import METRICS_NAMESPACE, RollOutAccess
from infra.compliance import acknowledge, in_hipaa_and_nist

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import DeploymentSettings

STAGED_MINUTES = 10
STAGED_GROWTH_PERCENT = 25
BAKE_MINUTES = 10
# How old a running function's knowledge of versions may be; a day on the emulator is a minute long.
POLL_SECONDS = 60
LOCAL_POLL_SECONDS = 1
# What a step says when a rule set that was deployed to it cannot be read, or is not there.
UNREADABLE_OUTCOMES = {
    "RulesUnreadable": "rule_set_malformed",
    "RulesMissing": "rule_set_content_missing",
}
JUDGING_STEP = "scrub_claim"


class RulesStack(Stack):
    """The AppConfig application, its one profile, its strategies and the alarm that takes a deployment back."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: DeploymentSettings
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=settings.account, region=settings.region),
            synthesizer=settings.synthesizer(),
            stack_name=settings.stack_name("rules"),
            description="Billing: which rule versions judge which claims.",
        )
        self._poll_seconds = LOCAL_POLL_SECONDS if settings.is_local else POLL_SECONDS
        self.application = appconfig.CfnApplication(
            self, "Application", name=f"billing-{settings.stage}"
        )
        self.alarms = [
            self._unreadable_alarm(name, outcome) for name, outcome in UNREADABLE_OUTCOMES.items()
        ]
        monitor_role = self._monitor_role()
        self.practice = appconfig.CfnEnvironment(
            self,
            "Environment",
            name="claims",
            application_id=self.application.ref,
            monitors=[
                appconfig.CfnEnvironment.MonitorsProperty(
                    alarm_arn=alarm.alarm_arn, alarm_role_arn=monitor_role.role_arn
                )
                for alarm in self.alarms
            ],
        )
        self.profile = appconfig.CfnConfigurationProfile(
            self,
            "RuleVersions",
            name="rule-versions",
            application_id=self.application.ref,
            location_uri="hosted",
            type="AWS.Freeform",
        )
        # On the emulator nobody waits: a minute of a deployment is a minute there, too.
        self.staged = self._strategy(
            "Staged",
            minutes=0 if settings.is_local else STAGED_MINUTES,
            growth_percent=100 if settings.is_local else STAGED_GROWTH_PERCENT,
            bake_minutes=0 if settings.is_local else BAKE_MINUTES,
        )
        self.at_once = self._strategy("AtOnce", minutes=0, growth_percent=100, bake_minutes=0)
        self.deploy_policy = self._deploy_policy()
        self._write_outputs()

    def _unreadable_alarm(self, construct_id: str, outcome: str) -> cloudwatch.Alarm:
        """Claims fail because a version cannot be read: the deployment that brought it goes back by itself."""
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            metric=cloudwatch.Metric(
                namespace=METRICS_NAMESPACE,
                metric_name="StepRuns",
                dimensions_map={"service": JUDGING_STEP, "outcome": outcome},
                statistic="Sum",
                period=Duration.minutes(1),
            ),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description="A function could not read the rules that were rolled out to it.",
        )
        acknowledge(
            alarm,
            *in_hipaa_and_nist("CloudWatchAlarmAction"),
            reason="AppConfig itself watches this alarm and acts; people are told by the alarm of the "
            "failing function and by the watch that follows AppConfig.",
        )
        return alarm

    def _monitor_role(self) -> iam.Role:
        role = iam.Role(
            self,
            "MonitorRole",
            assumed_by=iam.ServicePrincipal(
                "appconfig.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            ),
            description="Lets AppConfig read the state of its alarm.",
        )
        policy = iam.ManagedPolicy(
            self,
            "MonitorPolicy",
            description="Lets AppConfig read the state of its alarm.",
            roles=[role],
            statements=[
                iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=["*"])
            ],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="CloudWatch knows no resource for DescribeAlarms; AWS documents this very policy.",
        )
        return role

    def _strategy(
        self, construct_id: str, *, minutes: int, growth_percent: int, bake_minutes: int
    ) -> appconfig.CfnDeploymentStrategy:
        return appconfig.CfnDeploymentStrategy(
            self,
            construct_id,
            name=f"{self.stack_name}-{construct_id}",
            deployment_duration_in_minutes=minutes,
            growth_factor=growth_percent,
            growth_type="LINEAR",
            final_bake_time_in_minutes=bake_minutes,
            replicate_to="NONE",
        )

    def environment_variables(self, access: RollOutAccess) -> dict[str, str]:
        """What a function is told of AppConfig."""
        if access is RollOutAccess.NONE:
            return {}
        variables = {
            "APPCONFIG_APPLICATION": self.application.ref,
            "APPCONFIG_ENVIRONMENT": self.practice.ref,
            "APPCONFIG_PROFILE": self.profile.ref,
        }
        if access is RollOutAccess.READ:
            return {**variables, "ROLL_OUT_POLL_SECONDS": str(self._poll_seconds)}
        return {
            **variables,
            "APPCONFIG_STAGED": self.staged.ref,
            "APPCONFIG_AT_ONCE": self.at_once.ref,
        }

    def statements(self, access: RollOutAccess) -> list[iam.PolicyStatement]:
        """What a function may do with AppConfig."""
        match access:
            case RollOutAccess.NONE:
                return []
            case RollOutAccess.READ:
                return [
                    iam.PolicyStatement(
                        sid="HearRollOuts",
                        actions=[
                            "appconfig:GetLatestConfiguration",
                            "appconfig:StartConfigurationSession",
                        ],
                        resources=[
                            self._arn(f"{self._environment_path}/configuration/{self.profile.ref}")
                        ],
                    )
                ]
            case RollOutAccess.DEPLOY:
                return []

    def _deploy_policy(self) -> iam.ManagedPolicy:
        """Write down once what deploying takes; the two functions that may do so share it."""
        profile = f"{self._application_path}/configurationprofile/{self.profile.ref}"
        policy = iam.ManagedPolicy(
            self,
            "DeployPolicy",
            description="Deploys which rule versions judge.",
            statements=[
                iam.PolicyStatement(
                    sid="DeployRollOuts",
                    actions=[
                        "appconfig:CreateHostedConfigurationVersion",
                        "appconfig:GetHostedConfigurationVersion",
                        "appconfig:ListDeployments",
                        "appconfig:StartDeployment",
                        "appconfig:StopDeployment",
                    ],
                    resources=[
                        self._arn(self._application_path),
                        self._arn(self._environment_path),
                        self._arn(f"{self._environment_path}/deployment/*"),
                        self._arn(profile),
                        self._arn(f"{profile}/hostedconfigurationversion/*"),
                        *(
                            self._arn(f"deploymentstrategy/{strategy.ref}")
                            for strategy in (self.staged, self.at_once)
                        ),
                    ],
                )
            ],
        )
        application, environment, versions = (
            f"<{self.get_logical_id(each)}>"
            for each in (self.application, self.practice, self.profile)
        )
        root = (
            f"arn:<AWS::Partition>:appconfig:{self.region}:{self.account}:application/{application}"
        )
        acknowledge(
            policy,
            f"AwsSolutions-IAM5[Resource::{root}/environment/{environment}/deployment/*]",
            f"AwsSolutions-IAM5[Resource::{root}/configurationprofile/{versions}/hostedconfigurationversion/*]",
            reason="Deployments and versions of the document are numbered as they are made.",
        )
        return policy

    def shared_policies(self, access: RollOutAccess) -> list[iam.IManagedPolicy]:
        """Policies a function has in common with others that may do the same."""
        return [self.deploy_policy] if access is RollOutAccess.DEPLOY else []

    @property
    def _application_path(self) -> str:
        return f"application/{self.application.ref}"

    @property
    def _environment_path(self) -> str:
        return f"{self._application_path}/environment/{self.practice.ref}"

    def _arn(self, path: str) -> str:
        return f"arn:{self.partition}:appconfig:{self.region}:{self.account}:{path}"

    def _write_outputs(self) -> None:
        for name, resource in (
            ("Application", self.application),
            ("Environment", self.practice),
            ("Profile", self.profile),
            ("Staged", self.staged),
            ("AtOnce", self.at_once),
        ):
            CfnOutput(self, f"AppConfig{name}", value=resource.ref)
