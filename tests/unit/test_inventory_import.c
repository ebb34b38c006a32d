/* What an import does with a pod: wiring, differences, pieces of a stream. */
#include "test_inventory_support.h"

#include "inventory/diff.h"
#include "inventory/pieces.h"
#include "inventory/wiring.h"

#include <stdlib.h>

Test(inventory_import, wiring_of_a_model_is_the_default) {
    Heliostat__V1__Pod *pod = filled("pod", "tpu7x", "");
    struct topo_wiring *is = calloc(1, sizeof(*is)), *wanted = calloc(1, sizeof(*wanted));
    char error[INVENTORY_ERROR_MAX];
    cr_assert_eq(inventory_wiring(pod, is, error), 0, "%s", error);
    cr_assert_eq(topo_wiring_set_default(wanted, 144, 160, 160), TOPO_WIRING_OK);
    cr_expect_eq(memcmp(is->port_of, wanted->port_of, sizeof(is->port_of)), 0);
    cr_expect_eq(memcmp(is->end_of, wanted->end_of, sizeof(is->end_of)), 0);
    cr_expect_eq(memcmp(is->has_fiber, wanted->has_fiber, sizeof(is->has_fiber)), 0);
    cr_expect(is->uniform && is->n_cubes == 144 && is->n_ocses == 48);
    free(is);
    free(wanted);
    inventory_message_free(pod);
}

Test(inventory_import, wiring_follows_the_data) {
    Heliostat__V1__Pod *pod = filled("pod", "lab", "");
    struct topo_wiring *wiring = calloc(1, sizeof(*wiring));
    char error[INVENTORY_ERROR_MAX];
    /* Switches in another order than their indices, one fiber on a spare port of another switch. */
    Heliostat__V1__Ocs *first = pod->ocses[0];
    pod->ocses[0] = pod->ocses[20];
    pod->ocses[20] = first;
    change(&pod->fibers[0]->ocs, "pod/ocs-y-04");
    pod->fibers[0]->port = 16;
    cr_assert_eq(inventory_wiring(pod, wiring, error), 0, "%s", error);
    cr_expect_eq(wiring->port_of[0].ocs, 20);
    cr_expect_eq(wiring->port_of[0].port, 16);
    cr_expect_eq(wiring->port_of[1].ocs, 1);
    cr_expect_not(wiring->uniform);
    pod->fibers[0]->port = 17;
    cr_expect_eq(inventory_wiring(pod, wiring, error), INVENTORY_REFUSED);
    cr_expect_str_eq(error, "fiber of cube 0 +x 0 to pod/ocs-y-04 A17: port out of range");
    change(&pod->fibers[0]->ocs, "ocs-y-77");
    cr_expect_eq(inventory_wiring(pod, wiring, error), INVENTORY_REFUSED);
    cr_expect(strstr(error, "no such switch"), "%s", error);
    change(&pod->fibers[0]->ocs, "switch");
    cr_expect_eq(inventory_wiring(pod, wiring, error), INVENTORY_REFUSED);
    free(wiring);
    inventory_message_free(pod);
}

static void expect_lines(const Heliostat__V1__Pod *before, const Heliostat__V1__Pod *after,
                         const char *const *wanted, size_t n) {
    struct inventory_lines lines = {0};
    cr_assert_eq(inventory_diff(before, after, &lines), 0);
    for (size_t i = 0; i < lines.n || i < n; i++)
        cr_expect_str_eq(i < lines.n ? lines.items[i] : "(no line)", i < n ? wanted[i] : "(no line)");
    inventory_lines_deinit(&lines);
}

Test(inventory_import, differences_are_readable) {
    Heliostat__V1__Pod *before = filled("pod", "lab", ""), *after = filled("pod", "lab", "");
    expect_lines(before, after, NULL, 0);
    after->largest_slice_chips = 256;
    after->cubes[1]->row = 3;
    change(&after->cubes[2]->power_domain, "feed-b");
    change(&after->cubes[3]->hosts[4]->node_name, "n");
    change(&after->cubes[3]->chips[63]->serial, "");
    change(&after->ocses[5]->address, "10.0.0.1:5025");
    after->ocses[6]->ports_b = 20;
    inventory_message_free(after->cubes[--after->n_cubes]);
    while (after->n_fibers > 7 * 96)
        inventory_message_free(after->fibers[--after->n_fibers]);
    after->fibers[5]->port = 16;
    inventory_message_free(after->fibers[--after->n_fibers]);
    change(&after->fibers[40]->ocs, "pod/ocs-y-08"); /* the same switch, named with its pod */
    change(&after->ocses[47]->name, "pod/ocs-z-16");
    static const char *const wanted[] = {
        "pod pod largest slice in chips: 512 -> 256",
        "cube-01 row: 0 -> 3",
        "cube-02 power domain: row-0 -> feed-b",
        "cube-03/host-04 node name: pod-c03-h04 -> n",
        "cube-03/chip-3-3-3 serial: pod-c03-333 -> (none)",
        "cube-07 removed, with 96 fibers",
        "ocs-x-05 address: (none) -> 10.0.0.1:5025",
        "ocs-x-06 B ports: 16 -> 20",
        "ocs-z-15 removed",
        "ocs-z-16 added",
        "fiber cube-00 +x 5: ocs-x-05 A1 -> ocs-x-05 A16",
        "fiber cube-06 -z 15: ocs-z-15 B7 -> (none)",
    };
    expect_lines(before, after, wanted, sizeof(wanted) / sizeof(wanted[0]));
    static const char *const back[] = {"cube-07 added, with 96 fibers"};
    struct inventory_lines lines = {0};
    cr_assert_eq(inventory_diff(after, before, &lines), 0);
    bool found = false;
    for (size_t i = 0; i < lines.n; i++)
        found |= strcmp(lines.items[i], back[0]) == 0;
    cr_expect(found);
    inventory_lines_deinit(&lines);
    static const char *const added[] = {"pod pod added: model lab, 8 cubes, 48 switches, 768 fibers"};
    expect_lines(NULL, before, added, 1);
    static const char *const removed[] = {"pod pod removed: model lab, 8 cubes, 48 switches, 768 fibers"};
    expect_lines(before, NULL, removed, 1);
    inventory_message_free(before);
    inventory_message_free(after);
}

static uint8_t *packed(const ProtobufCMessage *msg, size_t *ret_len) {
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(msg) + 1);
    *ret_len = protobuf_c_message_pack(msg, bytes);
    return bytes;
}

/* Cut, sent as bytes, joined: the same bytes again. */
static void through_pieces(const char *model, size_t max_bytes, size_t at_least) {
    Heliostat__V1__Pod *pod = filled("pod", model, "127.0.0.1:5000");
    Heliostat__V1__Inventory *inventory = inventory_message_new(&heliostat__v1__inventory__descriptor);
    struct inventory_pieces pieces;
    char error[INVENTORY_ERROR_MAX] = "";
    cr_assert_eq(inventory_split(pod, max_bytes, &pieces), 0);
    cr_expect_geq(pieces.n, at_least);
    for (size_t i = 0; i < pieces.n; i++) {
        size_t len;
        uint8_t *bytes = packed(&pieces.pods[i]->base, &len);
        cr_expect_leq(len, max_bytes);
        Heliostat__V1__Pod *piece = heliostat__v1__pod__unpack(NULL, len, bytes);
        cr_assert(piece);
        cr_assert_eq(inventory_join(inventory, piece, error), 0, "%s", error);
        free(bytes);
    }
    inventory_pieces_free(&pieces);
    cr_assert_eq(inventory->n_pods, 1);
    size_t len, joined_len;
    uint8_t *bytes = packed(&pod->base, &len), *joined = packed(&inventory->pods[0]->base, &joined_len);
    cr_expect_eq(len, joined_len);
    cr_expect_eq(memcmp(bytes, joined, len), 0);
    free(bytes);
    free(joined);
    inventory_message_free(inventory);
    inventory_message_free(pod);
}

Test(inventory_import, pieces_join_to_the_same_pod) {
    through_pieces("tpu-v4", 3u << 20, 1);
    through_pieces("tpu-v4", INVENTORY_PIECE_BYTES, 5);
    through_pieces("tpu-v4", 100000, 3);
    through_pieces("lab", 5000, 10);
}

Test(inventory_import, a_piece_larger_than_the_bound_goes_alone) {
    Heliostat__V1__Pod *pod = filled("pod", "lab", "");
    struct inventory_pieces pieces;
    cr_assert_eq(inventory_split(pod, 1, &pieces), 0);
    cr_expect_eq(pieces.n, 8 + 48 + 768);
    inventory_pieces_free(&pieces);
    inventory_message_free(pod);
}

static Heliostat__V1__Pod *piece_of(const char *name, const char *model, unsigned largest) {
    Heliostat__V1__Pod *piece = inventory_message_new(&heliostat__v1__pod__descriptor);
    change(&piece->name, name);
    change(&piece->model, model);
    piece->largest_slice_chips = largest;
    return piece;
}

Test(inventory_import, pieces_that_contradict_are_refused) {
    Heliostat__V1__Inventory *inventory = inventory_message_new(&heliostat__v1__inventory__descriptor);
    char error[INVENTORY_ERROR_MAX], name[20];
    cr_assert_eq(inventory_join(inventory, piece_of("a", "", 0), error), 0);
    cr_assert_eq(inventory_join(inventory, piece_of("a", "lab", 512), error), 0);
    cr_expect_str_eq(inventory->pods[0]->model, "lab");
    cr_assert_eq(inventory_join(inventory, piece_of("a", "tpu-v4", 0), error), INVENTORY_REFUSED);
    cr_expect_str_eq(error, "pod a: a piece says another model than one before; wants the same or none");
    cr_assert_eq(inventory_join(inventory, piece_of("a", "", 64), error), INVENTORY_REFUSED);
    cr_expect(strstr(error, "another largestSliceChips"), "%s", error);
    for (unsigned i = 1; i < INVENTORY_PODS_MAX; i++) {
        snprintf(name, sizeof(name), "p%u", i);
        cr_assert_eq(inventory_join(inventory, piece_of(name, "", 0), error), 0);
    }
    cr_assert_eq(inventory_join(inventory, piece_of("q", "", 0), error), INVENTORY_REFUSED);
    cr_expect_str_eq(error, "more than 256 pods");
    cr_expect_eq(inventory->n_pods, INVENTORY_PODS_MAX);
    inventory_message_free(inventory);
}
