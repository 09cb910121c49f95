#!/usr/bin/env python3
"""Writes ec2_signatures.json: requests as botocore and keystoneclient sign them.

    pip install botocore python-keystoneclient
    python ec2_signatures.py > ec2_signatures.json
"""

import base64
import datetime
import json
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from keystoneclient.contrib.ec2.utils import Ec2Signer

ACCESS = "0555b35654ad1656d804"
SECRET = "h7GhxuBLTrlhVUyxSPUKUV8r/2EI4ngqJxD7iBdBYLhwluN30JaT3Q=="
NOW = datetime.datetime(2026, 1, 1, 0, 0, 0)
TIMESTAMP = "2026-01-01T00:00:00Z"

FIXED = mock.Mock(wraps=datetime.datetime)
FIXED.utcnow.return_value = NOW
FIXED.now.return_value = NOW


def credentials():
    return Credentials(ACCESS, SECRET)


def by_keystoneclient(name, request):
    """What Ec2Signer makes of it; it changes what it is given."""
    signature = Ec2Signer(SECRET).generate(json.loads(json.dumps(request)))
    return {"name": name, "by": "keystoneclient", "request": request, "signature": signature}


def keystoneclient_vectors():
    params = {"AWSAccessKeyId": ACCESS, "Action": "Test", "Timestamp": TIMESTAMP}
    hard = dict(params, Filter="a b+c/d=ü~*'()", **{"Zone.1": "x&y", "action2": "low", "Count": 5})
    base = {"verb": "GET", "host": "cloud.example.org", "path": "/services/Cloud"}
    yield by_keystoneclient("version 0", dict(base, params=dict(params, SignatureVersion="0")))
    yield by_keystoneclient("version 1", dict(base, params=dict(params, SignatureVersion="1")))
    yield by_keystoneclient("version 1, any case", dict(
        base, params=dict(hard, SignatureVersion="1")))
    yield by_keystoneclient("version 2", dict(base, params=dict(params, SignatureVersion="2")))
    yield by_keystoneclient("version 2, escaped", dict(
        base, verb="POST", params=dict(hard, SignatureVersion="2", SignatureMethod="HmacSHA1")))
    yield by_keystoneclient("version 2, with a port", dict(
        base, host="Cloud.example.org:8773", params=dict(params, SignatureVersion="2")))
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS}/20260101/us-east-1/ec2/aws4_request,"
                         "SignedHeaders=content-type;host;x-absent;x-amz-date,Signature=none",
        "X-Amz-Date": "20260101T000000Z", "Host": " cloud.example.org:8773 ",
        "Content-Type": "application/x-www-form-urlencoded; charset=utf8"}
    body_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    yield by_keystoneclient("version 4 in headers", dict(
        base, verb="get", params=dict(hard), headers=headers, body_hash=body_hash))
    yield by_keystoneclient("version 4 of an old boto", dict(
        base, verb="POST", params={}, body_hash=body_hash,
        headers=dict(headers, **{"User-Agent": "Boto/2.9.2 (linux2)"})))
    query = dict(params, **{
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": "20260101T000000Z",
        "X-Amz-Credential": f"{ACCESS}/20260101/us-east-1/ec2/aws4_request",
        "X-Amz-SignedHeaders": "host"})
    yield by_keystoneclient("version 4 in the query", dict(
        base, params=query, headers={"host": "cloud.example.org"}, body_hash=body_hash))


def botocore_vectors():
    url = "https://cloud.example.org/services/Cloud"
    params = {"Action": "Describe", "Filter.1": "a b+c~*", "Timestamp": TIMESTAMP,
              "AWSAccessKeyId": ACCESS, "SignatureVersion": "2", "SignatureMethod": "HmacSHA256"}
    request = AWSRequest(method="POST", url=url)
    _, signature = botocore.auth.SigV2Auth(credentials()).calc_signature(request, params)
    yield {"name": "version 2", "by": "botocore", "signature": signature,
           "request": {"verb": "POST", "host": "cloud.example.org", "path": "/services/Cloud",
                       "params": params}}

    for name, method, address, body in [
            ("version 4, POST", "POST", url, b"Action=Describe&Version=2016-11-15"),
            ("version 4, GET", "GET", url + "?Action=Describe&Filter.1=a%20b%2Bc~%2A", b"")]:
        request = AWSRequest(method=method, url=address, data=body)
        if body:
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        signer = botocore.auth.SigV4Auth(credentials(), "ec2", "us-east-1")
        signer.add_auth(request)
        headers = dict(request.headers.items())
        headers.setdefault("Host", "cloud.example.org")
        parts = urlsplit(address)
        yield {"name": name, "by": "botocore",
               "signature": headers["Authorization"].rsplit("Signature=", 1)[1],
               "request": {"verb": method, "host": "cloud.example.org", "path": parts.path,
                           "params": dict(parse_qsl(parts.query)), "headers": headers,
                           "body_hash": signer.payload(request)}}


def s3_vectors():
    url = "https://objects.example.org/bucket/key"
    signer = botocore.auth.HmacV1Auth(credentials())
    headers = HTTPHeaders()
    headers["Date"] = "Thu, 01 Jan 2026 00:00:00 GMT"
    headers["x-amz-meta-note"] = "seen"
    text = signer.canonical_string("GET", urlsplit(url), headers)
    yield s3("version 1", text, signer.sign_string(text))
    del headers["Date"]
    headers["x-amz-date"] = "Thu, 01 Jan 2026 00:00:00 GMT"
    text = signer.canonical_string("PUT", urlsplit(url), headers)
    yield s3("version 1, x-amz-date", text, signer.sign_string(text))
    with mock.patch.object(signer, "_get_date", return_value="1767225900"):
        text = signer.canonical_string("GET", urlsplit(url), HTTPHeaders())
    yield s3("version 1, presigned", text, signer.sign_string(text))
    for service in ("s3", "iam", "sts"):
        signer = botocore.auth.S3SigV4Auth(credentials(), service, "us-east-1")
        request = AWSRequest(method="GET", url=url)
        request.context["timestamp"] = "20260101T000000Z"
        request.headers["host"] = "objects.example.org"
        text = signer.string_to_sign(request, signer.canonical_request(request))
        yield s3(f"version 4, {service}", text, signer.signature(text, request))


def s3(name, text, signature):
    token = base64.urlsafe_b64encode(text.encode()).decode()
    return {"name": name, "by": "botocore", "token": token, "signature": signature}


def main():
    with mock.patch("botocore.auth.datetime", mock.Mock(datetime=FIXED)), \
            mock.patch("botocore.auth.get_current_datetime", return_value=NOW, create=True), \
            mock.patch("botocore.auth.formatdate", return_value="Thu, 01 Jan 2026 00:00:00 GMT"):
        vectors = {"access": ACCESS, "secret": SECRET, "now": TIMESTAMP,
                   "ec2": [*keystoneclient_vectors(), *botocore_vectors()], "s3": [*s3_vectors()]}
    print(json.dumps(vectors, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
