// SPDX-License-Identifier: Apache-2.0
// One unary call to etcd's gateway: a slot among the calls in flight, endpoints in turn for reads, deadlines, errors.
#include <stdio.h>
#include <string.h>

#include "apiserver/storage/etcd_internal.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/net/http_client.h"

#define TRANSPORT_SLACK (500 * MILLISECOND) // etcd is to say that the deadline has passed before the transport does
#define MAX_PLAIN_ERROR 200

enum grpc_code { GRPC_DEADLINE_EXCEEDED = 4, GRPC_OUT_OF_RANGE = 11, GRPC_UNAVAILABLE = 14 };

static struct etcd_answer take_answer(struct etcd_answer *answer) {
    struct etcd_answer taken = *answer;
    *answer = (struct etcd_answer){0};
    return taken;
}

int etcd_answer_error(const struct etcd_answer *answer, struct error **err) {
    const char *text = answer->error_text ? answer->error_text : answer->message ? answer->message : "etcd failed";
    if (answer->code == GRPC_DEADLINE_EXCEEDED)
        return storage_error_deadline(err);
    if (answer->code == GRPC_OUT_OF_RANGE && strstr(text, "compacted"))
        return storage_error_compacted(err);
    if (answer->code == GRPC_OUT_OF_RANGE && strstr(text, "future revision"))
        return status_resource_version_too_large(err, 0, answer->revision);
    // A member without a leader, or one that was away: 503, where upstream says 500.
    if (answer->code == GRPC_UNAVAILABLE)
        return status_service_unavailable(err, text);
    // As upstream: 500 without a reason, and etcd's own words, which operators search for.
    return error_set_api(err, 500, NULL, "%s", text);
}

int etcd_transport_error(struct error **err, struct error **from) {
    if (error_is(*from, HTTP_CLIENT_TIMEOUT)) {
        error_free(STEAL(*from));
        return storage_error_deadline(err);
    }
    AUTO_ERROR cause = STEAL(*from);
    AUTO_STR text = {0};
    str_printf(&text, "etcd cannot be reached: %s", error_message(cause));
    return status_service_unavailable(err, str_text(&text));
}

// An answer that is no JSON: the gateway's own 404, 405, 421, or something else at this port.
static int plain_error(const struct http_response *response, struct error **err) {
    int len = (int)MIN(response->body.len, (size_t)MAX_PLAIN_ERROR);
    while (len > 0 && strchr(" \r\n", response->body.data[len - 1]))
        len--;
    return error_set_api(err, 500, NULL, "etcd answered HTTP %d: %.*s", response->status, len, str_text(&response->body));
}

// ret_retry: another attempt may do better.
static int exchange(struct transport *transport, const struct http_request *request, struct etcd_answer *ret_answer,
                    bool *ret_retry, struct error **err) {
    AUTO_RESPONSE response = {0};
    AUTO_ERROR failure = NULL;
    *ret_retry = true;
    if (transport_roundtrip(transport, request, &response, &failure) < 0)
        return etcd_transport_error(err, &failure);
    AUTO_ETCD_ANSWER answer = {0};
    if (etcd_json_read(str_text(&response.body), response.body.len, &answer, &failure) < 0)
        return response.status == 200 ? error_move(err, &failure) : plain_error(&response, err);
    if (response.status != 200 || answer.failed) {
        *ret_retry = answer.code == GRPC_UNAVAILABLE || answer.code == GRPC_DEADLINE_EXCEEDED;
        return etcd_answer_error(&answer, err);
    }
    *ret_answer = take_answer(&answer);
    return 0;
}

static int enter(struct etcd *etcd, int64_t deadline, struct error **err) {
    LOCKED(&etcd->lock) {
        bool in_time = true;
        etcd->call_waiters++;
        while (etcd->calls >= etcd->max_calls && in_time)
            in_time = clock_wait(etcd->clock, &etcd->call_done, &etcd->lock, deadline);
        etcd->call_waiters--;
        if (etcd->calls >= etcd->max_calls)
            return storage_error_deadline(err);
        etcd->calls++;
    }
    return 0;
}

static void leave(struct etcd *etcd) {
    LOCKED(&etcd->lock) {
        etcd->calls--;
        if (etcd->call_waiters)
            cond_signal(&etcd->call_done);
    }
}

const struct etcd_method etcd_range = {"/v3/kv/range", ETCD_READ};
const struct etcd_method etcd_put = {"/v3/kv/put", ETCD_WRITE};
const struct etcd_method etcd_txn = {"/v3/kv/txn", ETCD_WRITE};
const struct etcd_method etcd_compaction = {"/v3/kv/compaction", ETCD_WRITE};
const struct etcd_method etcd_lease_grant = {"/v3/lease/grant", ETCD_WRITE};
const struct etcd_method etcd_maintenance_status = {"/v3/maintenance/status", ETCD_READ};

struct call {
    struct etcd *etcd;
    struct http_request request;
    size_t attempts;
    int64_t deadline;
    struct etcd_answer *answer;
};

// One attempt at an endpoint, within the limit.
static int attempt(struct call *call, size_t endpoint, int64_t limit, bool *ret_retry, struct error **err) {
    int64_t remaining = limit - clock_monotonic(call->etcd->clock);
    if (remaining < MILLISECOND) {
        *ret_retry = false;
        return storage_error_deadline(err);
    }
    char timeout[32];
    snprintf(timeout, sizeof(timeout), "%lldm", (long long)(remaining / MILLISECOND));
    const struct http_header headers[] = {{"Content-Type", "application/json"}, {"Grpc-Timeout", timeout}};
    struct http_request request = call->request;
    request.headers = headers;
    request.header_count = ARRAY_LEN(headers);
    request.timeout = remaining + TRANSPORT_SLACK;
    return exchange(call->etcd->transports[endpoint], &request, call->answer, ret_retry, err);
}

static int run_call(struct call *call, struct error **err) {
    struct etcd *etcd = call->etcd;
    size_t first = atomic_load(&etcd->preferred);
    for (size_t i = 0;; i++) {
        AUTO_ERROR failure = NULL;
        size_t endpoint = (first + i) % etcd->transport_count;
        bool last = i + 1 == call->attempts, retry = false;
        // A share of the time only, if there are others to try.
        int64_t share = clock_monotonic(etcd->clock) + etcd->endpoint_timeout;
        int64_t limit = last || etcd->transport_count == 1 ? call->deadline : MIN(call->deadline, share);
        if (attempt(call, endpoint, limit, &retry, &failure) == 0) {
            if (endpoint != first)
                atomic_store(&etcd->preferred, endpoint);
            return 0;
        }
        if (retry) // whoever comes next begins elsewhere
            atomic_compare_exchange_strong(&etcd->preferred, &(size_t){endpoint}, (endpoint + 1) % etcd->transport_count);
        if (last || !retry)
            return error_move(err, &failure);
    }
}

int etcd_call(struct etcd *etcd, const struct etcd_method *method, const struct str *body, int64_t deadline,
              struct etcd_answer *ret_answer, struct error **err) {
    struct call call = {
        .etcd = etcd,
        .request = {.method = "POST", .path = method->path, .body = str_text(body), .body_len = body->len},
        // Also with one endpoint a read is tried twice: the connection may have been of an etcd that was started again since.
        .attempts = method->kind == ETCD_READ ? MAX(etcd->transport_count, (size_t)2) : 1,
        .deadline = deadline ? deadline : clock_monotonic(etcd->clock) + etcd->request_timeout,
        .answer = ret_answer,
    };
    if (enter(etcd, call.deadline, err) < 0)
        return -1;
    int result = run_call(&call, err);
    leave(etcd);
    return result;
}
