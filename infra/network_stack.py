"""Where functions run: no way out for most, one for those that face the clearinghouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Environment, Fn, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from infra.compliance import acknowledge, in_hipaa_and_nist
from infra.constructs.billing_function import LOG_RETENTION, FunctionNetwork
from infra.constructs.rotating_key import let_logs_encrypt, rotating_key

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import DeploymentSettings

AVAILABILITY_ZONES = 2
HTTPS = 443

# The services the functions call; each is reached inside the network, never over the internet.
INTERFACE_ENDPOINTS: dict[str, ec2.InterfaceVpcEndpointAwsService] = {
    "RollOuts": ec2.InterfaceVpcEndpointAwsService.APPCONFIGDATA,
    "RollOutDeployments": ec2.InterfaceVpcEndpointAwsService.APPCONFIG,
    "Events": ec2.InterfaceVpcEndpointAwsService.EVENTBRIDGE,
    "Keys": ec2.InterfaceVpcEndpointAwsService.KMS,
    "Parameters": ec2.InterfaceVpcEndpointAwsService.SSM,
    "Queues": ec2.InterfaceVpcEndpointAwsService.SQS,
    "Secrets": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    "Workflows": ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
}


class NetworkStack(Stack):
    """The VPC; the emulator runs functions without one."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: DeploymentSettings
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=settings.account, region=settings.region),
            synthesizer=settings.synthesizer(),
            stack_name=settings.stack_name("network"),
            description="Billing: the network functions run in.",
            termination_protection=not settings.is_local,
        )
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=AVAILABILITY_ZONES,
            nat_gateways=AVAILABILITY_ZONES,
            # Left as it is: emptying it needs a custom resource; no function is ever in it.
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=22
                ),
                ec2.SubnetConfiguration(
                    name="Egress", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=24
                ),
                ec2.SubnetConfiguration(
                    name="Gateway",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=26,
                    map_public_ip_on_launch=False,
                ),
            ],
        )
        acknowledge(
            self.vpc,
            *in_hipaa_and_nist("VPCDefaultSecurityGroupClosed"),
            reason="CloudFormation cannot close it without a custom resource; every function "
            "and endpoint has a group of its own.",
        )
        for subnet in self.vpc.public_subnets:
            acknowledge(
                subnet.node.find_child("DefaultRoute"),
                *in_hipaa_and_nist("VPCNoUnrestrictedRouteToIGW"),
                reason="Holds the NAT gateway only: the way out to the clearinghouse, whose "
                "addresses are not fixed.",
            )
        self._log_flows()
        self.functions = self._function_network()

    @property
    @jsii.member(jsii_name="availabilityZones")
    def availability_zones(self) -> list[str]:
        """Leave the zones to CloudFormation; CDK would ask AWS for them when it synthesizes."""
        return [Fn.select(index, Fn.get_azs()) for index in range(AVAILABILITY_ZONES)]

    def _log_flows(self) -> None:
        key = rotating_key(
            self, "FlowLogKey", description="Billing network flow logs.", is_local=False
        )
        let_logs_encrypt(key)
        log = logs.LogGroup(
            self,
            "FlowLog",
            encryption_key=key,
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.RETAIN,
        )
        role = iam.Role(
            self,
            "FlowLogRole",
            assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"),
            description="Writes the network's flow log.",
        )
        iam.ManagedPolicy(
            self,
            "FlowLogPolicy",
            description="Lets the network write its flow log.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    actions=[
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    resources=[log.log_group_arn],
                )
            ],
        )
        ec2.FlowLog(
            self,
            "Flows",
            resource_type=ec2.FlowLogResourceType.from_vpc(self.vpc),
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                log, role.without_policy_updates()
            ),
            traffic_type=ec2.FlowLogTrafficType.ALL,
        )

    def _function_network(self) -> FunctionNetwork:
        isolated_group = self._group("IsolatedFunctions", "Functions that reach AWS only.")
        egress_group = self._group("ClearinghouseFunctions", "Functions that face a clearinghouse.")
        endpoint_group = self._group("Endpoints", "AWS services, reached inside the network.")
        for group in (isolated_group, egress_group):
            endpoint_group.add_ingress_rule(group, ec2.Port.tcp(HTTPS), "Functions call AWS")
            group.add_egress_rule(endpoint_group, ec2.Port.tcp(HTTPS), "AWS services")
        # S3 and DynamoDB are reached through the route table, so their addresses are public ones;
        # isolated subnets have no other route out.
        isolated_group.add_egress_rule(
            ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "S3 and DynamoDB by gateway endpoint"
        )
        egress_group.add_egress_rule(
            ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "The clearinghouse, over TLS"
        )
        for name, service in (
            ("Documents", ec2.GatewayVpcEndpointAwsService.S3),
            ("Tables", ec2.GatewayVpcEndpointAwsService.DYNAMODB),
        ):
            self.vpc.add_gateway_endpoint(f"{name}Endpoint", service=service)
        isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        for name, interface in INTERFACE_ENDPOINTS.items():
            self.vpc.add_interface_endpoint(
                f"{name}Endpoint",
                service=interface,
                subnets=isolated,
                security_groups=[endpoint_group],
                open=False,
            )
        return FunctionNetwork(
            vpc=self.vpc,
            isolated=isolated,
            isolated_group=isolated_group,
            egress=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            egress_group=egress_group,
        )

    def _group(self, construct_id: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            construct_id,
            vpc=self.vpc,
            description=description,
            allow_all_outbound=False,
        )
