"""What a client does that has a key pair or an authenticator: signatures and passcodes."""

import base64
import hashlib
import hmac
import struct
import time
from urllib.parse import quote


def now():
    """The time as signed requests name it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def signed_request(access, secret, timestamp=None):
    """The body of POST /v3/ec2tokens for a request of signature version 2."""
    params = {"SignatureVersion": "2", "SignatureMethod": "HmacSHA256", "Action": "Describe",
              "AWSAccessKeyId": access, "Timestamp": timestamp or now()}
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='-_~')}"
                     for name, value in sorted(params.items()))
    text = f"GET\ncloud.example.org\n/\n{query}"
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return {"credentials": {"access": access, "signature": base64.b64encode(mac).decode(),
                            "verb": "GET", "host": "cloud.example.org", "path": "/",
                            "params": params}}


def signed_object(access, secret):
    """The body of POST /v3/s3tokens for an object's GET of today."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
    text = f"GET\n\n\n{date}\n/bucket/key".encode()
    mac = hmac.new(secret.encode(), text, hashlib.sha1).digest()
    return {"credentials": {"access": access, "signature": base64.b64encode(mac).decode(),
                            "token": base64.urlsafe_b64encode(text).decode()}}


def passcode(secret):
    """The passcode of this moment for a secret in base32 (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"
