#include "daemon/api/capacity.h"
#include "daemon/api/convert.h"
#include "daemon/api/slice_cache.h"
#include "daemon/api/slice_spec.h"
#include "test_api_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world world;
static Heliostat__V1__SliceSpec message;
static struct fabric_slice_spec spec;
static struct fabric_refusal refusal;

static void setup(void) {
    world_init(&world);
    heliostat__v1__slice_spec__init(&message);
    message.name = (char *)"train";
    message.topology = (char *)"4x4x8";
}

static void teardown(void) {
    fabric_refusal_deinit(&refusal);
    world_deinit(&world);
}

TestSuite(api_slice, .init = setup, .fini = teardown);

static int read_spec(void) {
    return slice_spec_read(world.fabric, &message, "spec.", &world.arena, &spec, &refusal);
}

static void refuses(const char *field, enum reason reason) {
    cr_assert_eq(read_spec(), FABRIC_REFUSED, "taken, not %s", field);
    cr_assert_str_eq(refusal.field, field, "%s", refusal.text);
    cr_assert_eq(refusal.reason, reason, "%s", refusal.text);
}

Test(api_slice, cubes_with_and_without_their_pod) {
    char *cubes[] = {(char *)"lab/cube-05", (char *)"cube-2"};
    message.cubes = cubes;
    message.n_cubes = 2;
    cr_assert_eq(read_spec(), 0, "%s", refusal.text);
    cr_assert_eq(spec.pod, world.pod);
    cr_assert_eq(spec.pin_mode, TOPO_PIN_POSITIONS);
    cr_assert_eq(spec.n_pins, 2);
    cr_assert_eq(spec.pins[0], 5);
    cr_assert_eq(spec.pins[1], 2);
}

Test(api_slice, hosts_of_a_cube_name_it_once) {
    char *hosts[] = {(char *)"lab-c05-h03", (char *)"lab-c01-h15", (char *)"lab-c05-h00"};
    message.hosts = hosts;
    message.n_hosts = 3;
    cr_assert_eq(read_spec(), 0, "%s", refusal.text);
    cr_assert_eq(spec.pin_mode, TOPO_PIN_SET);
    cr_assert_eq(spec.n_pins, 2);
    cr_assert_eq(spec.pins[0], 1);
    cr_assert_eq(spec.pins[1], 5);
    hosts[1] = (char *)"lab-c77-h00";
    refuses("spec.hosts[1]", REASON_INVALID_PIN);
    hosts[1] = (char *)"lab-c05-h03";
    cr_assert_eq(read_spec(), FABRIC_REFUSED);
}

Test(api_slice, each_refusal_names_its_field) {
    char *cubes[] = {(char *)"cube-01", (char *)"cube-08"};
    message.cubes = cubes;
    message.n_cubes = 2;
    refuses("spec.cubes[1]", REASON_INVALID_PIN);
    cubes[1] = (char *)"cube-1";
    refuses("spec.cubes[1]", REASON_INVALID_PIN);
    cubes[1] = (char *)"cube-02";
    message.cube_set = cubes;
    message.n_cube_set = 1;
    refuses("spec.cubes", REASON_NONE);
    message.n_cube_set = 0;
    message.exclude = cubes;
    message.n_exclude = 2;
    cubes[1] = (char *)"lob/cube-02";
    message.n_cubes = 0;
    refuses("spec.exclude[1]", REASON_INVALID_PIN);
    message.n_exclude = 0;
    message.pod = (char *)"lob";
    refuses("spec.pod", REASON_NONE);
    message.pod = (char *)"";
    uint32_t tolerate[] = {1, 2, 5000};
    message.tolerate_missing = tolerate;
    message.n_tolerate_missing = 2;
    refuses("spec.tolerate_missing", REASON_NONE);
    message.n_tolerate_missing = 3;
    refuses("spec.tolerate_missing[2]", REASON_NONE);
    message.n_tolerate_missing = 0;
    message.topology = (char *)"";
    refuses("spec.topology", REASON_INVALID_TOPOLOGY);
    message.topology = (char *)"4x4x4";
    message.name = (char *)"";
    refuses("spec.name", REASON_NONE);
}

Test(api_slice, labels) {
    Heliostat__V1__Label a = HELIOSTAT__V1__LABEL__INIT, *labels[65];
    for (unsigned i = 0; i < 65; i++)
        labels[i] = &a;
    message.labels = labels;
    message.n_labels = 65;
    refuses("spec.labels", REASON_NONE);
    message.n_labels = 1;
    refuses("spec.labels[0]", REASON_NONE);
    a.key = (char *)"job";
    cr_assert_eq(read_spec(), 0);
    a.value = (char *)"a\nb";
    refuses("spec.labels[0]", REASON_NONE);
    a.value = (char *)"7";
    message.n_labels = 2;
    refuses("spec.labels[1]", REASON_NONE);
}

/* A slice of two cubes as the fabric would hold it. */
static struct slice_version version;
static struct fabric_slice slice;

static void make_slice(const char *topology, unsigned first, unsigned second) {
    char text[200];
    memset(&version, 0, sizeof(version));
    memset(&slice, 0, sizeof(slice));
    cr_assert_eq(topo_shape_parse(topology, &version.shape, text, sizeof(text)), 0);
    version.cubes[0] = (uint16_t)first;
    version.cubes[1] = (uint16_t)second;
    version.host_mask = 0xffff;
    version.revision = 9;
    version.state = SLICE_READY;
    strcpy(slice.name, "train");
    slice.uid = 3;
    slice.pod = (struct fabric_pod *)world.pod;
    slice.created_us = INT64_C(1700000000123456);
    slice.durable = slice.accepted = &version;
}

Test(api_slice, hosts_stand_in_order_of_rank_with_their_chips) {
    make_slice("4x4x8", 6, 1);
    Heliostat__V1__Slice *out = convert_slice(&world.arena, &slice, slice.durable, true);
    cr_assert_str_eq(out->topology, "4x4x8_twisted");
    cr_assert(out->twisted);
    cr_assert_str_eq(out->created_at, "2023-11-14T22:13:20.123456Z");
    cr_assert_eq(out->n_hosts, 32);
    bool seen[32] = {false};
    for (unsigned i = 0; i < 32; i++) {
        const Heliostat__V1__SliceHost *host = out->hosts[i];
        cr_assert_eq(host->rank, i);
        const uint32_t *chip = host->chip_origin;
        /* The slice's own grid of hosts is 2 x 2 x 8, counted x-fastest. */
        cr_assert_eq(chip[0] / 2 + 2 * (chip[1] / 2) + 4 * chip[2], i);
        cr_assert_str_eq(host->cube, chip[2] < 4 ? "lab/cube-06" : "lab/cube-01");
        cr_assert_eq(host->host_index, chip[0] / 2 + 2 * (chip[1] / 2) + 4 * (chip[2] % 4));
        seen[i] = true;
        char name[32];
        snprintf(name, sizeof(name), "lab-c%02u-h%02u", chip[2] < 4 ? 6 : 1, host->host_index);
        cr_assert_str_eq(host->node_name, name);
    }
    for (unsigned i = 0; i < 32; i++)
        cr_assert(seen[i]);
    cr_assert_eq(out->n_positions, 2);
    cr_assert_eq(out->positions[1]->z, 1);
    cr_assert_eq(out->n_wrap, 3);
    cr_assert(out->wrap[0] && out->wrap[1] && out->wrap[2]);
}

Test(api_slice, missing_links_are_named_by_face) {
    struct slice_link link = {.position = 1, .dimension = 2, .index = 13, .cause = LINK_CAUSE_DARK};
    make_slice("4x4x8", 0, 1);
    version.missing = (struct link_list){.link = &link, .count = 1};
    Heliostat__V1__Slice *out = convert_slice(&world.arena, &slice, slice.durable, false);
    cr_assert_eq(out->n_hosts, 0);
    cr_assert_eq(out->n_missing_links, 1);
    cr_assert_str_eq(out->missing_links[0]->face, "+z");
    cr_assert_eq(out->missing_links[0]->index, 13);
    cr_assert_eq(out->missing_links[0]->position, 1);
}

Test(api_slice, the_cache_follows_the_version_and_the_progress) {
    struct slice_cache *cache = slice_cache_new();
    size_t len;
    make_slice("4x4x8", 0, 1);
    const uint8_t *bytes = slice_cache_get(cache, &slice, &len);
    Heliostat__V1__GetSliceResponse *reply = heliostat__v1__get_slice_response__unpack(NULL, len, bytes);
    cr_assert_eq(reply->slice->state, HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_READY);
    heliostat__v1__get_slice_response__free_unpacked(reply, NULL);
    cr_assert_eq(slice_cache_get(cache, &slice, &len), bytes);
    version.revision = 10;
    version.state = SLICE_DEGRADED;
    slice.circuits_done = 7;
    bytes = slice_cache_get(cache, &slice, &len);
    reply = heliostat__v1__get_slice_response__unpack(NULL, len, bytes);
    cr_assert_eq(reply->slice->state, HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_DEGRADED);
    cr_assert_eq(reply->slice->circuits_done, 7);
    heliostat__v1__get_slice_response__free_unpacked(reply, NULL);
    slice.circuits_done = 8;
    bytes = slice_cache_get(cache, &slice, &len);
    reply = heliostat__v1__get_slice_response__unpack(NULL, len, bytes);
    cr_assert_eq(reply->slice->circuits_done, 8);
    heliostat__v1__get_slice_response__free_unpacked(reply, NULL);
    /* Another slice in the same place. */
    slice.uid += 512;
    strcpy(slice.name, "other");
    bytes = slice_cache_get(cache, &slice, &len);
    reply = heliostat__v1__get_slice_response__unpack(NULL, len, bytes);
    cr_assert_str_eq(reply->slice->name, "other");
    heliostat__v1__get_slice_response__free_unpacked(reply, NULL);
    slice_cache_free(cache);
}

Test(api_slice, a_frozen_pod_grants_nothing) {
    struct topo_shape shape;
    cr_assert_not(capacity_largest(world.pod, &shape));
}
