#include "daemon/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define WORD_MAX 64

union value {
    int64_t number;
    const char *text;
};

static void store(struct config *config, const struct config_key *key, union value value) {
    char *at = (char *)config + key->offset;
    if (key->kind == CONFIG_TEXT)
        snprintf(at, CONFIG_TEXT_MAX, "%s", value.text);
    else if (key->kind == CONFIG_BOOLEAN)
        *(bool *)at = value.number != 0;
    else
        *(int64_t *)at = value.number;
}

static union value load(const struct config *config, const struct config_key *key) {
    const char *at = (const char *)config + key->offset;
    if (key->kind == CONFIG_TEXT)
        return (union value){.text = at};
    return (union value){.number = key->kind == CONFIG_BOOLEAN ? *(const bool *)at : *(const int64_t *)at};
}

static bool is_same(const struct config_key *key, union value one, union value other) {
    return key->kind == CONFIG_TEXT ? !strcmp(one.text, other.text) : one.number == other.number;
}

void config_init(struct config *config) {
    *config = (struct config){0};
    for (size_t i = 0; i < config_n_keys; i++)
        if (config_keys[i].kind != CONFIG_TEXT)
            store(config, &config_keys[i], (union value){.number = config_keys[i].preset});
}

const struct config_key *config_fixed_difference(const struct config *before, const struct config *after) {
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *key = &config_keys[i];
        if (!key->is_reloadable && !is_same(key, load(before, key), load(after, key)))
            return key;
    }
    return NULL;
}

/* Edit distance of short words. */
static unsigned distance(const char *a, const char *b) {
    unsigned row[2 * WORD_MAX + 2];
    size_t n = strlen(b);
    if (strlen(a) > 2 * WORD_MAX || n > 2 * WORD_MAX)
        return 2 * WORD_MAX;
    for (size_t k = 0; k <= n; k++)
        row[k] = (unsigned)k;
    for (size_t i = 1; a[i - 1]; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t k = 1; k <= n; k++) {
            unsigned change = corner + (a[i - 1] != b[k - 1]);
            corner = row[k];
            unsigned cheaper = row[k] < row[k - 1] ? row[k] + 1 : row[k - 1] + 1;
            row[k] = change < cheaper ? change : cheaper;
        }
    }
    return row[n];
}

/* section "": the key alone is wrong in shape, everything is compared. */
static int refuse_unknown(const char *section, const char *name, char *error) {
    char asked[2 * WORD_MAX + 2], known[2 * WORD_MAX + 2];
    const struct config_key *best = NULL;
    unsigned best_distance = UINT32_MAX;
    snprintf(asked, sizeof(asked), "%.64s.%.64s", section, name);
    for (size_t i = 0; i < config_n_keys; i++) {
        snprintf(known, sizeof(known), "%s.%s", config_keys[i].section, config_keys[i].name);
        unsigned d = distance(asked, known);
        /* The right key in the wrong section is near, whatever the section is called. */
        if (!strcmp(config_keys[i].name, name))
            d = 1;
        if (d < best_distance) {
            best_distance = d;
            best = &config_keys[i];
        }
    }
    if (best_distance <= strlen(asked) / 2)
        snprintf(error, CONFIG_ERROR_MAX, "there is no key %s; did you mean %s.%s?", asked, best->section,
                 best->name);
    else
        snprintf(error, CONFIG_ERROR_MAX, "there is no key %s; --print-config lists all", asked);
    return CONFIG_REFUSED;
}

static int parse_text(const struct config_key *key, const char *text, union value *ret_value, char *error) {
    if (strlen(text) >= CONFIG_TEXT_MAX) {
        snprintf(error, CONFIG_ERROR_MAX, "%s.%s has %zu bytes; at most %d are taken", key->section,
                 key->name, strlen(text), CONFIG_TEXT_MAX - 1);
        return CONFIG_REFUSED;
    }
    ret_value->text = text;
    return 0;
}

static int parse_value(const struct config_key *key, const char *text, union value *ret_value, char *error) {
    char *end;
    if (key->kind == CONFIG_TEXT)
        return parse_text(key, text, ret_value, error);
    if (key->kind == CONFIG_BOOLEAN) {
        if (strcmp(text, "true") && strcmp(text, "false")) {
            snprintf(error, CONFIG_ERROR_MAX, "%s.%s = \"%.64s\": true or false", key->section, key->name,
                     text);
            return CONFIG_REFUSED;
        }
        ret_value->number = !strcmp(text, "true");
        return 0;
    }
    bool is_mode = key->kind == CONFIG_MODE;
    errno = 0;
    long long value = strtoll(text, &end, is_mode ? 8 : 10);
    if (errno || end == text || *end || isspace((unsigned char)*text) || value < key->min ||
        value > key->max) {
        if (is_mode)
            snprintf(error, CONFIG_ERROR_MAX, "%s.%s = \"%.64s\": an octal mode from 0600 to 0666",
                     key->section, key->name, text);
        else
            snprintf(error, CONFIG_ERROR_MAX,
                     "%s.%s = \"%.64s\": a whole number from %" PRId64 " to %" PRId64 " (%s)", key->section,
                     key->name, text, key->min, key->max, key->unit);
        return CONFIG_REFUSED;
    }
    ret_value->number = value;
    return 0;
}

static int assign(struct config *config, const char *section, const char *name, const char *text,
                  size_t *ret_key, char *error) {
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *key = &config_keys[i];
        union value value;
        if (strcmp(key->section, section) || strcmp(key->name, name))
            continue;
        int r = parse_value(key, text, &value, error);
        if (r == 0)
            store(config, key, value);
        *ret_key = i;
        return r;
    }
    return refuse_unknown(section, name, error);
}

int config_set(struct config *config, const char *assignment, char *error) {
    char section[WORD_MAX + 1], name[WORD_MAX + 1];
    const char *dot = strchr(assignment, '.'), *equals = strchr(assignment, '=');
    size_t key;
    if (!dot || !equals || dot > equals || (size_t)(dot - assignment) > WORD_MAX ||
        (size_t)(equals - dot) > WORD_MAX) {
        snprintf(error, CONFIG_ERROR_MAX, "\"%.64s\": write section.key=value", assignment);
        return CONFIG_REFUSED;
    }
    snprintf(section, sizeof(section), "%.*s", (int)(dot - assignment), assignment);
    snprintf(name, sizeof(name), "%.*s", (int)(equals - dot - 1), dot + 1);
    return assign(config, section, name, equals + 1, &key, error);
}

/* Cuts white space at both ends. */
static char *trim(char *text) {
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1]))
        text[--length] = 0;
    return text;
}

struct reader {
    struct config config;
    const char *name;
    unsigned line;
    char section[WORD_MAX + 1];
    unsigned first_line[64]; /* by key: where it was given; 0 not yet */
};

__attribute__((format(printf, 3, 4))) static int refuse_line(const struct reader *reader, char *error,
                                                             const char *format, ...) {
    va_list list;
    int at = snprintf(error, CONFIG_ERROR_MAX, "%.200s:%u: ", reader->name, reader->line);
    va_start(list, format);
    vsnprintf(error + at, CONFIG_ERROR_MAX - (size_t)at, format, list);
    va_end(list);
    return CONFIG_REFUSED;
}

static int read_line(struct reader *reader, char *line, char *error) {
    char message[CONFIG_ERROR_MAX];
    char *text = trim(line);
    size_t length = strlen(text), key;
    if (!*text || *text == '#' || *text == ';')
        return 0;
    if (*text == '[') {
        if (text[length - 1] != ']' || length < 3 || length - 2 > WORD_MAX)
            return refuse_line(reader, error, "\"%.64s\": a section is written [name]", text);
        text[length - 1] = 0;
        snprintf(reader->section, sizeof(reader->section), "%.64s", trim(text + 1));
        const char *nearest = config_keys[0].section;
        for (size_t i = 0; i < config_n_keys; i++) {
            if (!strcmp(config_keys[i].section, reader->section))
                return 0;
            if (distance(config_keys[i].section, reader->section) < distance(nearest, reader->section))
                nearest = config_keys[i].section;
        }
        if (distance(nearest, reader->section) > strlen(reader->section) / 2)
            return refuse_line(reader, error, "there is no section [%s]", reader->section);
        return refuse_line(reader, error, "there is no section [%s]; did you mean [%s]?", reader->section,
                           nearest);
    }
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return refuse_line(reader, error, "\"%.64s\": write key = value", text);
    *equals = 0;
    if (!*reader->section)
        return refuse_line(reader, error, "key \"%.64s\" stands before any [section]", trim(text));
    int r = assign(&reader->config, reader->section, trim(text), trim(equals + 1), &key, message);
    if (r)
        return refuse_line(reader, error, "%s", message);
    if (reader->first_line[key])
        return refuse_line(reader, error, "%s.%s is given twice, first in line %u", reader->section,
                           config_keys[key].name, reader->first_line[key]);
    reader->first_line[key] = reader->line;
    return 0;
}

int config_read_text(struct config *config, const char *name, const char *text, size_t length, char *error) {
    struct reader reader = {.config = *config, .name = name, .line = 1};
    if (memchr(text, 0, length))
        return refuse_line(&reader, error, "the file contains a NUL byte");
    char *copy = strndup(text, length), *rest = copy;
    if (!copy)
        return -ENOMEM;
    int r = 0;
    for (char *line; r == 0 && (line = strsep(&rest, "\n")); reader.line++)
        r = read_line(&reader, line, error);
    free(copy);
    if (r == 0)
        *config = reader.config;
    return r;
}

int config_read_file(struct config *config, const char *path, char *error) {
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(error, CONFIG_ERROR_MAX, "%.200s: %s", path, strerror(errno));
        return CONFIG_REFUSED;
    }
    char *text = malloc(FILE_BYTES_MAX + 1);
    size_t length = text ? fread(text, 1, FILE_BYTES_MAX + 1, file) : 0;
    int r = 0;
    if (!text) {
        r = -ENOMEM;
    } else if (ferror(file)) {
        snprintf(error, CONFIG_ERROR_MAX, "%.200s: it cannot be read", path);
        r = CONFIG_REFUSED;
    } else if (length > FILE_BYTES_MAX) {
        snprintf(error, CONFIG_ERROR_MAX, "%.200s: the file has more than %zu bytes", path, FILE_BYTES_MAX);
        r = CONFIG_REFUSED;
    } else {
        r = config_read_text(config, path, text, length, error);
    }
    free(text);
    fclose(file);
    return r;
}

int config_check(const struct config *config, char *error) {
    if (config->health_host_silent_ms < config->health_report_ttl_ms) {
        snprintf(error, CONFIG_ERROR_MAX,
                 "health.host_silent_ms = %" PRId64 " is less than health.report_ttl_ms = %" PRId64,
                 config->health_host_silent_ms, config->health_report_ttl_ms);
        return CONFIG_REFUSED;
    }
    bool has_tls = *config->listen_tls_address;
    if (has_tls &&
        !(*config->listen_tls_certificate && *config->listen_tls_key && *config->listen_tls_authorities)) {
        snprintf(
            error, CONFIG_ERROR_MAX,
            "listen.tls_address needs listen.tls_certificate, listen.tls_key and listen.tls_authorities");
        return CONFIG_REFUSED;
    }
    return 0;
}

void config_print(const struct config *config, FILE *to) {
    const char *section = "";
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *key = &config_keys[i];
        if (strcmp(section, key->section))
            fprintf(to, "%s[%s]\n", i ? "\n" : "", key->section);
        section = key->section;
        fprintf(to, "# %s%s\n", key->help, key->is_reloadable ? "" : " Takes effect at a start.");
        union value value = load(config, key);
        if (key->kind == CONFIG_TEXT)
            fprintf(to, "# default empty\n%s = %s\n", key->name, value.text);
        else if (key->kind == CONFIG_BOOLEAN)
            fprintf(to, "# true or false, default %s\n%s = %s\n", key->preset ? "true" : "false", key->name,
                    value.number ? "true" : "false");
        else if (key->kind == CONFIG_MODE)
            fprintf(to, "# 0600 to 0666, default %04" PRIo64 "\n%s = %04" PRIo64 "\n", key->preset, key->name,
                    value.number);
        else
            fprintf(to, "# %" PRId64 " to %" PRId64 " %s, default %" PRId64 "\n%s = %" PRId64 "\n", key->min,
                    key->max, key->unit, key->preset, key->name, value.number);
    }
}

struct fabric_settings config_fabric_settings(const struct config *config) {
    struct fabric_settings settings = fabric_default_settings();
    settings.report_ttl_us = config->health_report_ttl_ms * 1000;
    settings.host_silent_us = config->health_host_silent_ms * 1000;
    settings.activation_timeout_us = config->slice_activation_timeout_s * 1000000;
    settings.audit_period_us = config->ocs_audit_period_s * 1000000;
    settings.answer_timeout_us = config->ocs_answer_timeout_ms * 1000;
    settings.guard_us = config->ocs_guard_ms * 1000;
    settings.late_guard_us = config->ocs_late_guard_ms * 1000;
    settings.repair_drift = config->ocs_repair_drift;
    settings.insertion_loss_mdb = (int32_t)config->ocs_insertion_loss_mdb;
    settings.fiber_loss_mdb = (int32_t)config->ocs_fiber_loss_mdb;
    settings.loss_drift_mdb = (int32_t)config->ocs_loss_drift_mdb;
    settings.store_stall_us = config->store_stall_ms * 1000;
    settings.blind_window_us = config->blind_window_ms * 1000;
    settings.repair_settle_us = config->repair_settle_ms * 1000;
    settings.repair_answer_us = config->repair_answer_within_s * 1000000;
    settings.repair_limit_per_hour = (unsigned)config->repair_limit_per_hour;
    settings.repair_max_cubes = (unsigned)config->repair_max_cubes_at_once;
    settings.repair_tries = (unsigned)config->repair_new_cube_tries;
    settings.restore_many_slices = (unsigned)config->restore_many_slices;
    settings.restore_pass_percent = (unsigned)config->restore_pass_percent;
    settings.flap_count = (unsigned)config->health_flap_count;
    settings.flap_window_us = config->health_flap_window_s * 1000000;
    settings.flap_quiet_us = config->health_flap_quiet_s * 1000000;
    settings.blind_percent = (unsigned)config->blind_percent;
    return settings;
}
