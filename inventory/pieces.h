#pragma once
/* A pod as a series of smaller ones, for a stream whose messages are bounded, and back. */
#include "heliostat/v1/inventory.pb-c.h"

#include <stddef.h>

#define INVENTORY_PIECE_BYTES (64u << 10)

/* Pieces borrow their cubes, switches, fibers and strings from the pod they were cut from: free them with
 * inventory_pieces_free() and before it. */
struct inventory_pieces {
    Heliostat__V1__Pod **pods;
    size_t n;
};

/* Every piece has the name; the first one the model and largest slice too. A piece packs to at most
 * max_bytes, unless a single cube is larger. At least one piece. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int inventory_split(const Heliostat__V1__Pod *pod, size_t max_bytes,
                                                        struct inventory_pieces *ret_pieces);
void inventory_pieces_free(struct inventory_pieces *pieces);

/* Puts a piece into the pod of its name, or makes it a new pod. The piece is taken over in every case.
 * inventory must have been filled by this function only. 0, INVENTORY_REFUSED with a text in error
 * (INVENTORY_ERROR_MAX bytes) when a piece contradicts an earlier one or there are too many pods, or -ENOMEM.
 */
__attribute__((warn_unused_result)) int inventory_join(Heliostat__V1__Inventory *inventory,
                                                       Heliostat__V1__Pod *piece, char *error);
