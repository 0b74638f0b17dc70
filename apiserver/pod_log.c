// SPDX-License-Identifier: Apache-2.0
// GET pods/log: finds the pod's kubelet and hands its answer on as it comes.
#include "apiserver/pod_log.h"

#include <stdlib.h>
#include <string.h>

#include "apiserver/kubelet_address.h"
#include "apiserver/proxy_stream.h"
#include "apiserver/server_state.h"
#include "common/api/field_errors.h"
#include "common/api/resources.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/time_format.h"
#include "common/net/url.h"

// --- which container ---------------------------------------------------------------------------------------------------------

static void append_names(const struct json *containers, struct str *out) {
    for (size_t i = 0; i < json_len(containers); i++) {
        if (i)
            str_append_char(out, ' ');
        str_append(out, json_get_text(json_at(containers, i), "name"));
    }
}

int pod_log_container(const struct json *pod, const char *asked, const char **ret_container, struct error **err) {
    static const char *const lists[] = {"spec.containers", "spec.initContainers", "spec.ephemeralContainers"};
    const struct json *containers = json_find(pod, lists[0]);
    const struct json *init = json_find(pod, lists[1]);
    const char *pod_name = json_find_text(pod, "metadata.name");

    if (*asked) {
        for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
            const struct json *found = json_array_find(json_find(pod, lists[i]), "name", asked, NULL);
            if (found) {
                *ret_container = json_get_text(found, "name");
                return 0;
            }
        }
        return status_bad_request(err, "container %s is not valid for pod %s", asked, pod_name);
    }
    if (json_len(containers) == 1) {
        *ret_container = json_get_text(json_at(containers, 0), "name");
        return 0;
    }
    if (json_len(containers) == 0)
        return status_bad_request(err, "a container name must be specified for pod %s", pod_name);
    AUTO_STR text = {0};
    str_printf(&text, "a container name must be specified for pod %s, choose one of: [", pod_name);
    append_names(containers, &text);
    str_append_char(&text, ']');
    if (json_len(init)) {
        str_append(&text, " or one of the init containers: [");
        append_names(init, &text);
        str_append_char(&text, ']');
    }
    return status_bad_request(err, "%s", str_text(&text));
}

// --- options -----------------------------------------------------------------------------------------------------------------

// Adds an integer parameter if it was given. false: it is no number.
static bool add_number(const struct request_info *info, const char *name, int64_t minimum, const char *detail, struct str *out,
                       struct field_errors *errors) {
    const char *text = request_info_query(info, name);
    int64_t value = 0;
    if (str_empty(text))
        return true;
    if (!str_to_int64(text, &value))
        return false;
    if (value < minimum)
        field_errors_invalid_int(errors, name, value, detail);
    url_query_add(out, name, text);
    return true;
}

static void add_flag(const struct request_info *info, const char *name, struct str *out) {
    if (request_info_query_bool(info, name))
        url_query_add(out, name, "true");
}

int pod_log_query(const struct request_info *info, struct str *out, struct error **err) {
    static const char *const numbers[] = {"sinceSeconds", "tailLines", "limitBytes"};
    static const char *const positive = "must be greater than 0";
    static const char *const not_negative = "must be greater than or equal to 0";
    AUTO_FIELD_ERRORS errors = {0};

    add_flag(info, "follow", out);
    add_flag(info, "previous", out);
    add_flag(info, "timestamps", out);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        bool tail = str_equal(numbers[i], "tailLines");
        if (!add_number(info, numbers[i], tail ? 0 : 1, tail ? not_negative : positive, out, &errors))
            return status_bad_request(err, "strconv.ParseInt: parsing \"%s\": invalid syntax",
                                      request_info_query(info, numbers[i]));
    }
    const char *since_time = request_info_query(info, "sinceTime");
    int64_t since = 0;
    if (!str_empty(since_time)) {
        if (!time_parse(since_time, &since))
            return status_bad_request(err, "parsing time \"%s\": not in RFC 3339", since_time);
        if (!str_empty(request_info_query(info, "sinceSeconds")))
            field_errors_forbidden(&errors, "", "at most one of `sinceTime` or `sinceSeconds` may be specified");
        url_query_add(out, "sinceTime", since_time);
    }
    if (errors.len)
        return status_invalid_kind(err, "", "PodLogOptions", info->name, &errors);
    return 0;
}

// --- the way to the kubelet ----------------------------------------------------------------------------------------------------

static int dial_node(struct api_call *call, const struct json *pod, struct transport **ret_transport, struct error **err) {
    struct apiserver *server = call->server;
    const char *node_name = json_find_text(pod, "spec.nodeName");
    AUTO_OBJECT node_object = NULL;
    if (reader_get(registry_reader(server->registry), resource_nodes(), "", node_name, &node_object, err) < 0)
        return -1;
    AUTO_JSON node = object_tree(node_object);
    const char *host = NULL;
    int port = 0;
    if (!server->config.kubelet.dial)
        return status_internal(err, "this server has no way to kubelets");
    if (kubelet_address_of(node, (const char *const *)server->kubelet_address_types, &host, &port, err) < 0)
        return -1;
    return server->config.kubelet.dial(server->config.kubelet.context, host, port, ret_transport, err);
}

static int run(struct api_call *call, struct error **err) {
    const struct request_info *info = &call->info;
    const char *asked = request_info_query(info, "container");
    const char *container = NULL;
    AUTO_STR query = {0};
    AUTO_OBJECT object = NULL;
    if (pod_log_query(info, &query, err) < 0 ||
        reader_get_live(registry_reader(call->server->registry), resource_pods(), info->ns, info->name, &object, err) < 0)
        return -1;
    AUTO_JSON pod = object_tree(object);
    if (pod_log_container(pod, asked ? asked : "", &container, err) < 0)
        return -1;
    if (!*json_find_text(pod, "spec.nodeName")) { // as upstream: a pod without a node has an empty log
        api_response_set_text(call->response, 200, "text/plain", "");
        return 0;
    }
    struct transport *transport = NULL;
    if (dial_node(call, pod, &transport, err) < 0)
        return -1;
    AUTO_STR path = {0};
    str_append(&path, "/containerLogs/");
    url_escape_segment(&path, info->ns);
    str_append_char(&path, '/');
    url_escape_segment(&path, info->name);
    str_append_char(&path, '/');
    url_escape_segment(&path, container);
    if (query.len)
        str_printf(&path, "?%s", str_text(&query));
    struct proxy_stream_request request = {
        .take_transport = transport, .path = str_text(&path), .resource = "pods", .name = info->name};
    return proxy_stream_open(call, &request, err);
}

void pod_log_run(struct api_call *call) {
    AUTO_ERROR error = NULL;
    if (run(call, &error) < 0)
        api_call_refuse(call, &error);
}
