"""Google's client against Vedette: a service account's key file, and another address. Arguments: host:port, key file."""

import sys

from google.cloud import securitycenter_v2 as scc
from google.cloud.securitycenter_v2.services.security_center.transports import SecurityCenterRestTransport
from google.oauth2 import service_account

HOST, KEY = sys.argv[1:]
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]

# the library signs its own token, or changes an assertion for one at token_uri of the key file
for name, own in [("signed", True), ("exchanged", False)]:
    credentials = service_account.Credentials.from_service_account_file(KEY, scopes=SCOPES)
    transport = SecurityCenterRestTransport(
        host=HOST, url_scheme="http", credentials=credentials, always_use_jwt_access=own
    )
    client = scc.SecurityCenterClient(transport=transport)
    source = client.create_source(parent="organizations/1", source=scc.Source(display_name=name))
    finding = scc.Finding(category="A test", state=scc.Finding.State.ACTIVE, severity=scc.Finding.Severity.LOW)
    parent = f"{source.name}/locations/global"
    made = client.create_finding(parent=parent, finding_id=name, finding=finding)
    listed = [one.finding.name for one in client.list_findings(request={"parent": parent})]
    assert listed == [made.name], listed

print("works with a key file")
