#!/usr/bin/env python3
"""Writes certificates.json: client certificates, and what Keystone reads in them.

Run with a Python that has keystone==30.0.0 installed, in this folder:

    python certificates.py > certificates.json

The certificates are new in each run.
"""

import datetime
import json
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from keystone.common import utils

ISSUER = [(NameOID.COUNTRY_NAME, "US"), (NameOID.ORGANIZATION_NAME, "Example"),
          (NameOID.COMMON_NAME, "Example CA")]
SUBJECTS = [
    [(NameOID.COMMON_NAME, "uma"), (NameOID.ORGANIZATION_NAME, "acme"),
     (NameOID.USER_ID, "uma"), (NameOID.EMAIL_ADDRESS, "uma@example.org"),
     (NameOID.DOMAIN_COMPONENT, "acme")],
    [(NameOID.COUNTRY_NAME, "DE"), (NameOID.STATE_OR_PROVINCE_NAME, "Bayern"),
     (NameOID.LOCALITY_NAME, "München"), (NameOID.STREET_ADDRESS, "Straße 1"),
     (NameOID.ORGANIZATIONAL_UNIT_NAME, "a"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "b"),
     (NameOID.SERIAL_NUMBER, "17"), (NameOID.COMMON_NAME, "Jürgen")],
    [(NameOID.ORGANIZATION_NAME, 'Acme, "Inc" + Co; <x>\\'), (NameOID.COMMON_NAME, "#1"),
     (NameOID.ORGANIZATIONAL_UNIT_NAME, " edge ")],
]


def name(attributes):
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def main():
    key = ec.generate_private_key(ec.SECP256R1())
    begin = datetime.datetime(2020, 1, 1)
    found = []
    for subject in SUBJECTS:
        certificate = (x509.CertificateBuilder().subject_name(name(subject))
                       .issuer_name(name(ISSUER)).public_key(key.public_key())
                       .serial_number(x509.random_serial_number()).not_valid_before(begin)
                       .not_valid_after(datetime.datetime(2120, 1, 1))
                       .sign(key, hashes.SHA256()))
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        names = {}
        for kind, read in (("SUBJECT", utils.get_certificate_subject_dn),
                           ("ISSUER", utils.get_certificate_issuer_dn)):
            for key_name, value in read(pem).items():
                names[f"SSL_CLIENT_{kind}_DN_{key_name.upper()}"] = value
        found.append({"pem": pem, "names": names,
                      "thumbprint": utils.get_certificate_thumbprint(pem)})
    sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


main()
