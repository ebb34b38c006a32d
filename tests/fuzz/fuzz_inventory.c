/* Hostile text as the JSON of a pod, laid over a good one: its lists, where it has any, stand in the place of
 * the good ones. What the checks pass has a wiring, and does not differ from itself. */
#include "heliostat/v1/inventory.pb-c.h"
#include "inventory/check.h"
#include "inventory/diff.h"
#include "inventory/fill.h"
#include "inventory/names.h"
#include "inventory/wiring.h"
#include "proto/json/json.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds) {
    if (!holds)
        abort();
}

static void judge(Heliostat__V1__Pod *pod) {
    static struct topo_wiring wiring;
    Heliostat__V1__Inventory inventory = HELIOSTAT__V1__INVENTORY__INIT;
    struct inventory_findings findings = {0};
    struct inventory_lines lines = {0};
    char error[INVENTORY_ERROR_MAX] = "";
    inventory.pods = &pod;
    inventory.n_pods = 1;
    int r = inventory_check(&inventory, false, &findings);
    if (r == 0)
        r = inventory_findings_close(&findings);
    demand(r == 0 || (r == INVENTORY_REFUSED && findings.n > 0));
    if (r == 0) {
        demand(inventory_wiring(pod, &wiring, error) == 0);
        demand(inventory_diff(pod, pod, &lines) == 0 && lines.n == 0);
    }
    inventory_lines_deinit(&lines);
    inventory_findings_deinit(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static Heliostat__V1__Pod *good;
    ProtobufCMessage *message;
    const char *field;
    char error[INVENTORY_ERROR_MAX] = "";
    if (!good)
        demand(inventory_fill("pod", "lab", "", &good, &field, error) == 0);
    int r = proto_json_decode(&heliostat__v1__pod__descriptor, (const char *)data, size, &message, error,
                              sizeof(error));
    demand(r <= 0 || *error);
    if (r)
        return 0;
    const Heliostat__V1__Pod *given = (const Heliostat__V1__Pod *)message;
    Heliostat__V1__Pod pod = *given;
    if (!*pod.name)
        pod.name = good->name;
    if (!*pod.model)
        pod.model = good->model;
    if (!pod.largest_slice_chips)
        pod.largest_slice_chips = good->largest_slice_chips;
    if (!pod.n_cubes) {
        pod.cubes = good->cubes;
        pod.n_cubes = good->n_cubes;
    }
    if (!pod.n_ocses) {
        pod.ocses = good->ocses;
        pod.n_ocses = good->n_ocses;
    }
    if (!pod.n_fibers) {
        pod.fibers = good->fibers;
        pod.n_fibers = good->n_fibers;
    }
    judge(&pod);
    protobuf_c_message_free_unpacked(message, NULL);
    return 0;
}
