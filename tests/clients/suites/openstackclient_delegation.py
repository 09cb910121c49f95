"""python-openstackclient's commands for limits, trusts, application credentials and OAuth."""

import json


def limits(score, openstack, cloud):
    openstack("service create osc-limited --name osc-limits")
    openstack("project create osc-counted")
    made = openstack("registered limit create --service osc-limits --default-limit 10 osc-widgets")
    score.equal("registered limit create", made["default_limit"], 10)
    openstack("registered limit set --default-limit 12", made["id"])
    score.equal("registered limit set and show",
                openstack("registered limit show", made["id"])["default_limit"], 12)
    score.check("registered limit list",
                made["id"] in json.dumps(openstack("registered limit list")))
    limit = openstack("limit create --service osc-limits --project osc-counted --resource-limit 5"
                      " osc-widgets")
    score.equal("limit create", limit["resource_limit"], 5)
    openstack("limit set --resource-limit 6", limit["id"])
    score.equal("limit set and show",
                openstack("limit show", limit["id"])["resource_limit"], 6)
    score.check("limit list", limit["id"] in json.dumps(openstack("limit list")))
    score.check("a limit in use keeps its registered limit",
                openstack.refused("registered limit delete", made["id"]))
    openstack("limit delete", limit["id"])
    openstack("registered limit delete", made["id"])
    score.check("a deleted limit is gone", openstack.refused("limit show", limit["id"]))
    openstack("project delete osc-counted")
    openstack("service delete osc-limits")


def application_credentials(score, openstack, cloud):
    rules = json.dumps([{"service": "identity", "method": "GET", "path": "/v3/users"}])
    made = openstack("application credential create osc-app --secret osc-app-secret --role reader"
                     " --access-rules", rules)
    score.equal("application credential create", made["name"], "osc-app")
    score.check("application credential list", made["id"] in
                json.dumps(openstack("application credential list")))
    shown = openstack("application credential show osc-app")
    score.check("no later answer shows the secret", "osc-app-secret" not in json.dumps(shown))
    openstack("application credential create osc-free --secret osc-free-secret")
    login = {name: None for name in ("OS_USERNAME", "OS_PASSWORD", "OS_USER_DOMAIN_NAME",
                                     "OS_PROJECT_NAME", "OS_PROJECT_DOMAIN_NAME")}
    free = openstack("application credential show osc-free")["id"]
    login.update(OS_AUTH_TYPE="v3applicationcredential", OS_APPLICATION_CREDENTIAL_ID=free,
                 OS_APPLICATION_CREDENTIAL_SECRET="osc-free-secret")
    status, _, err = openstack.run(["token", "issue"], **login)
    score.check("one logs in with it", status == 0, err[-300:])
    rows = openstack("access rule list")
    score.equal("access rule list", [row["Path"] for row in rows], ["/v3/users"])
    rule = rows[0]["ID"]
    score.equal("access rule show", openstack("access rule show", rule)["method"], "GET")
    score.check("a rule in use stays", openstack.refused("access rule delete", rule))
    openstack("application credential delete osc-app osc-free")
    openstack("access rule delete", rule)
    score.equal("access rule delete", openstack("access rule list"), [])


def trusts(score, openstack, cloud):
    openstack("user create osc-trustee")
    made = openstack("trust create --project admin --role reader admin osc-trustee")
    score.equal("trust create", made["is_impersonation"], False)
    score.check("trust list", made["id"] in json.dumps(openstack("trust list")))
    score.equal("trust show", openstack("trust show", made["id"])["id"], made["id"])
    openstack("trust delete", made["id"])
    score.check("a deleted trust is gone", openstack.refused("trust show", made["id"]))
    openstack("user delete osc-trustee")


def oauth(score, openstack, cloud):
    made = openstack("consumer create --description first")
    score.check("consumer create gives a secret", made["secret"])
    openstack("consumer set --description changed", made["id"])
    score.equal("consumer set and show",
                openstack("consumer show", made["id"])["description"], "changed")
    score.check("consumer list", made["id"] in json.dumps(openstack("consumer list")))
    keys = ["--consumer-key", made["id"], "--consumer-secret", made["secret"]]
    request = openstack("request token create --project admin", *keys)
    score.check("request token create", request["key"] and request["secret"])
    pin = openstack("request token authorize --role reader --request-key", request["key"])
    access = openstack("access token create", *keys, "--request-key", request["key"],
                       "--request-secret", request["secret"],
                       "--verifier", pin["oauth_verifier"])
    score.check("access token create", access["key"] and access["secret"])
    openstack("consumer delete", made["id"])
    score.check("a deleted consumer is gone", openstack.refused("consumer show", made["id"]))
