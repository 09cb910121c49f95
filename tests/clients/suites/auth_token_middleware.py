"""keystonemiddleware's auth_token in front of a small application: how every service uses us."""

import json
import logging

from keystonemiddleware import auth_token
from webob import Request

from kit.http import call, login, project_scope

PASSWORD = "middleware-secret"


def application(environ, start_response):
    """Answers with the identity headers that it was given."""
    seen = {k: v for k, v in environ.items() if k.startswith("HTTP_X_")}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]


class Cloud:
    """The few calls that set the scene, with an administrator's token."""

    def __init__(self, cloud):
        self.base = cloud.base
        self.token, _ = login(cloud.base, cloud.username, cloud.password, scope=project_scope())

    def __call__(self, method, path, body=None):
        return call(method, f"{self.base}/v3{path}", body, {"X-Auth-Token": self.token})

    def make(self, kind, body):
        answer = self("POST", f"/{kind}s", {kind: body})
        if answer.status != 201:
            raise AssertionError(f"cannot make a {kind}: {answer.status} {answer.text}")
        return answer.json[kind]["id"]

    def role(self, name):
        return self("GET", f"/roles?name={name}").json["roles"][0]["id"]


def protect(cloud, **options):
    return auth_token.AuthProtocol(application, {
        "auth_type": "password", "auth_url": cloud.auth_url, "www_authenticate_uri": cloud.auth_url,
        "username": "mw-service", "password": PASSWORD, "user_domain_name": "Default",
        "project_name": "mw-services", "project_domain_name": "Default",
        # No answer may be remembered: every check below asks the server.
        "token_cache_time": "-1", "oslo_config_config": None, "log_name": __name__, **options})


def ask(app, token=None, service_token=None):
    request = Request.blank("/")
    if token:
        request.headers["X-Auth-Token"] = token
    if service_token:
        request.headers["X-Service-Token"] = service_token
    answer = request.get_response(app)
    return answer, (json.loads(answer.text) if answer.status_int == 200 else {})


def run(score, cloud):
    with score.section("keystonemiddleware auth_token"):
        # What it refuses it also logs, and refusing is what is asked of it here.
        logging.getLogger("keystonemiddleware").setLevel(logging.CRITICAL)
        logging.getLogger(__name__).setLevel(logging.CRITICAL)
        admin = Cloud(cloud)
        services = admin.make("project", {"name": "mw-services"})
        place = admin.make("project", {"name": "mw-place"})
        service = admin.make("user", {"name": "mw-service", "password": PASSWORD})
        user = admin.make("user", {"name": "mw-user", "password": PASSWORD})
        try:
            admin("PUT", f"/projects/{services}/users/{service}/roles/{admin.role('service')}")
            admin("PUT", f"/projects/{place}/users/{user}/roles/{admin.role('member')}")
            checks(score, cloud, admin, place, user)
        finally:
            for path in (f"/users/{user}", f"/users/{service}",
                         f"/projects/{place}", f"/projects/{services}"):
                admin("DELETE", path)


def checks(score, cloud, admin, place, user):
    def user_token(**how):
        return login(cloud.base, "mw-user", PASSWORD, **how)[0]

    app = protect(cloud)
    token = user_token(scope=project_scope("mw-place"))
    service_token, _ = login(cloud.base, "mw-service", PASSWORD,
                             scope=project_scope("mw-services"))

    answer, seen = ask(app, token)
    score.equal("a valid token passes", answer.status_int, 200)
    score.equal("the user's id", seen.get("HTTP_X_USER_ID"), user)
    score.equal("the user's name", seen.get("HTTP_X_USER_NAME"), "mw-user")
    score.equal("the user's domain", seen.get("HTTP_X_USER_DOMAIN_NAME"), "Default")
    score.equal("the project's id", seen.get("HTTP_X_PROJECT_ID"), place)
    score.equal("the project's domain", seen.get("HTTP_X_PROJECT_DOMAIN_ID"), "default")
    score.equal("the roles, implied ones too",
                set(seen.get("HTTP_X_ROLES", "").split(",")), {"member", "reader"})
    score.equal("the status", seen.get("HTTP_X_IDENTITY_STATUS"), "Confirmed")
    score.check("the catalog", "identity" in seen.get("HTTP_X_SERVICE_CATALOG", ""))

    answer, _ = ask(app)
    score.equal("no token is 401", answer.status_int, 401)
    score.check("and says where to log in", "Keystone uri=" in
                answer.headers.get("WWW-Authenticate", ""))
    score.equal("an invalid token is 401", ask(app, "nonsense")[0].status_int, 401)
    score.equal("a token with a changed letter is 401",
                ask(app, token[:40] + ("A" if token[40] != "A" else "B") + token[41:])[0].status_int,
                401)

    answer, seen = ask(app, token, service_token)
    score.equal("a service token passes beside the user's", answer.status_int, 200)
    score.equal("the service's roles", seen.get("HTTP_X_SERVICE_ROLES"), "service")
    score.equal("the service's status", seen.get("HTTP_X_SERVICE_IDENTITY_STATUS"), "Confirmed")
    score.equal("an invalid service token is 401", ask(app, token, "nonsense")[0].status_int, 401)
    strict = protect(cloud, service_token_roles_required="true", service_token_roles="service")
    score.equal("a user's token is no service token",
                ask(strict, token, token)[0].status_int, 401)

    delayed = protect(cloud, delay_auth_decision="true")
    answer, seen = ask(delayed)
    score.equal("delay_auth_decision passes without a token", answer.status_int, 200)
    score.equal("marked as not confirmed", seen.get("HTTP_X_IDENTITY_STATUS"), "Invalid")
    answer, seen = ask(delayed, "nonsense")
    score.equal("and with an invalid one", seen.get("HTTP_X_IDENTITY_STATUS"), "Invalid")

    unscoped = user_token(scope="unscoped")
    answer, seen = ask(app, unscoped)
    score.equal("an unscoped token passes", answer.status_int, 200)
    score.check("without a project", not seen.get("HTTP_X_PROJECT_ID"), str(seen))

    revoked = call("DELETE", f"{cloud.base}/v3/auth/tokens",
                   headers={"X-Auth-Token": token, "X-Subject-Token": token})
    score.equal("the token is revoked", revoked.status, 204)
    score.equal("a revoked token is 401", ask(app, token)[0].status_int, 401)
    token = user_token(scope=project_scope("mw-place"))
    score.equal("a new one passes", ask(app, token)[0].status_int, 200)
    admin("PATCH", f"/users/{user}", {"user": {"enabled": False}})
    score.equal("a disabled user's token is 401", ask(app, token)[0].status_int, 401)
