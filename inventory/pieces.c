#include "inventory/pieces.h"

#include "inventory/check.h"
#include "inventory/message.h"
#include "inventory/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_HEAD_BYTES 11 /* tag and length of one message in another, at most */

void inventory_pieces_free(struct inventory_pieces *pieces) {
    for (size_t i = 0; i < pieces->n; i++) {
        free(pieces->pods[i]->cubes);
        free(pieces->pods[i]->ocses);
        free(pieces->pods[i]->fibers);
        free(pieces->pods[i]);
    }
    free(pieces->pods);
    *pieces = (struct inventory_pieces){0};
}

static Heliostat__V1__Pod *add_piece(struct inventory_pieces *pieces, const Heliostat__V1__Pod *pod) {
    Heliostat__V1__Pod *piece = inventory_message_new(&heliostat__v1__pod__descriptor);
    if (!piece || inventory_append(&pieces->pods, &pieces->n, piece) != 0) {
        free(piece);
        return NULL;
    }
    piece->name = pod->name;
    if (pieces->n == 1) {
        piece->model = pod->model;
        piece->largest_slice_chips = pod->largest_slice_chips;
    }
    return piece;
}

struct list {
    void **items;
    size_t n;
    size_t field, count; /* offsets in a pod */
};

int inventory_split(const Heliostat__V1__Pod *pod, size_t max_bytes, struct inventory_pieces *ret_pieces) {
    const struct list lists[] = {
        {(void **)pod->cubes, pod->n_cubes, offsetof(Heliostat__V1__Pod, cubes),
         offsetof(Heliostat__V1__Pod, n_cubes)},
        {(void **)pod->ocses, pod->n_ocses, offsetof(Heliostat__V1__Pod, ocses),
         offsetof(Heliostat__V1__Pod, n_ocses)},
        {(void **)pod->fibers, pod->n_fibers, offsetof(Heliostat__V1__Pod, fibers),
         offsetof(Heliostat__V1__Pod, n_fibers)},
    };
    struct inventory_pieces pieces = {0};
    Heliostat__V1__Pod *piece = add_piece(&pieces, pod);
    size_t bytes = piece ? protobuf_c_message_get_packed_size(&piece->base) : 0, in_piece = 0;
    for (unsigned l = 0; l < 3; l++)
        for (size_t i = 0; i < lists[l].n && piece; i++) {
            size_t more = protobuf_c_message_get_packed_size(lists[l].items[i]) + FIELD_HEAD_BYTES;
            if (in_piece > 0 && bytes + more > max_bytes) {
                piece = add_piece(&pieces, pod);
                bytes = piece ? protobuf_c_message_get_packed_size(&piece->base) : 0;
                in_piece = 0;
            }
            if (piece && inventory_append((char *)piece + lists[l].field,
                                          (size_t *)((char *)piece + lists[l].count), lists[l].items[i]) != 0)
                piece = NULL;
            bytes += more;
            in_piece++;
        }
    if (!piece) {
        inventory_pieces_free(&pieces);
        return -ENOMEM;
    }
    *ret_pieces = pieces;
    return 0;
}

static Heliostat__V1__Pod *find_pod(const Heliostat__V1__Inventory *inventory, const char *name) {
    for (size_t i = 0; i < inventory->n_pods; i++)
        if (strcmp(inventory->pods[i]->name, name) == 0)
            return inventory->pods[i];
    return NULL;
}

/* Elements move one by one, so that each belongs to exactly one pod at any moment. */
static int move(void *to_field, size_t *to_n, void **from, size_t *from_n) {
    size_t moved = 0;
    int r = 0;
    while (moved < *from_n && (r = inventory_append(to_field, to_n, from[moved])) == 0)
        moved++;
    if (moved > 0)
        memmove(from, from + moved, (*from_n - moved) * sizeof(void *));
    *from_n -= moved;
    return r;
}

static int add_to(Heliostat__V1__Pod *pod, Heliostat__V1__Pod *piece, char *error) {
    bool other_model = *piece->model && *pod->model && strcmp(piece->model, pod->model) != 0;
    bool other_largest = piece->largest_slice_chips && pod->largest_slice_chips &&
                         piece->largest_slice_chips != pod->largest_slice_chips;
    if (other_model || other_largest) {
        snprintf(error, INVENTORY_ERROR_MAX,
                 "pod %.63s: a piece says another %s than one before; wants the same or none", pod->name,
                 other_model ? "model" : "largestSliceChips");
        inventory_make_printable(error);
        return INVENTORY_REFUSED;
    }
    int r = *piece->model ? inventory_set(&pod->model, "%s", piece->model) : 0;
    if (piece->largest_slice_chips)
        pod->largest_slice_chips = piece->largest_slice_chips;
    if (r == 0)
        r = move(&pod->cubes, &pod->n_cubes, (void **)piece->cubes, &piece->n_cubes);
    if (r == 0)
        r = move(&pod->ocses, &pod->n_ocses, (void **)piece->ocses, &piece->n_ocses);
    if (r == 0)
        r = move(&pod->fibers, &pod->n_fibers, (void **)piece->fibers, &piece->n_fibers);
    return r;
}

int inventory_join(Heliostat__V1__Inventory *inventory, Heliostat__V1__Pod *piece, char *error) {
    Heliostat__V1__Pod *pod = find_pod(inventory, piece->name);
    int r = 0;
    if (!pod && inventory->n_pods >= INVENTORY_PODS_MAX) {
        snprintf(error, INVENTORY_ERROR_MAX, "more than %d pods", INVENTORY_PODS_MAX);
        r = INVENTORY_REFUSED;
    } else if (!pod) {
        pod = inventory_message_new(&heliostat__v1__pod__descriptor);
        r = pod ? inventory_set(&pod->name, "%s", piece->name) : -ENOMEM;
        if (r == 0)
            r = inventory_append(&inventory->pods, &inventory->n_pods, pod);
        if (r != 0)
            inventory_message_free(pod);
    }
    if (r == 0)
        r = add_to(pod, piece, error);
    inventory_message_free(piece);
    return r;
}
