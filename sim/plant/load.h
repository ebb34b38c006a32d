#pragma once
/* Reads a plant file: the canonical JSON of an inventory, and beside "pods" an optional "plant" object in
 * which it differs: "plant": {"crossed": [["cube-01/+x/5", "cube-02/+x/5"]], "missing": ["cube-03/-y/0"],
 *             "failed": [["host", "cube-04/host-02"]], "set": [["cube-05/+z/1", "loss-mdb=4000"]]} */
#include "sim/plant/plant.h"
#include "sim/plant/text.h"
#include <jansson.h>

/* False: *ret_plant is untouched and ret_why names the place in the file. */
__attribute__((warn_unused_result)) bool sim_plant_load(const json_t *root, uint64_t seed, int64_t now_us,
                                                        struct sim_plant *ret_plant, struct text *ret_why);
