"""keystoneauth's plugins for federated users, by way of a proxy that plays the web server's modules for
OpenID Connect and SAML."""

import threading
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from kit.http import call, login, project_scope

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
ENHANCED = "/Shibboleth.sso/SAML2/ECP"
# What the proxy accepts as an access token, and whose it is.
BEARERS = {"token-of-alice": "alice"}
COOKIE = "session-of-the-proxy"


class Proxy(BaseHTTPRequestHandler):
    """Says who a user is, by an access token or by an assertion that was sent before."""

    protocol_version = "HTTP/1.1"
    target = None
    asserted = None

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) or None
        if self.path == ENHANCED:
            Proxy.asserted = subject_of(body)
            return self.give(302, [("Location", "/"), ("Set-Cookie", f"{COOKIE}=1; Path=/")], b"")
        # What clients send under the proxy's own names is not passed on.
        headers = {name: value for name, value in self.headers.items()
                   if not name.lower().startswith("oidc-") and name.lower() not in ("host",)}
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        user = BEARERS.get(token) if scheme == "Bearer" else None
        if COOKIE in (self.headers.get("Cookie") or ""):
            user = Proxy.asserted
        if user and "/protocols/" in self.path:
            headers["OIDC-Sub"] = user
        passed = call(self.command, self.target + self.path, body, headers)
        kept = [(name, value) for name, value in passed.headers
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date")]
        return self.give(passed.status, kept, passed.text.encode())

    do_GET = do_POST = answer

    def give(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def subject_of(envelope):
    """The user of the assertion in an envelope. That the signature is good, others check."""
    root = ElementTree.fromstring(envelope)
    return root.find(f".//{SAML}NameID").text


def run(score, cloud):
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    Proxy.target = cloud.base
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{proxy.server_port}"
    try:
        with score.section("federated logins"):
            log_in(score, cloud, base)
    finally:
        proxy.shutdown()
        proxy.server_close()


def log_in(score, cloud, base):
    token, answer = login(cloud.base, cloud.username, cloud.password, scope=project_scope())
    project = answer.json["token"]["project"]["id"]

    def ask(method, path, body=None):
        return call(method, f"{cloud.base}/v3{path}", body, {"X-Auth-Token": token})

    provider = "/OS-FEDERATION/identity_providers/ksa-idp"
    group = ask("POST", "/groups", {"group": {"name": "ksa-group"}}).json["group"]["id"]
    role = ask("GET", "/roles?name=member").json["roles"][0]["id"]
    ask("PUT", f"/projects/{project}/groups/{group}/roles/{role}")
    rules = [{"local": [{"user": {"name": "{0}"}, "group": {"id": group}}],
              "remote": [{"type": "HTTP_OIDC_SUB"}]}]
    for path, body in (("/OS-FEDERATION/mappings/ksa-map", {"mapping": {"rules": rules}}),
                       (provider, {"identity_provider": {"enabled": True}}),
                       (f"{provider}/protocols/mapped", {"protocol": {"mapping_id": "ksa-map"}})):
        score.equal(f"PUT {path}", ask("PUT", path, body).status, 201)

    def plugin(access_token):
        return v3.OidcAccessToken(auth_url=f"{base}/v3", identity_provider="ksa-idp",
                                  protocol="mapped", access_token=access_token, project_id=project)

    alice = session.Session(auth=plugin("token-of-alice"))
    access = alice.auth.get_access(alice)
    score.equal("v3oidcaccesstoken logs in", access.username, "alice")
    score.equal("for the project", access.project_id, project)
    score.equal("with the group's role", "member" in access.role_names, True)
    score.check("as a federated user", access.is_federated)
    found = alice.get(f"{base}/v3/auth/projects").json()["projects"]
    score.equal("and gets what is hers", [one["id"] for one in found], [project])
    try:
        session.Session(auth=plugin("another")).get_token()
        score.fail("another access token is refused")
    except exceptions.Unauthorized:
        score.ok("another access token is refused")

    # This cloud vouches to itself, as to another one.
    ask("PUT", "/OS-FEDERATION/service_providers/ksa-sp", {"service_provider": {
        "enabled": True, "sp_url": base + ENHANCED,
        "auth_url": f"{base}/v3{provider}/protocols/mapped/auth"}})
    own = v3.Password(auth_url=f"{base}/v3", username=cloud.username, password=cloud.password,
                      user_domain_name="Default", project_name="admin",
                      project_domain_name="Default")
    there = v3.Keystone2Keystone(own, "ksa-sp", project_id=project)
    away = session.Session(auth=there)
    access = there.get_access(away)
    score.equal("Keystone2Keystone takes the user along", access.username, cloud.username)
    score.check("who is a federated one there", access.is_federated)
    score.equal("with the roles of there", "admin" in access.role_names, False)

    for path in ("/OS-FEDERATION/service_providers/ksa-sp", provider,
                 "/OS-FEDERATION/mappings/ksa-map", f"/groups/{group}"):
        score.equal(f"DELETE {path}", ask("DELETE", path).status, 204)
