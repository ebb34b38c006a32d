#include "topology/advice.h"

#include <math.h>
#include <string.h>

double topo_group_time(const struct topo_analysis *analysis, const struct topo_shape *shape,
                       unsigned group_size) {
    double best = INFINITY;
    if (group_size == 1)
        return 0;
    /* All ways to write the size as a product of lengths that divide the dimensions. */
    for (unsigned x = 1; x <= shape->chips[0]; x++) {
        if (shape->chips[0] % x || group_size % x)
            continue;
        for (unsigned y = 1; y <= shape->chips[1]; y++) {
            if (shape->chips[1] % y || group_size / x % y)
                continue;
            unsigned length[3] = {x, y, group_size / x / y};
            if (length[2] > shape->chips[2] || shape->chips[2] % length[2])
                continue;
            unsigned links = 0;
            for (unsigned d = 0; d < 3; d++) {
                bool ring = length[d] == shape->chips[d] && analysis->ring_length[d] == length[d];
                links += length[d] == 1 ? 0 : ring ? 2 : 1;
            }
            double time = 2.0 * (group_size - 1) / group_size / links;
            best = time < best ? time : best;
        }
    }
    return best;
}

struct choices {
    struct topo_shape shapes[2 * TOPO_ADVICE_MAX];
    unsigned count, n_chips;
};

static void add_shape(const struct topo_shape *shape, void *userdata) {
    struct choices *choices = userdata;
    for (unsigned twisted = 0; twisted < 2; twisted++) {
        struct topo_shape variant;
        if (shape->n_chips == choices->n_chips && choices->count < TOPO_ADVICE_MAX &&
            topo_shape_of_cubes(shape->cubes, twisted, &variant) == 0)
            choices->shapes[choices->count++] = variant;
    }
}

static bool makes_sense(const struct topo_pattern *pattern, unsigned n_chips) {
    double weight = pattern->all_to_all;
    if (!(pattern->all_to_all >= 0 && pattern->all_to_all <= 1) || pattern->n_groups > TOPO_GROUPS_MAX)
        return false;
    for (unsigned i = 0; i < pattern->n_groups; i++) {
        if (pattern->group_size[i] == 0 || pattern->group_size[i] > n_chips ||
            !(pattern->group_weight[i] >= 0))
            return false;
        weight += pattern->group_weight[i];
    }
    return weight > 0;
}

int topo_advise(const struct topo_pod *pod, const struct topo_request *request, unsigned n_chips,
                const struct topo_pattern *pattern, struct topo_advice ret_advice[TOPO_ADVICE_MAX]) {
    if (!makes_sense(pattern, n_chips))
        return 0;
    struct choices choices = {.n_chips = n_chips};
    topo_shape_enumerate(pod->largest_slice_cubes, add_shape, &choices);
    int count = 0;
    for (unsigned i = 0; i < choices.count; i++) {
        struct topo_request trial = *request;
        struct topo_plan plan;
        struct topo_refusal refusal;
        struct topo_analysis analysis;
        trial.shape = choices.shapes[i];
        trial.pin_mode = TOPO_PIN_NONE;
        if (topo_plan_create(pod, &trial, &plan, &refusal))
            continue;
        int r = topo_analyze(&trial.shape, NULL, &analysis);
        if (r)
            return r;
        struct topo_advice advice = {.shape = trial.shape, .all_to_all_time = analysis.all_to_all_time};
        double weights = 0;
        for (unsigned j = 0; j < pattern->n_groups; j++) {
            double time = topo_group_time(&analysis, &trial.shape, pattern->group_size[j]);
            if (pattern->group_weight[j] > 0)
                advice.all_reduce_time += pattern->group_weight[j] * time;
            weights += pattern->group_weight[j];
        }
        if (weights > 0)
            advice.all_reduce_time /= weights;
        advice.time = pattern->all_to_all * advice.all_to_all_time;
        if (pattern->all_to_all < 1 && weights > 0)
            advice.time += (1 - pattern->all_to_all) * advice.all_reduce_time;
        int j = count++;
        for (; j > 0 && ret_advice[j - 1].time > advice.time; j--)
            ret_advice[j] = ret_advice[j - 1];
        ret_advice[j] = advice;
    }
    return count;
}
