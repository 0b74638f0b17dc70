// SPDX-License-Identifier: Apache-2.0
// Registry credentials of a pod from its imagePullSecrets.
#include "kubelet/pull_secrets.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/log.h"

// "https://index.docker.io/v1/" -> "docker.io"; other entries lose scheme, version path and slash at the end.
static char *normal_entry(const char *entry) {
    const char *rest = str_skip_prefix(entry, "https://");
    if (!rest)
        rest = str_skip_prefix(entry, "http://");
    AUTO_STR text = {0};
    str_append(&text, rest ? rest : entry);
    static const char *const ends[] = {"/", "/v1", "/v2"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (str_ends(str_text(&text), ends[i]))
            str_truncate(&text, text.len - strlen(ends[i]));
    }
    if (strcmp(str_text(&text), "index.docker.io") == 0) {
        str_clear(&text);
        str_append(&text, "docker.io");
    }
    return str_take(&text);
}

// "busybox" -> "docker.io/library/busybox"
static char *normal_image(const char *image) {
    size_t first = strcspn(image, "/");
    bool registry =
        image[first] == '/' && (memchr(image, '.', first) || memchr(image, ':', first) || strncmp(image, "localhost/", 10) == 0);
    if (registry)
        return alloc_string(image);
    return image[first] == '/' ? alloc_printf("docker.io/%s", image) : alloc_printf("docker.io/library/%s", image);
}

bool pull_secrets_match(const char *entry, const char *image) {
    CLEANUP(free_ptr) char *wanted = normal_entry(entry);
    CLEANUP(free_ptr) char *name = normal_image(image);
    size_t len = strlen(wanted);
    return len > 0 && strncmp(name, wanted, len) == 0 && strchr("/:@", name[len]);
}

static struct pull_secret *from_entry(const char *server, const struct json *entry) {
    struct pull_secret *secret = alloc_zero(sizeof(*secret));
    secret->server = alloc_string(server);
    secret->username = alloc_string_or_null(json_get_string(entry, "username"));
    secret->password = alloc_string_or_null(json_get_string(entry, "password"));
    secret->identity_token = alloc_string_or_null(json_get_string(entry, "identitytoken"));
    const char *packed = json_get_string(entry, "auth");
    AUTO_STR plain = {0};
    if (packed && !secret->username && base64_decode(&plain, packed, strlen(packed)) && strchr(str_text(&plain), ':')) {
        char *colon = strchr(plain.data, ':');
        secret->username = alloc_string_n(plain.data, (size_t)(colon - plain.data));
        secret->password = alloc_string(colon + 1);
    }
    secret->auth = (struct runtime_auth){.username = secret->username,
                                         .password = secret->password,
                                         .server_address = secret->server,
                                         .identity_token = secret->identity_token};
    return secret;
}

static struct pull_secret *search(const struct json *registries, const char *image) {
    for (struct json_iter it = json_iter(registries); json_iter_next(&it);) {
        if (pull_secrets_match(it.key, image))
            return from_entry(it.key, it.value);
    }
    return NULL;
}

static struct pull_secret *search_secret(const struct json *object, const char *image) {
    const char *packed = json_get_string(json_get(object, "data"), ".dockerconfigjson");
    bool whole = packed != NULL;
    if (!packed)
        packed = json_get_string(json_get(object, "data"), ".dockercfg");
    AUTO_STR text = {0};
    AUTO_JSON config = NULL;
    if (!packed || !base64_decode(&text, packed, strlen(packed)) ||
        json_parse(str_text(&text), text.len, NULL, &config, NULL) < 0)
        return NULL;
    return search(whole ? json_get(config, "auths") : config, image);
}

struct pull_secret *pull_secrets_find(const struct pod_context *context, const char *image) {
    const struct json *list = json_find(context->pod, "spec.imagePullSecrets");
    for (size_t i = 0; i < json_len(list); i++) {
        const char *name = json_get_text(json_at(list, i), "name");
        AUTO_JSON object = NULL;
        AUTO_ERROR failure = NULL;
        if (context->objects->get_object(context->objects->context, "Secret", meta_namespace(context->pod), name, &object,
                                         &failure) < 0) {
            log_warning("image pull secret can't be read, ignoring", "secret", name, "err", error_message(failure), NULL);
            continue;
        }
        struct pull_secret *found = search_secret(object, image);
        if (found)
            return found;
    }
    return NULL;
}

void pull_secrets_freep(struct pull_secret **secret) {
    if (!*secret)
        return;
    free((*secret)->username);
    free((*secret)->password);
    free((*secret)->server);
    free((*secret)->identity_token);
    free(*secret);
}
