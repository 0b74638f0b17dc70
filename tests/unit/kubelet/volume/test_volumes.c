// SPDX-License-Identifier: Apache-2.0
// Volumes that need no mount: configMap folders that change as a whole, hostPath checks, sub-paths that stay inside.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "kubelet/volume/atomic_files.h"
#include "kubelet/volume/volumes.h"

struct fixture {
    char folder[64];
    const char *object; // JSON that get_object gives; NULL: not found
};

static int get_object(void *context, const char *kind, const char *ns, const char *name, struct json **ret_object,
                      struct error **err) {
    const struct fixture *fixture = context;
    (void)ns;
    if (!fixture->object)
        return error_set_api(err, 404, "NotFound", "%s \"%s\" not found", strcmp(kind, "Secret") == 0 ? "secrets" : "configmaps",
                             name);
    return json_parse(fixture->object, strlen(fixture->object), NULL, ret_object, err);
}

static int set_up(struct fixture *fixture, const char *volume, struct map *paths, struct error **err) {
    AUTO_STR text = {0};
    AUTO_JSON pod = NULL;
    str_printf(&text, "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"p\",\"uid\":\"u\"},\"spec\":{\"volumes\":[%s]}}", volume);
    assert_int_equal(json_parse(str_text(&text), text.len, NULL, &pod, NULL), 0);
    const struct volume_host host = {.get_object = get_object, .context = fixture};
    return volumes_set_up(&host, pod, fixture->folder, paths, err);
}

static int make(void **state) {
    struct fixture *fixture = alloc_zero(sizeof(*fixture));
    strcpy(fixture->folder, "/tmp/cube-volumes-XXXXXX");
    *state = fixture;
    return mkdtemp(fixture->folder) ? 0 : -1;
}

static int drop(void **state) {
    struct fixture *fixture = *state;
    int result = file_remove_tree(fixture->folder, NULL);
    free(fixture);
    return result;
}

static void check_file(const char *root, const char *name, const char *expected) {
    AUTO_STR path = {0}, text = {0};
    str_printf(&path, "%s/%s", root, name);
    if (!expected) {
        assert_false(file_exists(str_text(&path)));
        return;
    }
    assert_int_equal(file_read(str_text(&path), 1000, &text, NULL), 0);
    assert_string_equal(str_text(&text), expected);
}

static void test_config_map(void **state) {
    struct fixture *fixture = *state;
    struct map paths = MAP_OWNING(free);
    AUTO_ERROR err = NULL;
    fixture->object = "{\"metadata\":{\"name\":\"c\"},\"data\":{\"a\":\"1\",\"b\":\"2\"},\"binaryData\":{\"c\":\"AAE=\"}}";
    assert_int_equal(set_up(fixture, "{\"name\":\"v\",\"configMap\":{\"name\":\"c\"}}", &paths, &err), 0);
    const char *root = map_get(&paths, "v");
    check_file(root, "a", "1");
    check_file(root, "b", "2");
    AUTO_STR data = {0};
    str_printf(&data, "%s/..data", root);
    char before[100] = {0}, after[100] = {0};
    assert_true(readlink(str_text(&data), before, sizeof(before) - 1) > 0);
    // Again without a change: the same version.
    assert_int_equal(set_up(fixture, "{\"name\":\"v\",\"configMap\":{\"name\":\"c\"}}", &paths, &err), 0);
    root = map_get(&paths, "v");
    assert_true(readlink(str_text(&data), after, sizeof(after) - 1) > 0);
    assert_string_equal(before, after);
    // A change exchanges everything, removes what is gone, the old version, and half a version of a writer that was killed.
    fixture->object = "{\"metadata\":{\"name\":\"c\"},\"data\":{\"a\":\"new\",\"d\":\"4\"}}";
    CLEANUP(free_ptr) char *half = alloc_printf("%s/..version_killed/sub", root);
    assert_int_equal(file_make_directories(half, 0755, NULL), 0);
    assert_int_equal(set_up(fixture, "{\"name\":\"v\",\"configMap\":{\"name\":\"c\"}}", &paths, &err), 0);
    root = map_get(&paths, "v");
    check_file(root, "a", "new");
    check_file(root, "b", NULL);
    check_file(root, "d", "4");
    check_file(root, before, NULL);
    check_file(root, "..version_killed", NULL);
    map_free(&paths);
}

static void test_config_map_items(void **state) {
    struct fixture *fixture = *state;
    fixture->object = "{\"metadata\":{\"name\":\"c\"},\"data\":{\"a\":\"1\",\"b\":\"2\"}}";
    static const struct {
        const char *source, *error;
    } rows[] = {
        {"{\"name\":\"c\",\"items\":[{\"key\":\"a\",\"path\":\"x/y\",\"mode\":256}]}", NULL},
        {"{\"name\":\"c\",\"items\":[{\"key\":\"z\",\"path\":\"z\"}]}",
         "MountVolume.SetUp failed for volume \"v\" : references non-existent config key: z"},
        {"{\"name\":\"c\",\"optional\":true,\"items\":[{\"key\":\"z\",\"path\":\"z\"}]}", NULL},
        {"{\"name\":\"c\",\"items\":[{\"key\":\"a\",\"path\":\"../x\"}]}",
         "MountVolume.SetUp failed for volume \"v\" : invalid path: must not contain '..': ../x"},
        {"{\"name\":\"c\",\"items\":[{\"key\":\"a\",\"path\":\"/etc/x\"}]}",
         "MountVolume.SetUp failed for volume \"v\" : invalid path: must be a relative path: /etc/x"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct map paths = MAP_OWNING(free);
        AUTO_ERROR err = NULL;
        AUTO_STR volume = {0};
        str_printf(&volume, "{\"name\":\"v\",\"configMap\":%s}", rows[i].source);
        int result = set_up(fixture, str_text(&volume), &paths, &err);
        if (rows[i].error) {
            assert_int_equal(result, -1);
            assert_string_equal(error_message(err), rows[i].error);
        } else {
            assert_int_equal(result, 0);
        }
        map_free(&paths);
    }
}

static void test_missing_object(void **state) {
    struct fixture *fixture = *state;
    struct map paths = MAP_OWNING(free);
    AUTO_ERROR err = NULL;
    assert_int_equal(set_up(fixture, "{\"name\":\"v\",\"configMap\":{\"name\":\"c\"}}", &paths, &err), -1);
    assert_string_equal(error_message(err), "MountVolume.SetUp failed for volume \"v\" : configmaps \"c\" not found");
    assert_int_equal(set_up(fixture, "{\"name\":\"v\",\"configMap\":{\"name\":\"c\",\"optional\":true}}", &paths, NULL), 0);
    AUTO_ERROR other = NULL;
    assert_int_equal(set_up(fixture, "{\"name\":\"v\",\"nfs\":{}}", &paths, &other), -1);
    assert_string_equal(error_message(other), "MountVolume.SetUp failed for volume \"v\" : no volume plugin matched");
    map_free(&paths);
}

static void test_host_path(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *name, *type;
        bool good;
    } rows[] = {
        {"dir", "Directory", false},
        {"dir", "DirectoryOrCreate", true},
        {"dir", "Directory", true},
        {"dir", "File", false},
        {"file", "File", false},
        {"file", "FileOrCreate", true},
        {"file", "File", true},
        {"file", "Socket", false},
        {"file", "DirectoryOrCreate", false},
        {"nothing", "", true},
        {"nothing", "Strange", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct map paths = MAP_OWNING(free);
        AUTO_STR volume = {0};
        str_printf(&volume, "{\"name\":\"v\",\"hostPath\":{\"path\":\"%s/%s\",\"type\":\"%s\"}}", fixture->folder, rows[i].name,
                   rows[i].type);
        if ((set_up(fixture, str_text(&volume), &paths, NULL) == 0) != rows[i].good)
            fail_msg("row %zu", i);
        map_free(&paths);
    }
}

static void test_empty_dir(void **state) {
    struct fixture *fixture = *state;
    struct map paths = MAP_OWNING(free);
    assert_int_equal(set_up(fixture, "{\"name\":\"v\",\"emptyDir\":{}}", &paths, NULL), 0);
    struct stat st;
    assert_int_equal(stat(map_get(&paths, "v"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0777);
    assert_int_equal(volumes_tear_down(fixture->folder, NULL), 0);
    assert_false(file_exists(fixture->folder));
    assert_int_equal(volumes_tear_down(fixture->folder, NULL), 0);
    map_free(&paths);
}

static void test_sub_path_stays_inside(void **state) {
    struct fixture *fixture = *state;
    AUTO_STR volume = {0}, link = {0}, pod = {0};
    str_printf(&volume, "%s/volume", fixture->folder);
    str_printf(&link, "%s/out", str_text(&volume));
    str_printf(&pod, "%s/pod", fixture->folder);
    assert_int_equal(file_make_directories(str_text(&volume), 0755, NULL), 0);
    assert_int_equal(symlink("/etc", str_text(&link)), 0);
    static const char *const bad[] = {"out", "out/passwd", "../..", "x/../../.."};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *path = NULL;
        const struct volumes_sub_path request = {.pod_folder = str_text(&pod),
                                                 .volume_name = "v",
                                                 .volume_path = str_text(&volume),
                                                 .container = "c",
                                                 .sub_path = bad[i]};
        assert_int_equal(volumes_bind_sub_path(&request, &path, NULL), -1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_config_map, make, drop),
        cmocka_unit_test_setup_teardown(test_config_map_items, make, drop),
        cmocka_unit_test_setup_teardown(test_missing_object, make, drop),
        cmocka_unit_test_setup_teardown(test_host_path, make, drop),
        cmocka_unit_test_setup_teardown(test_empty_dir, make, drop),
        cmocka_unit_test_setup_teardown(test_sub_path_stays_inside, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
