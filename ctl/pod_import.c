#include "ctl/pod.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "proto/json/json.h"
#include <stdlib.h>

/* Small enough that the daemon decodes a piece without a worker most of the time. */
#define CUBES_PER_PIECE 8
#define FIBERS_PER_PIECE 512
#define OCSES_PER_PIECE 256

struct pieces {
    struct ctl *ctl;
    const ProtobufCMessage **messages;
    size_t n, capacity;
};

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static Heliostat__V1__Pod *new_piece(struct pieces *pieces, const Heliostat__V1__Pod *pod) {
    Heliostat__V1__ImportInventoryRequest *request = ctl_alloc(pieces->ctl, sizeof(*request));
    Heliostat__V1__Pod *piece = ctl_alloc(pieces->ctl, sizeof(*piece)), **list;
    heliostat__v1__import_inventory_request__init(request);
    heliostat__v1__pod__init(piece);
    list = ctl_alloc(pieces->ctl, sizeof(*list));
    list[0] = piece;
    request->pods = list;
    request->n_pods = 1;
    piece->name = pod->name;
    if (pieces->n == pieces->capacity) {
        size_t capacity = pieces->capacity ? 2 * pieces->capacity : 64;
        const ProtobufCMessage **messages = ctl_alloc(pieces->ctl, capacity * sizeof(*messages));
        for (size_t i = 0; i < pieces->n; i++)
            messages[i] = pieces->messages[i];
        pieces->messages = messages;
        pieces->capacity = capacity;
    }
    pieces->messages[pieces->n++] = &request->base;
    return piece;
}

static void cut_pod(struct pieces *pieces, const Heliostat__V1__Pod *pod) {
    Heliostat__V1__Pod *head = new_piece(pieces, pod);
    head->model = pod->model;
    head->largest_slice_chips = pod->largest_slice_chips;
    for (size_t i = 0; i < pod->n_ocses; i += OCSES_PER_PIECE) {
        Heliostat__V1__Pod *piece = new_piece(pieces, pod);
        piece->ocses = pod->ocses + i;
        piece->n_ocses = smaller(OCSES_PER_PIECE, pod->n_ocses - i);
    }
    for (size_t i = 0; i < pod->n_cubes; i += CUBES_PER_PIECE) {
        Heliostat__V1__Pod *piece = new_piece(pieces, pod);
        piece->cubes = pod->cubes + i;
        piece->n_cubes = smaller(CUBES_PER_PIECE, pod->n_cubes - i);
    }
    for (size_t i = 0; i < pod->n_fibers; i += FIBERS_PER_PIECE) {
        Heliostat__V1__Pod *piece = new_piece(pieces, pod);
        piece->fibers = pod->fibers + i;
        piece->n_fibers = smaller(FIBERS_PER_PIECE, pod->n_fibers - i);
    }
}

void ctl_print_findings(const struct ctl *ctl, const char *path, Heliostat__V1__Finding *const *findings,
                        size_t n_findings, char *const *changes, size_t n_changes, bool dry_run) {
    for (size_t i = 0; i < n_findings; i++) {
        const Heliostat__V1__Finding *f = findings[i];
        fprintf(stderr, f->line ? "%s:%u: " : "%s: ", path, f->line);
        fprintf(stderr, "%s%s%s%s\n", f->is_warning ? "warning: " : "", f->field, *f->field ? ": " : "",
                f->text);
    }
    for (size_t i = 0; i < n_changes; i++)
        ctl_say(ctl, "%s", changes[i]);
    if (!n_changes)
        ctl_say(ctl, "Nothing differs from the inventory.");
    else
        ctl_say(ctl, dry_run ? "%zu changes. Nothing was changed." : "%zu changes were made.", n_changes);
}

static void free_message(void *message) {
    protobuf_c_message_free_unpacked(message, NULL);
}

int ctl_pod_import(struct ctl *ctl) {
    const char *path = ctl_positional(ctl, 0);
    Heliostat__V1__Inventory *inventory;
    Heliostat__V1__ImportInventoryRequest first = HELIOSTAT__V1__IMPORT_INVENTORY_REQUEST__INIT;
    Heliostat__V1__ImportInventoryResponse *response;
    char error[512];
    size_t length;
    char *text = ctl_read_file(ctl, path, &length);
    if (!text)
        return CTL_EXIT_USAGE;
    int r = proto_json_decode(&heliostat__v1__inventory__descriptor, text, length,
                              (ProtobufCMessage **)&inventory, error, sizeof(error));
    if (r != 0)
        return ctl_fail(ctl, CTL_EXIT_REFUSED, "%s: %s", path,
                        r == PROTO_JSON_REFUSED ? error : "out of memory");
    ctl_keep(ctl, inventory, free_message);
    int exit_status =
        ctl_ask(ctl, "importing %s replaces the inventory of its %zu pods", path, inventory->n_pods);
    if (exit_status)
        return exit_status;
    struct pieces pieces = {.ctl = ctl};
    first.mutation = ctl_mutation(ctl);
    first.complete = ctl_has(ctl, "complete");
    for (size_t i = 0; i < inventory->n_pods; i++)
        cut_pod(&pieces, inventory->pods[i]);
    const ProtobufCMessage **messages = ctl_alloc(ctl, (pieces.n + 1) * sizeof(*messages));
    messages[0] = &first.base;
    for (size_t i = 0; i < pieces.n; i++)
        messages[i + 1] = pieces.messages[i];
    exit_status = ctl_call_in_pieces(ctl, "InventoryService/ImportInventory", messages, pieces.n + 1,
                                     &heliostat__v1__import_inventory_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_print_findings(ctl, path, response->findings, response->n_findings, response->changes,
                       response->n_changes, first.mutation->validate_only);
    return 0;
}
