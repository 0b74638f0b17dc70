// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms in Prometheus' text format.
//
// One registry for the process. Its lock guards the list of families and their series; values are atomic.
#include "common/base/metrics.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/map.h"
#include "common/base/process.h"
#include "common/base/vec.h"

// A double that threads add to; the bits live in an integer.
typedef _Atomic uint64_t atomic_number;

struct metric {
    struct metric_family *family;
    char *labels; // `a="x",b="y"`, escaped; "" without labels
    atomic_number value;
    _Atomic uint64_t *bucket_counts; // of a histogram, one more than bounds: the last is +Inf
};

struct metric_family {
    enum metric_type type;
    char *name;
    char *help;
    struct str_list label_names;
    double *buckets;
    size_t bucket_count;
    struct map series; // by labels
};

static struct {
    pthread_once_t once;
    struct lock lock;
    struct map families;
} registry = {.once = PTHREAD_ONCE_INIT};

static void init_registry(void) {
    lock_init(&registry.lock, "metrics");
}

static uint64_t bits_of(double value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double number_of(uint64_t bits) {
    double value = 0;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static double load(const atomic_number *number) {
    return number_of(atomic_load_explicit((atomic_number *)number, memory_order_relaxed));
}

static void add(atomic_number *number, double value) {
    uint64_t old = atomic_load_explicit(number, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(number, &old, bits_of(number_of(old) + value), memory_order_relaxed,
                                                  memory_order_relaxed))
        continue;
}

static struct metric *add_series(struct metric_family *family, const char *labels) {
    lock_assert_held(&registry.lock);
    struct metric *metric = alloc_zero(sizeof(*metric));
    metric->family = family;
    metric->labels = alloc_string(labels);
    if (family->type == METRIC_HISTOGRAM)
        metric->bucket_counts = alloc_array(family->bucket_count + 1, sizeof(*metric->bucket_counts));
    map_put(&family->series, labels, metric);
    return metric;
}

static struct metric_family *family_new(enum metric_type type, const char *name, const char *help,
                                        const char *const *label_names) {
    struct metric_family *family = alloc_zero(sizeof(*family));
    family->type = type;
    family->name = alloc_string(name);
    family->help = alloc_string(help);
    for (; label_names && *label_names; label_names++)
        str_list_add(&family->label_names, *label_names);
    return family;
}

struct metric_family *metric_family_new(enum metric_type type, const char *name, const char *help, const char *const *label_names,
                                        const double *buckets, size_t bucket_count) {
    assert(type == METRIC_HISTOGRAM || bucket_count == 0);
    pthread_once(&registry.once, init_registry);
    LOCKED(&registry.lock) {
        struct metric_family *family = map_get(&registry.families, name);
        if (family) {
            assert(family->type == type);
            return family;
        }
        family = family_new(type, name, help, label_names);
        family->buckets = alloc_array(bucket_count, sizeof(*family->buckets));
        for (size_t i = 0; i < bucket_count; i++)
            family->buckets[i] = buckets[i];
        family->bucket_count = bucket_count;
        map_put(&registry.families, name, family);
        if (family->label_names.len == 0)
            add_series(family, "");
        return family;
    }
    return NULL;
}

static void append_escaped(struct str *out, const char *text, bool quotes) {
    for (;; text++) {
        size_t plain = strcspn(text, quotes ? "\n\\\"" : "\n\\");
        str_append_n(out, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        if (*text == '\n')
            str_append(out, "\\n");
        else
            str_append_n(out, (const char[]){'\\', *text}, 2);
    }
}

struct metric *metric_get(struct metric_family *family, const char *const *label_values) {
    AUTO_STR labels = {0};
    for (size_t i = 0; i < family->label_names.len; i++) {
        assert(label_values && label_values[i]);
        str_append(&labels, i > 0 ? "," : "");
        str_append(&labels, family->label_names.items[i]);
        str_append(&labels, "=\"");
        append_escaped(&labels, label_values[i], true);
        str_append_char(&labels, '"');
    }
    LOCKED(&registry.lock) {
        struct metric *metric = map_get(&family->series, str_text(&labels));
        return metric ? metric : add_series(family, str_text(&labels));
    }
    return NULL;
}

void metric_add(struct metric *metric, double value) {
    assert(metric->family->type != METRIC_HISTOGRAM);
    assert(metric->family->type == METRIC_GAUGE || value >= 0);
    add(&metric->value, value);
}

void metric_set(struct metric *metric, double value) {
    assert(metric->family->type == METRIC_GAUGE);
    atomic_store_explicit(&metric->value, bits_of(value), memory_order_relaxed);
}

void metric_observe(struct metric *metric, double value) {
    const struct metric_family *family = metric->family;
    assert(family->type == METRIC_HISTOGRAM);
    size_t i = 0;
    while (i < family->bucket_count && !(value <= family->buckets[i]))
        i++;
    atomic_fetch_add_explicit(&metric->bucket_counts[i], 1, memory_order_relaxed);
    add(&metric->value, value);
}

static uint64_t histogram_count(const struct metric *metric) {
    uint64_t count = 0;
    for (size_t i = 0; i <= metric->family->bucket_count; i++)
        count += atomic_load_explicit(&metric->bucket_counts[i], memory_order_relaxed);
    return count;
}

double metric_value(const struct metric *metric) {
    if (metric->family->type == METRIC_HISTOGRAM)
        return (double)histogram_count(metric);
    return load(&metric->value);
}

static void write_sample(struct str *out, const char *name, const char *suffix, const char *labels, double value) {
    str_printf(out, "%s%s", name, suffix);
    if (*labels != '\0')
        str_printf(out, "{%s}", labels);
    str_append_char(out, ' ');
    str_append_double(out, value);
    str_append_char(out, '\n');
}

static void write_histogram(struct str *out, const struct metric *metric) {
    const struct metric_family *family = metric->family;
    uint64_t count = 0;
    for (size_t i = 0; i <= family->bucket_count; i++) {
        count += atomic_load_explicit(&metric->bucket_counts[i], memory_order_relaxed);
        AUTO_STR labels = {0};
        str_printf(&labels, "%s%sle=\"", metric->labels, *metric->labels != '\0' ? "," : "");
        str_append_double(&labels, i < family->bucket_count ? family->buckets[i] : INFINITY);
        str_append_char(&labels, '"');
        write_sample(out, family->name, "_bucket", str_text(&labels), (double)count);
    }
    write_sample(out, family->name, "_sum", metric->labels, load(&metric->value));
    write_sample(out, family->name, "_count", metric->labels, (double)count);
}

static void write_head(struct str *out, const char *name, const char *help, enum metric_type type) {
    static const char *const type_names[] = {"counter", "gauge", "histogram"};
    str_printf(out, "# HELP %s ", name);
    append_escaped(out, help, false);
    str_printf(out, "\n# TYPE %s %s\n", name, type_names[type]);
}

static int compare_series(const void *a, const void *b) {
    return strcmp((*(struct metric *const *)a)->labels, (*(struct metric *const *)b)->labels);
}

static int compare_families(const void *a, const void *b) {
    return strcmp((*(struct metric_family *const *)a)->name, (*(struct metric_family *const *)b)->name);
}

static void write_family(struct str *out, const struct metric_family *family) {
    if (family->series.len == 0)
        return;
    struct ptr_vec series = {0};
    for (struct map_iter it = {.map = &family->series}; map_next(&it);)
        ptr_vec_push(&series, it.value);
    ptr_vec_sort(&series, compare_series);
    write_head(out, family->name, family->help, family->type);
    for (size_t i = 0; i < series.len; i++) {
        const struct metric *metric = series.items[i];
        if (family->type == METRIC_HISTOGRAM)
            write_histogram(out, metric);
        else
            write_sample(out, family->name, "", metric->labels, load(&metric->value));
    }
    ptr_vec_free(&series);
}

// Families like any other, brought up to date when somebody looks.
static void update_process_metrics(void) {
    struct metric_family *family = metric_family_new(METRIC_COUNTER, "process_cpu_seconds_total",
                                                     "Total user and system CPU time spent in seconds.", NULL, NULL, 0);
    struct metric *cpu = metric_get(family, NULL);
    atomic_store_explicit(&cpu->value, bits_of(process_cpu_seconds()), memory_order_relaxed);
    family = metric_family_new(METRIC_GAUGE, "process_resident_memory_bytes", "Resident memory size in bytes.", NULL, NULL, 0);
    metric_set(metric_get(family, NULL), (double)process_resident_bytes());
    family = metric_family_new(METRIC_GAUGE, "process_start_time_seconds",
                               "Start time of the process since unix epoch in seconds.", NULL, NULL, 0);
    metric_set(metric_get(family, NULL), process_start_seconds());
}

void metrics_write(struct str *out) {
    update_process_metrics();
    LOCKED(&registry.lock) {
        struct ptr_vec families = {0};
        for (struct map_iter it = {.map = &registry.families}; map_next(&it);)
            ptr_vec_push(&families, it.value);
        ptr_vec_sort(&families, compare_families);
        for (size_t i = 0; i < families.len; i++)
            write_family(out, families.items[i]);
        ptr_vec_free(&families);
    }
}
