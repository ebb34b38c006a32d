#include "daemon/config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct config config;
static char error[CONFIG_ERROR_MAX];

static void setup(void) {
    config_init(&config);
    memset(error, 0, sizeof(error));
}

TestSuite(config, .init = setup);

static int read_text(const char *text) {
    return config_read_text(&config, "x.conf", text, strlen(text), error);
}

static void refuses(const char *text, const char *words) {
    struct config before = config;
    cr_assert_eq(read_text(text), CONFIG_REFUSED, "taken: %s", text);
    cr_assert(strstr(error, words), "\"%s\" does not say \"%s\"", error, words);
    cr_assert_eq(memcmp(&before, &config, sizeof(config)), 0, "half of it was taken: %s", text);
}

Test(config, defaults_are_those_of_the_fabric) {
    struct fabric_settings own = fabric_default_settings(), ours = config_fabric_settings(&config);
    cr_assert_eq(own.report_ttl_us, ours.report_ttl_us);
    cr_assert_eq(own.host_silent_us, ours.host_silent_us);
    cr_assert_eq(own.activation_timeout_us, ours.activation_timeout_us);
    cr_assert_eq(own.audit_period_us, ours.audit_period_us);
    cr_assert_eq(own.store_stall_us, ours.store_stall_us);
    cr_assert_eq(own.blind_window_us, ours.blind_window_us);
    cr_assert_eq(own.blind_percent, ours.blind_percent);
    cr_assert_eq(own.repair_drift, ours.repair_drift);
    cr_assert_eq(ours.answer_timeout_us, 5000000);
    cr_assert_eq(ours.guard_us, 30000);
    cr_assert_eq(ours.late_guard_us, 500000);
}

Test(config, every_key_is_within_its_own_bounds_and_stands_once) {
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *key = &config_keys[i];
        cr_assert_leq(key->min, key->preset, "%s", key->name);
        cr_assert_geq(key->max, key->preset, "%s", key->name);
        cr_assert_lt(i, 64, "reader.first_line has no room for it");
        for (size_t k = 0; k < i; k++)
            cr_assert(strcmp(key->section, config_keys[k].section) || strcmp(key->name, config_keys[k].name));
    }
}

Test(config, reads_sections_comments_and_white_space) {
    cr_assert_eq(read_text("# a\n\n[ health ]\r\n  report_ttl_ms =  2500 \n; b\n[ocs]\nrepair_drift=false\n"),
                 0, "%s", error);
    cr_assert_eq(config.health_report_ttl_ms, 2500);
    cr_assert_eq(config.ocs_repair_drift, false);
    cr_assert_eq(config.ocs_guard_ms, 30);
}

Test(config, names_line_key_value_and_bounds) {
    refuses("[health]\nreport_ttl_ms = 5000\nhost_silent_ms = soon\n",
            "x.conf:3: health.host_silent_ms = \"soon\"");
    refuses("[health]\nreport_ttl_ms = 99\n", "from 100 to 3600000");
    refuses("[health]\nreport_ttl_ms = 99999999999999999999999\n", "from 100 to 3600000");
    refuses("[health]\nreport_ttl_ms = 1000 \t x\n", "from 100");
    refuses("[health]\nreport_ttl_ms =\n", "from 100");
    refuses("[ocs]\nrepair_drift = 1\n", "true or false");
    refuses("[health\nreport_ttl_ms = 1000\n", "x.conf:1");
    refuses("[heath]\n", "no section [heath]; did you mean [health]?");
    refuses("report_ttl_ms = 1000\n", "before any [section]");
    refuses("[health]\nreport_ttl_ms\n", "write key = value");
    refuses("[health]\nreport_ttl_ms = 1000\nreport_ttl_ms = 1000\n", "twice, first in line 2");
}

Test(config, unknown_keys_come_with_a_suggestion) {
    refuses("[health]\nreport_ttl_s = 10\n", "did you mean health.report_ttl_ms?");
    refuses("[slice]\naudit_period_s = 10\n", "did you mean ocs.audit_period_s?");
    refuses("[slice]\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq = 10\n", "--print-config lists all");
}

Test(config, refuses_nul_bytes_and_takes_an_empty_file) {
    cr_assert_eq(config_read_text(&config, "x.conf", "[ocs]\0", 6, error), CONFIG_REFUSED);
    cr_assert_eq(config_read_text(&config, "x.conf", "", 0, error), 0);
}

Test(config, one_assignment) {
    cr_assert_eq(config_set(&config, "store.stall_ms=250", error), 0, "%s", error);
    cr_assert_eq(config.store_stall_ms, 250);
    cr_assert_eq(config_set(&config, "store.stall_ms", error), CONFIG_REFUSED);
    cr_assert_eq(config_set(&config, "stall_ms=250", error), CONFIG_REFUSED);
    cr_assert(strstr(error, "section.key=value"));
    cr_assert_eq(config_set(&config, "store.stal_ms=250", error), CONFIG_REFUSED);
    cr_assert(strstr(error, "store.stall_ms?"), "%s", error);
    cr_assert_eq(config_set(&config, "store.stall_ms=-1", error), CONFIG_REFUSED);
    cr_assert_eq(config.store_stall_ms, 250);
}

Test(config, keys_that_contradict_each_other) {
    cr_assert_eq(config_check(&config, error), 0);
    cr_assert_eq(config_set(&config, "health.host_silent_ms=9999", error), 0);
    cr_assert_eq(config_check(&config, error), CONFIG_REFUSED);
    cr_assert(strstr(error, "health.report_ttl_ms"));
}

Test(config, what_is_printed_reads_back_as_the_same) {
    char *text = NULL;
    size_t size = 0;
    cr_assert_eq(config_set(&config, "blind.percent=37", error), 0);
    cr_assert_eq(config_set(&config, "ocs.repair_drift=false", error), 0);
    FILE *file = open_memstream(&text, &size);
    config_print(&config, file);
    fclose(file);
    struct config again;
    config_init(&again);
    cr_assert_eq(config_read_text(&again, "printed", text, size, error), 0, "%s", error);
    cr_assert_eq(memcmp(&again, &config, sizeof(config)), 0);
    free(text);
}
