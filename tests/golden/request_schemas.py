#!/usr/bin/env python3
"""Writes request_schemas.json: inputs, and whether Python Keystone 30.0.0 takes them.

Run with a Python that has keystone==30.0.0 installed:

    python request_schemas.py > request_schemas.json

Per schema of src/api/schema.rs: a list of {source, base, cases}. A case is
[JSON pointer into base, replacement, accepted]. A replacement {"repeat": ["x", n]} stands for a
long string, {"absent": true} for a removed member.
"""

import copy
import importlib
import json
import sys

import jsonschema
from keystone.api.validation import validators as decorated
from keystone.common.validation import validators as lazy
from keystone import exception
from keystone.federation import utils as federation

LIMIT = 110  # cases per schema, spread evenly over those generated

# Our name: (module, attribute, validator). D: decorator of the API; L: lazily called.
SCHEMAS = {
    "APPLICATION_CREDENTIAL_CREATE": ["application_credential.application_credential_create_request_body D"],
    "APPLICATION_CREDENTIAL_SHOW_BODY": ["application_credential.application_credential_request_body D"],
    "AUTH_SAML2": ["federation.saml_create L"],
    "AUTH_TOKENS": ["auth.token_issue L"],
    "CONSUMER_CREATE": ["oauth1.consumer_create L"],
    "CONSUMER_UPDATE": ["oauth1.consumer_update L"],
    "CREDENTIAL_CREATE": ["credential.create_request_body D"],
    "CREDENTIAL_UPDATE": ["credential.update_request_body D"],
    "DOMAIN_CREATE": ["resource.domain_create_request_body D"],
    "DOMAIN_LIST": ["resource.domain_index_request_query Q"],
    "DOMAIN_UPDATE": ["resource.domain_update_request_body D"],
    "ENDPOINT_CREATE": ["catalog.endpoint_create_request_body D"],
    "ENDPOINT_GROUP_CREATE": ["catalog.endpoint_group_create_request_body D"],
    "ENDPOINT_GROUP_LIST": ["catalog.endpoint_group_index_request_query Q"],
    "ENDPOINT_GROUP_UPDATE": ["catalog.endpoint_group_update_request_body D"],
    "ENDPOINT_LIST": ["catalog.endpoint_index_request_query Q"],
    "ENDPOINT_UPDATE": ["catalog.endpoint_update_request_body D"],
    "GROUP_CREATE": ["identity.group_create_request_body D"],
    "GROUP_LIST": ["identity.group_index_request_query Q"],
    "GROUP_UPDATE": ["identity.group_update_request_body D"],
    "IDENTITY_PROVIDER_CREATE": ["federation.identity_provider_create_request_body D"],
    "IDENTITY_PROVIDER_LIST": ["federation.identity_provider_index_request_query Q"],
    "IDENTITY_PROVIDER_UPDATE": ["federation.identity_provider_update_request_body D"],
    "LIMIT_CREATE": ["limit.limits_create_request_body D"],
    "LIMIT_LIST": ["limit.limits_index_request_query Q"],
    "LIMIT_UPDATE": ["limit.limit_update_request_body D"],
    "MAPPING_V1": ["1_0 M"],
    "MAPPING_V2": ["2_0 M"],
    "MAPPING_V3": ["3_0 M"],
    "OAUTH1_AUTHORIZE": ["oauth1.request_token_authorize L"],
    "POLICY_CREATE": ["policy.policy_create L"],
    "POLICY_UPDATE": ["policy.policy_update L"],
    "PROJECT_CREATE": ["resource.project_create_request_body D"],
    "PROJECT_LIST": ["resource.project_index_request_query Q"],
    "PROJECT_TAG": ["resource.project_tag_create L"],
    "PROJECT_TAGS": ["resource.project_tags_update L"],
    "PROJECT_TAGS_BODY": ["resource.tags_update_request_body D"],
    "PROJECT_UPDATE": ["resource.project_update_request_body D"],
    "PROTOCOL_CREATE": ["federation.protocol_create_request_body D"],
    "PROTOCOL_UPDATE": ["federation.protocol_update_request_body D"],
    "REGION_CREATE": ["catalog.region_create_request_body D"],
    "REGION_LIST": ["catalog.regions_index_request_query Q"],
    "REGION_UPDATE": ["catalog.region_update_request_body D"],
    "REGISTERED_LIMIT_CREATE": ["limit.registered_limits_create_request_body D"],
    "REGISTERED_LIMIT_LIST": ["limit.registered_limits_index_request_query Q"],
    "REGISTERED_LIMIT_UPDATE": ["limit.registered_limit_update_request_body D"],
    "ROLE_ASSIGNMENT_LIST": ["assignment.role_assignments_index_request_query Q"],
    "ROLE_CREATE": ["assignment.role_create_request_body D"],
    "ROLE_LIST": ["assignment.roles_index_request_query Q"],
    "ROLE_UPDATE": ["assignment.role_update_request_body D"],
    "SERVICE_CREATE": ["catalog.service_create_request_body D"],
    "SERVICE_PROVIDER_CREATE": ["federation.service_provider_create_request_body D"],
    "SERVICE_PROVIDER_LIST": ["federation.service_provider_index_request_query Q"],
    "SERVICE_PROVIDER_UPDATE": ["federation.service_provider_update_request_body D"],
    "SERVICE_UPDATE": ["catalog.service_update_request_body D"],
    "TRUST_CREATE": ["trust.trust_create_request_body D"],
    "USER_CREATE": ["identity.user_create_request D"],
    "USER_LIST": ["identity.user_index_request_query Q"],
    "USER_PASSWORD": ["identity.password_change L"],
    "USER_UPDATE": ["identity.user_update_request D"],
}

UUID = "0123456789abcdef0123456789ABCDEF"
ABSENT = {"absent": True}

# Documents that the generator would not find, added to the others whole.
EXTRA = {
    "CREDENTIAL_CREATE": [
        {"credential": {"blob": "", "type": kind, "user_id": "", **more}}
        for kind in ("ec2", "cert", "EC2")
        for more in ({}, {"project_id": None}, {"project_id": "p"})
    ],
    "LIMIT_CREATE": [
        {"limits": [{"service_id": UUID, "resource_name": "r", "resource_limit": 1, **more}]}
        for more in (
            {}, {"project_id": "p"}, {"domain_id": "d"}, {"project_id": None},
            {"project_id": "p", "domain_id": "d"}, {"project_id": None, "domain_id": None},
        )
    ],
    "ROLE_ASSIGNMENT_LIST": [
        {}, {"user.id": "u"}, {"group.id": "g"}, {"user.id": "u", "group.id": "g"},
        {"effective": ""}, {"effective": "", "group": "g"}, {"effective": "", "group.id": "g"},
        {"include_subtree": ""}, {"include_subtree": "1", "scope.project.id": "p"},
        {"include_subtree": "1", "scope.domain.id": "d"},
        {"scope.system": "all", "scope.OS-INHERIT:inherited_to": "projects", "limit": "x"},
    ],
    "AUTH_TOKENS": [
        {"identity": {"methods": ["password"]}, "scope": scope}
        for scope in ("unscoped", {"unscoped": {}}, {"system": {"all": None}}, {"system": {}}, [],
                      None, {"OS-TRUST:trust": {}}, {"project": {"id": 1}}, {"x": 1})
    ],
    "REGION_LIST": [
        {"limit": "1"}, {"marker": "a"}, {"x": ""}, {"parent_region_id": "é"},
        {"parent_region_id": "a", "marker": "b"}, {"parent_region_id__contains": "a"},
    ],
    "CONSUMER_UPDATE": [{"secret": "s"}, {"secret": None, "description": "d"}, {"x": 1}],
}
for name in ("MAPPING_V1", "MAPPING_V2", "MAPPING_V3"):
    EXTRA[name] = [
        {"rules": [{"local": [local], "remote": [remote]}]}
        for local, remote in [
            ({}, {"type": "t"}), ({}, {"type": "t", "regex": True}), ({}, {}), ({}, {"type": 1}),
            ({}, {"type": "t", "any_one_of": [], "regex": True}),
            ({}, {"type": "t", "any_one_of": [], "not_any_of": []}),
            ({}, {"type": "t", "whitelist": [1]}), ({}, {"type": "t", "blacklist": "x"}),
            ({}, {"type": "t", "not_any_of": [], "regex": 1}), ({}, {"type": "t", "x": []}),
            ({"group": {"id": "g"}}, {"type": "t"}), ({"group": {"name": "g"}}, {"type": "t"}),
            ({"group": {"name": "g", "domain": {}}}, {"type": "t"}),
            ({"group": {"name": "g", "domain": {"x": 1}}}, {"type": "t"}),
            ({"group": {"id": "g", "name": "g"}}, {"type": "t"}), ({"group": {}}, {"type": "t"}),
            ({"groups": "g", "group_ids": "i", "domain": {"id": "d"}}, {"type": "t"}),
            ({"user": {"type": "other"}}, {"type": "t"}), ({"user": {"x": ""}}, {"type": "t"}),
            ({"projects_json": "[]"}, {"type": "t"}), ({"projects_json": []}, {"type": "t"}),
            ({"projects": [{"name": "p", "roles": []}]}, {"type": "t"}),
            ({"projects": [{"name": "p", "roles": [], "domain": {"id": "d"}}]}, {"type": "t"}),
            ({"projects": [{"name": "p"}]}, {"type": "t"}), ({"x": 1}, {"type": "t"}),
        ]
    ]


def resolve(schema, root):
    while "$ref" in schema:
        node = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def types(schema):
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def sample(schema, root):
    """A document that has every member and is accepted, save for rules between members."""
    schema = resolve(schema, root)
    if "oneOf" in schema and "properties" not in schema:
        return sample(schema["oneOf"][0], root)
    if "enum" in schema:
        return schema["enum"][0]
    kinds = types(schema)
    if "object" in kinds:
        properties = schema.get("properties", {})
        names = list(properties)[: schema.get("maxProperties", len(properties))]
        return {name: sample(properties[name], root) for name in names}
    if "array" in kinds:
        return [sample(schema.get("items", {"type": "string"}), root)]
    if "integer" in kinds:
        return max(1, schema.get("minimum", 1))
    if "boolean" in kinds:
        return True
    if schema.get("format") == "uuid":
        return UUID
    pattern = schema.get("pattern", "")
    return "http://h" if ":" in pattern else "/a" if pattern.startswith("^/") else "a1"


def repeat(text, times):
    return {"repeat": [text, times]}


def values(schema, strings_only):
    """Replacements around the borders of what one node says."""
    kinds = types(schema)
    yield from ["", "x-1", " ", "a b", "1"]
    if not strings_only:
        yield from [None, 1, True, [], {}, 1.5]
    if "pattern" in schema:
        yield from ["a\n", "\n", "a\n\n", "\u00a0", "\u001c", "\u0085", "\ufeff", "\u3000", "é",
                    "a,b", "a/b", "a_b", "a:\n", "a:b\nc", "a:\r", "+.-:x", ":x", "/", "x/"]
    if "format" in schema:
        yield from [UUID, "{" + UUID + "}", "urn:uuid:" + UUID, UUID[:-1], UUID + "\n",
                    UUID + "0", "g" + UUID[1:], "01234567-89ab-cdef-0123-456789abcdef",
                    "-" + UUID, "{" + UUID, "urn:" + UUID, "٠" * 32]
    for bound in ("minLength", "maxLength"):
        if bound in schema:
            for unit in ("a", "é"):
                for length in (schema[bound], schema[bound] + 1):
                    yield repeat(unit, length)
    if "url" in schema.get("pattern", "") or ":" in schema.get("pattern", ""):
        yield from [{"repeat": ["http:", 45]}, {"repeat": ["http:", 46]}]
    if "integer" in kinds and not strings_only:
        yield from [0, -1, -2, 2, 2.0, 2.5, 2147483647, 2147483648, "5", 10**20]
    if "enum" in schema:
        yield from [v for v in schema["enum"] if isinstance(v, str) or not strings_only]
        yield from ["tRUE", "ADMIN", "Yes", "t", "f", "None", "public "]
        if not strings_only:
            yield from [0, False, 1.0]
    if "array" in kinds:
        yield from [["a", "a"], ["a", "b"], [1], [None], [[]], [["a"]], [["a"], ["a"]],
                    [["a", "a"]], [{}], [True, 1], [f"t{i}" for i in range(80)],
                    [f"t{i}" for i in range(81)], ["a,b"], [""], [{"id": "a"}], [{"name": " "}],
                    [{"id": "a", "name": "b"}], [{"x": "y"}]]


def escape(key):
    return key.replace("~", "~0").replace("/", "~1")


def mutations(schema, value, root, strings_only, pointer=""):
    schema = resolve(schema, root)
    if pointer or not strings_only:
        for replacement in values(schema, strings_only):
            yield pointer, replacement
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for key in value:
            yield f"{pointer}/{escape(key)}", ABSENT
        yield f"{pointer}/unknown", "x"
        for key, inner in value.items():
            yield from mutations(properties.get(key, {}), inner, root, strings_only,
                                 f"{pointer}/{escape(key)}")
        if not strings_only and value:
            yield pointer, {}
            for key, inner in value.items():
                yield pointer, {key: inner}
    elif isinstance(value, list) and value:
        yield from mutations(schema.get("items", {}), value[0], root, strings_only, f"{pointer}/0")


def applied(base, pointer, replacement):
    value = copy.deepcopy(replacement)
    if isinstance(value, dict) and "repeat" in value:
        value = value["repeat"][0] * value["repeat"][1]
    if not pointer:
        return value
    whole = copy.deepcopy(base)
    *path, last = [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]
    node = whole
    for part in path:
        node = node[int(part)] if isinstance(node, list) else node[part]
    if isinstance(node, list):
        node[int(last)] = value
    elif replacement == ABSENT:
        node.pop(last)
    else:
        node[last] = value
    return whole


def accepts(schema, kind):
    if kind == "M":
        return jsonschema.Draft4Validator(schema).is_valid
    checker = lazy.SchemaValidator(schema) if kind == "L" else decorated._SchemaValidator(schema)

    def accepted(document):
        try:
            checker.validate(document)
        except (exception.SchemaValidationError, exception.ValidationError):
            return False
        return True

    return accepted


def main():
    out = {}
    for name, sources in SCHEMAS.items():
        out[name] = []
        for entry in sources:
            source, kind = entry.split()
            if kind == "M":
                schema = getattr(federation, "IDP_ATTRIBUTE_MAPPING_SCHEMA_" + source)
            else:
                module, attribute = source.split(".")
                schema = getattr(importlib.import_module(f"keystone.{module}.schema"), attribute)
            accepted = accepts(schema, kind)
            base = sample(schema, schema)
            if name == "LIMIT_CREATE":
                del base["limits"][0]["domain_id"]
            if name == "ROLE_ASSIGNMENT_LIST":
                del base["group.id"]
            if kind == "Q":
                base = {key: value if isinstance(value, str) else "1" for key, value in base.items()}
            if not accepted(base):
                sys.exit(f"{name}: the generated base is refused: {base}")
            found = {}
            for pointer, replacement in mutations(schema, base, schema, kind == "Q"):
                found.setdefault(json.dumps([pointer, replacement]), (pointer, replacement))
            found = list(found.values())
            if len(found) > LIMIT:
                found = [found[i * len(found) // LIMIT] for i in range(LIMIT)]
            found += [("", document) for document in EXTRA.get(name, [])]
            if kind == "Q":
                found.append(("", {}))
            cases = [[p, r, accepted(applied(base, p, r))] for p, r in found]
            out[name].append({"source": source, "base": base, "cases": cases})
    print("{")
    for index, (name, sets) in enumerate(out.items()):
        print(f' "{name}": [')
        for number, one in enumerate(sets):
            print(f'  {{"source": "{one["source"]}", "base": {json.dumps(one["base"])}, "cases": [')
            print(",\n".join("   " + json.dumps(case, separators=(",", ":")) for case in one["cases"]))
            print("  ]}" + ("," if number + 1 < len(sets) else ""))
        print(" ]" + ("," if index + 1 < len(out) else ""))
    print("}")


main()
