#pragma once
/* Which shape suits a job: the shapes that fit now, ranked by the job's own traffic. */
#include "topology/analysis.h"
#include "topology/plan.h"

#define TOPO_GROUPS_MAX 4
#define TOPO_ADVICE_MAX 64

struct topo_pattern {
    /* Collectives over groups of this many chips, such as 8 (tensor parallel) and 64 (data parallel), and how
     * many bytes each reduces, relative to each other. */
    unsigned group_size[TOPO_GROUPS_MAX];
    double group_weight[TOPO_GROUPS_MAX];
    unsigned n_groups;
    double all_to_all; /* share of the traffic, 0 to 1 */
};

struct topo_advice {
    struct topo_shape shape;
    double time; /* per byte of the pattern, in bytes per link bandwidth; less is better */
    double
        all_reduce_time; /* weighted over the groups; infinite where a group does not lie along dimensions */
    double all_to_all_time;
};

/* Fills ret_advice with the shapes of n_chips chips that fit now, the best first, and returns their number.
 * The request gives exclusions, tolerance and spares. 0 also for a pattern that makes no sense: no traffic, a
 * share outside 0..1, a group of 0 or more than n_chips chips. -ENOMEM. */
__attribute__((warn_unused_result)) int topo_advise(const struct topo_pod *pod,
                                                    const struct topo_request *request, unsigned n_chips,
                                                    const struct topo_pattern *pattern,
                                                    struct topo_advice ret_advice[TOPO_ADVICE_MAX]);

/* Time of a ring all-reduce of one byte over groups of chips laid along dimensions: whole rings where a group
 * fills a dimension, lines at half the bandwidth where it fills a part. Infinite where it cannot lie so. */
double topo_group_time(const struct topo_analysis *analysis, const struct topo_shape *shape,
                       unsigned group_size);
