#pragma once
/* A small plant: 4 cubes on 48 switches of 8 + 8 ports, wired as the models are: cube c's + face on A(c+1), -
 * face on B(c+1). And a session that writes down what it is told. */
#include "sim/plant/change.h"
#include "sim/plant/load.h"
#include "sim/plant/scpi.h"
#include <criterion/criterion.h>
#include <string.h>

#define CUBES 4

struct session_log {
    struct scpi_session session;
    struct text answer;  /* bytes sent since the last say() */
    struct text journal; /* "request|a:from>to ...|answer" a line */
    size_t records;
    bool was_reset;
    uint32_t mirror[64]; /* the map as the journalled moves make it, by side A port */
};

static struct sim_plant plant;
static int64_t now_us;

static inline json_t *plant_json(void) {
    json_t *cubes = json_array(), *ocses = json_array(), *fibers = json_array();
    char name[32];

    for (int c = 0; c < CUBES; c++) {
        snprintf(name, sizeof(name), "pod/cube-%02d", c);
        json_array_append_new(cubes, json_pack("{s:s,s:i}", "name", name, "index", c));
    }
    for (int d = 0; d < 3; d++)
        for (int i = 0; i < 16; i++) {
            snprintf(name, sizeof(name), "pod/ocs-%c-%02d", "xyz"[d], i);
            json_array_append_new(ocses, json_pack("{s:s,s:i,s:i,s:i}", "name", name, "index", 16 * d + i,
                                                   "portsA", 8, "portsB", 8));
            for (int c = 0; c < CUBES; c++)
                for (int minus = 0; minus < 2; minus++)
                    json_array_append_new(fibers, json_pack("{s:i,s:s,s:i,s:s,s:s,s:i}", "cube", c, "face",
                                                            sim_face_names[2 * d + minus], "index", i, "ocs",
                                                            name, "side", minus ? "B" : "A", "port", c + 1));
        }
    return json_pack("{s:[{s:s,s:o,s:o,s:o}]}", "pods", "name", "pod", "cubes", cubes, "ocses", ocses,
                     "fibers", fibers);
}

static inline void plant_up(void) {
    json_t *root = plant_json();
    struct text why = {0};

    now_us = 1000000;
    cr_assert(sim_plant_load(root, 7, now_us, &plant, &why), "%s", why.data);
    json_decref(root);
}

static inline void plant_down(void) {
    sim_plant_deinit(&plant);
}

static inline struct sim_switch *ocs(const char *name) {
    struct text why = {0};
    struct sim_switch *sw = NULL;

    cr_assert(sim_find_ocs(&plant, name, &sw, &why), "%s", why.data);
    return sw;
}

static inline void set(const char *target, const char *pair) {
    struct text why = {0};

    cr_assert(sim_set(&plant, target, &pair, 1, &why), "%s", why.data);
}

static inline void set_failed(const char *part, const char *name, bool failed) {
    struct text why = {0};

    cr_assert(sim_fail(&plant, part, name, failed, now_us, &why), "%s", why.data);
}

static inline void log_record(void *userdata, const struct scpi_record *record) {
    struct session_log *log = userdata;

    log->records++;
    text_add_bytes(&log->journal, record->request, record->request_len);
    text_add(&log->journal, "|");
    for (size_t i = 0; i < record->n_moves; i++) {
        const struct sim_move *move = &record->moves[i];

        cr_assert_gt(move->settle_us, 0);
        cr_assert_eq(log->mirror[move->a], move->from, "a move starts where the mirror is not");
        log->mirror[move->a] = move->to;
        text_addf(&log->journal, "%s%u:%u>%u", i ? " " : "", move->a, move->from, move->to);
    }
    text_addf(&log->journal, "|%s\n", record->answer ? record->answer : "-");
}

static inline void log_answer(void *userdata, const char *bytes, size_t len) {
    struct session_log *log = userdata;

    cr_assert_gt(log->records, 0, "an answer left before its line in the journal");
    text_add_bytes(&log->answer, bytes, len);
}

static inline void log_reset(void *userdata) {
    ((struct session_log *)userdata)->was_reset = true;
}

static inline void session_up(struct session_log *log, struct sim_switch *sw) {
    struct scpi_peer peer = {.userdata = log, .record = log_record, .answer = log_answer, .reset = log_reset};

    memset(log, 0, sizeof(*log));
    text_add(&log->answer, "");
    text_add(&log->journal, "");
    scpi_session_init(&log->session, sw, 1, &peer);
}

static inline void session_down(struct session_log *log) {
    scpi_session_deinit(&log->session);
    text_deinit(&log->answer);
    text_deinit(&log->journal);
}

/* Sends bytes as they are and lets no time pass. */
static inline const char *say(struct session_log *log, const char *bytes) {
    text_clear(&log->answer);
    scpi_receive(&log->session, bytes, strlen(bytes), now_us);
    return log->answer.data;
}

/* Sends a line and lets time pass until the session waits for nothing more. */
static inline const char *ask(struct session_log *log, const char *line) {
    text_clear(&log->answer);
    scpi_receive(&log->session, line, strlen(line), now_us);
    scpi_receive(&log->session, "\n", 1, now_us);
    for (int64_t next_us; (next_us = scpi_next_wakeup_us(&log->session)) != INT64_MAX;) {
        if (next_us > now_us)
            now_us = next_us;
        scpi_run(&log->session, now_us);
    }
    return log->answer.data;
}
