// SPDX-License-Identifier: Apache-2.0
// GET /api, /apis and below: which form of discovery is wanted, and ETags.
#include "apiserver/discovery_handler.h"

#include <stdlib.h>
#include <string.h>

#include "apiserver/discovery/discovery.h"
#include "apiserver/discovery/openapi.h"
#include "apiserver/encode.h"
#include "apiserver/negotiation.h"
#include "apiserver/server_state.h"
#include "common/api/status.h"
#include "common/crypto/sha256.h"

static void not_found(struct api_call *call) {
    api_response_set_text(call->response, 404, "text/plain; charset=utf-8", "404 page not found\n");
}

// The path's segments behind the first one.
static void path_parts(const struct api_call *call, struct str_list *parts) {
    AUTO_STR_LIST all = {0};
    str_list_split(&all, call->info.path, '/');
    bool first = true;
    for (size_t i = 0; i < all.len; i++) {
        if (!*all.items[i])
            continue;
        if (!first)
            str_list_add(parts, all.items[i]);
        first = false;
    }
}

static void answer_json(struct api_call *call, struct str *take_text) {
    struct negotiation negotiation = {0};
    AUTO_ERROR error = NULL;
    AUTO_STR text = *take_text;
    *take_text = (struct str){0};
    if (negotiation_accept(api_request_header(call->request, "Accept"), false, &negotiation, &error) < 0) {
        api_call_refuse(call, &error);
        return;
    }
    negotiation.pretty |=
        negotiation_pretty(request_info_query(&call->info, "pretty"), api_request_header(call->request, "User-Agent"));
    encode_json_text(call, &negotiation, 200, str_text(&text), text.len - (text.len ? 1 : 0));
    encode_compress(call);
}

// Answers with an ETag, or 304 if the client has it already.
static void answer_tagged(struct api_call *call, const char *content_type, struct str *take_text) {
    char hash[SHA256_HEX_SIZE];
    AUTO_STR tag = {0};
    str_printf(&tag, "\"%s\"", sha256_hex(str_text(take_text), take_text->len, hash));
    api_response_add_header(call->response, "Vary", "Accept");
    api_response_add_header(call->response, "ETag", str_text(&tag));
    const char *known = api_request_header(call->request, "If-None-Match");
    if (known && str_equal(known, str_text(&tag))) {
        str_free(take_text);
        api_response_set_text(call->response, 304, content_type, "");
        return;
    }
    api_response_take_bytes(call->response, 200, content_type, take_text);
    encode_compress(call);
}

// Aggregated discovery, if the client prefers it.
static bool answer_aggregated(struct api_call *call, bool core) {
    static const struct {
        const char *version;
        const char *content_type;
    } forms[] = {
        {"v2", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"},
        {"v2beta1", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"},
    };
    const char *accept = api_request_header(call->request, "Accept");
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (!negotiation_prefers(accept, "apidiscovery.k8s.io", forms[i].version, "APIGroupDiscoveryList"))
            continue;
        struct str text = {0};
        discovery_aggregated(core, forms[i].version, &text);
        answer_tagged(call, forms[i].content_type, &text);
        return true;
    }
    return false;
}

void discovery_handler_api(struct api_call *call) {
    AUTO_STR_LIST parts = {0};
    path_parts(call, &parts);
    if (parts.len == 0 && answer_aggregated(call, true))
        return;
    AUTO_STR text = {0};
    bool found = true;
    if (parts.len == 0)
        discovery_versions(call->server->advertise_address, &text);
    else
        found = parts.len == 1 && discovery_resources("", parts.items[0], &text);
    if (found)
        answer_json(call, &text);
    else
        not_found(call);
}

void discovery_handler_apis(struct api_call *call) {
    AUTO_STR_LIST parts = {0};
    path_parts(call, &parts);
    if (parts.len == 0 && answer_aggregated(call, false))
        return;
    AUTO_STR text = {0};
    bool found = true;
    if (parts.len == 0)
        discovery_groups(&text);
    else if (parts.len == 1)
        found = discovery_group(parts.items[0], &text);
    else
        found = parts.len == 2 && *parts.items[0] && discovery_resources(parts.items[0], parts.items[1], &text);
    if (found)
        answer_json(call, &text);
    else
        not_found(call);
}

void discovery_handler_openapi(struct api_call *call) {
    AUTO_STR_LIST parts = {0};
    AUTO_ERROR error = NULL;
    struct negotiation negotiation = {0};
    path_parts(call, &parts); // "v3", then the group version's path
    if (negotiation_accept(api_request_header(call->request, "Accept"), false, &negotiation, &error) < 0) {
        api_call_refuse(call, &error);
        return;
    }
    struct str text = {0};
    bool found = true;
    if (parts.len == 1)
        openapi_index(call->server->openapi, &text);
    else if (parts.len == 3 && str_equal(parts.items[1], "api"))
        found = openapi_document("", parts.items[2], &text);
    else if (parts.len == 4 && str_equal(parts.items[1], "apis") && *parts.items[2])
        found = openapi_document(parts.items[2], parts.items[3], &text);
    else
        found = false;
    if (!found) {
        str_free(&text);
        not_found(call);
        return;
    }
    answer_tagged(call, "application/json", &text);
}

// kubectl asks here for what it did not find in v3: Lists, and kinds that are not there. Without an answer it gives up with a message
// that tells nothing; a document that describes nothing lets it go on to the right one.
void discovery_handler_openapi_v2(struct api_call *call) {
    const char *accept = api_request_header(call->request, "Accept");
    struct str text = {0};
    if (accept && strstr(accept, "proto-openapi.spec.v2")) {
        openapi_empty_v2_protobuf(&text);
        answer_tagged(call, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", &text);
        return;
    }
    openapi_empty_v2(&text);
    answer_tagged(call, "application/json", &text);
}
