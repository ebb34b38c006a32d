#include "daemon/api/preview_deed.h"
#include "daemon/api/find.h"

#include <stdarg.h>
#include <stdio.h>

#define MOST_LINES 32

void preview_add_line(struct preview *p, bool is_risk, const char *format, ...) {
    char text[600];
    char ***lines = is_risk ? &p->message->could_go_wrong : &p->message->consequences;
    size_t *n = is_risk ? &p->message->n_could_go_wrong : &p->message->n_consequences;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (!*lines)
        *lines = arena_array(p->arena, MOST_LINES, sizeof(**lines));
    if (*lines && *n < MOST_LINES)
        (*lines)[(*n)++] = arena_copy(p->arena, text);
}

/* The switches that the fibers of the cube end on. */
uint64_t preview_ocses_of_cube(const struct fabric_pod *pod, unsigned cube) {
    uint64_t ocses = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            int ocs = pod->wiring->port_of[topo_end(cube, face, index)].ocs;
            if (ocs >= 0)
                ocses |= UINT64_C(1) << ocs;
        }
    return ocses;
}

const struct fabric_cube *preview_cube_named(const struct preview *p, const char *name) {
    const struct fabric_cube *cube = NULL;
    struct fabric_refusal refusal = {0};
    if (find_cube(p->fabric, NULL, name, "", REASON_NONE, &cube, &refusal))
        cube = NULL;
    fabric_refusal_deinit(&refusal);
    return cube;
}

bool preview_find_named(const struct preview *p, const char *name, struct found_object *ret_found) {
    struct fabric_refusal refusal = {0};
    int r = find_object(p->fabric, name, "", ret_found, &refusal);
    fabric_refusal_deinit(&refusal);
    return r == 0;
}

/* The switches on which an object has ports. */
uint64_t preview_ocses_of_object(const struct found_object *found) {
    const struct maintenance_object *object = &found->object;
    struct fabric_maintenance m = {.pod = (struct fabric_pod *)found->pod, .object = *object};
    static struct maintenance_port ports[2 * TOPO_PORTS_MAX];
    uint64_t ocses = 0;
    unsigned n = maintenance_ports(&m, ports);
    for (unsigned i = 0; i < n; i++)
        ocses |= UINT64_C(1) << ports[i].ocs;
    return ocses;
}

/* A round of self-loops on a cube that goes in, where those that leave still work. */
void preview_add_proof(struct preview *p, uint64_t ocses) {
    preview_add_mirrors(&p->time, p->pod, ocses, 1);
    preview_add_reports(&p->time, p->pod, 1, "to prove the cube that goes in, before a circuit is removed");
}
