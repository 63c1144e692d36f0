"""Events of OCSF, one a line on standard input, against the published schema of the version that each names: the JSON Schema of
its class with its profiles, and that each caption (`severity`) is that of its number (`severity_id`). Prints what is wrong."""

import functools
import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema


@functools.cache
def schema(version):
    return get_ocsf_schema(version=version)


@functools.cache
def validator(version, class_uid, profiles):
    embedded = OcsfJsonSchemaEmbedded(schema(version))
    kind = embedded.lookup_class_name_from_uid(class_uid)
    of_class = embedded.get_class_schema(kind, list(profiles))
    Draft202012Validator.check_schema(of_class)
    return Draft202012Validator(of_class)


def captions(version, described, found, path):
    """Where a caption is not that of its number, in this object and those inside."""
    for name, value in found.items():
        attribute = described["attributes"].get(name, {})
        sibling = found.get(attribute.get("sibling"))
        number = attribute.get("enum", {}).get(str(value))
        if number and sibling is not None and value != 99 and sibling != number["caption"]:
            yield f"{path}{attribute['sibling']} is {sibling!r}, but {name} {value} is {number['caption']!r}"
        inner = schema(version)["objects"].get(attribute.get("object_type"))
        for one in value if isinstance(value, list) else [value]:
            if inner and isinstance(one, dict):
                yield from captions(version, inner, one, f"{path}{name}.")


def wrong(event):
    version, uid, profiles = event["metadata"]["version"], event["class_uid"], event["metadata"]["profiles"]
    described = next(c for c in schema(version)["classes"].values() if c["uid"] == uid)
    unknown = set(profiles) - set(described["profiles"])
    if unknown:
        yield f"metadata.profiles: {unknown} are not profiles of the class"
    for error in validator(version, uid, tuple(profiles)).iter_errors(event):
        yield f"{error.json_path}: {error.message[:300]}"
    yield from captions(version, described, event, "")
    if event["type_uid"] != uid * 100 + event["activity_id"]:
        yield "type_uid is not class_uid * 100 + activity_id"


count = 0
for at, line in enumerate(sys.stdin):
    count += 1
    for text in wrong(json.loads(line)):
        print(f"event {at}: {text}")
print(f"{count} events were looked at")
