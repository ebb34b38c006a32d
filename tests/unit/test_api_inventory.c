#include "daemon/api/inventory_rows.h"
#include "inventory/check.h"
#include "test_api_world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct world world;

static void setup(void) {
    world_init(&world);
}
static void teardown(void) {
    world_deinit(&world);
}

TestSuite(api_inventory, .init = setup, .fini = teardown);

static uint8_t *pack(const ProtobufCMessage *message, size_t *ret_len) {
    *ret_len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(*ret_len);
    protobuf_c_message_pack(message, bytes);
    return bytes;
}

Test(api_inventory, a_pod_comes_out_as_it_went_in) {
    Heliostat__V1__Pod *out = inventory_message_of(&world.arena, world.pod);
    size_t len_in, len_out;
    cr_assert_not_null(out);
    uint8_t *in_bytes = pack(&world.message->base, &len_in), *out_bytes = pack(&out->base, &len_out);
    cr_assert_eq(len_in, len_out);
    cr_assert_eq(memcmp(in_bytes, out_bytes, len_in), 0);
    free(in_bytes);
    free(out_bytes);
}

Test(api_inventory, what_comes_out_passes_the_check) {
    Heliostat__V1__Inventory inventory = HELIOSTAT__V1__INVENTORY__INIT;
    Heliostat__V1__Pod *out = inventory_message_of(&world.arena, world.pod);
    struct inventory_findings findings = {0};
    inventory.pods = &out;
    inventory.n_pods = 1;
    cr_assert_eq(inventory_check(&inventory, true, &findings), 0);
    cr_assert_eq(findings.n, 0);
    inventory_findings_deinit(&findings);
}

static void reverse(void *list, size_t count) {
    void **items = list;
    for (size_t i = 0; i < count / 2; i++) {
        void *item = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = item;
    }
}

Test(api_inventory, rows_are_sorted_whatever_the_order_of_the_message) {
    struct fabric_pod_rows forward, backward;
    cr_assert_eq(inventory_rows_of(&world.arena, world.message, &forward), 0);
    reverse(world.message->cubes, world.message->n_cubes);
    reverse(world.message->ocses, world.message->n_ocses);
    reverse(world.message->fibers, world.message->n_fibers);
    for (size_t i = 0; i < world.message->n_cubes; i++) {
        reverse(world.message->cubes[i]->hosts, world.message->cubes[i]->n_hosts);
        reverse(world.message->cubes[i]->chips, world.message->cubes[i]->n_chips);
    }
    cr_assert_eq(inventory_rows_of(&world.arena, world.message, &backward), 0);
    cr_assert_eq(backward.n_fibers, 8 * 96);
    cr_assert_eq(memcmp(forward.fibers, backward.fibers, forward.n_fibers * sizeof(*forward.fibers)), 0);
    for (size_t i = 0; i < forward.n_hosts; i++) {
        cr_assert_eq(backward.hosts[i].cube, (int64_t)(i / 16));
        cr_assert_eq(backward.hosts[i].host, (int64_t)(i % 16));
        cr_assert_str_eq(forward.hosts[i].node_name, backward.hosts[i].node_name);
    }
    for (size_t i = 0; i < forward.n_chips; i++)
        cr_assert_str_eq(forward.chips[i].serial, backward.chips[i].serial);
    for (size_t i = 0; i < forward.n_cubes; i++)
        cr_assert_str_eq(forward.cubes[i].name, backward.cubes[i].name);
    for (size_t i = 0; i < forward.n_ocses; i++)
        cr_assert_str_eq(forward.ocses[i].name, backward.ocses[i].name);
}

Test(api_inventory, a_fiber_to_a_switch_that_is_not_there_is_no_row) {
    struct fabric_pod_rows rows;
    char *kept = world.message->fibers[3]->ocs;
    world.message->fibers[3]->ocs = (char *)"ocs-x-77";
    cr_assert_lt(inventory_rows_of(&world.arena, world.message, &rows), 0);
    world.message->fibers[3]->ocs = kept;
}
