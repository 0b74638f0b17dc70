// SPDX-License-Identifier: Apache-2.0
// The apiserver over TLS on a real etcd: credentials, verbs, watches, pod logs, an etcd that goes away, an orderly end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "apiserver/apiserver.h"
#include "apiserver/authentication/token_file.h"
#include "apiserver/authentication/x509.h"
#include "apiserver/front.h"
#include "apiserver/storage/etcd.h"
#include "common/base/thread.h"
#include "common/data/json.h"
#include "common/net/http_client.h"
#include "common/net/http_server.h"
#include "tests/fixtures/etcd_process.h"
#include "tests/unit/common/net/pki.h"

#define CONFIG_MAPS "/api/v1/namespaces/default/configmaps"

struct world {
    struct etcd_process etcd;
    struct pki pki, other_pki;
    struct pki_leaf server_leaf, admin_leaf, forged_leaf;
    struct tls_store *tls;
    struct apiserver *server;
    struct front *front;
    struct http_server *kubelet;
    char url[64];
    struct transport *admin;
};

// --- a kubelet that only knows logs ----------------------------------------------------------------------------------------------

static void kubelet_handler(void *context, struct http_server_request *request) {
    (void)context;
    struct http_server_head head = {.status = 200, .content_type = "text/plain"};
    AUTO_STR body = {0};
    if (str_equal(request->path, "/containerLogs/default/waits/c")) {
        head.status = 400;
        str_append(&body, "container \"c\" in pod \"waits\" is waiting to start: ContainerCreating");
    } else if (str_equal(request->path, "/containerLogs/default/hangs/c")) {
        usleep(4500000);
    } else if (str_equal(request->path, "/containerLogs/default/runs/c")) {
        for (int i = 0; i < 100000; i++)
            str_printf(&body, "line %d %s\n", i, request->query);
    } else {
        head.status = 404;
        str_append(&body, "no such pod");
    }
    http_server_reply_str(request, &head, &body);
}

static int dial(void *context, const char *host, int port, struct transport **ret_transport, struct error **err) {
    (void)context;
    char url[64];
    snprintf(url, sizeof(url), "http://%s:%d", host, port);
    const char *const endpoints[] = {url, NULL};
    struct http_client_config config = {.endpoints = endpoints};
    return http_client_new(&config, ret_transport, err);
}

// --- set-up ------------------------------------------------------------------------------------------------------------------------

static struct transport *client_of(struct world *world, const struct pki_leaf *leaf, const char *token) {
    const char *const endpoints[] = {world->url, NULL};
    struct http_client_config config = {.endpoints = endpoints,
                                        .ca_pem = str_text(&world->pki.ca_pem),
                                        .certificate_pem = leaf ? str_text(&leaf->certificate) : NULL,
                                        .key_pem = leaf ? str_text(&leaf->key) : NULL,
                                        .bearer_token = token,
                                        .max_idle = 16};
    struct transport *transport = NULL;
    AUTO_ERROR error = NULL;
    if (http_client_new(&config, &transport, &error) < 0)
        fail_msg("%s", error_message(error));
    return transport;
}

static void start_server(struct world *world) {
    static const char tokens[] = "secret,alice,u1,dev\n";
    const char *const servers[] = {world->etcd.url, NULL};
    struct etcd_endpoints endpoints = {.servers = servers};
    struct authenticator *members[2];
    struct storage *storage = NULL;
    AUTO_ERROR error = NULL;
    assert_int_equal(etcd_storage_open(&endpoints, clock_system(), &storage, &error), 0);
    assert_int_equal(token_file_authenticator_new_from_text(tokens, strlen(tokens), "t", &members[0], NULL), 0);
    members[1] = x509_authenticator_new();
    struct apiserver_config config = {.clock = clock_system(),
                                      .random = random_system(),
                                      .take_storage = storage,
                                      .take_authenticator = authenticator_union_new(members, 2, false),
                                      .kubelet = {dial, NULL},
                                      .request_timeout = 3 * SECOND};
    if (apiserver_new(&config, &world->server, &error) < 0 || apiserver_start(world->server, &error) < 0)
        fail_msg("%s", error_message(error));
    struct front_config front = {.server = world->server, .tls = world->tls, .address = "127.0.0.1"};
    if (front_start(&front, &world->front, &error) < 0)
        fail_msg("%s", error_message(error));
    assert_true(apiserver_wait_ready(world->server, clock_monotonic(clock_system()) + 20 * SECOND));
    snprintf(world->url, sizeof(world->url), "https://127.0.0.1:%u", front_port(world->front));
    world->admin = client_of(world, &world->admin_leaf, NULL);
}

static void stop_server(struct world *world) {
    transport_free(world->admin);
    front_stop(world->front);
    apiserver_free(world->server);
}

static int set_up(void **state) {
    struct world *world = calloc(1, sizeof(*world));
    AUTO_ERROR error = NULL;
    if (etcd_process_start(&world->etcd, &error) < 0)
        fail_msg("%s", error_message(error));
    world->pki = pki_new("ca");
    world->other_pki = pki_new("other");
    world->server_leaf = pki_leaf(&world->pki, "apiserver", "x", true);
    world->admin_leaf = pki_leaf(&world->pki, "admin", "system:masters", false);
    world->forged_leaf = pki_leaf(&world->other_pki, "admin", "system:masters", false);
    struct tls_config tls = {.certificate_pem = str_text(&world->server_leaf.certificate),
                             .key_pem = str_text(&world->server_leaf.key),
                             .ca_pem = str_text(&world->pki.ca_pem)};
    assert_int_equal(tls_store_new(&tls, clock_system(), &world->tls, &error), 0);
    struct http_server_listener listener = {.name = "kubelet", .address = "127.0.0.1"};
    struct http_server_config kubelet = {.listeners = &listener, .listener_count = 1, .handler = kubelet_handler};
    assert_int_equal(http_server_start(&kubelet, &world->kubelet, &error), 0);
    start_server(world);
    *state = world;
    return 0;
}

static int tear_down(void **state) {
    struct world *world = *state;
    stop_server(world);
    http_server_stop(world->kubelet);
    tls_store_free(world->tls);
    pki_leaf_free(&world->server_leaf);
    pki_leaf_free(&world->admin_leaf);
    pki_leaf_free(&world->forged_leaf);
    pki_free(&world->pki);
    pki_free(&world->other_pki);
    etcd_process_free(&world->etcd);
    free(world);
    return 0;
}

// --- asking --------------------------------------------------------------------------------------------------------------------------

static int ask(struct transport *client, const char *method, const char *path, const char *body, struct str *ret_text) {
    struct http_header headers[] = {{"Content-Type", "application/json"}};
    struct http_request request = {.method = method,
                                   .path = path,
                                   .headers = headers,
                                   .header_count = 1,
                                   .body = body,
                                   .body_len = body ? strlen(body) : 0,
                                   .timeout = 60 * SECOND};
    AUTO_RESPONSE response = {0};
    AUTO_ERROR error = NULL;
    if (transport_roundtrip(client, &request, &response, &error) < 0)
        fail_msg("%s %s: %s", method, path, error_message(error));
    if (ret_text) {
        str_clear(ret_text);
        str_append_n(ret_text, str_text(&response.body), response.body.len);
    }
    return response.status;
}

static int create_config_map(struct transport *client, const char *name, size_t fill) {
    AUTO_STR body = {0};
    str_printf(&body, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"},\"data\":{\"k\":\"", name);
    for (size_t i = 0; i < fill; i++)
        str_append_char(&body, 'x');
    str_append(&body, "\"}}");
    return ask(client, "POST", CONFIG_MAPS, str_text(&body), NULL);
}

static void test_credentials(void **state) {
    struct world *world = *state;
    const struct {
        const struct pki_leaf *leaf;
        const char *token;
        int status;
    } rows[] = {
        {NULL, NULL, 401},    {&world->admin_leaf, NULL, 200},     {&world->forged_leaf, NULL, 401}, {NULL, "secret", 200},
        {NULL, "wrong", 401}, {&world->forged_leaf, "secret", 200}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct transport *client = client_of(world, rows[i].leaf, rows[i].token);
        assert_int_equal(ask(client, "GET", "/api/v1/namespaces", NULL, NULL), rows[i].status);
        assert_int_equal(ask(client, "GET", "/readyz", NULL, NULL), rows[i].status);
        transport_free(client);
    }
}

static void test_large(void **state) {
    struct world *world = *state;
    AUTO_STR text = {0};
    assert_int_equal(create_config_map(world->admin, "large", 900000), 201);
    assert_int_equal(ask(world->admin, "GET", CONFIG_MAPS "/large", NULL, &text), 200);
    assert_true(text.len > 900000);
    AUTO_STR body = {0};
    while (body.len < 4 * 1024 * 1024)
        str_append(&body, "          ");
    assert_int_equal(ask(world->admin, "POST", CONFIG_MAPS, str_text(&body), &text), 413);
    assert_non_null(strstr(str_text(&text), "\"reason\":\"RequestEntityTooLarge\""));
    assert_int_equal(ask(world->admin, "DELETE", CONFIG_MAPS "/large", NULL, NULL), 200);
}

struct crowd {
    struct world *world;
    int index;
};

static void create_many(void *argument) {
    struct crowd *crowd = argument;
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof(name), "crowd-%d-%d", crowd->index, i);
        assert_int_equal(create_config_map(crowd->world->admin, name, 500), 201);
    }
}

static void test_crowd(void **state) {
    struct world *world = *state;
    struct thread *threads[16];
    struct crowd crowds[16];
    for (int i = 0; i < 16; i++) {
        crowds[i] = (struct crowd){world, i};
        threads[i] = thread_start("crowd", create_many, &crowds[i]);
    }
    for (int i = 0; i < 16; i++)
        thread_join(threads[i]);
    AUTO_STR text = {0};
    assert_int_equal(ask(world->admin, "GET", CONFIG_MAPS, NULL, &text), 200);
    AUTO_JSON list = NULL;
    assert_int_equal(json_parse(str_text(&text), text.len, NULL, &list, NULL), 0);
    assert_int_equal(json_len(json_get(list, "items")), 16 * 40);
    assert_int_equal(ask(world->admin, "DELETE", CONFIG_MAPS, NULL, NULL), 200);
}

// --- watches ---------------------------------------------------------------------------------------------------------------------------

struct watch {
    struct world *world;
    const char *path;
    struct str text;
    _Atomic size_t events;
    struct stream_stop stop;
    _Atomic bool started, ended;
};

static bool on_start(void *context, int status, const char *content_type) {
    struct watch *watch = context;
    watch->started = status == 200 && content_type;
    return true;
}

static bool on_data(void *context, const char *bytes, size_t len) {
    struct watch *watch = context;
    str_append_n(&watch->text, bytes, len);
    for (size_t i = 0; i < len; i++)
        watch->events += bytes[i] == '\n';
    return true;
}

static void run_watch(void *argument) {
    struct watch *watch = argument;
    struct http_request request = {.method = "GET", .path = watch->path};
    struct stream_handler handler = {on_start, on_data, watch};
    AUTO_ERROR error = NULL;
    if (transport_stream(watch->world->admin, &request, &handler, &watch->stop, &error) < 0)
        print_message("watch: %s\n", error_message(error));
    watch->ended = true;
}

static void wait_until(_Atomic bool *flag) {
    for (int i = 0; i < 10000 && !*flag; i++)
        usleep(1000);
    assert_true(*flag);
}

static void test_watch(void **state) {
    struct world *world = *state;
    struct watch watch = {.world = world, .path = CONFIG_MAPS "?watch=1"};
    struct thread *thread = thread_start("watch", run_watch, &watch);
    wait_until(&watch.started); // headers come before there is an event
    for (int i = 0; i < 50; i++) {
        char name[32];
        snprintf(name, sizeof(name), "watched-%d", i);
        assert_int_equal(create_config_map(world->admin, name, 2000), 201);
    }
    assert_int_equal(ask(world->admin, "DELETE", CONFIG_MAPS, NULL, NULL), 200);
    for (int i = 0; i < 5000 && watch.events < 100; i++)
        usleep(1000);
    assert_int_equal(watch.events, 100);
    watch.stop.stopped = true;
    thread_join(thread);
    str_free(&watch.text);
}

// --- pod logs ----------------------------------------------------------------------------------------------------------------------------

static void create_pod(struct world *world, const char *name, const char *node) {
    AUTO_STR body = {0};
    str_printf(
        &body,
        "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"},\"spec\":{\"nodeName\":\"%s\",\"containers\":[{"
        "\"name\":\"c\",\"image\":\"i\"}%s]}}",
        name, node, str_equal(name, "two") ? ",{\"name\":\"d\",\"image\":\"i\"}" : "");
    AUTO_STR text = {0};
    if (ask(world->admin, "POST", "/api/v1/namespaces/default/pods", str_text(&body), &text) != 201)
        fail_msg("%s", str_text(&text));
}

static void test_logs(void **state) {
    struct world *world = *state;
    AUTO_STR node = {0};
    AUTO_STR text = {0};
    str_printf(&node,
               "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n1\"},\"status\":{\"addresses\":[{\"type\":"
               "\"InternalIP\",\"address\":\"127.0.0.1\"}],\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%u}}}}",
               http_server_port(world->kubelet, 0));
    assert_int_equal(ask(world->admin, "POST", "/api/v1/nodes", str_text(&node), NULL), 201);
    create_pod(world, "runs", "n1");
    create_pod(world, "waits", "n1");
    create_pod(world, "two", "n1");
    create_pod(world, "hangs", "n1");
    create_pod(world, "lost", "n2");
    create_pod(world, "unbound", "");
    static const struct {
        const char *query;
        int status;
        const char *part;
    } rows[] = {
        {"runs/log", 200, "line 99999 \n"},
        {"runs/log?container=c&tailLines=5&follow=true", 200, "line 99999 follow=true&tailLines=5\n"},
        {"runs/log?container=z", 400, "container z is not valid for pod runs"},
        {"waits/log", 400, "container \\\"c\\\" in pod \\\"waits\\\" is waiting to start: ContainerCreating"},
        {"two/log", 400, "a container name must be specified for pod two, choose one of: [c d]"},
        {"lost/log", 404, "nodes \\\"n2\\\" not found"},
        {"unbound/log", 200, ""},
        {"absent/log", 404, "pods \\\"absent\\\" not found"},
        {"hangs/log", 504, "request did not complete within requested timeout"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR path = {0};
        str_printf(&path, "/api/v1/namespaces/default/pods/%s", rows[i].query);
        int status = ask(world->admin, "GET", str_text(&path), NULL, &text);
        print_message("%s: %d %.200s\n", rows[i].query, status, str_text(&text));
        assert_int_equal(status, rows[i].status);
        assert_non_null(strstr(str_text(&text), rows[i].part));
    }
}

// --- trouble -----------------------------------------------------------------------------------------------------------------------------

static void test_etcd_gone(void **state) {
    struct world *world = *state;
    AUTO_STR text = {0};
    AUTO_ERROR error = NULL;
    assert_int_equal(create_config_map(world->admin, "kept", 10), 201);
    etcd_process_kill(&world->etcd);
    assert_int_equal(ask(world->admin, "GET", "/readyz", NULL, &text), 500);
    assert_non_null(strstr(str_text(&text), "[-]etcd failed: reason withheld"));
    int status = create_config_map(world->admin, "not", 10);
    assert_true(status == 503 || status == 504);
    assert_int_equal(ask(world->admin, "GET", CONFIG_MAPS "?resourceVersion=0", NULL, &text), 200);
    assert_int_equal(etcd_process_restart(&world->etcd, &error), 0);
    for (int i = 0; i < 300 && ask(world->admin, "GET", "/readyz", NULL, NULL) != 200; i++)
        usleep(50000);
    assert_int_equal(ask(world->admin, "GET", "/readyz", NULL, NULL), 200);
    assert_int_equal(ask(world->admin, "GET", CONFIG_MAPS "/kept", NULL, NULL), 200);
    assert_int_equal(create_config_map(world->admin, "after", 10), 201);
}

// An etcd that hangs holds up only who must ask it, and no longer than that one's deadline.
static void test_etcd_paused(void **state) {
    struct world *world = *state;
    static const struct {
        const char *method, *path, *body;
        int status;
    } rows[] = {
        {"GET", "/version", NULL, 200},
        {"GET", CONFIG_MAPS "?resourceVersion=0", NULL, 200},
        {"GET", CONFIG_MAPS "?watch=1&timeoutSeconds=1", NULL, 200}, // begins with what the cache has
        {"GET", CONFIG_MAPS "?timeout=500ms", NULL, 504},
        {"GET", CONFIG_MAPS "/kept?timeout=500ms", NULL, 504},
        {"DELETE", CONFIG_MAPS "/doomed?timeout=500ms", NULL, 504}, // and may be done or not
        {"POST", CONFIG_MAPS "?timeout=500ms", "{\"metadata\":{\"name\":\"never\"}}", 504},
    };
    assert_int_equal(create_config_map(world->admin, "doomed", 10), 201);
    etcd_process_pause(&world->etcd);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR text = {0};
        int64_t start = clock_monotonic(clock_system());
        int status = ask(world->admin, rows[i].method, rows[i].path, rows[i].body, &text);
        int64_t took = clock_monotonic(clock_system()) - start;
        print_message("%s %s: %d %.120s\n", rows[i].method, rows[i].path, status, str_text(&text));
        assert_int_equal(status, rows[i].status);
        assert_true(took < 3 * SECOND);
    }
    etcd_process_continue(&world->etcd);
    for (int i = 0; i < 300 && ask(world->admin, "GET", "/readyz", NULL, NULL) != 200; i++)
        usleep(50000);
    assert_int_equal(ask(world->admin, "GET", CONFIG_MAPS, NULL, NULL), 200);
}

static void test_orderly_end(void **state) {
    struct world *world = *state;
    struct watch watch = {.world = world, .path = CONFIG_MAPS "?watch=1"};
    struct thread *thread = thread_start("watch", run_watch, &watch);
    wait_until(&watch.started);
    apiserver_begin_shutdown(world->server);
    AUTO_STR text = {0};
    assert_int_equal(ask(world->admin, "GET", "/readyz", NULL, &text), 500);
    assert_non_null(strstr(str_text(&text), "[-]shutdown failed"));
    assert_int_equal(ask(world->admin, "GET", "/livez", NULL, NULL), 200);
    int64_t start = clock_monotonic(clock_system());
    front_stop(world->front);
    wait_until(&watch.ended);
    assert_true(clock_monotonic(clock_system()) - start < 5 * SECOND);
    thread_join(thread);
    str_free(&watch.text);
    transport_free(world->admin);
    apiserver_free(world->server);
    start_server(world); // everything is there again
    assert_int_equal(ask(world->admin, "GET", CONFIG_MAPS "/kept", NULL, NULL), 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_credentials), cmocka_unit_test(test_large),       cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_watch),       cmocka_unit_test(test_logs),        cmocka_unit_test(test_etcd_gone),
        cmocka_unit_test(test_etcd_paused), cmocka_unit_test(test_orderly_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
