// SPDX-License-Identifier: Apache-2.0
// Keys, certificates, requests, tokens and digests.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/base/process.h"
#include "common/crypto/csr.h"
#include "common/crypto/jwt.h"
#include "common/crypto/key.h"
#include "common/crypto/sha256.h"
#include "common/crypto/x509.h"

static void digests(void **state UNUSED) {
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    };
    char hex[SHA256_HEX_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(sha256_hex(rows[i].text, strlen(rows[i].text), hex), rows[i].hex);
}

static struct str shell(const char *command) {
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    struct str out = {0};
    AUTO_STR errors = {0};
    struct process_output output = {.out = &out, .errors = &errors, .status = -1};
    assert_int_equal(process_run(argv, NULL, 60 * SECOND, &output, NULL), 0);
    if (output.status != 0)
        fail_msg("%s: %s", command, str_text(&errors));
    return out;
}

// What openssl, kubeadm and the kubelet leave behind (each command prints PEM).
static void keys_in_all_encodings(void **state UNUSED) {
    static const struct {
        const char *name, *command;
        enum key_type type;
        bool is_private;
    } rows[] = {
        {"PKCS#8 RSA", "openssl genrsa 2048 2>/dev/null", KEY_RSA, true},
        {"PKCS#1 RSA", "openssl genrsa -traditional 2048 2>/dev/null", KEY_RSA, true},
        {"SEC1 with parameters", "openssl ecparam -name prime256v1 -genkey", KEY_EC_P256, true},
        {"SEC1", "openssl ecparam -name secp384r1 -genkey -noout", KEY_EC_P384, true},
        {"PKCS#8 EC", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521", KEY_EC_P521, true},
        {"PKIX RSA", "openssl genrsa 2048 2>/dev/null | openssl rsa -pubout 2>/dev/null", KEY_RSA, false},
        {"PKIX EC", "openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout 2>/dev/null", KEY_EC_P256, false},
        {"PKCS#1 RSA public", "openssl genrsa 2048 2>/dev/null | openssl rsa -RSAPublicKey_out 2>/dev/null", KEY_RSA, false},
        {"certificate", "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout /dev/null 2>/dev/null", KEY_RSA, false},
        {"certificate and key",
         "k=$(openssl ecparam -name prime256v1 -genkey -noout); echo junk; "
         "echo \"$k\" | openssl req -x509 -new -key /dev/stdin -subj /CN=x; echo \"$k\"",
         KEY_EC_P256, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR pem = shell(rows[i].command);
        AUTO_KEY key = NULL;
        AUTO_ERROR error = NULL;
        int status = key_parse_private(pem.data, pem.len, &key, &error);
        assert_int_equal(status, rows[i].is_private ? 0 : -1);
        struct ptr_vec all = {0};
        if (key_parse_public_all(pem.data, pem.len, &all, NULL) < 0)
            fail_msg("%s: no public key", rows[i].name);
        assert_int_equal(all.len, strcmp(rows[i].name, "certificate and key") == 0 ? 2 : 1);
        for (size_t k = 0; k < all.len; k++) {
            assert_int_equal(key_type_of(all.items[k]), rows[i].type);
            assert_false(key_is_private(all.items[k]));
            if (key != NULL)
                assert_true(key_same_public(key, all.items[k]));
            key_free(all.items[k]);
        }
        ptr_vec_free(&all);
    }
}

static void bad_keys(void **state UNUSED) {
    static const char *const rows[] = {
        "",
        "rubbish",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN ",
        "-----BEGIN X-----\n-----END X-----\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ptr_vec all = {0};
        struct key *key = NULL;
        AUTO_ERROR first = NULL;
        AUTO_ERROR second = NULL;
        assert_int_equal(key_parse_private(rows[i], strlen(rows[i]), &key, &first), -1);
        assert_int_equal(key_parse_public_all(rows[i], strlen(rows[i]), &all, &second), -1);
        assert_int_equal(all.len, 0);
        ptr_vec_free(&all);
    }
}

static void keys_written_and_read(void **state UNUSED) {
    static const enum key_type types[] = {KEY_RSA, KEY_EC_P256, KEY_EC_P384, KEY_EC_P521};
    static const char *const labels[] = {"-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----",
                                         "-----BEGIN EC PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        AUTO_KEY key = NULL;
        AUTO_KEY again = NULL;
        AUTO_STR pem = {0}, public_pem = {0}, id = {0}, same_id = {0};
        assert_int_equal(key_generate(types[i], 0, &key, NULL), 0);
        assert_int_equal(key_private_pem(key, &pem, NULL), 0);
        assert_true(str_starts(pem.data, labels[i]));
        assert_int_equal(key_parse_private(pem.data, pem.len, &again, NULL), 0);
        assert_true(key_same_public(key, again));
        assert_int_equal(key_public_pem(key, &public_pem, NULL), 0);
        assert_true(str_starts(public_pem.data, "-----BEGIN PUBLIC KEY-----"));
        assert_int_equal(key_id(key, &id, NULL), 0);
        assert_int_equal(key_id(again, &same_id, NULL), 0);
        assert_string_equal(id.data, same_id.data);
        assert_int_equal(id.len, 43);
    }
}

struct authority {
    struct key *key;
    struct x509 *certificate;
    struct ptr_vec list;
    int64_t now;
};

static struct authority authority_new(enum key_type type) {
    struct authority authority = {.now = clock_wall(clock_system())};
    const struct x509_template template = {
        .common_name = "kubernetes", .is_ca = true, .not_before = authority.now - HOUR, .not_after = authority.now + 240 * HOUR};
    assert_int_equal(key_generate(type, 0, &authority.key, NULL), 0);
    assert_int_equal(x509_issue(&template, authority.key, NULL, authority.key, &authority.certificate, NULL), 0);
    ptr_vec_push(&authority.list, authority.certificate);
    return authority;
}

static void authority_free(struct authority *authority) {
    key_free(authority->key);
    x509_free_all(&authority->list);
}

static void certificates_say_what_was_asked(void **state UNUSED) {
    struct authority authority = authority_new(KEY_RSA);
    AUTO_KEY key = NULL;
    AUTO_X509 certificate = NULL;
    AUTO_X509 again = NULL;
    AUTO_STR pem = {0};
    assert_int_equal(key_generate(KEY_EC_P256, 0, &key, NULL), 0);
    const struct x509_template template = {
        .common_name = "system:node:n1",
        .organizations = (const char *const[]){"system:nodes", "more", NULL},
        .dns_names = (const char *const[]){"n1", "n1.example", NULL},
        .ip_addresses = (const char *const[]){"10.0.0.1", "fd00::1", NULL},
        .not_before = authority.now - HOUR,
        .not_after = authority.now + 24 * HOUR,
        .server_auth = true,
        .client_auth = true,
    };
    assert_int_equal(x509_issue(&template, key, authority.certificate, authority.key, &certificate, NULL), 0);
    assert_int_equal(x509_pem(certificate, &pem, NULL), 0);
    assert_int_equal(x509_parse(pem.data, pem.len, &again, NULL), 0);
    const struct x509_info *info = x509_info_of(again);
    assert_string_equal(info->common_name, "system:node:n1");
    assert_int_equal(info->organization_count, 2);
    assert_string_equal(info->organizations[0], "system:nodes");
    assert_string_equal(info->organizations[1], "more");
    assert_int_equal(info->dns_name_count, 2);
    assert_string_equal(info->dns_names[1], "n1.example");
    assert_int_equal(info->ip_address_count, 2);
    assert_string_equal(info->ip_addresses[0], "10.0.0.1");
    assert_string_equal(info->ip_addresses[1], "fd00::1");
    assert_true(info->server_auth && info->client_auth && !info->is_ca);
    assert_true(x509_info_of(authority.certificate)->is_ca);
    assert_int_equal(info->not_after / SECOND, template.not_after / SECOND);
    assert_int_equal(strlen(info->fingerprint), 64);
    AUTO_KEY public_key = NULL;
    assert_int_equal(x509_public_key(again, &public_key, NULL), 0);
    assert_true(key_same_public(public_key, key));
    // openssl agrees.
    char directory[] = "/tmp/test-crypto-XXXXXX";
    assert_non_null(mkdtemp(directory));
    AUTO_STR ca_pem = {0}, command = {0};
    assert_int_equal(x509_pem(authority.certificate, &ca_pem, NULL), 0);
    CLEANUP(free_ptr) char *leaf_path = alloc_printf("%s/leaf", directory);
    CLEANUP(free_ptr) char *ca_path = alloc_printf("%s/ca", directory);
    assert_int_equal(file_write_atomic(leaf_path, pem.data, pem.len, 0600, NULL), 0);
    assert_int_equal(file_write_atomic(ca_path, ca_pem.data, ca_pem.len, 0600, NULL), 0);
    str_printf(&command, "openssl verify -x509_strict -purpose sslclient -CAfile %s %s", ca_path, leaf_path);
    AUTO_STR verdict = shell(command.data);
    assert_true(str_ends(verdict.data, "OK\n"));
    assert_int_equal(file_remove_tree(directory, NULL), 0);
    authority_free(&authority);
}

static void verification(void **state UNUSED) {
    struct authority authority = authority_new(KEY_EC_P256), other = authority_new(KEY_EC_P256);
    int64_t now = authority.now;
    AUTO_KEY key = NULL;
    assert_int_equal(key_generate(KEY_EC_P256, 0, &key, NULL), 0);
    const struct {
        bool server, client;
        enum x509_usage usage;
        int64_t at;
        const struct ptr_vec *authorities;
        const char *message; // NULL: good
    } rows[] = {
        {false, true, X509_USAGE_CLIENT, now, &authority.list, NULL},
        {true, false, X509_USAGE_SERVER, now, &authority.list, NULL},
        {true, false, X509_USAGE_ANY, now, &authority.list, NULL},
        {false, false, X509_USAGE_CLIENT, now, &authority.list, NULL},
        {true, false, X509_USAGE_CLIENT, now, &authority.list, "x509: certificate specifies an incompatible key usage"},
        {false, true, X509_USAGE_CLIENT, now, &other.list, "x509: certificate signed by unknown authority"},
        {false, true, X509_USAGE_CLIENT, now + 48 * HOUR, &authority.list, "x509: certificate has expired or is not yet valid"},
        {false, true, X509_USAGE_CLIENT, now - 2 * HOUR, &authority.list, "x509: certificate has expired or is not yet valid"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_X509 certificate = NULL;
        AUTO_ERROR error = NULL;
        const struct x509_template template = {.common_name = "x",
                                               .not_before = now - HOUR,
                                               .not_after = now + HOUR,
                                               .server_auth = rows[i].server,
                                               .client_auth = rows[i].client};
        assert_int_equal(x509_issue(&template, key, authority.certificate, authority.key, &certificate, NULL), 0);
        const struct x509 *chain[] = {certificate};
        int status = x509_verify(chain, 1, rows[i].authorities, rows[i].usage, rows[i].at, &error);
        assert_int_equal(status, rows[i].message == NULL ? 0 : -1);
        if (rows[i].message != NULL)
            assert_string_equal(error_message(error), rows[i].message);
    }
    authority_free(&authority);
    authority_free(&other);
}

static void intermediates(void **state UNUSED) {
    struct authority root = authority_new(KEY_EC_P256);
    AUTO_KEY middle_key = NULL;
    AUTO_KEY leaf_key = NULL;
    AUTO_X509 middle = NULL;
    AUTO_X509 leaf = NULL;
    struct x509_template template = {
        .common_name = "middle", .is_ca = true, .not_before = root.now - HOUR, .not_after = root.now + HOUR};
    assert_int_equal(key_generate(KEY_EC_P256, 0, &middle_key, NULL), 0);
    assert_int_equal(key_generate(KEY_EC_P256, 0, &leaf_key, NULL), 0);
    assert_int_equal(x509_issue(&template, middle_key, root.certificate, root.key, &middle, NULL), 0);
    template.common_name = "leaf";
    template.is_ca = false;
    assert_int_equal(x509_issue(&template, leaf_key, middle, middle_key, &leaf, NULL), 0);
    const struct x509 *chain[] = {leaf, middle};
    assert_int_equal(x509_verify(chain, 2, &root.list, X509_USAGE_ANY, root.now, NULL), 0);
    assert_int_equal(x509_verify(chain, 1, &root.list, X509_USAGE_ANY, root.now, NULL), -1);
    assert_int_equal(x509_verify(chain, 0, &root.list, X509_USAGE_ANY, root.now, NULL), -1);
    authority_free(&root);
}

static void requests(void **state UNUSED) {
    struct authority authority = authority_new(KEY_EC_P256);
    AUTO_KEY key = NULL;
    AUTO_STR pem = {0};
    AUTO_CSR csr = NULL;
    AUTO_X509 certificate = NULL;
    AUTO_ERROR error = NULL;
    assert_int_equal(key_generate(KEY_EC_P256, 0, &key, NULL), 0);
    const struct x509_template wanted = {
        .common_name = "system:node:n1",
        .organizations = (const char *const[]){"system:nodes", NULL},
        .dns_names = (const char *const[]){"n1", NULL},
        .ip_addresses = (const char *const[]){"10.0.0.1", NULL},
    };
    assert_int_equal(csr_create(&wanted, key, &pem, NULL), 0);
    assert_true(str_starts(pem.data, "-----BEGIN CERTIFICATE REQUEST-----\n"));
    assert_true(str_ends(pem.data, "-----END CERTIFICATE REQUEST-----\n"));
    assert_int_equal(csr_parse(pem.data, pem.len, &csr, NULL), 0);
    const struct csr_info *info = csr_info_of(csr);
    assert_string_equal(info->common_name, "system:node:n1");
    assert_int_equal(info->organization_count, 1);
    assert_string_equal(info->organizations[0], "system:nodes");
    assert_string_equal(info->dns_names[0], "n1");
    assert_string_equal(info->ip_addresses[0], "10.0.0.1");
    assert_int_equal(info->email_count + info->uri_count, 0);
    const struct x509_template given = {
        .not_before = authority.now - HOUR, .not_after = authority.now + HOUR, .client_auth = true, .is_ca = true};
    assert_int_equal(csr_sign(csr, &given, authority.certificate, authority.key, &certificate, &error), 0);
    const struct x509_info *signed_info = x509_info_of(certificate);
    assert_string_equal(signed_info->common_name, "system:node:n1");
    assert_string_equal(signed_info->organizations[0], "system:nodes");
    assert_string_equal(signed_info->ip_addresses[0], "10.0.0.1");
    assert_false(signed_info->is_ca);
    const struct x509 *chain[] = {certificate};
    assert_int_equal(x509_verify(chain, 1, &authority.list, X509_USAGE_CLIENT, authority.now, NULL), 0);
    AUTO_STR foreign = shell("openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj '/O=system:masters/CN=admin' "
                             "-addext 'subjectAltName=email:a@b.c,URI:spiffe://x,DNS:d' 2>/dev/null");
    AUTO_CSR other = NULL;
    AUTO_X509 none = NULL;
    assert_int_equal(csr_parse(foreign.data, foreign.len, &other, NULL), 0);
    assert_string_equal(csr_info_of(other)->common_name, "admin");
    assert_int_equal(csr_info_of(other)->email_count, 1);
    assert_int_equal(csr_info_of(other)->uri_count, 1);
    assert_int_equal(csr_sign(other, &given, authority.certificate, authority.key, &none, &error), -1);
    // Not signed with its own key any more.
    AUTO_STR der = {0}, changed = {0};
    struct csr *bad = NULL;
    const char *body = pem.data + strlen("-----BEGIN CERTIFICATE REQUEST-----\n");
    AUTO_STR base64 = {0};
    for (const char *c = body; *c != '-'; c++)
        if (*c != '\n')
            str_append_char(&base64, *c);
    assert_true(base64_decode(&der, base64.data, base64.len));
    char *name = memmem(der.data, der.len, "system:node:n1", 14);
    assert_non_null(name);
    name[13] = '2';
    str_append(&changed, "-----BEGIN CERTIFICATE REQUEST-----\n");
    base64_encode(&changed, der.data, der.len);
    str_append(&changed, "\n-----END CERTIFICATE REQUEST-----\n");
    assert_int_equal(csr_parse(changed.data, changed.len, &bad, NULL), -1);
    assert_int_equal(csr_parse("", 0, &bad, NULL), -1);
    authority_free(&authority);
}

static void tokens(void **state UNUSED) {
    static const enum key_type types[] = {KEY_RSA, KEY_EC_P256, KEY_EC_P384, KEY_EC_P521};
    static const char claims[] = "{\"iss\":\"https://kubernetes.default.svc\",\"sub\":\"system:serviceaccount:a:b\"}";
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        AUTO_KEY key = NULL;
        AUTO_KEY other = NULL;
        struct ptr_vec keys = {0}, others = {0};
        assert_int_equal(key_generate(types[i], 0, &key, NULL), 0);
        assert_int_equal(key_generate(types[i], 0, &other, NULL), 0);
        ptr_vec_push(&others, other);
        ptr_vec_push(&keys, other);
        ptr_vec_push(&keys, key);
        for (int round = 0; round < 30; round++) { // ECDSA's numbers vary in length
            AUTO_STR token = {0}, read = {0}, wrong = {0};
            assert_int_equal(jwt_sign(claims, strlen(claims), key, &token, NULL), 0);
            assert_int_equal(jwt_verify(token.data, token.len, &keys, &read, NULL), 0);
            assert_string_equal(read.data, claims);
            assert_int_equal(jwt_verify(token.data, token.len, &others, &wrong, NULL), -1);
            size_t dot = (size_t)(strchr(token.data, '.') - token.data);
            token.data[dot + 5] = token.data[dot + 5] == 'A' ? 'B' : 'A';
            assert_int_equal(jwt_verify(token.data, token.len, &keys, &wrong, NULL), -1);
            assert_int_equal(wrong.len, 0);
        }
        ptr_vec_free(&keys);
        ptr_vec_free(&others);
    }
}

// The example of RFC 7515, A.3, signed by somebody else.
static void a_foreign_token(void **state UNUSED) {
    static const char token[] =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    static const char x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    static const unsigned char head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                         0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    AUTO_STR der = {0}, pem = {0}, claims = {0};
    struct ptr_vec keys = {0};
    str_append_n(&der, head, sizeof(head));
    assert_true(base64url_decode(&der, x, strlen(x)));
    assert_true(base64url_decode(&der, y, strlen(y)));
    str_append(&pem, "-----BEGIN PUBLIC KEY-----\n");
    base64_encode(&pem, der.data, der.len);
    str_append(&pem, "\n-----END PUBLIC KEY-----\n");
    assert_int_equal(key_parse_public_all(pem.data, pem.len, &keys, NULL), 0);
    assert_int_equal(jwt_verify(token, strlen(token), &keys, &claims, NULL), 0);
    assert_true(str_starts(claims.data, "{\"iss\":\"joe\""));
    key_free(keys.items[0]);
    ptr_vec_free(&keys);
}

static void bad_tokens(void **state UNUSED) {
    AUTO_KEY key = NULL;
    struct ptr_vec keys = {0};
    assert_int_equal(key_generate(KEY_EC_P256, 0, &key, NULL), 0);
    ptr_vec_push(&keys, key);
    static const char *const rows[] = {
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        "e30.e30.",
        "e30.e30.AA",
        "eyJhbGciOiJub25lIn0.e30.",                        // alg none
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",                   // a secret where a public key is known
        "eyJhbGciOiJFUzI1NiJ9.e30.",                       // no signature
        "eyJhbGciOiJFUzI1NiIsImNyaXQiOlsieCJdfQ.e30.AAAA", // crit
        "bnVsbA.e30.AAAA",                                 // null
        "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",                   // of another kind than the key
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR claims = {0};
        AUTO_ERROR error = NULL;
        assert_int_equal(jwt_verify(rows[i], strlen(rows[i]), &keys, &claims, &error), -1);
        assert_non_null(error);
    }
    ptr_vec_free(&keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests),
        cmocka_unit_test(keys_in_all_encodings),
        cmocka_unit_test(bad_keys),
        cmocka_unit_test(keys_written_and_read),
        cmocka_unit_test(certificates_say_what_was_asked),
        cmocka_unit_test(verification),
        cmocka_unit_test(intermediates),
        cmocka_unit_test(requests),
        cmocka_unit_test(tokens),
        cmocka_unit_test(a_foreign_token),
        cmocka_unit_test(bad_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
