"""keystonemiddleware from when services checked PKI tokens by themselves."""

import json
import logging
import re
import tempfile
import time
import warnings

from keystonemiddleware import auth_token
from webob import Request

from kit.http import call
from suites.v2_client import PASSWORD, connect

ROUTE = "/v2.0/tokens/{token_id}"


def application(environ, start_response):
    """Answers with the identity headers that it was given."""
    seen = {k: v for k, v in environ.items() if k.startswith("HTTP_X_")}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]


def protect(cloud, folder):
    return auth_token.AuthProtocol(application, {
        "auth_type": "v2password", "auth_url": cloud.v2, "username": "old-service",
        "password": PASSWORD, "tenant_name": "old-services", "auth_version": "v2.0",
        "www_authenticate_uri": cloud.v2, "signing_dir": folder, "token_cache_time": "-1",
        "revocation_cache_time": "1", "check_revocations_for_cached": "true",
        "oslo_config_config": None, "log_name": __name__})


def ask(app, token):
    request = Request.blank("/")
    request.headers["X-Auth-Token"] = token
    answer = request.get_response(app)
    return answer.status_int, json.loads(answer.text) if answer.status_int == 200 else {}


def validations(cloud):
    """How often the server was asked to validate a token of v2.0."""
    text = call("GET", f"{cloud.admin}/metrics").text
    lines = (line for line in text.splitlines()
             if line.startswith("keystone_requests_total") and ROUTE in line)
    return sum(float(re.search(r"[0-9.]+$", line).group()) for line in lines)


def run(score, cloud):
    warnings.simplefilter("ignore")
    # What it refuses it also logs, and refusing is what is asked of it here.
    for name in ("keystonemiddleware", "keystoneclient", __name__):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    admin = connect(cloud, cloud.username, cloud.password, tenant_name="admin")
    with score.section("old keystonemiddleware with PKI"), \
            tempfile.TemporaryDirectory(prefix="keystone-signing-") as folder:
        services = admin.tenants.create("old-services")
        place = admin.tenants.create("old-pki-place")
        service = admin.users.create("old-service", password=PASSWORD)
        user = admin.users.create("old-pki-user", password=PASSWORD, tenant_id=place.id)
        roles = {role.name: role for role in admin.roles.list()}
        admin.roles.add_user_role(service, roles["service"], services)
        try:
            checks(score, cloud, admin, protect(cloud, folder), user, place)
        finally:
            for what, manager in ((user, admin.users), (service, admin.users),
                                  (place, admin.tenants), (services, admin.tenants)):
                manager.delete(what.id)


def checks(score, cloud, admin, app, user, place):
    def login():
        return connect(cloud, "old-pki-user", PASSWORD, tenant_name="old-pki-place").auth_token

    token, other = login(), login()
    score.check("a login gives a signed token", token.startswith("MII"), token[:20])
    before = validations(cloud)
    status, seen = ask(app, token)
    score.equal("it is accepted", status, 200)
    score.equal("it says who calls and for which tenant",
                (seen.get("HTTP_X_USER_NAME"), seen.get("HTTP_X_TENANT_NAME"),
                 seen.get("HTTP_X_ROLES")), ("old-pki-user", "old-pki-place", "_member_"))
    score.check("the catalog came along", "HTTP_X_SERVICE_CATALOG" in seen)
    score.equal("the server was not asked about it", validations(cloud), before)
    broken = token[:200] + ("A" if token[200] != "A" else "B") + token[201:]
    score.equal("a changed one is refused", ask(app, broken)[0], 401)

    admin.tokens.delete(token)
    time.sleep(2)  # the list is fetched again after a second
    before = validations(cloud)
    score.equal("revoked, it is refused", ask(app, token)[0], 401)
    score.equal("by the signed list alone", validations(cloud), before)
    score.equal("another one is as good as before", ask(app, other)[0], 200)
    admin.users.update_password(user.id, PASSWORD + "2")
    time.sleep(2)
    score.equal("a new password ends that one too", ask(app, other)[0], 401)
