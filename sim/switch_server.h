#pragma once
/* The switches' sockets: a TCP listener each, their sessions, their journals. */
#include "sim/plant/text.h"
#include "sim/sim.h"

struct sim_servers_options {
    int base_port;         /* -1: where the plant file says; 0: free ports; else switch k at base_port + k */
    const char *endpoints; /* file to write, or NULL */
    const char *journals;  /* folder */
};

/* Opens everything. False with the reason; *ret_servers is then untouched. */
__attribute__((warn_unused_result)) bool sim_servers_new(struct sim *sim,
                                                         const struct sim_servers_options *options,
                                                         struct sim_servers **ret_servers,
                                                         struct text *ret_why);
void sim_servers_free(struct sim_servers *servers);

/* The plant's watcher: the switch has other power, settings or mirrors than before. */
void sim_servers_switch_changed(struct sim_servers *servers, const struct sim_switch *sw);
void sim_servers_event(struct sim_servers *servers, const struct sim_switch *sw, const char *cause,
                       const struct sim_move *moves, size_t n_moves);
/* how: "close", "reset" or "half-open". False with the reason. Returns the number of connections in
 * *ret_count. */
__attribute__((warn_unused_result)) bool sim_servers_drop(struct sim_servers *servers,
                                                          const struct sim_switch *sw, const char *how,
                                                          size_t *ret_count, struct text *ret_why);
__attribute__((warn_unused_result)) int sim_servers_read_journal(struct sim_servers *servers,
                                                                 const struct sim_switch *sw, size_t last,
                                                                 struct text *out);
const char *sim_servers_journal_path(const struct sim_servers *servers, const struct sim_switch *sw);
/* HOST:PORT */
const char *sim_servers_address(const struct sim_servers *servers, const struct sim_switch *sw);
size_t sim_servers_sessions(const struct sim_servers *servers, const struct sim_switch *sw);
