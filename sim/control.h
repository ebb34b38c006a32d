#pragma once
/* The control socket: a Unix socket on which each line {"op":..,"target":..,"args":{..},"when":{..}} is
 * answered by a line
 * {"ok":..} or {"error":".."}. With "when" the change is made later: {"after_ms":N}, or
 * {"after_commands":N,"ocs":"ocs-x-05"} right after that many more set commands were executed by that switch,
 * before they are answered. {"op":"help"} lists the ops. */
#include "sim/plant/text.h"
#include "sim/sim.h"

/* False with the reason. A socket that nobody answers on is replaced. */
__attribute__((warn_unused_result)) bool
sim_control_new(struct sim *sim, const char *path, struct sim_control **ret_control, struct text *ret_why);
void sim_control_free(struct sim_control *control);
/* The plant's watcher: the switch has executed a set command. */
void sim_control_command_done(struct sim_control *control, const struct sim_switch *sw);
