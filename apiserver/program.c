// SPDX-License-Identifier: Apache-2.0
// kube-apiserver as a daemon: its parts in the order in which they start.
#include "apiserver/program.h"

#include <stdlib.h>

#include "apiserver/apiserver.h"
#include "apiserver/authentication/authenticator.h"
#include "apiserver/authentication/token_file.h"
#include "apiserver/authentication/x509.h"
#include "apiserver/front.h"
#include "apiserver/options.h"
#include "apiserver/serving_certificate.h"
#include "apiserver/storage/etcd.h"
#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/component/component.h"
#include "common/component/version.h"
#include "common/crypto/key.h"
#include "common/net/http_client.h"
#include "common/net/tls.h"
#include "common/net/url.h"

#define ETCD_TIMEOUT (20 * SECOND) // of what has no request's deadline
#define ETCD_PATIENCE (20 * SECOND)
#define ETCD_RETRY (100 * MILLISECOND)

struct program {
    struct apiserver_options options;
    struct clock *clock;
    struct str advertise_address;
    struct str server_address; // host:port
    struct tls_store *tls;
    struct storage *storage; // until the core has it
    struct apiserver *server;
    struct front *front;
    struct lock lock;
    struct cond wake;
};

// --- configuration ---------------------------------------------------------------------------------------------------------------

static int check_service_account_keys(const struct apiserver_options *options, struct error **err) {
    AUTO_KEY signing = NULL;
    if (key_load_private(options->service_account_signing_key_file, &signing, err) < 0)
        return error_prefix(err, "failed to parse service-account-issuer-key-file");
    for (size_t i = 0; i < options->service_account_key_file.len; i++) {
        struct ptr_vec keys = {0};
        int result = key_load_public_all(options->service_account_key_file.items[i], &keys, err);
        for (size_t k = 0; k < keys.len; k++)
            key_free(keys.items[k]);
        ptr_vec_free(&keys);
        if (result < 0)
            return error_prefix(err, "failed to parse service-account-key-file");
    }
    return 0;
}

static int configure(void *context, const struct option *table UNUSED, const struct str_list *given, struct error **err) {
    struct program *program = context;
    const struct apiserver_options *options = &program->options;
    alloc_tune_for_parallel_work();
    if (apiserver_options_validate(options, err) < 0 || check_service_account_keys(options, err) < 0)
        return -1;
    if (options->anonymous_auth && str_list_contains(given, "anonymous-auth"))
        log_warning("AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false.", NULL);
    bool everywhere = str_equal(options->bind_address, "0.0.0.0") || str_equal(options->bind_address, "::");
    if (!str_empty(options->advertise_address))
        str_append(&program->advertise_address, options->advertise_address);
    else if (everywhere)
        serving_certificate_host_address(&program->advertise_address);
    else
        str_append(&program->advertise_address, options->bind_address);
    url_host_port(str_text(&program->advertise_address), (uint16_t)options->secure_port, &program->server_address);
    return 0;
}

// --- certificates ----------------------------------------------------------------------------------------------------------------

static int start_certificates(void *context, struct error **err) {
    struct program *program = context;
    const struct apiserver_options *options = &program->options;
    AUTO_STR certificate = {0};
    AUTO_STR key = {0};
    if (!str_empty(options->tls_cert_file)) {
        str_append(&certificate, options->tls_cert_file);
        str_append(&key, str_empty(options->tls_private_key_file) ? options->tls_cert_file : options->tls_private_key_file);
    } else if (serving_certificate_ensure(options->cert_dir, str_text(&program->advertise_address), program->clock, &certificate,
                                          &key, err) < 0) {
        return -1;
    }
    struct tls_config config = {
        .certificate_file = str_text(&certificate),
        .key_file = str_text(&key),
        .ca_file = str_empty(options->client_ca_file) ? NULL : options->client_ca_file,
    };
    return tls_store_new(&config, program->clock, &program->tls, err);
}

static void stop_certificates(void *context) {
    struct program *program = context;
    tls_store_free(program->tls);
}

// --- storage ---------------------------------------------------------------------------------------------------------------------

static void sleep_for(struct program *program, int64_t nanoseconds) {
    int64_t deadline = clock_monotonic(program->clock) + nanoseconds;
    LOCKED(&program->lock) {
        while (clock_wait(program->clock, &program->wake, &program->lock, deadline))
            ;
    }
}

static int start_storage(void *context, struct error **err) {
    struct program *program = context;
    const struct apiserver_options *options = &program->options;
    CLEANUP(free_ptr) const char **servers = alloc_array(options->etcd_servers.len + 1, sizeof(*servers));
    for (size_t i = 0; i < options->etcd_servers.len; i++)
        servers[i] = options->etcd_servers.items[i];
    struct etcd_endpoints endpoints = {
        .servers = servers,
        .ca_file = str_empty(options->etcd_ca_file) ? NULL : options->etcd_ca_file,
        .certificate_file = str_empty(options->etcd_cert_file) ? NULL : options->etcd_cert_file,
        .key_file = str_empty(options->etcd_key_file) ? NULL : options->etcd_key_file,
        .request_timeout = MIN(options->request_timeout, ETCD_TIMEOUT),
    };
    AUTO_STORAGE storage = NULL;
    if (etcd_storage_open(&endpoints, program->clock, &storage, err) < 0)
        return -1;
    int64_t end = clock_monotonic(program->clock) + ETCD_PATIENCE;
    for (;;) {
        AUTO_ERROR problem = NULL;
        if (storage_check(storage, end, &problem) == 0)
            break;
        if (clock_monotonic(program->clock) + ETCD_RETRY >= end)
            return error_set(err, "%s: context deadline exceeded", error_message(problem));
        sleep_for(program, ETCD_RETRY);
    }
    program->storage = STEAL(storage);
    return 0;
}

static void stop_storage(void *context) {
    struct program *program = context;
    storage_free(program->storage);
}

// --- the core ----------------------------------------------------------------------------------------------------------------------

static int dial_kubelet(void *context, const char *host, int port, struct transport **ret_transport, struct error **err) {
    const struct program *program = context;
    const struct apiserver_options *options = &program->options;
    AUTO_STR url = {0};
    str_append(&url, "https://");
    url_host_port(host, (uint16_t)port, &url);
    const char *const endpoints[] = {str_text(&url), NULL};
    bool verify = !str_empty(options->kubelet_certificate_authority);
    struct http_client_config config = {
        .endpoints = endpoints,
        .ca_file = verify ? options->kubelet_certificate_authority : NULL,
        .insecure = !verify,
        .certificate_file = str_empty(options->kubelet_client_certificate) ? NULL : options->kubelet_client_certificate,
        .key_file = str_empty(options->kubelet_client_key) ? NULL : options->kubelet_client_key,
        .connect_timeout = options->kubelet_timeout,
        .user_agent = "kube-apiserver/" VERSION_GIT,
    };
    return http_client_new(&config, ret_transport, err);
}

static int make_authenticator(const struct apiserver_options *options, struct authenticator **ret_authenticator,
                              struct error **err) {
    struct authenticator *members[2];
    size_t count = 0;
    if (!str_empty(options->token_auth_file)) {
        if (token_file_authenticator_new(options->token_auth_file, &members[count], err) < 0)
            return -1;
        count++;
    }
    if (!str_empty(options->client_ca_file))
        members[count++] = x509_authenticator_new();
    *ret_authenticator = authenticator_union_new(members, count, false); // nobody is anonymous under AlwaysAllow
    return 0;
}

static int start_core(void *context, struct error **err) {
    struct program *program = context;
    const struct apiserver_options *options = &program->options;
    struct authenticator *authenticator = NULL;
    if (make_authenticator(options, &authenticator, err) < 0)
        return -1;
    const struct str_list *types = &options->kubelet_preferred_address_types;
    CLEANUP(free_ptr) const char **address_types = alloc_array(types->len + 1, sizeof(*address_types));
    for (size_t i = 0; i < types->len; i++)
        address_types[i] = types->items[i];
    CLEANUP(free_ptr) char *enable = str_list_join(&options->enable_admission_plugins, ",");
    CLEANUP(free_ptr) char *disable = str_list_join(&options->disable_admission_plugins, ",");
    struct apiserver_config config = {
        .clock = program->clock,
        .random = random_system(),
        .take_storage = STEAL(program->storage),
        .take_authenticator = authenticator,
        .kubelet = {dial_kubelet, program},
        .kubelet_address_types = address_types,
        .advertise_address = str_text(&program->server_address),
        .request_timeout = options->request_timeout,
        .min_watch_timeout = options->min_request_timeout * SECOND,
        .max_in_flight = (size_t)options->max_requests_inflight,
        .max_mutating_in_flight = (size_t)options->max_mutating_requests_inflight,
        .default_not_ready_toleration_seconds = options->default_not_ready_toleration_seconds,
        .default_unreachable_toleration_seconds = options->default_unreachable_toleration_seconds,
        .enable_admission = enable,
        .disable_admission = disable,
        .event_ttl = options->event_ttl,
        .compaction_interval = options->etcd_compaction_interval,
    };
    if (apiserver_new(&config, &program->server, err) < 0)
        return -1;
    return apiserver_start(program->server, err);
}

static void stop_core(void *context) {
    struct program *program = context;
    apiserver_free(program->server);
}

// --- the listener --------------------------------------------------------------------------------------------------------------------

static int start_front(void *context, struct error **err) {
    struct program *program = context;
    struct front_config config = {
        .server = program->server,
        .tls = program->tls,
        .address = program->options.bind_address,
        .port = (uint16_t)program->options.secure_port,
    };
    if (front_start(&config, &program->front, err) < 0)
        return -1;
    log_info("Serving securely", "address", str_text(&program->server_address), NULL);
    return 0;
}

// As upstream: /readyz fails, the delay passes, then nothing new comes in and what runs is finished.
static void stop_front(void *context) {
    struct program *program = context;
    apiserver_begin_shutdown(program->server);
    int64_t deadline = clock_monotonic(program->clock) + program->options.shutdown_delay;
    LOCKED(&program->lock) {
        while (program->options.shutdown_delay > 0 && clock_wait(program->clock, &program->wake, &program->lock, deadline))
            ;
    }
    front_stop(program->front);
}

static const struct component_part parts[] = {
    {"certificates", start_certificates, stop_certificates}, // first, so that a bad file is told before anything is touched
    {"storage", start_storage, stop_storage},                // the core reads from it at once
    {"core", start_core, stop_core},
    {"front", start_front, stop_front}, // last: who connects finds everything there
    {NULL, NULL, NULL},
};

int program_run(int argc, char **argv) {
    struct program program = {.clock = clock_system()};
    lock_init(&program.lock, "program");
    cond_init(&program.wake);
    struct component component = {
        .name = "kube-apiserver",
        .options = apiserver_option_table,
        .program = &program,
        .configure = configure,
        .parts = parts,
        .logging_offset = offsetof(struct program, options) + offsetof(struct apiserver_options, logging),
    };
    int code = component_main(&component, argc, argv);
    str_free(&program.advertise_address);
    str_free(&program.server_address);
    cond_destroy(&program.wake);
    lock_destroy(&program.lock);
    return code;
}
