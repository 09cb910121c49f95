#!/usr/bin/env python3
"""Writes mappings.json: what Keystone's mapping engine makes of assertions.

Run with a Python that has keystone==30.0.0 installed, in this folder:

    python mappings.py > mappings.json

A case has the version of its rules, the rules, an assertion, and either the mapped properties or
the kind of refusal: `invalid` where Keystone says that the request is, `broken` where it answers
500. Keystone gathers ids and filtered values in sets, so cases don't let one text hold several
filtered values, and whoever compares sorts the groups.
"""

import json
import sys

from keystone import exception
from keystone.federation import utils

CASES = []


def case(rules, assertion, version="1.0"):
    processor = utils.IDP_ATTRIBUTE_MAPPING_SCHEMAS[version]["processor"]("m", rules)
    found = {"version": version, "rules": json.loads(json.dumps(rules)), "assertion": assertion}
    try:
        found["mapped"] = processor.process(dict(assertion))
    except exception.ValidationError:
        found["refused"] = "invalid"
    except Exception:
        found["refused"] = "broken"
    CASES.append(found)


def rule(local, *remote):
    return {"local": local if isinstance(local, list) else [local], "remote": list(remote)}


def user(**members):
    return {"user": members}


NAME = {"type": "NAME"}
BOB = {"NAME": "bob", "MAIL": "bob@example.org", "GROUPS": "dev;ops", "ONE": "dev", "NONE": "",
       "KIND": "Customer", "LIST": "['a', 'b']", "JSONLIST": "[\"x\", \"y\"]", "SPACE": "a; b",
       "QUOTED": "it's;say \"x\"", "NUMBER": "5"}


def names():
    for template in ("{0}", "{0} {1}", "{1}-{0}", "{}", "{} {}", "{{{0}}}", "{{0}}", "fixed", "",
                     "{2}", "{", "}", "{0", "0}", "{a}", "{-1}", "{0}{0}{0}", "}}{{", "{0}}}"):
        case([rule(user(name=template), NAME, {"type": "MAIL"})], BOB)
    for attribute in ("GROUPS", "ONE", "NONE", "LIST", "JSONLIST", "SPACE", "QUOTED", "GONE"):
        case([rule(user(name="{0}"), {"type": attribute})], BOB)
        case([rule(user(name="<{0}>"), {"type": attribute})], BOB)
    case([rule(user(name="{0}"), {"type": "KIND", "any_one_of": ["Customer"]}, NAME)], BOB)
    case([rule(user(name="{1}"), {"type": "KIND", "any_one_of": ["Customer"]}, NAME)], BOB)
    case([rule(user(id="{0}", name="n", email="{1}", domain={"name": "{0}"}), NAME,
               {"type": "MAIL"})], BOB)
    case([rule(user(name="{0}", type="local", domain={"id": "d"}), NAME)], BOB)
    case([rule(user(name="{0}", type="ephemeral"), NAME)], BOB)
    case([rule([{}], NAME)], BOB)
    case([rule([], NAME)], BOB)
    case([rule(user(), NAME), rule(user(name="second"), NAME)], BOB)
    case([rule(user(name="first"), NAME), rule(user(name="second", id="x"), NAME)], BOB)
    case([rule(user(name="a"), {"type": "GONE"}), rule(user(name="b"), NAME)], BOB)
    case([rule(user(name="a"), {"type": "GONE"})], BOB)
    case([], BOB)
    case([rule(user(name="{0}"), NAME)], {"NAME": "ünï;cödé"})
    case([rule(user(name="{0}"), NAME)], {})


def conditions():
    lists = (["Customer"], ["Employee", "Customer"], ["Employee"], [], ["customer"], [5, None, True],
             ["Cust"], [["Customer"]])
    for listed in lists:
        for kind in ("any_one_of", "not_any_of"):
            case([rule(user(name="{0}"), NAME, {"type": "KIND", kind: listed})], BOB)
    patterns = (["^Cust"], ["omer$"], ["x", "stom"], ["^Customer$"], ["(?i)CUSTOMER"], [],
                [r"\ACust\w+\Z"], ["Cust(?!x)"], [r"(.)\1"], ["("], [5])
    for listed in patterns:
        for kind in ("any_one_of", "not_any_of"):
            condition = {"type": "KIND", kind: listed, "regex": True}
            case([rule(user(name="{0}"), NAME, condition)], BOB)
    case([rule(user(name="{0}"), NAME, {"type": "KIND", "any_one_of": ["Cust.*"],
                                        "regex": False})], BOB)
    for attribute in ("GROUPS", "ONE", "GONE", "NONE"):
        for kind in ("any_one_of", "not_any_of"):
            for listed in (["ops"], ["dev", "ops"], ["x"], [""]):
                case([rule(user(name="{0}"), NAME, {"type": attribute, kind: listed})], BOB)
        for kind in ("whitelist", "blacklist"):
            for listed in (["ops"], ["dev", "ops", "x"], ["x"], [], [""]):
                groups = {"groups": "{1}", "domain": {"id": "d"}}
                condition = {"type": attribute, kind: listed}
                case([rule([user(name="{0}"), groups], NAME, condition)], BOB)
                ids = {"group_ids": "{1}"}
                case([rule([user(name="{0}"), ids], NAME, condition)], BOB)
            condition = {"type": attribute, kind: ["^d", "s$"], "regex": True}
            case([rule([user(name="{0}"), {"group_ids": "{1}"}], NAME, condition)], BOB)


def groups():
    domain = {"domain": {"name": "Default"}}
    case([rule([user(name="{0}"), {"group": {"id": "g1"}}, {"group": {"id": "g1"}},
                {"group": {"id": "g-{0}"}}], NAME)], BOB)
    case([rule([user(name="{0}"), {"group": {"name": "g", "domain": {"id": "d"}}},
                {"group": {"name": "{0}", "domain": {"name": "{0}"}}},
                {"group": {"name": "h", "domain": {"id": "d"}}}], NAME)], BOB)
    for attribute in ("GROUPS", "ONE", "LIST", "JSONLIST", "SPACE", "QUOTED", "NUMBER", "NONE"):
        entry = {"groups": "{1}", **domain}
        case([rule([user(name="{0}"), entry], NAME, {"type": attribute})], BOB)
        case([rule([user(name="{0}"), {"group_ids": "{1}"}], NAME, {"type": attribute})], BOB)
        entry = {"groups": "x-{1}", **domain}
        case([rule([user(name="{0}"), entry], NAME, {"type": attribute})], BOB)
    for text in ("plain", "['a', 'b']", "['a',]", "[]", "[ 'a' , \"b\" ]", "['a' 'b'", "a, b", "",
                 r"['tab\t', 'quote\'', '\x41\u00e9']"):
        case([rule([user(name="u"), {"groups": text, **domain}], NAME)], BOB)
        case([rule([user(name="u"), {"group_ids": text}], NAME)], BOB)
    case([rule([user(name="{0}"), {"groups": "{0}"}], NAME)], BOB)
    remote = {"OS": "JSON:{\"name\":\"g1\",\"domain\":{\"name\":\"D\"}};"
                    "JSON:{\"name\":\"g2\",\"domain\":{\"id\":\"d2\"}}"}
    case([rule([user(name="u"), {"groups": "{0}"}], {"type": "OS"})], remote)
    case([rule([user(name="u"), {"groups": "{0}"}], {"type": "OS"})],
         {"OS": "JSON:{\"name\":\"g1\"}"})
    case([rule([user(name="u"), {"groups": "{0}"}], {"type": "OS"})], {"OS": "JSON:{\"name\""})
    case([rule([user(name="u"), {"groups": "a", "domain": {"id": "x"}, "group": {"id": "i"},
                                 "group_ids": "j"}], NAME)], BOB)


def projects():
    plain = [{"name": "p-{0}", "roles": [{"name": "member"}, {"name": "{0}"}]}]
    own = [{"name": "p", "roles": [], "domain": {"name": "{0}"}}, *plain]
    for version in ("1.0", "2.0", "3.0"):
        case([rule([user(name="{0}"), {"projects": plain}], NAME)], BOB, version)
        case([rule([user(name="{0}"), {"projects": plain}, {"projects": []}], NAME)], BOB, version)
        case([rule([user(name="{0}"), {"projects": plain, "domain": {"id": "d"}}], NAME)], BOB,
             version)
        case([rule([{**user(name="{0}"), "domain": {"name": "d"}}], NAME)], BOB, version)
        case([rule([{**user(name="{0}"), "domain": {"name": "d"}}, {"group": {"id": "x"}}], NAME)],
             BOB, version)
        case([rule([user(name="{0}", domain={"id": "own"}), {"domain": {"name": "d"}}], NAME)], BOB,
             version)
        if version != "1.0":
            case([rule([user(name="{0}"), {"projects": own, "domain": {"id": "d"}}], NAME)], BOB,
                 version)
    said = json.dumps([{"name": "p1", "roles": [{"name": "member"}]},
                       {"name": "p2", "roles": [], "domain": {"id": "z"}}])
    for text in (said, "[]", "nonsense", "{}", json.dumps([{"name": "p"}])):
        for place in ("{1}", "1", "{0}", "{7}", "x"):
            entry = {"projects_json": place, "domain": {"id": "d"}}
            case([rule([user(name="{0}"), entry], NAME, {"type": "P"})], {"NAME": "u", "P": text},
                 "3.0")


def main():
    names()
    conditions()
    groups()
    projects()
    lines = ",\n".join(json.dumps(found, ensure_ascii=False) for found in CASES)
    sys.stdout.write(f"[\n{lines}\n]\n")


main()
