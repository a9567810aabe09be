"""The CDK app: settings in, stacks out. It asks AWS nothing."""

from __future__ import annotations

import aws_cdk as cdk

from infra.application import add_stacks
from infra.compliance import add_checks
from infra.settings import settings_from_context

app = cdk.App(analytics_reporting=False)
settings = settings_from_context(app.node)
if not settings.is_local:
    add_checks(app)
add_stacks(app, settings)
app.synth()
