"""What reads each rule set and table: a version that its reader refuses never becomes one."""

from collections.abc import Callable, Mapping
from typing import Any

from functions.billing.domain.appeals.packet import appeal_documents
from functions.billing.domain.denials.priority import priority_weights
from functions.billing.domain.denials.rejections import rejection_table
from functions.billing.domain.denials.response import response_table
from functions.billing.domain.denials.table import denial_table
from functions.billing.domain.rules.automation import automation_policy
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.domain.rules.rule_set import rule_set
from functions.billing.fhir.mapping import mapping_tables

READERS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "appeals": appeal_documents,
    "automation": automation_policy,
    "denial_priority": priority_weights,
    "denial_responses": response_table,
    "denials": denial_table,
    "mapping": mapping_tables,
    "payer_policies": payer_policies,
    "rejections": rejection_table,
    "scrub": rule_set,
}
