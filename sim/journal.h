#pragma once
/* The append-only journals: one file a switch, one JSON object a line, each written with one write(2).
 *
 *   {"time_us":..,"connection":3,"number":7,"received_us":..,"cause":"scpi","request":"..","moves":[..],"answer":"1"}
 *
 * time_us is CLOCK_MONOTONIC. A request that waits for its mirrors has two lines of the same number: the
 * moves as soon as they are made ("continues":true, "answer":null), and the answer ("request":""). Other
 * causes are "rival", "power off", "power on" and "ready"; they have connection 0. In moves a is a side A
 * port, from and to are side B ports, 0: none. */
#include "sim/plant/plant.h"
#include "sim/plant/scpi.h"

struct sim_journal {
    int fd;
    char *path; /* owned */
};

/* The folder is made if it is not there. 0 or negative errno. */
__attribute__((warn_unused_result)) int sim_journal_init(struct sim_journal *journal,
                                                         const struct sim_switch *sw, const char *folder);
void sim_journal_deinit(struct sim_journal *journal);
void sim_journal_record(struct sim_journal *journal, const struct scpi_record *record);
void sim_journal_event(struct sim_journal *journal, const char *cause, const struct sim_move *moves,
                       size_t n_moves, int64_t now_us);
/* Adds the last lines, at most 1 MiB of them. 0 or negative errno. */
__attribute__((warn_unused_result)) int sim_journal_read(const struct sim_journal *journal, size_t last,
                                                         struct text *out);
