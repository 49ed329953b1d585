# SPDX-License-Identifier: GPL-2.0-or-later
"""The measurement in the words of those who compare it

claims-json: the JSON of a CCA token as Veraison's ccatoken and Trustee show it.
comid, corim: templates of Veraison's cocli, of the profile of 2025 or (by flag)
of the one before it.  trustee-rvps: payload of a message to Trustee's reference
value service.  ccatoken-rvstore: reference values of rust-ccatoken.
"""

import base64
import json
import uuid

# IANA "Named Information Hash Algorithm Registry", and how tokens call them
HASHES = {"sha256": (1, "sha-256"), "sha384": (7, "sha-384"), "sha512": (8, "sha-512")}
PROFILE = "tag:arm.com,2025:cca_realm#1.0.0"
OLD_PROFILE = "http://arm.com/cca/realm/1"
RPV_SIZE = 64
REMS = 4


class Measurement:
    """What is known of a Realm before it runs

    @rem: what the guest will have extended, REM0 first, as bytes; those that
    are not given have the value that they start with, zero.
    """

    def __init__(self, rim, algorithm, rpv=bytes(RPV_SIZE), rem=()):
        self.rim = rim
        self.algorithm = algorithm
        self.rpv = rpv
        zero = bytes(len(rim))
        self.rem = list(rem) + [zero] * (REMS - len(rem))
        self.named_rem = list(rem)


def b64(data):
    return base64.b64encode(data).decode()


def stable_uuid(measurement, kind):
    """The same for the same reference values, whoever makes them"""
    about = b"/".join([measurement.rim, measurement.rpv] + measurement.named_rem)
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PROFILE}/{kind}/{about.hex()}"))


def claims(m):
    return {
        "cca-realm-personalization-value": b64(m.rpv),
        "cca-realm-initial-measurement": b64(m.rim),
        "cca-realm-extensible-measurements": [b64(rem) for rem in m.rem],
        "cca-realm-hash-algo-id": HASHES[m.algorithm][1],
    }


def reference_triple(m):
    def digests(value):
        return {"digests": [[HASHES[m.algorithm][0], b64(value)]]}

    def measured(key, value):
        return {"key": {"type": "string", "value": key}, "value": value}

    values = [measured("cca.rim", digests(m.rim))]
    values += [measured(f"cca.rem{i}", digests(rem)) for i, rem in enumerate(m.named_rem)]
    values.append(measured("cca.rpv", {"raw-value": {"type": "bytes", "value": b64(m.rpv)}}))
    return {"environment": {"class": {"id": {"type": "bytes", "value": b64(m.rim)}}},
            "measurements": values}


def old_reference_triple(m):
    def register(value):
        return {"key-type": "text", "value": [f"{HASHES[m.algorithm][1]};{b64(value)}"]}

    registers = {"rim": register(m.rim)}
    registers.update({f"rem{i}": register(rem) for i, rem in enumerate(m.rem)})
    return {"environment": {"instance": {"type": "bytes", "value": b64(m.rim)}},
            "measurements": [{"value": {
                "raw-value": {"type": "bytes", "value": b64(m.rpv)},
                "integrity-registers": registers}}]}


def comid(m, old=False):
    triple = old_reference_triple(m) if old else reference_triple(m)
    return {"tag-identity": {"id": stable_uuid(m, "comid"), "version": 0},
            "triples": {"reference-values": [triple]}}


def corim(m, old=False):
    return {"corim-id": stable_uuid(m, "corim"),
            "profile": {"type": "uri", "value": OLD_PROFILE if old else PROFILE}}


def rvps(m):
    return {"cca.realm.cca-realm-initial-measurement": [b64(m.rim)]}


def rvstore(m):
    """The values of the platform have to come from its maker"""
    return {"platform": [],
            "realm": [{"initial-measurement": m.rim.hex(),
                       "rak-hash-algorithm": "sha-256",
                       "extensible-measurements": [rem.hex() for rem in m.rem],
                       "personalization-value": m.rpv.hex()}]}


def as_json(value):
    return json.dumps(value, indent=2)


# Each makes the text of a format from a Measurement
FORMATS = {
    "hex": lambda m, old: m.rim.hex(),
    "base64": lambda m, old: b64(m.rim),
    "claims-json": lambda m, old: as_json(claims(m)),
    "comid": lambda m, old: as_json(comid(m, old)),
    "corim": lambda m, old: as_json(corim(m, old)),
    "trustee-rvps": lambda m, old: as_json(rvps(m)),
    "ccatoken-rvstore": lambda m, old: as_json(rvstore(m)),
}
