"""The one door that stands open to the internet: an HTTP API with one route, for the clearinghouse's webhooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.compliance import acknowledge
from infra.constructs.billing_function import LOG_RETENTION

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_

WEBHOOK_PATH = "/webhooks/clearinghouse"
# A webhook is a hint that one look at the list answers, so few are enough; whoever floods it gets 429.
CALLS_PER_SECOND = 10
CALLS_AT_ONCE = 20
# Of a call: when, from where, how it was answered. Never its body.
LOGGED = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "sourceIp": "$context.identity.sourceIp",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "integrationError": "$context.integrationErrorMessage",
}


class WebhookDoor(Construct):
    """The API, its one route and its log.

    Parameters
    ----------
    function
        Receives the calls; their signature is what it lets them in by.
    log_key
        Encrypts the access log.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.IFunction,
        log_key: kms.IKey,
        is_local: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Log",
            encryption_key=log_key,
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY if is_local else RemovalPolicy.RETAIN,
        )
        self.api = apigateway.HttpApi(
            self,
            "Api",
            description="Billing: webhooks of the clearinghouse.",
            create_default_stage=False,
        )
        routes = self.api.add_routes(
            path=WEBHOOK_PATH,
            methods=[apigateway.HttpMethod.POST],
            integration=integrations.HttpLambdaIntegration("Receive", function),
        )
        self.stage = apigateway.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=CALLS_PER_SECOND, throttling_burst_limit=CALLS_AT_ONCE
            ),
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=self.log_group.log_group_arn, format=json.dumps(LOGGED)
            ),
        )
        for route in routes:
            acknowledge(
                route,
                "AwsSolutions-APIG4",
                reason="The caller proves itself by an HMAC over the very bytes it sends (Standard "
                "Webhooks); an authorizer of the API does not see them.",
            )

    @property
    def url(self) -> str:
        """What the clearinghouse is told to call."""
        return f"{self.api.api_endpoint}{WEBHOOK_PATH}"
