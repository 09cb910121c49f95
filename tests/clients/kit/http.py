"""One HTTP request with nothing in between: no redirects, no retries, no default headers."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Answer:
    status: int
    headers: list  # (name, value) in the order received
    text: str

    def header(self, name):
        """The first value of the header `name`, or None."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    @property
    def json(self):
        """The body as JSON, or None when it is something else."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


def call(method, url, body=None, headers=None, timeout=60):
    """Sends one request on a fresh connection. `body`: str or bytes as is, else made JSON."""
    parts = urlsplit(url)
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (str, bytes)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    if isinstance(body, str):
        body = body.encode()
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read().decode("utf-8", "replace"))
    finally:
        connection.close()


def password_auth(user, password, user_domain="Default", scope=None):
    """The body of a password login. `scope` is Keystone's scope object, None for no scope."""
    person = {"name": user, "domain": {"name": user_domain}, "password": password}
    auth = {"identity": {"methods": ["password"], "password": {"user": person}}}
    if scope is not None:
        auth["scope"] = scope
    return {"auth": auth}


def project_scope(name="admin", domain="Default"):
    return {"project": {"name": name, "domain": {"name": domain}}}


def login(base, user, password, **how):
    """Logs in and returns (token id or None, answer). `base` is the URL without /v3."""
    answer = call("POST", f"{base}/v3/auth/tokens", password_auth(user, password, **how))
    return answer.header("X-Subject-Token"), answer
