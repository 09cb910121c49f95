#!/usr/bin/env python3
"""Writes rbac.json: who may call which operation, as oslo.policy decides by Keystone's own rules.

Run with a Python that has keystone==30.0.0 installed, in this folder:

    python rbac.py > rbac.json

It has the personas, the steps that furnish the scene (tests/it/harness/scene.rs), and one case per
operation, or several where the target decides. A case gives path arguments, query, headers, body,
and for each persona the status that is to come: 401 without a token, 403 where the rule or the
scope says no, else what the operation answers. `$name` stands for something that a step captured.
"""

import json
import sys

from keystone.common import policies
from oslo_config import cfg
from oslo_policy import opts, policy

ACME = "ac" * 16
UMBRELLA = "0b" * 16

IMPLIED = {"admin": ["admin", "manager", "member", "reader"],
           "manager": ["manager", "member", "reader"],
           "member": ["member", "reader"],
           "reader": ["reader"], "service": ["service"]}
SCOPES = {"system": {"system": {"all": True}},
          "domain": {"domain": {"id": ACME}},
          "foreign": {"domain": {"id": UMBRELLA}},
          "project": {"project": {"id": "top"}},
          "stranger": {"project": {"id": "elsewhere"}}}


def personas():
    found = {}
    for scope in SCOPES:
        for role in ("admin", "manager", "member", "reader"):
            if (scope, role) in (("stranger", "admin"), ("stranger", "reader")):
                continue
            user = f"{scope}-{role}"
            home = UMBRELLA if scope in ("foreign", "stranger") else ACME
            found[user] = {"user": user, "home": home, "role": role, "scope": SCOPES[scope]}
    found["service"] = {"user": "service", "home": UMBRELLA, "role": "service",
                        "scope": SCOPES["stranger"]}
    found["unscoped"] = {"user": "unscoped", "home": ACME, "role": None, "scope": "unscoped"}
    found["self"] = {"user": "uma", "home": ACME, "role": "member", "scope": SCOPES["project"]}
    return found


PERSONAS = personas()
DOMAIN_OF = {"top": ACME, "below": ACME, "elsewhere": UMBRELLA,
             "uma": ACME, "vic": ACME, "zoe": UMBRELLA, "crew": ACME, "club": ACME}


def credentials(persona):
    """What Keystone tells oslo.policy of a caller."""
    scope = persona["scope"] if isinstance(persona["scope"], dict) else {}
    project = scope.get("project", {}).get("id")
    domain = scope.get("domain", {}).get("id")
    token = {"user": {"id": persona["user"], "domain": {"id": persona["home"]}}}
    if project:
        token["project"] = {"id": project, "domain": {"id": DOMAIN_OF[project]}}
    if domain:
        token["domain"] = {"id": domain}
    return {"user_id": persona["user"], "user_domain_id": persona["home"],
            "project_id": project, "project_domain_id": DOMAIN_OF.get(project),
            "domain_id": domain, "system_scope": "all" if "system" in scope else None,
            "roles": IMPLIED.get(persona["role"], []), "is_admin": False,
            "is_admin_project": True, "token": token}


# ---- the scene: what the steps make, as the persona that is named -------------------------------

NEW_ROLE = {"role": {"name": "spare"}}
DOMAIN_ROLE = {"role": {"name": "acme-only", "domain_id": ACME}}


def step(who, call, body=None, headers=None, **capture):
    method, path = call.split(" ", 1)
    made = {"as": who, "method": method, "path": path}
    if body is not None:
        made["body"] = body
    if headers:
        made["headers"] = headers
    if capture:
        made["capture"] = {name: pointer for name, pointer in capture.items()}
    return made


def grant_steps():
    for role in ("$role_member", "$role_admin", "$domain_role"):
        for actor in ("users/vic", "groups/$club"):
            for place in (f"domains/{ACME}", "projects/top"):
                grant = f"{place}/{actor}/roles/{role}"
                yield step("root", f"PUT /v3/{grant}")
                yield step("root", f"PUT /v3/OS-INHERIT/{grant}/inherited_to_projects")
    for actor in ("users/vic", "groups/$club"):
        yield step("root", f"PUT /v3/system/{actor}/roles/$role_member")


EP = "/v3/OS-EP-FILTER"
FED = "/v3/OS-FEDERATION"
RULES = [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "NAME"}]}]
URLS = {"auth_url": "http://sp/v3", "sp_url": "http://sp/saml"}
STEPS = [
    step("root", "POST /v3/groups", {"group": {"name": "club", "domain_id": ACME}},
         club="/group/id"),
    step("root", "POST /v3/roles", NEW_ROLE, spare_role="/role/id"),
    step("root", "POST /v3/roles", DOMAIN_ROLE, domain_role="/role/id"),
    step("root", "POST /v3/domains", {"domain": {"name": "idle", "enabled": False}},
         idle_domain="/domain/id"),
    step("root", "POST /v3/regions", {"region": {"id": "spare-region"}}),
    step("root", "POST /v3/services", {"service": {"type": "compute", "name": "nova"}},
         service="/service/id"),
    step("root", "POST /v3/endpoints",
         {"endpoint": {"service_id": "$service", "interface": "public", "url": "http://nova"}},
         endpoint="/endpoint/id"),
    step("root", "PUT /v3/projects/top/tags/blue"),
    *grant_steps(),
    step("root", "POST /v3/policies", {"policy": {"blob": "{}", "type": "application/json"}},
         policy="/policy/id"),
    step("root", "PUT /v3/policies/$policy/OS-ENDPOINT-POLICY/endpoints/$endpoint"),
    step("root", "PUT /v3/policies/$policy/OS-ENDPOINT-POLICY/services/$service"),
    step("root", "PUT /v3/policies/$policy/OS-ENDPOINT-POLICY/services/$service/regions/RegionOne"),
    step("root", f"POST {EP}/endpoint_groups",
         {"endpoint_group": {"name": "eg", "filters": {"interface": "public"}}},
         endpoint_group="/endpoint_group/id"),
    step("root", f"PUT {EP}/endpoint_groups/$endpoint_group/projects/top"),
    step("root", f"PUT {EP}/projects/top/endpoints/$endpoint"),
    step("root", "POST /v3/registered_limits",
         {"registered_limits": [
             {"service_id": "$service", "resource_name": "widgets", "default_limit": 10},
             {"service_id": "$service", "resource_name": "gadgets", "default_limit": 10}]},
         registered_limit="/registered_limits/0/id", spare_registered="/registered_limits/1/id"),
    step("root", "POST /v3/limits",
         {"limits": [{"service_id": "$service", "resource_name": "widgets", "project_id": "top",
                      "resource_limit": 5}]}, limit="/limits/0/id"),
    step("root", "PUT /v3/domains/" + ACME + "/config",
         {"config": {"identity": {"driver": "sql"}, "ldap": {"url": "ldap://x"}}}),
    step("root", "POST /v3/credentials",
         {"credential": {"user_id": "uma", "type": "cert", "blob": "x"}},
         credential="/credential/id"),
    step("root", "POST /v3/users/uma/credentials/OS-EC2", {"tenant_id": "top"},
         ec2="/credential/access"),
    step("self", "POST /v3/users/uma/application_credentials",
         {"application_credential": {"name": "one", "access_rules": [
             {"service": "identity", "method": "GET", "path": "/v3/users"}]}},
         old_credential="/application_credential/id",
         access_rule="/application_credential/access_rules/0/id"),
    step("self", "DELETE /v3/users/uma/application_credentials/$old_credential"),
    step("self", "POST /v3/users/uma/application_credentials",
         {"application_credential": {"name": "two"}},
         application_credential="/application_credential/id"),
    step("self", "POST /v3/OS-TRUST/trusts",
         {"trust": {"trustor_user_id": "uma", "trustee_user_id": "vic", "project_id": "top",
                    "impersonation": False, "roles": [{"name": "member"}]}}, trust="/trust/id"),
    step("root", "POST /v3/OS-OAUTH1/consumers", {"consumer": {"description": "c"}},
         consumer="/consumer/id"),
    step("root", f"PUT {FED}/mappings/map", {"mapping": {"rules": RULES}}),
    step("root", f"PUT {FED}/identity_providers/idp", {"identity_provider": {"domain_id": ACME}}),
    step("root", f"PUT {FED}/identity_providers/idp/protocols/mapped",
         {"protocol": {"mapping_id": "map"}}),
    step("root", f"PUT {FED}/service_providers/sp", {"service_provider": URLS}),
    # Two of everything, so that every list has something to turn over.
    step("root", "POST /v3/groups", {"group": {"name": "mates", "domain_id": ACME}},
         mates="/group/id"),
    step("root", "PUT /v3/groups/$mates/users/uma"),
    step("root", "PUT /v3/groups/crew/users/vic"),
    step("root", "PUT /v3/projects/below/users/uma/roles/$role_reader"),
    step("root", f"PUT /v3/domains/{ACME}/users/uma/roles/$role_reader"),
    step("root", f"PUT /v3/domains/{UMBRELLA}/users/uma/roles/$role_reader"),
    step("root", "PUT /v3/system/users/vic/roles/$role_reader"),
    step("root", "PUT /v3/system/groups/$club/roles/$role_reader"),
    step("root", "POST /v3/endpoints",
         {"endpoint": {"service_id": "$service", "interface": "internal", "url": "http://in"}},
         second_endpoint="/endpoint/id"),
    step("root", "POST /v3/policies", {"policy": {"blob": "{}", "type": "text/plain"}}),
    step("root", "PUT /v3/policies/$policy/OS-ENDPOINT-POLICY/endpoints/$second_endpoint"),
    step("root", f"POST {EP}/endpoint_groups",
         {"endpoint_group": {"name": "eg2", "filters": {"service_id": "$service"}}},
         second_group="/endpoint_group/id"),
    step("root", f"PUT {EP}/endpoint_groups/$second_group/projects/top"),
    step("root", f"PUT {EP}/endpoint_groups/$endpoint_group/projects/elsewhere"),
    step("root", f"PUT {EP}/projects/top/endpoints/$second_endpoint"),
    step("root", f"PUT {EP}/projects/elsewhere/endpoints/$endpoint"),
    step("root", "POST /v3/limits",
         {"limits": [{"service_id": "$service", "resource_name": "widgets",
                      "project_id": "elsewhere", "resource_limit": 5}]}),
    step("root", "POST /v3/credentials",
         {"credential": {"user_id": "uma", "type": "cert", "blob": "xx"}}),
    step("root", "POST /v3/users/uma/credentials/OS-EC2", {"tenant_id": "top"}),
    step("self", "POST /v3/users/uma/application_credentials",
         {"application_credential": {"name": "three", "access_rules": [
             {"service": "identity", "method": "GET", "path": "/v3/roles"}]}}),
    step("self", "POST /v3/OS-TRUST/trusts",
         {"trust": {"trustor_user_id": "uma", "trustee_user_id": "zoe", "project_id": "top",
                    "impersonation": False, "roles": [{"name": "member"}]}}),
    step("root", "POST /v3/OS-OAUTH1/consumers", {"consumer": {"description": "d"}}),
    step("root", f"PUT {FED}/mappings/map2", {"mapping": {"rules": RULES}}),
    step("root", f"PUT {FED}/identity_providers/idp2",
         {"identity_provider": {"domain_id": UMBRELLA}}),
    step("root", f"PUT {FED}/identity_providers/idp/protocols/saml2",
         {"protocol": {"mapping_id": "map2"}}),
    step("root", f"PUT {FED}/service_providers/sp2", {"service_provider": URLS}),
]

# ---- the cases ----------------------------------------------------------------------------------

ROLES = {"$role_member": {"id": "m", "name": "member", "domain_id": None},
         "$role_admin": {"id": "a", "name": "admin", "domain_id": None},
         "$role_manager": {"id": "n", "name": "manager", "domain_id": None},
         "$spare_role": {"id": "s", "name": "spare", "domain_id": None},
         "$domain_role": {"id": "d", "name": "acme-only", "domain_id": ACME}}
DEFAULTS = {"user_id": "uma", "group_id": "crew", "project_id": "top", "domain_id": ACME,
            "role_id": "$role_member", "prior_role_id": "$role_admin",
            "implied_role_id": "$role_manager", "region_id": "RegionOne",
            "service_id": "$service", "endpoint_id": "$endpoint", "policy_id": "$policy",
            "endpoint_group_id": "$endpoint_group", "registered_limit_id": "$registered_limit",
            "limit_id": "$limit", "credential_id": "$credential", "trust_id": "$trust",
            "application_credential_id": "$application_credential",
            "access_rule_id": "$access_rule", "consumer_id": "$consumer", "value": "blue",
            "group": "ldap", "option": "url", "access_token_id": "none",
            "request_token_id": "none", "idp_id": "idp", "protocol_id": "mapped",
            "mapping_id": "map", "service_provider_id": "sp"}
CASES = []


def case(call, rule, args=None, target=None, query="", body=None, headers=None, status=None,
         answers=None, note=None):
    """One case. `target` adds to, and with None takes from, what the path says; a function gets
    the persona. `status` is what those who may get, `answers` what some get instead."""
    method, path = call.split(" ", 1)
    CASES.append(dict(method=method, path=path, rule="identity:" + rule, args=args or {},
                      target=target or {}, query=query, body=body, headers=headers or {},
                      status=status, answers=answers or {}, note=note))


def of_caller(key):
    """A list narrows itself to the domain that the caller's token is for."""
    def target(persona):
        domain = credentials(persona)["domain_id"]
        return {key: domain} if domain else {}
    return target


def member(path, resource, body_key, new, change, rule=None, args=None, delete_args=None,
           singular_target=None, list_target=None, create_target=None):
    rule = rule or resource
    plural = path.rsplit("/", 1)[1]
    name = {"policies": "policies"}.get(plural, plural)
    one = f"{path}/{{{resource}_id}}"
    case(f"GET {path}", f"list_{name}", target=list_target)
    case(f"POST {path}", f"create_{rule}", body={body_key: new}, target=create_target)
    case(f"GET {one}", f"get_{rule}", args=args, target=singular_target)
    case(f"PATCH {one}", f"update_{rule}", args=args, body={body_key: change},
         target=singular_target)
    case(f"DELETE {one}", f"delete_{rule}", args=delete_args or args, target=singular_target)


DESCRIBED = {"description": "changed"}
member("/v3/users", "user", "user", {"name": "new", "domain_id": ACME}, DESCRIBED,
       list_target=of_caller("target.domain_id"), create_target={"target.user.domain_id": ACME})
case("POST /v3/users", "create_user", body={"user": {"name": "new"}},
     note="a body that names no domain")
case("POST /v3/users", "create_user", body={"user": {"name": "new", "domain_id": UMBRELLA}},
     target={"target.user.domain_id": UMBRELLA})
case("GET /v3/users/{user_id}/groups", "list_groups_for_user")
case("GET /v3/users/{user_id}/projects", "list_user_projects")
case("DELETE /v3/users/{user_id}/tokens", "revoke_tokens_for_user")
member("/v3/groups", "group", "group", {"name": "new", "domain_id": ACME}, DESCRIBED,
       list_target=of_caller("target.group.domain_id"),
       create_target={"target.group.domain_id": ACME})
case("POST /v3/groups", "create_group", body={"group": {"name": "new"}})
case("GET /v3/groups/{group_id}/users", "list_users_in_group")
for method, verb, user in (("GET", "check_user_in_group", "uma"),
                           ("PUT", "add_user_to_group", "vic"),
                           ("DELETE", "remove_user_from_group", "uma")):
    case(f"{method} /v3/groups/{{group_id}}/users/{{user_id}}", verb, args={"user_id": user})
case("PUT /v3/groups/{group_id}/users/{user_id}", "add_user_to_group", args={"user_id": "zoe"})

member("/v3/domains", "domain", "domain", {"name": "new"}, DESCRIBED,
       delete_args={"domain_id": "$idle_domain"}, list_target=of_caller("target.domain.id"))
member("/v3/projects", "project", "project", {"name": "new", "domain_id": ACME}, DESCRIBED,
       delete_args={"project_id": "below"}, list_target=of_caller("target.domain_id"),
       create_target={"target.project.domain_id": ACME})
case("POST /v3/projects", "create_project", body={"project": {"name": "new"}})
TAGS = "/v3/projects/{project_id}/tags"
case(f"GET {TAGS}", "list_project_tags")
case(f"PUT {TAGS}", "update_project_tags", body={"tags": ["red"]})
case(f"DELETE {TAGS}", "delete_project_tags")
case(f"GET {TAGS}/{{value}}", "get_project_tag")
case(f"PUT {TAGS}/{{value}}", "create_project_tag", args={"value": "green"})
case(f"DELETE {TAGS}/{{value}}", "delete_project_tag")

CONFIG = "/v3/domains/{domain_id}/config"
case(f"GET {CONFIG}", "get_domain_config")
case(f"PUT {CONFIG}", "create_domain_config", body={"config": {"ldap": {"url": "ldap://y"}}},
     status=200)
case(f"PATCH {CONFIG}", "update_domain_config", body={"config": {"ldap": {"url": "ldap://y"}}})
case(f"DELETE {CONFIG}", "delete_domain_config")
case(f"GET {CONFIG}/{{group}}", "get_domain_config")
case(f"PATCH {CONFIG}/{{group}}", "update_domain_config",
     body={"config": {"ldap": {"url": "ldap://y"}}})
case(f"DELETE {CONFIG}/{{group}}", "delete_domain_config")
case(f"GET {CONFIG}/{{group}}/{{option}}", "get_domain_config")
case(f"PATCH {CONFIG}/{{group}}/{{option}}", "update_domain_config",
     body={"config": {"url": "ldap://y"}})
case(f"DELETE {CONFIG}/{{group}}/{{option}}", "delete_domain_config")
case("GET /v3/domains/config/default", "get_domain_config_default")
case("GET /v3/domains/config/{group}/default", "get_domain_config_default")
case("GET /v3/domains/config/{group}/{option}/default", "get_domain_config_default")

for role in ("$role_member", "$role_admin", "$domain_role"):
    for actor in ({"user_id": "vic"}, {"group_id": "$club"}):
        segment = "users/{user_id}" if "user_id" in actor else "groups/{group_id}"
        for place in ("domains/{domain_id}", "projects/{project_id}"):
            for prefix, suffix in (("/v3", ""), ("/v3/OS-INHERIT", "/inherited_to_projects")):
                roles = f"{prefix}/{place}/{segment}/roles"
                if role == "$role_member" and (not suffix or place.startswith("domains")):
                    case(f"GET {roles}{suffix}", "list_grants", args=actor)
                args = {**actor, "role_id": role}
                for method, verb in (("GET", "check"), ("PUT", "create"), ("DELETE", "revoke")):
                    case(f"{method} {roles}/{{role_id}}{suffix}", f"{verb}_grant", args=args)
for kind, actor in (("user", {"user_id": "vic"}), ("group", {"group_id": "$club"})):
    roles = f"/v3/system/{kind}s/{{{kind}_id}}/roles"
    case(f"GET {roles}", f"list_system_grants_for_{kind}", args=actor)
    for method, verb in (("GET", "check"), ("PUT", "create"), ("DELETE", "revoke")):
        case(f"{method} {roles}/{{role_id}}", f"{verb}_system_grant_for_{kind}", args=actor)

case("GET /v3/roles", "list_roles")
case("GET /v3/roles", "list_domain_roles", query=f"domain_id={ACME}")
case("POST /v3/roles", "create_role", body={"role": {"name": "new"}})
case("POST /v3/roles", "create_domain_role", body={"role": {"name": "new", "domain_id": ACME}})
for role, kind in (("$role_member", "role"), ("$spare_role", "role"),
                   ("$domain_role", "domain_role")):
    one = {"role_id": role}
    case("GET /v3/roles/{role_id}", f"get_{kind}", args=one)
    case("PATCH /v3/roles/{role_id}", f"update_{kind}", args=one, body={"role": DESCRIBED})
    case("DELETE /v3/roles/{role_id}", f"delete_{kind}", args=one)
IMPLIES = "/v3/roles/{prior_role_id}/implies"
case(f"GET {IMPLIES}", "list_implied_roles")
case(f"GET {IMPLIES}/{{implied_role_id}}", "get_implied_role")
case(f"HEAD {IMPLIES}/{{implied_role_id}}", "check_implied_role", status=204)
case(f"PUT {IMPLIES}/{{implied_role_id}}", "create_implied_role",
     args={"prior_role_id": "$spare_role", "implied_role_id": "$role_member"})
case(f"DELETE {IMPLIES}/{{implied_role_id}}", "delete_implied_role")
case("GET /v3/role_inferences", "list_role_inference_rules")
case("GET /v3/role_assignments", "list_role_assignments", target=of_caller("target.domain_id"))
case("GET /v3/role_assignments", "list_role_assignments_for_tree",
     query="include_subtree&scope.project.id=top",
     target={"target.domain_id": ACME, "target.project.domain_id": ACME})

case("GET /v3/regions", "list_regions")
case("POST /v3/regions", "create_region", body={"region": {"id": "new"}})
case("GET /v3/regions/{region_id}", "get_region")
case("PUT /v3/regions/{region_id}", "create_region", args={"region_id": "new"},
     body={"region": {}})
case("PATCH /v3/regions/{region_id}", "update_region", body={"region": DESCRIBED})
case("DELETE /v3/regions/{region_id}", "delete_region", args={"region_id": "spare-region"})
member("/v3/services", "service", "service", {"type": "image", "name": "glance"}, DESCRIBED)
member("/v3/endpoints", "endpoint", "endpoint",
       {"service_id": "$service", "interface": "admin", "url": "http://x"}, {"url": "http://y"})
member("/v3/policies", "policy", "policy", {"blob": "{}", "type": "text/plain"}, {"blob": "[]"})

for path, key, argument, new, change in (
        ("/identity_providers", "identity_provider", "idp_id", {"domain_id": ACME}, DESCRIBED),
        ("/identity_providers/{idp_id}/protocols", "protocol", "protocol_id",
         {"mapping_id": "map"}, {"mapping_id": "map2"}),
        ("/mappings", "mapping", "mapping_id", {"rules": RULES}, {"rules": RULES}),
        ("/service_providers", "service_provider", "service_provider_id", URLS, DESCRIBED)):
    case(f"GET {FED}{path}", f"list_{key}s")
    ONE_OF = f"{FED}{path}/{{{argument}}}"
    case(f"GET {ONE_OF}", f"get_{key}")
    case(f"PUT {ONE_OF}", f"create_{key}", args={argument: "new"}, body={key: new})
    case(f"PATCH {ONE_OF}", f"update_{key}", body={key: change})
    case(f"DELETE {ONE_OF}", f"delete_{key}")

ASSOCIATION = "/v3/policies/{policy_id}/OS-ENDPOINT-POLICY"
case("GET /v3/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy", "get_policy_for_endpoint")
case(f"GET {ASSOCIATION}/endpoints", "list_endpoints_for_policy")
for tail, what in (("endpoints/{endpoint_id}", "endpoint"), ("services/{service_id}", "service"),
                   ("services/{service_id}/regions/{region_id}", "region_and_service")):
    for method, verb in (("GET", "check"), ("PUT", "create"), ("DELETE", "delete")):
        case(f"{method} {ASSOCIATION}/{tail}", f"{verb}_policy_association_for_{what}")

GROUPS = f"{EP}/endpoint_groups"
ONE = f"{GROUPS}/{{endpoint_group_id}}"
case(f"GET {GROUPS}", "list_endpoint_groups")
case(f"POST {GROUPS}", "create_endpoint_group",
     body={"endpoint_group": {"name": "new", "filters": {"interface": "admin"}}})
case(f"GET {ONE}", "get_endpoint_group")
case(f"PATCH {ONE}", "update_endpoint_group", body={"endpoint_group": {"name": "x"}})
case(f"DELETE {ONE}", "delete_endpoint_group")
case(f"GET {ONE}/endpoints", "list_endpoints_associated_with_endpoint_group")
case(f"GET {ONE}/projects", "list_projects_associated_with_endpoint_group")
case(f"GET {ONE}/projects/{{project_id}}", "get_endpoint_group_in_project")
case(f"PUT {ONE}/projects/{{project_id}}", "add_endpoint_group_to_project",
     args={"project_id": "below"})
case(f"DELETE {ONE}/projects/{{project_id}}", "remove_endpoint_group_from_project")
case(f"GET {EP}/endpoints/{{endpoint_id}}/projects", "list_projects_for_endpoint")
case(f"GET {EP}/projects/{{project_id}}/endpoint_groups", "list_endpoint_groups_for_project")
case(f"GET {EP}/projects/{{project_id}}/endpoints", "list_endpoints_for_project")
ENDPOINT = f"{EP}/projects/{{project_id}}/endpoints/{{endpoint_id}}"
case(f"GET {ENDPOINT}", "check_endpoint_in_project")
case(f"PUT {ENDPOINT}", "add_endpoint_to_project", args={"project_id": "below"})
case(f"DELETE {ENDPOINT}", "remove_endpoint_from_project")

case("GET /v3/registered_limits", "list_registered_limits")
case("POST /v3/registered_limits", "create_registered_limits", body={"registered_limits": [
    {"service_id": "$service", "resource_name": "new", "default_limit": 1}]})
REGISTERED = "/v3/registered_limits/{registered_limit_id}"
case(f"GET {REGISTERED}", "get_registered_limit")
case(f"PATCH {REGISTERED}", "update_registered_limit",
     args={"registered_limit_id": "$spare_registered"},
     body={"registered_limit": {"default_limit": 2}})
case(f"DELETE {REGISTERED}", "delete_registered_limit",
     args={"registered_limit_id": "$spare_registered"})
case("GET /v3/limits", "list_limits")
case("GET /v3/limits/model", "get_limit_model")
case("POST /v3/limits", "create_limits", body={"limits": [
    {"service_id": "$service", "resource_name": "widgets", "project_id": "below",
     "resource_limit": 5}]})
LIMIT = {"target.limit.project_id": "top", "target.limit.domain_id": None,
         "target.limit.project.domain_id": ACME}
case("GET /v3/limits/{limit_id}", "get_limit", target=LIMIT)
case("PATCH /v3/limits/{limit_id}", "update_limit", body={"limit": {"resource_limit": 4}},
     target=LIMIT)
case("DELETE /v3/limits/{limit_id}", "delete_limit", target=LIMIT)


def own_credentials(persona):
    """Without a system scope, a list of credentials is of the caller's own."""
    if credentials(persona)["system_scope"]:
        return {}
    return {"target.credential.user_id": persona["user"]}


OWNED = {"target.credential.user_id": "uma"}
case("GET /v3/credentials", "list_credentials", target=own_credentials)
case("POST /v3/credentials", "create_credential", target=OWNED,
     body={"credential": {"user_id": "uma", "type": "cert", "blob": "y"}})
case("GET /v3/credentials/{credential_id}", "get_credential", target=OWNED)
case("PATCH /v3/credentials/{credential_id}", "update_credential", target=OWNED,
     body={"credential": {"blob": "z"}})
case("DELETE /v3/credentials/{credential_id}", "delete_credential", target=OWNED)
EC2 = "/v3/users/{user_id}/credentials/OS-EC2"
case(f"GET {EC2}", "ec2_list_credentials")
case(f"POST {EC2}", "ec2_create_credential", target=OWNED, body={"tenant_id": "top"})
ONE_EC2 = {"credential_id": "$ec2"}
case(f"GET {EC2}/{{credential_id}}", "ec2_get_credential", args=ONE_EC2, target=OWNED)
case(f"DELETE {EC2}/{{credential_id}}", "ec2_delete_credential", args=ONE_EC2, target=OWNED)

APPLICATION = "/v3/users/{user_id}/application_credentials"
case(f"GET {APPLICATION}", "list_application_credentials")
case(f"POST {APPLICATION}", "create_application_credential",
     body={"application_credential": {"name": "new"}})
ONE = f"{APPLICATION}/{{application_credential_id}}"
case(f"GET {ONE}", "get_application_credential")
case(f"DELETE {ONE}", "delete_application_credential")
case(f"GET {ONE}", "get_application_credential", args={"user_id": "$caller"},
     target={"user_id": "uma"}, note="the credential's owner counts, not the path's")
case(f"DELETE {ONE}", "delete_application_credential", args={"user_id": "$caller"},
     target={"user_id": "uma"}, note="the credential's owner counts, not the path's")
RULES = "/v3/users/{user_id}/access_rules"
case(f"GET {RULES}", "list_access_rules")
case(f"GET {RULES}/{{access_rule_id}}", "get_access_rule")
case(f"DELETE {RULES}/{{access_rule_id}}", "delete_access_rule")

TRUSTS = "/v3/OS-TRUST/trusts"
TRUST = {"target.trust.trustor_user_id": "uma", "target.trust.trustee_user_id": "vic"}
case(f"GET {TRUSTS}", "list_trusts")
case(f"GET {TRUSTS}", "list_trusts_for_trustor", query="trustor_user_id=uma",
     target={"target.trust.trustor_user_id": "uma"})
case(f"GET {TRUSTS}", "list_trusts_for_trustee", query="trustee_user_id=uma",
     target={"target.trust.trustee_user_id": "uma"})
case(f"POST {TRUSTS}", "create_trust", target={"target.trust.trustor_user_id": "uma"},
     body={"trust": {"trustor_user_id": "uma", "trustee_user_id": "zoe", "project_id": "top",
                     "impersonation": False, "roles": [{"name": "reader"}]}})
case(f"GET {TRUSTS}/{{trust_id}}", "get_trust", target=TRUST)
case(f"DELETE {TRUSTS}/{{trust_id}}", "delete_trust", target=TRUST)
case(f"GET {TRUSTS}/{{trust_id}}/roles", "list_roles_for_trust", target=TRUST)
case(f"GET {TRUSTS}/{{trust_id}}/roles/{{role_id}}", "get_role_for_trust", target=TRUST)

member("/v3/OS-OAUTH1/consumers", "consumer", "consumer", {"description": "new"}, DESCRIBED)
case("PUT /v3/OS-OAUTH1/authorize/{request_token_id}", "authorize_request_token",
     body={"roles": [{"id": "$role_member"}]}, status=404, note="there is no such request token")
ACCESS = "/v3/users/{user_id}/OS-OAUTH1/access_tokens"
case(f"GET {ACCESS}", "list_access_tokens")
case(f"GET {ACCESS}/{{access_token_id}}", "get_access_token", status=404)
case(f"DELETE {ACCESS}/{{access_token_id}}", "ec2_delete_credential", status=404)
case(f"GET {ACCESS}/{{access_token_id}}/roles", "list_access_token_roles", status=404)
case(f"GET {ACCESS}/{{access_token_id}}/roles/{{role_id}}", "get_access_token_role", status=404)

SUBJECT = {"x-subject-token": "$token_self"}
OF_UMA = {"target.token.user_id": "uma", "target.token.user.domain.id": ACME}
case("GET /v3/auth/tokens", "validate_token", headers=SUBJECT, target=OF_UMA)
case("HEAD /v3/auth/tokens", "check_token", headers=SUBJECT, target=OF_UMA)
case("DELETE /v3/auth/tokens", "revoke_token", headers=SUBJECT, target=OF_UMA)
NOT_OF_PROJECT = {name: 403 for name, persona in PERSONAS.items()
                  if not credentials(persona)["project_id"]}
case("GET /v3/auth/catalog", "get_auth_catalog", answers=NOT_OF_PROJECT)
case("GET /v3/auth/domains", "get_auth_domains")
case("GET /v3/auth/projects", "get_auth_projects")
case("GET /v3/OS-FEDERATION/domains", "get_auth_domains")
case("GET /v3/OS-FEDERATION/projects", "get_auth_projects")
case("GET /v3/auth/system", "get_auth_system")
case("GET /v3/OS-REVOKE/events", "list_revoke_events")
case("GET /v3/auth/tokens/OS-PKI/revoked", "revocation_list", query="audit_id_only", status=200,
     note="30.0.0 has the rule and answers 403 to everybody")
case("POST /v3/ec2tokens", "ec2tokens_validate", status=404, note="there is no such key",
     body={"credentials": {"access": "none", "signature": "none", "host": "h", "verb": "GET",
                           "path": "/", "params": {}, "headers": {}}})
case("POST /v3/s3tokens", "s3tokens_validate", status=404, note="there is no such key",
     body={"credentials": {"access": "none", "signature": "none", "token": "eA=="}})


def target_of(one, persona):
    """The facts about what a call is on: what the path names, as it stands in the database."""
    args = {name: one["args"].get(name, DEFAULTS[name])
            for name in DEFAULTS if f"{{{name}}}" in one["path"]}
    args = {name: persona["user"] if value == "$caller" else value
            for name, value in args.items()}
    target = dict(args)
    for name in ("user", "group", "project"):
        if f"{name}_id" in args and not (name == "group" and "config" in one["path"]):
            identifier = args[f"{name}_id"].lstrip("$")
            target[f"target.{name}.id"] = identifier
            target[f"target.{name}.domain_id"] = DOMAIN_OF.get(identifier, persona["home"])
    if "domain_id" in args:
        target["target.domain.id"] = args["domain_id"]
    if args.get("role_id") in ROLES:
        for key, value in ROLES[args["role_id"]].items():
            target[f"target.role.{key}"] = value
    extra = one["target"](persona) if callable(one["target"]) else one["target"]
    target.update(extra)
    return target


def main():
    conf = cfg.ConfigOpts()
    conf([])
    opts._register(conf)
    enforcer = policy.Enforcer(conf)
    enforcer.suppress_deprecation_warnings = True
    enforcer.suppress_default_change_warnings = True
    enforcer.register_defaults(policies.list_rules())
    enforcer.load_rules()
    routes = {(r["method"], r["path"]): r for r in json.load(open("routes.json"))}
    cases = []
    for one in CASES:
        route = routes[("GET" if one["method"] == "HEAD" else one["method"], one["path"])]
        if route["rules"] and one["rule"] not in route["rules"]:
            sys.exit(f"{one['method']} {one['path']} does not ask {one['rule']}")
        status = one["status"] or route["success"][0]
        answers = {"anonymous": 401}
        for name, persona in PERSONAS.items():
            try:
                yes = enforcer.enforce(one["rule"], target_of(one, persona), credentials(persona))
            except policy.InvalidScope:
                yes = False
            answers[name] = one["answers"].get(name, status) if yes else 403
        args = {name: one["args"].get(name, value) for name, value in DEFAULTS.items()
                if f"{{{name}}}" in one["path"]}
        written = {"call": f"{one['method']} {one['path']}", "rule": one["rule"], "args": args}
        for key in ("query", "headers", "body", "note"):
            if one[key]:
                written[key] = one[key]
        written["allowed"] = status
        written["answers"] = answers
        cases.append(written)
    keys = sorted({key for check in enforcer.rules.values() for key in keys_of(str(check))})
    write(cases, keys)


def keys_of(check):
    return [part.split(")s")[0] for part in check.split("%(")[1:]]


def write(cases, keys):
    def block(name, items):
        lines = ",\n".join("    " + json.dumps(item) for item in items)
        return f'  "{name}": [\n{lines}\n  ]'
    people = [{"name": name, **persona} for name, persona in PERSONAS.items()]
    print("{\n  " + '"source": "oslo.policy 6.0.1 with the rules of Keystone 30.0.0",')
    print('  "target_keys": ' + json.dumps(keys) + ",")
    print(",\n".join([block("personas", people), block("steps", STEPS), block("cases", cases)]))
    print("}")


if __name__ == "__main__":
    main()
