/* Models, names, and pods filled from a model. */
#include "test_inventory_support.h"

#include "inventory/models.h"

#include <stdlib.h>

Test(inventory, models_are_those_published) {
    static const struct inventory_model known[] = {{"tpu-v4", 64, 136, 4096},
                                                   {"tpu-v5p", 140, 160, 6144},
                                                   {"tpu7x", 144, 160, 9216},
                                                   {"lab", 8, 16, 512}};
    for (unsigned i = 0; i < 4; i++) {
        const struct inventory_model *model = inventory_model_find(known[i].name);
        cr_assert(model);
        cr_expect_eq(model, inventory_model_at(i));
        cr_expect_eq(model->cubes, known[i].cubes);
        cr_expect_eq(model->ports, known[i].ports);
        cr_expect_eq(model->largest_slice_chips, known[i].largest_slice_chips);
    }
    cr_expect_null(inventory_model_at(4));
    cr_expect_null(inventory_model_find("tpu-v3"));
    cr_expect_str_eq(inventory_model_names(), "tpu-v4, tpu-v5p, tpu7x, lab");
}

Test(inventory, names_are_read) {
    struct inventory_name name;
    char error[INVENTORY_ERROR_MAX];
    cr_assert_eq(inventory_parse_cube("cube-07", &name, error), 0);
    cr_expect(name.cube == 7 && !*name.pod);
    cr_assert_eq(inventory_parse_cube("a-b2/cube-7", &name, error), 0);
    cr_expect(name.cube == 7 && strcmp(name.pod, "a-b2") == 0);
    cr_assert_eq(inventory_parse_cube("cube-1/cube-255", &name, error), 0);
    cr_expect(name.cube == 255 && strcmp(name.pod, "cube-1") == 0);
    cr_assert_eq(inventory_parse_host("cube-07/host-15", &name, error), 0);
    cr_expect(name.cube == 7 && name.host == 15 && !*name.pod);
    cr_assert_eq(inventory_parse_host("p/cube-107/host-3", &name, error), 0);
    cr_expect(name.cube == 107 && name.host == 3 && strcmp(name.pod, "p") == 0);
    cr_assert_eq(inventory_parse_chip("p/cube-07/chip-1-2-3", &name, error), 0);
    cr_expect(name.chip[0] == 1 && name.chip[1] == 2 && name.chip[2] == 3);
    cr_assert_eq(inventory_parse_ocs("p/ocs-z-15", &name, error), 0);
    cr_expect(name.dimension == 2 && name.number == 15 && strcmp(name.pod, "p") == 0);
    unsigned side, port, face;
    cr_assert_eq(inventory_parse_port("B320", &side, &port, error), 0);
    cr_expect(side == 1 && port == 320);
    cr_assert_eq(inventory_parse_face("-z", &face, error), 0);
    cr_expect_eq(face, 5);
    size_t host_len;
    cr_assert_eq(inventory_parse_address("[::1]:65535", &host_len, &port, error), 0);
    cr_expect(host_len == 5 && port == 65535);
    cr_expect_eq(inventory_parse_pod("pod", error), 0);
    cr_expect_eq(inventory_parse_pod("a23456789012345678901234567890123456789012345678901234567890123", NULL),
                 0);
}

Test(inventory, bad_names_are_refused_with_what_is_wanted) {
    struct inventory_name name;
    char error[INVENTORY_ERROR_MAX];
    unsigned a, b;
    size_t len;
    static const char *const pods[] = {
        "",    "A",         "7a",
        "a-",  "-a",        "a_b",
        "a/b", "p\xc3\xa9", "a234567890123456789012345678901234567890123456789012345678901234"};
    for (size_t i = 0; i < sizeof(pods) / sizeof(pods[0]); i++)
        cr_expect_eq(inventory_parse_pod(pods[i], error), INVENTORY_REFUSED, "%s", pods[i]);
    static const char *const cubes[] = {"",         "cube-",    "cube-256",    "cube-0007",      "cube-7a",
                                        "cube-07/", "/cube-07", "P/cube-07",   "rack-07",        "cube--7",
                                        "cube-+7",  "cube- 7",  "a/b/cube-07", "cube-07/host-03"};
    for (size_t i = 0; i < sizeof(cubes) / sizeof(cubes[0]); i++)
        cr_expect_eq(inventory_parse_cube(cubes[i], &name, error), INVENTORY_REFUSED, "%s", cubes[i]);
    cr_expect_eq(inventory_parse_cube("cube-256", &name, error), INVENTORY_REFUSED);
    cr_expect_str_eq(error,
                     "'cube-256' is not accepted; wants a cube such as cube-07 or pod/cube-07, 0 to 255");
    cr_expect_eq(inventory_parse_host("cube-07/host-16", &name, error), INVENTORY_REFUSED);
    cr_expect_eq(inventory_parse_host("cube-07", &name, NULL), INVENTORY_REFUSED);
    cr_expect_eq(inventory_parse_chip("cube-07/chip-1-2-4", &name, error), INVENTORY_REFUSED);
    cr_expect_eq(inventory_parse_chip("cube-07/chip-1-2", &name, error), INVENTORY_REFUSED);
    cr_expect_eq(inventory_parse_ocs("ocs-w-05", &name, error), INVENTORY_REFUSED);
    cr_expect_eq(inventory_parse_ocs("ocs-x-100", &name, error), INVENTORY_REFUSED);
    cr_expect_eq(inventory_parse_ocs("ocs-", &name, error), INVENTORY_REFUSED);
    static const char *const ports[] = {"", "A", "A0", "C1", "A321", "17", "a17", "A17 "};
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        cr_expect_eq(inventory_parse_port(ports[i], &a, &b, error), INVENTORY_REFUSED, "%s", ports[i]);
    cr_expect_eq(inventory_parse_face("x", &a, error), INVENTORY_REFUSED);
    cr_expect_str_eq(error, "'x' is not accepted; wants one of +x -x +y -y +z -z");
    static const char *const addresses[] = {"",
                                            "host",
                                            "host:",
                                            ":1",
                                            "host:0",
                                            "host:65536",
                                            "host:1x",
                                            "::1:5",
                                            "a b:1",
                                            "[]:1",
                                            "host:99999999999999999999"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        cr_expect_eq(inventory_parse_address(addresses[i], &len, &a, error), INVENTORY_REFUSED, "%s",
                     addresses[i]);
}

Test(inventory, long_and_strange_values_leave_room_for_what_is_wanted) {
    struct inventory_name name;
    char text[500], error[INVENTORY_ERROR_MAX];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    memcpy(text, "\033[31m\xff", 6);
    cr_expect_eq(inventory_parse_host(text, &name, error), INVENTORY_REFUSED);
    cr_expect(strncmp(error, "'?[31m?aaa", 10) == 0, "%s", error);
    cr_expect(strstr(error, "...' is not accepted; wants a host such as"), "%s", error);
    cr_expect(strstr(error, "hosts 0 to 15"), "%s", error);
}

Test(inventory, fill_makes_a_whole_pod) {
    for (unsigned m = 0; inventory_model_at(m); m++) {
        const struct inventory_model *model = inventory_model_at(m);
        static const char longest[] = "a23456789012345678901234567890123456789012345678901234567890123";
        Heliostat__V1__Pod *pod = filled(m % 2 ? longest : "east-1", model->name, "");
        Heliostat__V1__Inventory inventory = HELIOSTAT__V1__INVENTORY__INIT;
        struct inventory_findings findings = {0};
        inventory.n_pods = 1;
        inventory.pods = &pod;
        cr_expect_eq(pod->n_cubes, model->cubes);
        cr_expect_eq(pod->n_ocses, 48);
        cr_expect_eq(pod->n_fibers, model->cubes * 96);
        cr_expect_eq(pod->largest_slice_chips, model->largest_slice_chips);
        cr_assert_eq(inventory_check(&inventory, true, &findings), 0);
        print_findings(&findings);
        cr_expect_eq(findings.n, 0);
        inventory_findings_deinit(&findings);
        inventory_message_free(pod);
    }
}

Test(inventory, fill_names_and_wires_as_the_model_says) {
    Heliostat__V1__Pod *pod = filled("pod", "tpu-v4", "127.0.0.1:5000");
    Heliostat__V1__Cube *cube = pod->cubes[13];
    cr_expect_str_eq(cube->name, "pod/cube-13");
    cr_expect_eq(cube->row, 1);
    cr_expect_str_eq(cube->power_domain, "row-1");
    cr_expect_str_eq(cube->hosts[3]->name, "pod/cube-13/host-03");
    cr_expect_str_eq(cube->hosts[3]->node_name, "pod-c13-h03");
    for (unsigned i = 0; i < 64; i++) {
        const Heliostat__V1__Chip *chip = cube->chips[i];
        unsigned h = chip->host, dx = chip->x - 2 * (h % 2), dy = chip->y - 2 * (h / 2 % 2);
        cr_expect(dx < 2 && dy < 2 && chip->z == h / 4, "chip %u", i);
    }
    cr_expect_str_eq(pod->ocses[0]->name, "pod/ocs-x-00");
    cr_expect_str_eq(pod->ocses[47]->name, "pod/ocs-z-15");
    cr_expect_str_eq(pod->ocses[47]->address, "127.0.0.1:5047");
    cr_expect_str_eq(pod->ocses[21]->power_domain, "ocs-domain-1");
    cr_expect_eq(pod->ocses[0]->ports_a, 136);
    const Heliostat__V1__Fiber *fiber = pod->fibers[13 * 96 + 16 + 5];
    cr_expect_eq(fiber->cube, 13);
    cr_expect_str_eq(fiber->face, "-x");
    cr_expect_eq(fiber->index, 5);
    cr_expect_str_eq(fiber->ocs, "ocs-x-05");
    cr_expect_str_eq(fiber->side, "B");
    cr_expect_eq(fiber->port, 14);
    inventory_message_free(pod);
    pod = filled("p", "tpu7x", "[::1]:65488");
    cr_expect_str_eq(pod->cubes[7]->name, "p/cube-007");
    cr_expect_str_eq(pod->cubes[7]->hosts[0]->node_name, "p-c007-h00");
    cr_expect_str_eq(pod->ocses[47]->address, "[::1]:65535");
    inventory_message_free(pod);
}

Test(inventory, fill_refuses_bad_requests) {
    static const struct {
        const char *name, *model, *address, *field, *error;
    } cases[] = {
        {"Pod", "lab", "", "name", "'Pod' is not accepted; wants 1 to 63 of a-z"},
        {"pod", "tpu-v3", "", "model", "'tpu-v3' is not accepted; wants one of tpu-v4, tpu-v5p, tpu7x, lab"},
        {"pod", "lab", "localhost", "ocs_address", "wants HOST:PORT"},
        {"pod", "lab", "localhost:65489", "ocs_address", "BASE from 1 to 65488"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Heliostat__V1__Pod *pod = NULL;
        const char *field = NULL;
        char error[INVENTORY_ERROR_MAX];
        cr_assert_eq(inventory_fill(cases[i].name, cases[i].model, cases[i].address, &pod, &field, error),
                     INVENTORY_REFUSED);
        cr_expect_null(pod);
        cr_expect_str_eq(field, cases[i].field);
        cr_expect(strstr(error, cases[i].error), "%s", error);
    }
}
