"""Other people's signers: oauthlib as the OAuth1 consumer, botocore for EC2 and S3, pyotp for passcodes.

What a service would receive is signed by the library, and passed on here as a service does it. The
server must offer the methods oauth1, ec2credential and totp.
"""

import base64
import hashlib
import json
from urllib.parse import parse_qsl, quote, urlsplit

import pyotp
from botocore import auth as boto
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from kit.http import call, login, project_scope
from oauthlib import oauth1

FORM = "application/x-www-form-urlencoded"


class Admin:
    """The administrator's token, and what it is for."""

    def __init__(self, cloud):
        self.base = cloud.base
        self.token, answer = login(cloud.base, cloud.username, cloud.password,
                                   scope=project_scope())
        self.user = answer.json["token"]["user"]["id"]
        self.project = answer.json["token"]["project"]["id"]

    def __call__(self, method, path, body=None):
        return call(method, f"{self.base}/v3{path}", body, {"X-Auth-Token": self.token})


def run(score, cloud):
    admin = Admin(cloud)
    with score.section("oauthlib"):
        for method in (oauth1.SIGNATURE_HMAC_SHA1, oauth1.SIGNATURE_HMAC_SHA256,
                       oauth1.SIGNATURE_HMAC_SHA512):
            consumer(score, admin, method)
    with score.section("botocore"):
        made = admin("POST", f"/users/{admin.user}/credentials/OS-EC2",
                     {"tenant_id": admin.project})
        pair = made.json["credential"]
        keys = Credentials(pair["access"], pair["secret"])
        for name, body in ec2_requests(keys):
            checked(score, admin, "ec2tokens", name, body)
        for name, body in s3_requests(keys):
            checked(score, admin, "s3tokens", name, body)
        admin("DELETE", f"/users/{admin.user}/credentials/OS-EC2/{pair['access']}")
    with score.section("pyotp"):
        passcodes(score, admin)


def consumer(score, admin, method):
    made = admin("POST", "/OS-OAUTH1/consumers", {"consumer": {"description": method}})
    key, secret = made.json["consumer"]["id"], made.json["consumer"]["secret"]

    def send(path, more=None, body=None, headers=None):
        client = oauth1.Client(key, client_secret=secret, signature_method=method, **more or {})
        url, headers, _ = client.sign(f"{admin.base}/v3{path}", http_method="POST",
                                      headers=headers or {})
        return call("POST", url, body, headers), headers

    def fields(answer):
        return dict(parse_qsl(answer.text))

    answer, _ = send("/OS-OAUTH1/request_token", {"callback_uri": "oob"},
                     headers={"Requested-Project-Id": admin.project})
    score.equal(f"{method}: a request token", (answer.status, answer.header("Content-Type")),
                (201, FORM))
    request = fields(answer)
    agreed = admin("PUT", f"/OS-OAUTH1/authorize/{request['oauth_token']}",
                   {"roles": [{"name": "reader"}]})
    score.equal(f"{method}: is authorized", agreed.status, 200)
    owner = {"resource_owner_key": request["oauth_token"],
             "resource_owner_secret": request["oauth_token_secret"]}
    wrong, _ = send("/OS-OAUTH1/access_token", {**owner, "verifier": "AAAAAAAA"})
    score.equal(f"{method}: a wrong verifier gets nothing", wrong.status, 401)
    answer, _ = send("/OS-OAUTH1/access_token",
                     {**owner, "verifier": agreed.json["token"]["oauth_verifier"]})
    score.equal(f"{method}: an access token", answer.status, 201)
    access = fields(answer)
    owner = {"resource_owner_key": access["oauth_token"],
             "resource_owner_secret": access["oauth_token_secret"]}
    body = {"auth": {"identity": {"methods": ["oauth1"], "oauth1": {}}}}
    answer, headers = send("/auth/tokens", owner, body=body)
    score.equal(f"{method}: logs in", answer.status, 201)
    token = answer.json.get("token", {})
    score.equal(f"{method}: with what was agreed",
                ([role["name"] for role in token.get("roles", [])],
                 token.get("OS-OAUTH1", {}).get("consumer_id")), (["reader"], key))
    again = call("POST", f"{admin.base}/v3/auth/tokens", body, headers)
    score.equal(f"{method}: the same request is not good again", again.status, 401)
    owner["resource_owner_secret"] = "x" * 32
    score.equal(f"{method}: a wrong secret is refused",
                send("/auth/tokens", owner, body=body)[0].status, 401)
    admin("DELETE", f"/OS-OAUTH1/consumers/{key}")


def checked(score, admin, path, name, body):
    """A signature is good, and one that differs in a character is not."""
    answer = admin("POST", f"/{path}", {"credentials": body})
    score.equal(f"{path}: {name}", answer.status, 200)
    score.equal(f"{path}: {name}: is the user's",
                answer.json.get("token", {}).get("user", {}).get("id"), admin.user)
    other = "b" if body["signature"][0] == "a" else "a"
    bad = dict(body, signature=other + body["signature"][1:])
    score.equal(f"{path}: {name}: another signature is refused",
                admin("POST", f"/{path}", {"credentials": bad}).status, 401)


def ec2_requests(keys):
    """Names of signature schemes, and what a compute service passes on of such a request."""
    params = {"Action": "DescribeInstances", "Version": "2016-11-15", "Filter.1.Name": "a b+c~/"}
    host = "ec2.example.org:8773"

    def parts(request, **more):
        return {"access": keys.access_key, "verb": request.method, "host": host,
                "path": urlsplit(request.url).path, **more}

    for method in ("GET", "POST"):
        request = AWSRequest(method, f"http://{host}/services/Cloud",
                             **{"params" if method == "GET" else "data": dict(params)})
        boto.SigV2Auth(keys).add_auth(request)
        signed = dict(request.params if method == "GET" else request.data)
        signature = signed.pop("Signature")
        yield f"version 2, {method}", parts(request, params=signed, signature=signature)

    for method in ("GET", "POST"):
        body = "" if method == "GET" else "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params.items())
        request = AWSRequest(method, f"http://{host}/services/Cloud", data=body,
                             params=dict(params) if method == "GET" else {},
                             headers={"Host": host})
        boto.SigV4Auth(keys, "ec2", "RegionOne").add_auth(request)
        headers = dict(request.headers.items())
        yield f"version 4, {method}", parts(
            request, params=params, headers=headers, signature=headers["Authorization"][-64:],
            body_hash=hashlib.sha256(body.encode()).hexdigest())

    request = AWSRequest("GET", f"http://{host}/services/Cloud", params=dict(params),
                         headers={"Host": host})
    boto.SigV4QueryAuth(keys, "ec2", "RegionOne", expires=60).add_auth(request)
    signed = dict(parse_qsl(urlsplit(request.url).query))
    signature = signed.pop("X-Amz-Signature")
    yield "version 4, presigned", parts(request, params=signed, headers={"Host": host},
                                        signature=signature,
                                        body_hash=hashlib.sha256(b"").hexdigest())


def s3_requests(keys):
    """Names of signature schemes, and what an object store passes on: the text that was signed."""
    url = "http://objects.example.org/bucket/an object"

    def parts(text, signature):
        return {"access": keys.access_key, "signature": signature,
                "token": base64.urlsafe_b64encode(text.encode()).decode()}

    signer = Remembering(boto.HmacV1Auth)(keys)
    request = AWSRequest("PUT", url, headers={"Content-Type": "text/plain",
                                              "x-amz-acl": "private"}, auth_path="/bucket/an object")
    signer.add_auth(request)
    yield "version 2", parts(signer.text, request.headers["Authorization"].rpartition(":")[2])

    signer = Remembering(boto.HmacV1QueryAuth)(keys, expires=60)
    request = AWSRequest("GET", url, auth_path="/bucket/an object")
    signer.add_auth(request)
    yield "version 2, presigned", parts(
        signer.text, dict(parse_qsl(urlsplit(request.url).query))["Signature"])

    for name, scheme in (("version 4", boto.S3SigV4Auth),
                         ("version 4, presigned", boto.S3SigV4QueryAuth)):
        signer = Remembering(scheme)(keys, "s3", "RegionOne")
        request = AWSRequest("GET", url, headers={"Host": "objects.example.org"})
        signer.add_auth(request)
        yield name, parts(signer.text, signer.signed)


def Remembering(scheme):
    """The scheme, which keeps the text that it signs and the signature."""
    class Kept(scheme):
        def sign_string(self, string_to_sign):
            self.text = string_to_sign
            return super().sign_string(string_to_sign)

        def signature(self, string_to_sign, request):
            self.text = string_to_sign
            self.signed = super().signature(string_to_sign, request)
            return self.signed

    return Kept


def passcodes(score, admin):
    secret = pyotp.random_base32()
    user = admin("POST", "/users", {"user": {"name": "pyotp-user"}}).json["user"]["id"]
    admin("POST", "/credentials", {"credential": {"type": "totp", "blob": secret,
                                                  "user_id": user}})

    def log_in(passcode):
        who = {"user": {"id": user, "passcode": passcode}}
        return call("POST", f"{admin.base}/v3/auth/tokens",
                    {"auth": {"identity": {"methods": ["totp"], "totp": who}}})

    now = pyotp.TOTP(secret)
    answer = log_in(now.now())
    score.equal("a passcode logs in", answer.status, 201)
    score.equal("by its method", answer.json.get("token", {}).get("methods"), ["totp"])
    score.equal("one of another secret does not",
                log_in(pyotp.TOTP(pyotp.random_base32()).now()).status, 401)
    score.equal("one of an hour ago does not", log_in(now.at(0)).status, 401)
    admin("DELETE", f"/users/{user}")
