// SPDX-License-Identifier: Apache-2.0
// Host tool of the build: schema_compiler OUT.c FILE.yaml... compiles schema files to const C tables.
#include <stdio.h>
#include <stdlib.h>

#include "common/api/schema_compiler/schema_emit.h"
#include "common/api/schema_compiler/schema_model.h"
#include "common/base/file.h"

static int compile(const char *target, char **paths, int count, struct error **err) {
    CLEANUP(model_free) struct model model = {0};
    AUTO_STR out = {0};
    for (int i = 0; i < count; i++)
        if (model_read(&model, paths[i], err) < 0)
            return -1;
    if (model_resolve(&model, err) < 0)
        return -1;
    str_append(&out, "// Made from common/api/schema/*.yaml by schema_compiler.\n#include \"common/api/schema_tables.h\"\n\n");
    schema_emit_types(&model, &out);
    if (schema_emit_resources(&model, &out, err) < 0)
        return -1;
    return file_write_atomic(target, str_text(&out), out.len, 0644, err);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: schema_compiler OUT.c FILE.yaml...\n");
        return 2;
    }
    AUTO_ERROR err = NULL;
    if (compile(argv[1], argv + 2, argc - 2, &err) < 0) {
        fprintf(stderr, "%s\n", error_message(err));
        return 1;
    }
    return 0;
}
