/* Hostile input: texts for the shape parser, fibers for the wiring loader, and whole plans on what came of
 * it. Nothing may crash; what is accepted holds what it promises. Usage: hostile_property SEED COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"
#include "topology/change.h"
#include "topology/explain.h"

static unsigned accepted;

static void check_shape(uint64_t seed, const char *text) {
    struct topo_shape shape, again;
    char error[24], canonical[40];
    if (topo_shape_parse(text, &shape, error, sizeof(error))) {
        if (memchr(error, 0, sizeof(error)) == NULL)
            glue_fail(seed, "\"%s\": the error is not ended", text);
        return;
    }
    accepted++;
    if (!topo_shape_is_valid(&shape))
        glue_fail(seed, "\"%s\" is accepted and not valid", text);
    topo_shape_format(&shape, canonical, sizeof(canonical));
    if (topo_shape_parse(canonical, &again, error, sizeof(error)) || memcmp(&shape, &again, sizeof(shape)))
        glue_fail(seed, "\"%s\" does not survive its canonical form \"%s\"", text, canonical);
    for (unsigned p = 0; p < shape.n_cubes && shape.whole_cubes; p++)
        for (unsigned d = 0; d < 3; d++)
            if (topo_shape_previous(&shape, topo_shape_next(&shape, p, d), d) != p)
                glue_fail(seed, "\"%s\": no way back from position %u", text, p);
}

static void random_text(struct plant_random *random, char *text, unsigned size) {
    static const char *const pieces[] = {"4", "8", "16",   "x",        "x",        "X",          "0",
                                         "1", "2", "12",   "1024",     "_twisted", "_untwisted", "_",
                                         "-", " ", "\xff", "99999999", "\n",       "%s",         "4x4x8"};
    unsigned length = 0, count = plant_random(random, 9);
    text[0] = 0;
    for (unsigned i = 0; i < count; i++)
        length += (unsigned)snprintf(text + length, size - length, "%s", pieces[plant_random(random, 21)]);
    if (plant_random(random, 2)) { /* mostly well-formed */
        unsigned a = plant_random(random, 9), b = plant_random(random, 9), c = plant_random(random, 9);
        snprintf(text, size, "%ux%ux%u%s", 4 * a, 4 * b, 4 * c,
                 plant_random(random, 3) ? "" : pieces[11 + plant_random(random, 2)]);
    }
}

static struct topo_wiring wiring;
static struct topo_pod pod, scratch;

static void check_wiring(uint64_t seed, struct plant_random *random) {
    unsigned n_cubes = plant_random(random, 270), n_ocses = plant_random(random, 70);
    if (topo_wiring_init(&wiring, n_cubes, n_ocses))
        return;
    for (unsigned ocs = 0; ocs < n_ocses; ocs++)
        if (topo_wiring_set_ocs(&wiring, ocs, plant_random(random, 340), plant_random(random, 340)) &&
            topo_wiring_set_ocs(&wiring, ocs, 8, 8))
            glue_fail(seed, "a switch of 8 and 8 ports is refused");
    unsigned fibers = 0;
    for (unsigned i = 0; i < 3000; i++) {
        unsigned cube = plant_random(random, n_cubes < 8 ? n_cubes + 2 : 9);
        fibers +=
            topo_wiring_add_fiber(&wiring, cube, plant_random(random, 7), plant_random(random, 17),
                                  plant_random(random, n_ocses + 1), (enum topo_side)plant_random(random, 3),
                                  plant_random(random, 330)) == TOPO_WIRING_OK;
    }
    topo_wiring_seal(&wiring);
    unsigned ends = 0;
    for (unsigned ocs = 0; ocs < n_ocses; ocs++)
        for (unsigned side = 0; side < 2; side++)
            for (unsigned port = 1; port <= wiring.ports[ocs][side]; port++) {
                uint16_t end = wiring.end_of[ocs][side][port];
                if (end == TOPO_NO_END)
                    continue;
                ends++;
                const struct topo_port *back = &wiring.port_of[end];
                if (back->ocs != (int)ocs || back->side != side || back->port != port)
                    glue_fail(seed, "switch %u side %u port %u and its fiber disagree", ocs, side, port);
            }
    if (ends != fibers)
        glue_fail(seed, "%u fibers accepted, %u ports taken", fibers, ends);
    topo_pod_init(&pod, &wiring, plant_random(random, 300));
    pod.bad_ocses =
        plant_random(random, 4) ? 0 : (uint64_t)plant_random(random, 1u << 30) << plant_random(random, 34);
    static uint16_t map[TOPO_PORTS_MAX + 1];
    const uint16_t *maps[TOPO_OCSES_MAX];
    for (unsigned port = 0; port <= TOPO_PORTS_MAX; port++)
        map[port] = (uint16_t)plant_random(random, 400);
    for (unsigned ocs = 0; ocs < TOPO_OCSES_MAX; ocs++)
        maps[ocs] = plant_random(random, 2) ? map : NULL;
    topo_pod_refresh_lit(&pod, maps);
    topo_pod_refresh_ends(&pod);
    struct topo_request request;
    unsigned char *bytes = (unsigned char *)&request;
    char error[80];
    for (unsigned round = 0; round < 4; round++) {
        memset(&request, 0, sizeof(request));
        if (topo_shape_parse("4x4x8", &request.shape, error, sizeof(error)))
            glue_fail(seed, "4x4x8 is refused");
        for (unsigned i = 0; i < 3 && round; i++)
            request.tolerate_missing[i] = round == 1 ? 32 : plant_random(random, 40);
        if (round == 3) /* fields that no caller would set */
            for (unsigned i = 0; i < 6; i++)
                bytes[plant_random(random, (uint32_t)offsetof(struct topo_request, use_spares))] =
                    (unsigned char)plant_random(random, 256);
        request.n_pins = round == 3 ? request.n_pins : 0;
        request.effort = 500;
        struct topo_plan plan;
        struct topo_refusal refusal;
        if (topo_plan_create(&pod, &request, &plan, &refusal) == 0) {
            accepted++;
            static struct topo_change changes[TOPO_CHANGES_MAX];
            size_t n;
            if (topo_change_set(&pod, maps, &request.shape, plan.cubes, NULL, NULL, changes, TOPO_CHANGES_MAX,
                                &n))
                glue_fail(seed, "a plan has no change set");
        } else if (refusal.reason == TOPO_REASON_NONE || refusal.text[0] == 0) {
            glue_fail(seed, "a refusal without a reason");
        } else {
            struct topo_remedy remedies[TOPO_REMEDIES_MAX];
            (void)topo_find_remedies(&pod, &request, &scratch, remedies);
        }
    }
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 200;
    struct plant_random random = {seed * 2654435761u + 88172645463325252u};
    char text[200];
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < 500; j++) {
            random_text(&random, text, sizeof(text));
            check_shape(seed, text);
        }
        check_wiring(seed, &random);
    }
    printf("count: hostile input, seed %llu: %u texts, %u fiber tables, %u accepted\n",
           (unsigned long long)seed, 500 * count, count, accepted);
    return 0;
}
