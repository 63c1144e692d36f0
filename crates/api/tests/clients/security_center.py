"""Google's own client against Vedette: only the address differs. Arguments: host:port, token, v1 or v2."""

import sys

from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import securitycenter_v1, securitycenter_v2
from google.protobuf import field_mask_pb2, timestamp_pb2

HOST, TOKEN, VERSION = sys.argv[1:]


def client(module):
    transports = __import__(
        f"{module.__name__}.services.security_center.transports", fromlist=["SecurityCenterRestTransport"]
    )
    transport = transports.SecurityCenterRestTransport(
        host=HOST, url_scheme="http", credentials=AnonymousCredentials()
    )
    transport._session.headers["Authorization"] = f"Bearer {TOKEN}"
    return module.SecurityCenterClient(transport=transport)


def same(found, should):
    assert found == should, f"{found!r} is not {should!r}"


def refused(kind, call):
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was expected")


def mask(*paths):
    return field_mask_pb2.FieldMask(paths=paths)


def exercise(module, version):
    scc = client(module)
    organization = "organizations/1"
    parent = f"{organization}/sources/-"
    location = "" if version == "v1" else "/locations/global"
    name = f"{organization}/sources/container-threat-detection{location}/findings/f000"

    # lists, page by page
    results = list(scc.list_findings(request={"parent": parent, "page_size": 5}))
    same(len(results), 12)
    results = list(scc.list_findings(request={"parent": parent, "filter": 'severity="HIGH"', "order_by": "event_time desc"}))
    same(len(results), 6)
    assert results[0].finding.event_time > results[1].finding.event_time
    same(results[-1].finding.name, name)
    same(results[-1].finding.severity.name, "HIGH")
    if version == "v1":
        same(results[0].resource.project_display_name, "shop")
        compared = scc.list_findings(request={"parent": parent, "compare_duration": {"seconds": 3600}, "page_size": 5})
        same({result.state_change.name for result in compared}, {"UNCHANGED"})
    else:
        same(results[0].resource.gcp_metadata.project_display_name, "shop")

    # groups
    groups = list(scc.group_findings(request={"parent": parent, "group_by": "category,severity", "page_size": 2}))
    same(sum(group.count for group in groups), 12)
    assert {"category", "severity"} == set(groups[0].properties)

    # state, mute, marks, external systems
    since = {"start_time": timestamp_pb2.Timestamp(seconds=1)} if version == "v1" else {}
    for state in ["INACTIVE", "ACTIVE"]:
        same(scc.set_finding_state(request={"name": name, "state": state, **since}).state.name, state)
    same(scc.set_mute(request={"name": name, "mute": "MUTED"}).mute.name, "MUTED")
    muted = scc.list_findings(request={"parent": parent, "filter": 'mute="MUTED"'})
    same([result.finding.name for result in muted], [name])
    same(scc.set_mute(request={"name": name, "mute": "UNDEFINED"}).mute.name, "UNDEFINED")
    marks = {"name": f"{name}/securityMarks", "marks": {"team": "a", "case": "b"}}
    same(dict(scc.update_security_marks(request={"security_marks": marks, "update_mask": mask("marks.team", "marks.case")}).marks), marks["marks"])
    marked = scc.list_findings(request={"parent": parent, "filter": 'security_marks.marks.team="a"'})
    same([result.finding.name for result in marked], [name])
    marks["marks"] = {}
    same(dict(scc.update_security_marks(request={"security_marks": marks, "update_mask": mask("marks.team", "marks.case")}).marks), {})
    system = {"name": f"{name}/externalSystems/jira", "external_uid": "SEC-1", "status": "open"}
    same(scc.update_external_system(request={"external_system": system, "update_mask": mask("external_uid", "status")}).external_uid, "SEC-1")

    # a source of one's own, and its findings
    source = scc.create_source(request={"parent": organization, "source": {"display_name": f"Scanner {version}"}})
    assert source.name in [s.name for s in scc.list_sources(request={"parent": organization})]
    same(scc.get_source(request={"name": source.name}).display_name, f"Scanner {version}")
    finding = {"category": "OPEN_PORT", "state": "ACTIVE", "resource_name": "//x.example/y", "event_time": timestamp_pb2.Timestamp(seconds=1_700_000_000)}
    made = scc.create_finding(request={"parent": source.name, "finding_id": "a1", "finding": finding})
    same((made.category, made.state.name), ("OPEN_PORT", "ACTIVE"))
    refused(exceptions.Conflict, lambda: scc.create_finding(request={"parent": source.name, "finding_id": "a1", "finding": finding}))
    changed = scc.update_finding(request={"finding": {"name": made.name, "severity": "LOW"}, "update_mask": mask("severity")})
    same((changed.severity.name, changed.category), ("LOW", "OPEN_PORT"))
    held = scc.test_iam_permissions(request={"resource": source.name, "permissions": ["securitycenter.findings.setState"]})
    same(list(held.permissions), ["securitycenter.findings.setState"])

    # mute configs
    config = {"description": "d", "filter": 'severity="MEDIUM"', "type_": "DYNAMIC"}
    made = scc.create_mute_config(request={"parent": organization, "mute_config_id": "medium", "mute_config": config})
    same(made.type_.name, "DYNAMIC")
    same(len(list(scc.list_findings(request={"parent": parent, "filter": 'mute="MUTED"'}))), 6)
    same(scc.get_mute_config(request={"name": made.name}).filter, config["filter"])
    same([c.name for c in scc.list_mute_configs(request={"parent": organization})], [made.name])
    scc.update_mute_config(request={"mute_config": {"name": made.name, "filter": 'category="none"'}, "update_mask": mask("filter")})
    same(len(list(scc.list_findings(request={"parent": parent, "filter": 'mute="MUTED"'}))), 0)
    scc.delete_mute_config(request={"name": made.name})
    refused(exceptions.NotFound, lambda: scc.get_mute_config(request={"name": made.name}))

    # many at once, as a long-running operation
    scc.bulk_mute_findings(request={"parent": organization, "filter": 'severity="HIGH"'}).result(timeout=30)
    same(len(list(scc.list_findings(request={"parent": parent, "filter": 'mute="MUTED"'}))), 6)
    if version == "v2":
        scc.bulk_mute_findings(request={"parent": organization, "filter": 'severity="HIGH"', "mute_state": "UNDEFINED"}).result(timeout=30)
    else:
        for result in scc.list_findings(request={"parent": parent, "filter": 'mute="MUTED"'}):
            scc.set_mute(request={"name": result.finding.name, "mute": "UNDEFINED"})

    # notification configs and exports
    place = f"{organization}{location}"
    notify = {"pubsub_topic": "projects/p/topics/t", "streaming_config": {"filter": 'severity="HIGH"'}}
    made = scc.create_notification_config(request={"parent": place, "config_id": "n1", "notification_config": notify})
    same(scc.get_notification_config(request={"name": made.name}).streaming_config.filter, 'severity="HIGH"')
    same(len(list(scc.list_notification_configs(request={"parent": place}))), 1)
    scc.delete_notification_config(request={"name": made.name})
    export = {"dataset": "projects/p/datasets/d", "filter": 'severity="HIGH"'}
    made = scc.create_big_query_export(request={"parent": place, "big_query_export_id": "b1", "big_query_export": export})
    same(scc.get_big_query_export(request={"name": made.name}).dataset, export["dataset"])
    scc.delete_big_query_export(request={"name": made.name})

    # what is wrong is an exception of the kind that the client knows
    refused(exceptions.BadRequest, lambda: list(scc.list_findings(request={"parent": parent, "filter": "severity="})))
    refused(exceptions.NotFound, lambda: scc.set_mute(request={"name": name.replace("f000", "none"), "mute": "MUTED"}))
    print(version, "works")


exercise({"v1": securitycenter_v1, "v2": securitycenter_v2}[VERSION], VERSION)
