// SPDX-License-Identifier: Apache-2.0
// Answers of the resource handlers in the negotiated form: objects by reference, lists as slices, Tables, partial metadata, YAML.
#include "apiserver/encode.h"

#include <stdlib.h>
#include <string.h>

#include "apiserver/server_state.h"
#include "apiserver/table.h"
#include "common/api/resources.h"
#include "common/api/schema.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/data/yaml.h"
#include "common/net/gzip.h"

#define GZIP_THRESHOLD ((size_t)128 * 1024)

static void release_object(void *owner) {
    object_unref(owner);
}

// Writes a tree as the client wants it.
static void encode_tree(struct api_call *call, const struct negotiation *negotiation, int status, const struct json *tree) {
    struct str bytes = {0};
    if (negotiation->yaml)
        yaml_write(tree, &bytes);
    else if (negotiation->pretty)
        json_write_pretty(tree, &bytes, 2);
    else
        json_write(tree, &bytes);
    if (!negotiation->yaml)
        str_append_char(&bytes, '\n');
    api_response_take_bytes(call->response, status, negotiation_content_type(negotiation), &bytes);
}

void encode_json_text(struct api_call *call, const struct negotiation *negotiation, int status, const char *json, size_t len) {
    if (!negotiation->yaml && !negotiation->pretty) {
        struct str bytes = {0};
        str_reserve(&bytes, len + 1);
        str_append_n(&bytes, json, len);
        str_append_char(&bytes, '\n');
        api_response_take_bytes(call->response, status, negotiation_content_type(negotiation), &bytes);
        return;
    }
    AUTO_ERROR error = NULL;
    AUTO_JSON tree = NULL;
    struct json_limits limits = {.max_bytes = len + 1, .max_values = SIZE_MAX};
    if (json_parse(json, len, &limits, &tree, &error) < 0) {
        api_call_refuse(call, &error);
        return;
    }
    encode_tree(call, negotiation, status, tree);
}

struct json *encode_partial(const struct json *object, const char *meta_version) {
    struct json *partial = json_new_object();
    AUTO_STR version = {0};
    str_printf(&version, "meta.k8s.io/%s", meta_version);
    schema_set_kind(partial, str_text(&version), "PartialObjectMetadata");
    struct json *metadata = json_get(object, "metadata");
    json_set(partial, "metadata", metadata ? json_ref(metadata) : json_new_object());
    return partial;
}

// The includeObject query parameter; false: it is invalid and the call was refused.
static bool table_options_of(struct api_call *call, const struct negotiation *negotiation, struct table_options *ret_options) {
    *ret_options =
        (struct table_options){.meta_version = negotiation->meta_version, .now = clock_wall(call->server->config.clock)};
    AUTO_ERROR error = NULL;
    if (table_include_parse(request_info_query(&call->info, "includeObject"), &ret_options->include, &error) == 0)
        return true;
    return api_call_refuse(call, &error);
}

void encode_object(struct api_call *call, const struct negotiation *negotiation, const struct resource *resource, int status,
                   const struct object *object) {
    if (negotiation->form == NEGOTIATION_OBJECT && !negotiation->yaml && !negotiation->pretty) {
        struct http_slice *slices = alloc_array(2, sizeof(*slices));
        slices[0] =
            (struct http_slice){.bytes = object->json, .len = object->len, .owner = (void *)(uintptr_t)object_ref(object)};
        slices[1] = (struct http_slice){.bytes = "\n", .len = 1};
        api_response_take_slices(call->response, status, "application/json", slices, 2, release_object);
        return;
    }
    AUTO_JSON tree = object_tree(object);
    if (negotiation->form == NEGOTIATION_OBJECT) {
        encode_tree(call, negotiation, status, tree);
        return;
    }
    AUTO_JSON answer = NULL;
    if (negotiation->form == NEGOTIATION_PARTIAL) {
        answer = encode_partial(tree, negotiation->meta_version);
    } else {
        struct table_options options;
        if (!table_options_of(call, negotiation, &options))
            return;
        answer = table_new(resource, &options);
        table_add(answer, resource, tree, &options);
        json_put_string(answer, "metadata.resourceVersion", json_find_string(tree, "metadata.resourceVersion"));
    }
    encode_tree(call, negotiation, status, answer);
}

// --- lists ---------------------------------------------------------------------------------------------------------------

// What the slices of a list point into.
struct list_body {
    struct registry_list list;
    struct str head;
};

static void list_body_free(void *owner) {
    struct list_body *body = owner;
    registry_list_free(&body->list);
    str_free(&body->head);
    free(body);
}

static void write_list_metadata(const struct registry_list *list, struct str *out) {
    str_append(out, "\"metadata\":{\"resourceVersion\":\"");
    str_append_uint(out, list->resource_version);
    str_append_char(out, '"');
    if (list->continue_token) {
        str_append(out, ",\"continue\":");
        json_write_string(out, list->continue_token);
    }
    if (list->remaining_item_count >= 0) {
        str_append(out, ",\"remainingItemCount\":");
        str_append_int(out, list->remaining_item_count);
    }
    str_append_char(out, '}');
}

static void encode_list_slices(struct api_call *call, const struct resource *resource, struct registry_list *take_list) {
    struct list_body *body = alloc_zero(sizeof(*body));
    body->list = *take_list;
    *take_list = (struct registry_list){0};
    str_printf(&body->head, "{\"kind\":\"%s\",\"apiVersion\":\"%s\",", resource->list_kind, resource->api_version);
    write_list_metadata(&body->list, &body->head);
    str_append(&body->head, ",\"items\":[");

    size_t count = 0;
    struct http_slice *slices = alloc_array(body->list.len * 2 + 2, sizeof(*slices));
    slices[count++] = (struct http_slice){.bytes = str_text(&body->head), .len = body->head.len};
    for (size_t i = 0; i < body->list.len; i++) {
        const struct object *object = body->list.items[i];
        // Items are written without kind and apiVersion where the bytes begin with them.
        const char *separator = object->body_offset ? (i ? ",{" : "{") : (i ? "," : "");
        slices[count++] = (struct http_slice){.bytes = separator, .len = strlen(separator)};
        slices[count++] =
            (struct http_slice){.bytes = object->json + object->body_offset, .len = object->len - object->body_offset};
    }
    slices[count++] = (struct http_slice){.bytes = "]}\n", .len = 3, .owner = body};
    api_response_take_slices(call->response, 200, "application/json", slices, count, list_body_free);
}

static void set_list_metadata(struct json *answer, const struct registry_list *list) {
    AUTO_STR version = {0};
    str_append_uint(&version, list->resource_version);
    json_put_string(answer, "metadata.resourceVersion", str_text(&version));
    if (list->continue_token)
        json_put_string(answer, "metadata.continue", list->continue_token);
    if (list->remaining_item_count >= 0)
        json_put(answer, "metadata.remainingItemCount", json_new_int(list->remaining_item_count));
}

static void encode_list_tree(struct api_call *call, const struct negotiation *negotiation, const struct resource *resource,
                             const struct registry_list *list) {
    AUTO_JSON answer = NULL;
    struct table_options options = {0};
    if (negotiation->form == NEGOTIATION_TABLE) {
        if (!table_options_of(call, negotiation, &options))
            return;
        answer = table_new(resource, &options);
        set_list_metadata(answer, list);
    } else {
        answer = json_new_object();
        AUTO_STR version = {0};
        str_printf(&version, "meta.k8s.io/%s", negotiation->meta_version);
        bool partial = negotiation->form == NEGOTIATION_PARTIAL;
        schema_set_kind(answer, partial ? str_text(&version) : resource->api_version,
                        partial ? "PartialObjectMetadataList" : resource->list_kind);
        set_list_metadata(answer, list);
        json_set(answer, "items", json_new_array());
    }
    struct json *items = json_get(answer, "items");
    for (size_t i = 0; i < list->len; i++) {
        AUTO_JSON tree = object_tree(list->items[i]);
        if (negotiation->form == NEGOTIATION_TABLE) {
            table_add(answer, resource, tree, &options);
        } else if (negotiation->form == NEGOTIATION_PARTIAL) {
            json_append(items, encode_partial(tree, negotiation->meta_version));
        } else {
            json_remove(tree, "kind");
            json_remove(tree, "apiVersion");
            json_append(items, json_ref(tree));
        }
    }
    encode_tree(call, negotiation, 200, answer);
}

void encode_list(struct api_call *call, const struct negotiation *negotiation, const struct resource *resource,
                 struct registry_list *take_list) {
    if (negotiation->form == NEGOTIATION_OBJECT && !negotiation->yaml && !negotiation->pretty)
        encode_list_slices(call, resource, take_list);
    else
        encode_list_tree(call, negotiation, resource, take_list);
}

// --- compression -----------------------------------------------------------------------------------------------------------

static size_t body_len(const struct api_response *response) {
    return response->body == API_BODY_SLICES ? response->total : response->bytes.len;
}

void encode_compress(struct api_call *call) {
    struct api_response *response = call->response;
    const char *accepted = api_request_header(call->request, "Accept-Encoding");
    if (!accepted || !strstr(accepted, "gzip") || response->body == API_BODY_STREAM || response->status != 200 ||
        !str_equal(call->request->method, "GET") || body_len(response) < GZIP_THRESHOLD)
        return;
    AUTO_STR plain = {0};
    struct str packed = {0};
    api_response_append_body(response, &plain);
    AUTO_ERROR error = NULL;
    if (gzip_compress(str_text(&plain), plain.len, &packed, &error) < 0) {
        log_warning("compressing an answer failed, sending it as it is", "err", error_message(error), NULL);
        return;
    }
    CLEANUP(free_ptr) char *type = alloc_string(response->content_type ? response->content_type : "application/octet-stream");
    api_response_take_bytes(response, 200, type, &packed);
    api_response_add_header(response, "Content-Encoding", "gzip");
    api_response_add_header(response, "Vary", "Accept-Encoding");
}
