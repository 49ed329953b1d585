/*
 * Run mode: the attestation token of a Realm
 *
 * Layout: Arm DEN0137 1.0, section A7.2 (CCA attestation token), in CBOR (RFC
 * 8949) with COSE_Sign1 messages (RFC 9052). Claims that an RMM knows of the
 * Realm are true. There is no platform and there are no keys: the platform's
 * claims say so, the public key is no point of its curve, and the signatures
 * are zeros, so that no verifier can take the token for a real one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "sim-run.h"

/* Keys of the collection, which has the tag 399 */
enum { TAG_CCA_TOKEN = 399, TAG_COSE_SIGN1 = 18 };
enum { PLATFORM_TOKEN = 44234, REALM_TOKEN = 44241 };

/* Claims of both */
enum { CHALLENGE = 10, PROFILE = 265 };

/* Claims of the platform token, and of one of its software components */
enum {
    INSTANCE_ID = 256,
    LIFECYCLE = 2395,
    IMPLEMENTATION_ID = 2396,
    SW_COMPONENTS = 2399,
    VERIFICATION_SERVICE = 2400,
    CONFIG = 2401,
    PLATFORM_HASH_ALGO = 2402,
};
enum { SW_TYPE = 1, SW_VALUE = 2, SW_SIGNER = 5 };

/* Claims of the Realm token */
enum {
    PERSONALIZATION_VALUE = 44235,
    REALM_HASH_ALGO = 44236,
    PUBLIC_KEY = 44237,
    INITIAL_MEASUREMENT = 44238,
    EXTENSIBLE_MEASUREMENTS = 44239,
    PUBLIC_KEY_HASH_ALGO = 44240,
};

/* Parameters of COSE: algorithm ES384; an EC2 key on the curve P-384 */
enum { COSE_ALG = 1, COSE_ES384 = -35 };
enum { KEY_TYPE = 1, KEY_CURVE = -1, KEY_X = -2, KEY_Y = -3 };
enum { KEY_TYPE_EC2 = 2, KEY_CURVE_P384 = 2 };

/* A lifecycle that is none of those in which a platform is to be trusted */
#define LIFECYCLE_UNKNOWN 0

#define NOBODY "simulated, signed by nobody"

/* Major types of CBOR */
typedef enum Major {
    UINT = 0, NEGATIVE = 1, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5, TAG = 6,
} Major;

static void put_head(GByteArray *out, Major major, uint64_t n)
{
    unsigned size = n < 24 ? 0 : n < 0x100 ? 1 : n < 0x10000 ? 2 : 4;
    uint8_t head[5] = { major << 5 | (size ? 24 + size / 2 : n) };

    for (unsigned i = 0; i < size; i++) {
        head[1 + i] = n >> (8 * (size - 1 - i));
    }
    g_byte_array_append(out, head, 1 + size);
}

static void put_int(GByteArray *out, int64_t v)
{
    put_head(out, v < 0 ? NEGATIVE : UINT, v < 0 ? -1 - v : v);
}

static void put_bytes(GByteArray *out, const void *data, size_t size)
{
    put_head(out, BYTES, size);
    g_byte_array_append(out, data, size);
}

/* The claim @key with @size bytes, of which the last are zero */
static void put_padded(GByteArray *out, int64_t key, const char *text,
                       size_t size)
{
    uint8_t bytes[64] = { 0 };

    memcpy(bytes, text, strlen(text));
    put_int(out, key);
    put_bytes(out, bytes, size);
}

static void put_text(GByteArray *out, int64_t key, const char *text)
{
    put_int(out, key);
    put_head(out, TEXT, strlen(text));
    g_byte_array_append(out, (const uint8_t *)text, strlen(text));
}

static void put_claim(GByteArray *out, int64_t key, const void *data,
                      size_t size)
{
    put_int(out, key);
    put_bytes(out, data, size);
}

/* The entry @key of the collection: a COSE_Sign1 message with zeros for it */
static void put_message(GByteArray *out, int64_t key, const GByteArray *payload)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    g_autoptr(GByteArray) header = g_byte_array_new();
    static const uint8_t signature[96];

    put_head(header, MAP, 1);
    put_int(header, COSE_ALG);
    put_int(header, COSE_ES384);

    put_head(message, TAG, TAG_COSE_SIGN1);
    put_head(message, ARRAY, 4);
    put_bytes(message, header->data, header->len);
    put_head(message, MAP, 0);
    put_bytes(message, payload->data, payload->len);
    put_bytes(message, signature, sizeof(signature));

    put_claim(out, key, message->data, message->len);
}

static GByteArray *public_key(void)
{
    GByteArray *key = g_byte_array_new();

    put_head(key, MAP, 4);
    put_int(key, KEY_TYPE);
    put_int(key, KEY_TYPE_EC2);
    put_int(key, KEY_CURVE);
    put_int(key, KEY_CURVE_P384);
    put_padded(key, KEY_X, "", 48);
    put_padded(key, KEY_Y, "", 48);
    return key;
}

/* What binds it to the Realm's token is a hash of that one's public key */
static GByteArray *platform_claims(const GByteArray *key)
{
    GByteArray *out = g_byte_array_new();
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t hash[32];
    gsize size = sizeof(hash);

    g_checksum_update(sum, key->data, key->len);
    g_checksum_get_digest(sum, hash, &size);

    put_head(out, MAP, 9);
    put_claim(out, CHALLENGE, hash, sizeof(hash));
    /* 33 bytes, the first one says of which kind it is */
    put_padded(out, INSTANCE_ID, "\1" NOBODY, 33);
    put_text(out, PROFILE, "http://arm.com/CCA-SSD/1.0.0");
    put_int(out, LIFECYCLE);
    put_int(out, LIFECYCLE_UNKNOWN);
    put_padded(out, IMPLEMENTATION_ID, NOBODY, 32);
    put_int(out, SW_COMPONENTS);
    put_head(out, ARRAY, 1);
    put_head(out, MAP, 3);
    put_text(out, SW_TYPE, NOBODY);
    put_padded(out, SW_VALUE, "", 32);
    put_padded(out, SW_SIGNER, NOBODY, 32);
    put_text(out, VERIFICATION_SERVICE, NOBODY);
    put_padded(out, CONFIG, NOBODY, 32);
    put_text(out, PLATFORM_HASH_ALGO, "sha-256");
    return out;
}

static GByteArray *realm_claims(SimVm *vm, const uint8_t challenge[64],
                                uint8_t rem[4][64],
                                const GByteArray *key)
{
    GByteArray *out = g_byte_array_new();
    bool sha512 = vm->realm.hash_algo == SIM_HASH_SHA512;
    size_t size = sha512 ? 64 : 32;
    uint8_t rim[64];

    sim_realm_measurement(vm, rim);
    put_head(out, MAP, 7);
    put_claim(out, CHALLENGE, challenge, 64);
    put_claim(out, PERSONALIZATION_VALUE, vm->realm.rpv, 64);
    put_text(out, REALM_HASH_ALGO, sha512 ? "sha-512" : "sha-256");
    put_claim(out, PUBLIC_KEY, key->data, key->len);
    put_claim(out, INITIAL_MEASUREMENT, rim, size);
    put_int(out, EXTENSIBLE_MEASUREMENTS);
    put_head(out, ARRAY, 4);
    for (unsigned i = 0; i < 4; i++) {
        put_bytes(out, rem[i], size);
    }
    put_text(out, PUBLIC_KEY_HASH_ALGO, "sha-256");
    return out;
}

GByteArray *run_token(SimVm *vm, const uint8_t challenge[64],
                      uint8_t rem[4][64])
{
    GByteArray *out = g_byte_array_new();
    g_autoptr(GByteArray) key = public_key();
    g_autoptr(GByteArray) platform = platform_claims(key);
    g_autoptr(GByteArray) realm = realm_claims(vm, challenge, rem, key);

    put_head(out, TAG, TAG_CCA_TOKEN);
    put_head(out, MAP, 2);
    put_message(out, PLATFORM_TOKEN, platform);
    put_message(out, REALM_TOKEN, realm);
    return out;
}
