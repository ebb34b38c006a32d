#pragma once
/* Changes that a person or a test makes to the plant, by name. Each returns false with the reason in ret_why
 * and has then changed nothing. Names: cube-07, cube-07/host-03, ocs-x-05, ocs-x-05/A17 (a port),
 * cube-07/+x/5 (a fiber); in front of any of them POD/, which may be left out with one pod. */
#include "sim/plant/plant.h"

enum sim_part { SIM_CUBE, SIM_HOST, SIM_OCS, SIM_PORT, SIM_FIBER, SIM_PARTS };

extern const char *const sim_part_names[SIM_PARTS];

struct sim_target {
    enum sim_part part;
    struct sim_cube *cube; /* of a cube or a host */
    uint32_t host;
    struct sim_switch *ocs; /* of a switch or a port */
    bool side_b;
    uint32_t port;
    int32_t end; /* of a fiber */
};

/* Tells from its shape what the name names. */
__attribute__((warn_unused_result)) bool sim_find(struct sim_plant *plant, const char *name,
                                                  struct sim_target *ret_target, struct text *ret_why);
__attribute__((warn_unused_result)) bool sim_find_ocs(struct sim_plant *plant, const char *name,
                                                      struct sim_switch **ret_ocs, struct text *ret_why);

/* part: "cube", "host", "ocs", "port", "fiber". */
__attribute__((warn_unused_result)) bool sim_fail(struct sim_plant *plant, const char *part, const char *name,
                                                  bool failed, int64_t now_us, struct text *ret_why);
/* target: a name, or "all" for every switch. All pairs are checked before the first is set. pairs[i] is
 * "KEY=VALUE". */
__attribute__((warn_unused_result)) bool sim_set(struct sim_plant *plant, const char *target,
                                                 const char *const *pairs, size_t count,
                                                 struct text *ret_why);
__attribute__((warn_unused_result)) bool sim_show(struct sim_plant *plant, const char *target, int64_t now_us,
                                                  struct text *out, struct text *ret_why);
/* Plugs the fiber in at a free port, "ocs-x-05/A69". */
__attribute__((warn_unused_result)) bool sim_plug(struct sim_plant *plant, const char *fiber,
                                                  const char *port, struct text *ret_why);
/* Swaps the ports that two fibers end on. */
__attribute__((warn_unused_result)) bool sim_cross(struct sim_plant *plant, const char *one,
                                                   const char *other, struct text *ret_why);
/* Another controller: verb "add" or "sub", ports such as A17 B18. */
__attribute__((warn_unused_result)) bool sim_rival(struct sim_plant *plant, const char *ocs, const char *verb,
                                                   const char *a, const char *b, int64_t now_us,
                                                   struct text *ret_why);
void sim_settings_help(struct text *out);
