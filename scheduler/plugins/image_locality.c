// SPDX-License-Identifier: Apache-2.0
// The size of the pod's images that the node has, between 23 MB (not worth while) and 1 GB a container (full score).
#include "scheduler/plugins/image_locality.h"

#include <string.h>

#define MIN_BYTES (INT64_C(23) << 20)
#define MAX_BYTES_PER_CONTAINER (INT64_C(1000) << 20)

// Nodes report full names: without a tag (or digest) "latest" is meant.
static int64_t size_on_node(const struct node_info *node, const char *image) {
    const char *slash = strrchr(image, '/');
    bool tagged = strchr(slash ? slash : image, ':') != NULL;
    for (size_t i = 0; i < node->view->image_count; i++) {
        const char *rest = str_skip_prefix(node->view->images[i].name, image);
        if (rest && (*rest == '\0' || (!tagged && str_equal(rest, ":latest"))))
            return node->view->images[i].size;
    }
    return 0;
}

static int64_t score(const struct plugin_pod *pod, const struct node_info *node) {
    int64_t sum = 0, containers = 0;
    for (const char *const *image = pod->view->images; image && *image; image++) {
        sum += size_on_node(node, *image);
        containers++;
    }
    int64_t most = MAX_BYTES_PER_CONTAINER * MAX(containers, 1);
    if (sum <= MIN_BYTES)
        return 0;
    return (MIN(sum, most) - MIN_BYTES) * PLUGIN_MAX_SCORE / (most - MIN_BYTES);
}

const struct plugin image_locality = {.name = "ImageLocality", .score = score, .normalize = PLUGIN_AS_IS, .weight = 1};
