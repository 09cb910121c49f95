"""python-openstackclient's commands for identity providers, mappings, protocols and service providers."""

import json
import tempfile

RULES = [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "REMOTE_USER"}]}]


def federation(score, openstack, cloud):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(RULES, file)
        file.flush()
        openstack("mapping create osc-map --rules", file.name)
        score.equal("mapping create and show", openstack("mapping show osc-map")["rules"], RULES)
        openstack("mapping set osc-map --rules", file.name)
        score.check("mapping list", "osc-map" in json.dumps(openstack("mapping list")))
    made = openstack("identity provider create osc-idp --remote-id urn:osc:a --remote-id urn:osc:b"
                     " --description first")
    score.equal("identity provider create", made["enabled"], True)
    openstack("identity provider set osc-idp --description changed --remote-id urn:osc:c")
    shown = openstack("identity provider show osc-idp")
    score.equal("identity provider set and show", shown["description"], "changed")
    score.check("identity provider list",
                "osc-idp" in json.dumps(openstack("identity provider list")))
    protocol = " --identity-provider osc-idp"
    made = openstack("federation protocol create osc-saml --mapping osc-map" + protocol)
    score.equal("federation protocol create", made["mapping"], "osc-map")
    # The command returns what it changed as its exit status.
    openstack.run(("federation protocol set osc-saml --mapping osc-map" + protocol).split())
    score.equal("federation protocol show",
                openstack("federation protocol show osc-saml" + protocol)["id"], "osc-saml")
    score.check("federation protocol list",
                "osc-saml" in json.dumps(openstack("federation protocol list" + protocol)))
    openstack("federation protocol delete osc-saml" + protocol)
    openstack("identity provider delete osc-idp")
    openstack("mapping delete osc-map")
    for what in ("identity provider show osc-idp", "mapping show osc-map"):
        score.check(f"after the deletion: {what}", openstack.refused(what))
    openstack("domain set --disable", shown["domain_id"])
    openstack("domain delete", shown["domain_id"])
    made = openstack("service provider create osc-sp --auth-url http://sp/v3/auth"
                     " --service-provider-url http://sp/saml")
    score.equal("service provider create", made["relay_state_prefix"], "ss:mem:")
    openstack("service provider set osc-sp --disable --description changed")
    shown = openstack("service provider show osc-sp")
    score.equal("service provider set and show", (shown["enabled"], shown["description"]),
                (False, "changed"))
    score.check("service provider list",
                "osc-sp" in json.dumps(openstack("service provider list")))
    # The administrator of a new cloud has roles on a project and on the system, on no domain.
    score.equal("federation domain list", openstack("federation domain list"), [])
    score.check("federation project list", openstack("federation project list"))
    openstack("service provider delete osc-sp")
    score.check("a deleted service provider is gone",
                openstack.refused("service provider show osc-sp"))
