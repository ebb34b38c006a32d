/* helioctl cube locate and fiber trace */
#include "ctl/trace.h"
#include "heliostat/v1/circuit.pb-c.h"
#include "heliostat/v1/host.pb-c.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/pod.h"
#include "ctl/word.h"
#include "inventory/names.h"

#include <stdlib.h>
#include <string.h>

typedef Heliostat__V1__Pod pod_message;

/* The pod of a name; "" in front: the only one. */
static int read_pod(struct ctl *ctl, const char *pod, const pod_message **ret_pod) {
    Heliostat__V1__ExportInventoryRequest request = HELIOSTAT__V1__EXPORT_INVENTORY_REQUEST__INIT;
    Heliostat__V1__ExportInventoryResponse *response;
    request.pod = (char *)pod;
    int exit_status = ctl_call(ctl, "InventoryService/ExportInventory", &request.base,
                               &heliostat__v1__export_inventory_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (!response->inventory || response->inventory->n_pods != 1)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "name the pod: POD/cube-07");
    *ret_pod = response->inventory->pods[0];
    return 0;
}

static const Heliostat__V1__Host *host_of(const Heliostat__V1__Cube *cube, unsigned index) {
    for (size_t i = 0; i < cube->n_hosts; i++)
        if (cube->hosts[i]->index == index)
            return cube->hosts[i];
    return NULL;
}

int ctl_cube_locate(struct ctl *ctl) {
    struct inventory_name name;
    char error[INVENTORY_ERROR_MAX];
    const pod_message *pod;
    Heliostat__V1__GetPodResponse *status;
    if (inventory_parse_cube(ctl_positional(ctl, 0), &name, error))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s", error);
    int exit_status = read_pod(ctl, name.pod, &pod);
    if (exit_status == 0)
        exit_status = ctl_read_pod(ctl, pod->name, &status);
    if (exit_status)
        return exit_status;
    if (name.cube >= pod->n_cubes || name.cube >= status->pod->n_cubes)
        return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "pod %s has %zu cubes", pod->name, pod->n_cubes);
    const Heliostat__V1__Cube *cube = pod->cubes[name.cube];
    const Heliostat__V1__CubeStatus *s = status->pod->cubes[name.cube];
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, cube);
    unsigned place = 1, racks = 0;
    for (size_t i = 0; i < pod->n_cubes; i++) {
        racks += pod->cubes[i]->row == cube->row;
        place += pod->cubes[i]->row == cube->row && pod->cubes[i]->index < cube->index;
    }
    ctl_say(ctl, "%s stands in row %u, rack %u of %u, fed by %s", cube->name, cube->row, place, racks,
            cube->power_domain);
    ctl_say(ctl, "%s, %s%s%s%s%s", ctl_enum_word(&heliostat__v1__health__descriptor, (int)s->health),
            ctl_enum_word(&heliostat__v1__scheduling__descriptor, (int)s->scheduling),
            *s->scheduling_reason ? ": " : "", s->scheduling_reason, *s->slice ? "; used by slice " : "",
            s->slice);
    for (unsigned i = 0; i < cube->n_hosts; i++)
        ctl_say(ctl, "  host-%02u  %s  %s", cube->hosts[i]->index, cube->hosts[i]->node_name,
                cube->hosts[i]->address);
    for (size_t i = 0; i < cube->n_chips; i += 63)
        ctl_say(ctl, "  chip-%u-%u-%u  serial %s", cube->chips[i]->x, cube->chips[i]->y, cube->chips[i]->z,
                *cube->chips[i]->serial ? cube->chips[i]->serial : "not entered");
    return 0;
}

struct end {
    unsigned cube, face, index;
};

static const char *const faces[] = {"+x", "-x", "+y", "-y", "+z", "-z"};

/* cube-07/+x/5, with or without POD/ in front. */
static bool parse_end(const char *text, char pod[INVENTORY_POD_MAX], struct end *ret_end) {
    char head[INVENTORY_NAME_MAX], error[INVENTORY_ERROR_MAX];
    struct inventory_name name;
    const char *last = strrchr(text, '/'), *face = last;
    while (face && face > text && face[-1] != '/')
        face--;
    if (!last || face == text || face - text > INVENTORY_NAME_MAX - 1)
        return false;
    snprintf(head, sizeof(head), "%.*s", (int)(face - text - 1), text);
    char word[4] = "", *rest;
    snprintf(word, sizeof(word), "%.*s", (int)(last - face), face);
    ret_end->index = (unsigned)strtoul(last + 1, &rest, 10);
    if (last[1] < '0' || last[1] > '9' || *rest || ret_end->index > 15 ||
        inventory_parse_face(word, &ret_end->face, error) || inventory_parse_cube(head, &name, error))
        return false;
    ret_end->cube = name.cube;
    snprintf(pod, INVENTORY_POD_MAX, "%s", name.pod);
    return true;
}

static void chip_at(const struct end *end, unsigned chip[3]) {
    unsigned low = end->index % 4, high = end->index / 4, edge = end->face % 2 ? 0 : 3;
    unsigned dimension = end->face / 2;
    chip[0] = dimension == 0 ? edge : low;
    chip[1] = dimension == 1 ? edge : dimension == 0 ? low : high;
    chip[2] = dimension == 2 ? edge : high;
}

static const Heliostat__V1__Fiber *fiber_of(const pod_message *pod, const struct end *end) {
    for (size_t i = 0; i < pod->n_fibers; i++) {
        const Heliostat__V1__Fiber *f = pod->fibers[i];
        if (f->cube == end->cube && f->index == end->index && strcmp(f->face, faces[end->face]) == 0)
            return f;
    }
    return NULL;
}

static const char *last_name(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static const Heliostat__V1__Fiber *fiber_at(const pod_message *pod, const char *ocs, const char *side,
                                            unsigned port) {
    for (size_t i = 0; i < pod->n_fibers; i++) {
        const Heliostat__V1__Fiber *f = pod->fibers[i];
        if (f->port == port && strcmp(f->side, side) == 0 && strcmp(last_name(f->ocs), last_name(ocs)) == 0)
            return f;
    }
    return NULL;
}

static void print_chip(struct ctl *ctl, const pod_message *pod, const struct end *end) {
    const Heliostat__V1__Cube *cube = pod->cubes[end->cube];
    unsigned chip[3];
    chip_at(end, chip);
    unsigned index = inventory_host_of_chip(chip[0], chip[1], chip[2]);
    const Heliostat__V1__Host *host = host_of(cube, index);
    const char *serial = "";
    for (size_t i = 0; i < cube->n_chips; i++)
        if (cube->chips[i]->x == chip[0] && cube->chips[i]->y == chip[1] && cube->chips[i]->z == chip[2])
            serial = cube->chips[i]->serial;
    ctl_say(ctl, "chip    %s/chip-%u-%u-%u%s%s  (row %u, host-%02u %s)", cube->name, chip[0], chip[1],
            chip[2], *serial ? ", serial " : "", serial, cube->row, index, host ? host->node_name : "");
    ctl_say(ctl, "face    %s link %u", faces[end->face], end->index);
}

static void print_light(struct ctl *ctl, const Heliostat__V1__ListLinksResponse *links,
                        const struct end *end) {
    for (size_t i = 0; i < links->n_links; i++) {
        const Heliostat__V1__OpticalLink *l = links->links[i];
        if (l->cube != end->cube || l->index != end->index || strcmp(l->face, faces[end->face]))
            continue;
        if (!l->heard)
            ctl_say(ctl, "light   its host was not heard");
        else if (!l->light)
            ctl_say(ctl, "light   sends %.2f dBm, sees none", l->transmit_mdbm / 1000.0);
        else
            ctl_say(ctl, "light   sends %.2f dBm, receives %.2f dBm from cube %u %s link %u",
                    l->transmit_mdbm / 1000.0, l->receive_mdbm / 1000.0, l->far_cube, l->far_face,
                    l->far_index);
    }
}

/* The first status is that of the fiber that was named, the second that of the one it is joined to. */
static void print_health(struct ctl *ctl, const Heliostat__V1__ListFibersResponse *fibers, size_t which) {
    if (which >= fibers->n_fibers)
        return;
    const Heliostat__V1__FiberStatus *f = fibers->fibers[which];
    ctl_say(ctl, "health  %s%s%s (%s, since %s)",
            ctl_enum_word(&heliostat__v1__health__descriptor, (int)f->health), *f->health_cause ? ": " : "",
            f->health_cause, f->health_source,
            *f->health_since ? f->health_since : "before the daemon started");
}

/* One line for each direction that something is known of. */
static void print_loss(struct ctl *ctl, const Heliostat__V1__CircuitLoss *l) {
    if (!l)
        return;
    if (l->metered)
        ctl_say(ctl, "power   %.2f dBm leave the switch at its B port%s", l->power_mdbm / 1000.0,
                l->to_switch_known ? "" : "; what the chip at the A port sends is not known");
    if (l->to_switch_known)
        ctl_say(ctl, "loss    %.2f dB from the chip at the A port to the switch, budget %.2f dB%s",
                l->to_switch_mdb / 1000.0, l->to_switch_budget_mdb / 1000.0,
                l->baseline_known ? ctl_text(ctl, ", %.2f dB when it was made", l->baseline_mdb / 1000.0)
                                  : "");
    if (l->a_to_b_known)
        ctl_say(ctl, "loss    %.2f dB from A to B, chip to chip, budget %.2f dB: %s", l->a_to_b_mdb / 1000.0,
                l->end_to_end_budget_mdb / 1000.0, l->a_to_b_verdict);
    else if (*l->a_to_b_verdict)
        ctl_say(ctl, "loss    from A to B: %s", l->a_to_b_verdict);
    if (l->b_to_a_known)
        ctl_say(ctl, "loss    %.2f dB from B to A, chip to chip, budget %.2f dB: %s", l->b_to_a_mdb / 1000.0,
                l->end_to_end_budget_mdb / 1000.0, l->b_to_a_verdict);
}

static bool to_end(const pod_message *pod, const Heliostat__V1__Fiber *fiber, struct end *ret_end) {
    char error[INVENTORY_ERROR_MAX];
    *ret_end = (struct end){.cube = fiber->cube, .index = fiber->index};
    return fiber->cube < pod->n_cubes && inventory_parse_face(fiber->face, &ret_end->face, error) == 0;
}

int ctl_fiber_trace(struct ctl *ctl) {
    char pod_name[INVENTORY_POD_MAX];
    struct end end, far;
    const pod_message *pod;
    Heliostat__V1__ListCircuitsRequest ask_circuits = HELIOSTAT__V1__LIST_CIRCUITS_REQUEST__INIT;
    Heliostat__V1__ListCircuitsResponse *circuits;
    Heliostat__V1__ListLinksRequest ask_links = HELIOSTAT__V1__LIST_LINKS_REQUEST__INIT;
    Heliostat__V1__ListLinksResponse *links;
    Heliostat__V1__ListFibersRequest ask_fibers = HELIOSTAT__V1__LIST_FIBERS_REQUEST__INIT;
    Heliostat__V1__ListFibersResponse none = HELIOSTAT__V1__LIST_FIBERS_RESPONSE__INIT, *fibers = &none;
    if (!parse_end(ctl_positional(ctl, 0), pod_name, &end))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "\"%s\": a fiber is named by its end at the cube, cube-07/+x/5",
                        ctl_positional(ctl, 0));
    int exit_status = read_pod(ctl, pod_name, &pod);
    if (exit_status)
        return exit_status;
    if (end.cube >= pod->n_cubes)
        return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "pod %s has %zu cubes", pod->name, pod->n_cubes);
    ask_circuits.pod = ask_links.pod = pod->name;
    exit_status = ctl_call(ctl, "CircuitService/ListCircuits", &ask_circuits.base,
                           &heliostat__v1__list_circuits_response__descriptor, &circuits);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "HostService/ListLinks", &ask_links.base,
                               &heliostat__v1__list_links_response__descriptor, &links);
    ask_fibers.fiber = ctl_text(ctl, "%s/%s/%s/%u", pod->name, last_name(pod->cubes[end.cube]->name),
                                faces[end.face], end.index);
    if (exit_status == 0 && fiber_of(pod, &end))
        exit_status = ctl_call(ctl, "HostService/ListFibers", &ask_fibers.base,
                               &heliostat__v1__list_fibers_response__descriptor, &fibers);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, fibers);
    print_chip(ctl, pod, &end);
    print_light(ctl, links, &end);
    print_health(ctl, fibers, 0);
    const Heliostat__V1__Fiber *fiber = fiber_of(pod, &end);
    if (!fiber) {
        ctl_say(ctl, "fiber   none in the fiber table");
        return 0;
    }
    ctl_say(ctl, "fiber   to %s port %s%u", fiber->ocs, fiber->side, fiber->port);
    const Heliostat__V1__Circuit *found = NULL;
    for (size_t i = 0; i < circuits->n_circuits && !found; i++) {
        const Heliostat__V1__Circuit *c = circuits->circuits[i];
        if (c->observed && strcmp(last_name(c->ocs), last_name(fiber->ocs)) == 0 &&
            (fiber->side[0] == 'A' ? c->a : c->b) == fiber->port)
            found = c;
    }
    if (!found) {
        ctl_say(ctl, "mirror  no circuit at this port");
        return 0;
    }
    const char *side = fiber->side[0] == 'A' ? "B" : "A";
    unsigned port = fiber->side[0] == 'A' ? found->b : found->a;
    ctl_say(ctl, "mirror  A%u-B%u, %s%s%s", found->a, found->b,
            ctl_enum_word(&heliostat__v1__circuit_class__descriptor, (int)found->circuit_class),
            *found->slice ? ", of slice " : "", found->slice);
    print_loss(ctl, found->loss);
    const Heliostat__V1__Fiber *other = fiber_at(pod, fiber->ocs, side, port);
    if (!other || !to_end(pod, other, &far)) {
        ctl_say(ctl, "fiber   none in the fiber table at port %s%u", side, port);
        return 0;
    }
    ctl_say(ctl, "fiber   from %s port %s%u", other->ocs, other->side, other->port);
    print_chip(ctl, pod, &far);
    print_light(ctl, links, &far);
    print_health(ctl, fibers, 1);
    return 0;
}
