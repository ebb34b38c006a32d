#include "ctl/pod.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "inventory/pieces.h"
#include "proto/json/json.h"
#include <stdlib.h>

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

static void free_pieces(void *pieces) {
    inventory_pieces_free(pieces);
}

/* The first request and, after it, one for each piece of each pod. NULL: out of memory. */
static const ProtobufCMessage **cut(struct ctl *ctl, const Heliostat__V1__Inventory *inventory,
                                    Heliostat__V1__ImportInventoryRequest *first, size_t *ret_n) {
    struct inventory_pieces *cuts = ctl_alloc(ctl, inventory->n_pods * sizeof(*cuts));
    size_t n = 1, at = 1;
    for (size_t i = 0; i < inventory->n_pods; i++) {
        if (inventory_split(inventory->pods[i], INVENTORY_PIECE_BYTES, &cuts[i]) < 0)
            return NULL;
        ctl_keep(ctl, &cuts[i], free_pieces);
        n += cuts[i].n;
    }
    const ProtobufCMessage **messages = ctl_alloc(ctl, n * sizeof(*messages));
    messages[0] = &first->base;
    for (size_t i = 0; i < inventory->n_pods; i++)
        for (size_t p = 0; p < cuts[i].n; p++) {
            Heliostat__V1__ImportInventoryRequest *request = ctl_alloc(ctl, sizeof(*request));
            heliostat__v1__import_inventory_request__init(request);
            request->pods = &cuts[i].pods[p];
            request->n_pods = 1;
            messages[at++] = &request->base;
        }
    *ret_n = n;
    return messages;
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
    first.mutation = ctl_mutation(ctl);
    first.complete = ctl_has(ctl, "complete");
    size_t n = 1;
    const ProtobufCMessage **messages = cut(ctl, inventory, &first, &n);
    if (!messages)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory");
    exit_status = ctl_call_in_pieces(ctl, "InventoryService/ImportInventory", messages, n,
                                     &heliostat__v1__import_inventory_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_print_findings(ctl, path, response->findings, response->n_findings, response->changes,
                       response->n_changes, first.mutation->validate_only);
    return 0;
}
