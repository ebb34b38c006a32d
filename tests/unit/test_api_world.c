#include "test_api_world.h"
#include "daemon/api/inventory_rows.h"
#include "daemon/store/store.h"
#include "inventory/fill.h"
#include "inventory/message.h"
#include "inventory/names.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void submit(void *userdata, struct store_change *change) {
    struct world *world = userdata;
    store_change_free(change);
    world->n_submitted++;
}

static void no_connect(void *userdata, const char *address) {
}
static void no_send(void *userdata, const char *bytes, size_t len) {
}
static void no_close(void *userdata) {
}

static int attach(void *userdata, struct device *device, void **ret_transport) {
    const struct device_transport transport = {.connect = no_connect, .send = no_send, .close = no_close};
    device_set_transport(device, &transport);
    *ret_transport = NULL;
    return 0;
}

static void detach(void *userdata, void *transport) {
}

void world_commit(struct world *world) {
    size_t n = world->n_submitted;
    world->n_submitted = 0;
    fabric_on_store_result(world->fabric, 0, n, 1000000);
}

void world_init(struct world *world) {
    const char *field;
    char text[INVENTORY_ERROR_MAX];
    struct fabric_pod_rows rows;
    struct fabric_outcome outcome;
    struct fabric_refusal refusal = {0};
    const struct fabric_options options = {.settings = fabric_default_settings(),
                                           .executor = {.submit = submit, .userdata = world},
                                           .attach = attach,
                                           .detach = detach};
    *world = (struct world){0};
    cr_assert_eq(fabric_new(&options, &world->fabric), 0);
    fabric_set_clock(world->fabric, 1000000, INT64_C(1700000000000000));
    cr_assert_eq(inventory_fill("lab", "lab", "127.0.0.1:7000", &world->message, &field, text), 0);
    cr_assert_eq(inventory_rows_of(&world->arena, world->message, &rows), 0);
    const struct fabric_actor actor = {
        .principal = "root", .is_operator = true, .method = "CreatePod", .request_id = "setup"};
    cr_assert_eq(fabric_put_pods(world->fabric, &actor, &rows, 1, 1000000, &outcome, &refusal), 0, "%s",
                 refusal.text);
    world_commit(world);
    world->pod = fabric_pod_find(world->fabric, "lab");
    cr_assert_not_null(world->pod);
}

void world_deinit(struct world *world) {
    fabric_free(world->fabric);
    inventory_message_free(world->message);
    arena_deinit(&world->arena);
}
