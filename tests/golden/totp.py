#!/usr/bin/env python3
"""Writes totp.json: passcodes as pyotp makes them.

    pip install pyotp
    python totp.py > totp.json
"""

import json

import pyotp

SECRETS = ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DP",
           "ORSXG5BAMZXXEIDBEBZWKY3SMV2A"]
TIMES = [59, 1111111109, 1767225600]

print(json.dumps([{"secret": secret, "time": time, "passcode": pyotp.TOTP(secret).at(time)}
                  for secret in SECRETS for time in TIMES], indent=1))
