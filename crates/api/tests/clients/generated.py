"""A client that openapi-python-client made from docs/openapi.json, against Vedette. Arguments: folder of the client's package,
host:port, token."""

import sys

FOLDER, HOST, TOKEN = sys.argv[1:]
sys.path.insert(0, FOLDER)

from vedette_client import AuthenticatedClient
from vedette_client.api.findings import (
    v1_findings_list,
    v2_findings_bulk_mute_update,
    v2_findings_get,
    v2_findings_group_location,
    v2_findings_list,
    v2_findings_list_location,
    v2_findings_set_mute_location,
    v2_findings_set_state_location,
)
from vedette_client.api.findingsecuritymarks import v2_findingsecuritymarks_update_location
from vedette_client.api.muteconfigs import v2_muteconfigs_create, v2_muteconfigs_delete, v2_muteconfigs_list
from vedette_client.api.sources import v2_sources_get_iam_policy
from vedette_client.models import (
    BulkMuteFindingsRequest,
    BulkMuteState,
    Error,
    GroupFindingsRequest,
    Mute,
    MuteConfig,
    MuteConfigType,
    SecurityMarks,
    SecurityMarksMarks,
    SetFindingStateRequest,
    SetMuteRequest,
    Severity,
    State,
    StateChange,
)

client = AuthenticatedClient(base_url=f"http://{HOST}", token=TOKEN, raise_on_unexpected_status=True)
EVERY = {"collection": "organizations", "id": "1", "source": "-", "client": client}
SOURCE = {**EVERY, "source": "container-threat-detection", "location": "global"}
ONE = {**SOURCE, "finding": "f000"}


def same(found, should):
    assert found == should, f"{found!r} is not {should!r}"


def ids(**more):
    answer = v2_findings_list.sync(**EVERY, page_size=100, **more)
    return sorted(result.finding.name.rsplit("/", 1)[1] for result in answer.list_findings_results)


# lists, page by page, and filters
seen, token = [], ""
while True:
    page = v2_findings_list_location.sync(**SOURCE, page_size=5, page_token=token, order_by="event_time desc")
    same(page.total_size, 12)
    seen += page.list_findings_results
    token = page.next_page_token
    if not token:
        break
same(len(seen), 12)
assert seen[0].finding.event_time > seen[1].finding.event_time
same(seen[-1].finding.severity, Severity.HIGH)
same(seen[-1].finding.state, State.ACTIVE)
same(seen[-1].finding.source_properties["Pod_Name"], "pod-0")
same(seen[-1].resource.display_name, "prod")
same(len(ids(filter_='severity="HIGH"')), 6)
same(ids(filter_='severity="HIGH" AND source_properties.Pid>8'), ["f010"])
compared = v1_findings_list.sync(**EVERY, compare_duration="3600s")
same({result.state_change for result in compared.list_findings_results}, {StateChange.UNCHANGED})

# groups
groups = v2_findings_group_location.sync(**SOURCE, body=GroupFindingsRequest(group_by="category,severity", page_size=100))
same(sum(int(group.count) for group in groups.group_by_results), 12)
same(set(groups.group_by_results[0].properties.additional_properties), {"category", "severity"})

# state, mute, marks
for state in [State.INACTIVE, State.ACTIVE]:
    same(v2_findings_set_state_location.sync(**ONE, body=SetFindingStateRequest(state=state)).state, state)
same(v2_findings_set_mute_location.sync(**ONE, body=SetMuteRequest(mute=Mute.MUTED)).mute, Mute.MUTED)
same(ids(filter_='mute="MUTED"'), ["f000"])
same(v2_findings_set_mute_location.sync(**ONE, body=SetMuteRequest(mute=Mute.UNDEFINED)).mute, Mute.UNDEFINED)
marks = SecurityMarksMarks.from_dict({"team": "a", "case": "b"})
marked = v2_findingsecuritymarks_update_location.sync(**ONE, body=SecurityMarks(marks=marks), update_mask="marks.team,marks.case")
same(marked.marks.to_dict(), {"team": "a", "case": "b"})
same(ids(filter_='security_marks.marks.team="a"'), ["f000"])
found = v2_findings_get.sync(**{key: value for key, value in ONE.items() if key != "location"})
same(found.finding.security_marks.marks["case"], "b")

# many at once, and rules
scope = {"collection": "organizations", "id": "1", "client": client}
operation = v2_findings_bulk_mute_update.sync(**scope, body=BulkMuteFindingsRequest(filter_="severity=MEDIUM", mute_state=BulkMuteState.MUTED))
same(operation.done, True)
same(len(ids(filter_="mute=MUTED")), 6)
rule = MuteConfig(filter_="severity=HIGH", type_=MuteConfigType.DYNAMIC)
made = v2_muteconfigs_create.sync(**scope, body=rule, mute_config_id="high")
same(made.type_, MuteConfigType.DYNAMIC)
same(len(ids(filter_="mute=MUTED")), 12)
same([config.name for config in v2_muteconfigs_list.sync(**scope).mute_configs], [made.name])
v2_muteconfigs_delete.sync(**scope, config="high")
same(len(ids(filter_="mute=MUTED")), 6)
same(v2_sources_get_iam_policy.sync(**{**EVERY, "source": "container-threat-detection"}).bindings, [])

# what is wrong is told in the shape of the document
wrong = v2_findings_list.sync(**EVERY, filter_="severity=")
assert isinstance(wrong, Error), wrong
same((wrong.error.code, wrong.error.status), (400, "INVALID_ARGUMENT"))
missing = v2_findings_set_mute_location.sync_detailed(**{**ONE, "finding": "none"}, body=SetMuteRequest(mute=Mute.MUTED))
same((missing.status_code, missing.parsed.error.status), (404, "NOT_FOUND"))
stranger = AuthenticatedClient(base_url=f"http://{HOST}", token="another")
same(v2_findings_list.sync(**{**EVERY, "client": stranger}).error.status, "UNAUTHENTICATED")
print("the generated client works")
