/* Each kind of bad inventory, found and named. */
#include "test_inventory_support.h"

#include "topology/wiring.h"

#include <stdlib.h>

static Heliostat__V1__Pod *pods[2];
static Heliostat__V1__Inventory inventory;
static struct inventory_findings findings;

static void set_up(void) {
    heliostat__v1__inventory__init(&inventory);
    pods[0] = filled("a", "lab", "127.0.0.1:5000");
    pods[1] = filled("b", "lab", "127.0.0.1:6000");
    inventory.n_pods = 2;
    inventory.pods = pods;
}

static void tear_down(void) {
    inventory_message_free(pods[0]);
    inventory_message_free(pods[1]);
    inventory_findings_deinit(&findings);
}

TestSuite(inventory_check, .init = set_up, .fini = tear_down);

static void check(bool complete, size_t errors, size_t warnings) {
    cr_assert_eq(inventory_check(&inventory, complete, &findings), 0);
    if (findings.errors != errors || findings.warnings != warnings)
        print_findings(&findings);
    cr_expect_eq(findings.errors, errors);
    cr_expect_eq(findings.warnings, warnings);
    cr_expect_eq(inventory_findings_close(&findings), errors ? INVENTORY_REFUSED : 0);
}

static void has_error(const char *field, const char *text) {
    has(&findings, false, 0, field, text);
}

Test(inventory_check, two_good_pods) {
    check(true, 0, 0);
}

Test(inventory_check, pods_must_be_there) {
    inventory.n_pods = 0;
    check(false, 1, 0);
    has_error("pods", "0 are not accepted; wants 1 to 256");
}

Test(inventory_check, pod_fields) {
    change(&pods[0]->name, "A");
    change(&pods[1]->model, "tpu-v9");
    pods[1]->largest_slice_chips = 100;
    check(false, 3, 0); /* and not each name that begins with the pod's */
    has_error("pods[0].name", "'A' is not accepted; wants 1 to 63 of a-z");
    has_error("pods[1].model", "'tpu-v9' is not accepted; wants one of tpu-v4, tpu-v5p, tpu7x, lab");
    has_error("pods[1].largestSliceChips", "100 is not accepted; wants a multiple of 64 from 64 to 16384");
}

Test(inventory_check, names_and_serials_stand_once) {
    change(&pods[1]->name, "a");
    cr_assert_eq(inventory_check(&inventory, false, &findings), 0);
    has_error("pods[1].name", "'a' is that of pods[0].name already; wants another");
    inventory_findings_deinit(&findings);
    change(&pods[1]->name, "b");
    change(&pods[1]->cubes[2]->hosts[3]->node_name, "a-c00-h01");
    change(&pods[1]->cubes[2]->chips[4]->serial, "a-c07-000");
    change(&pods[1]->ocses[5]->address, "127.0.0.1:5000");
    change(&pods[0]->ocses[0]->product, "N");
    change(&pods[0]->ocses[0]->serial, "77");
    change(&pods[0]->ocses[1]->product, "N");
    change(&pods[0]->ocses[1]->serial, "77");
    change(&pods[0]->ocses[2]->product, "M");
    change(&pods[0]->ocses[2]->serial, "77");
    check(false, 4, 0);
    has_error("pods[1].cubes[2].hosts[3].nodeName",
              "'a-c00-h01' is that of pods[0].cubes[0].hosts[1].nodeName already");
    has_error("pods[1].cubes[2].chips[4].serial",
              "'a-c07-000' is that of pods[0].cubes[7].chips[0].serial already");
    has_error("pods[1].ocses[5].address", "'127.0.0.1:5000' is that of pods[0].ocses[0].address already");
    has_error("pods[0].ocses[1].serial", "'77' is that of pods[0].ocses[0].serial already");
}

Test(inventory_check, empty_chip_serials_and_addresses_may_repeat) {
    for (unsigned i = 0; i < 48; i++)
        change(&pods[0]->ocses[i]->address, "");
    for (unsigned i = 0; i < 64; i++)
        change(&pods[0]->cubes[0]->chips[i]->serial, "");
    check(true, 0, 0);
}

Test(inventory_check, cube_fields) {
    Heliostat__V1__Pod *pod = pods[0];
    pod->cubes[1]->index = 8;
    pod->cubes[3]->index = 2;
    change(&pod->cubes[4]->name, "a/cube-05");
    change(&pod->cubes[5]->name, "b/cube-05");
    pod->cubes[6]->row = 1000;
    change(&pod->cubes[7]->power_domain, "");
    check(false, 6, 0);
    has_error("pods[0].cubes[1].index", "8 is not accepted; wants 0 to 7, each once");
    has_error("pods[0].cubes[3].index", "2 is that of cubes[2] already; wants 0 to 7, each once");
    has_error("pods[0].cubes[4].name", "'a/cube-05' is not accepted; wants 'a/cube-04'");
    has_error("pods[0].cubes[5].name", "'b/cube-05' is not accepted; wants 'a/cube-05'");
    has_error("pods[0].cubes[6].row", "1000 is not accepted; wants 0 to 999");
    has_error("pods[0].cubes[7].powerDomain", "'' is not accepted; wants 1 to 39 printable characters");
}

Test(inventory_check, hosts_and_chips) {
    Heliostat__V1__Cube *cube = pods[0]->cubes[2];
    cube->hosts[1]->index = 16;
    cube->hosts[2]->index = 3;
    change(&cube->hosts[4]->name, "a/cube-02/host-05");
    change(&cube->hosts[5]->node_name, "two words");
    change(&cube->hosts[6]->address, "caf\xc3\xa9");
    cube->chips[1]->x = 4;
    cube->chips[2]->x = 3;
    cube->chips[5]->host = 9;
    change(&cube->chips[6]->serial, "tab\there");
    check(false, 10, 0); /* hosts[2] says by its name that it is another */
    has_error("pods[0].cubes[2].hosts[1].index", "16 is not accepted; wants 0 to 15, each once");
    has_error("pods[0].cubes[2].hosts[3].index", "3 is that of hosts[2] already");
    has_error("pods[0].cubes[2].hosts[4].name", "wants 'a/cube-02/host-04'");
    has_error("pods[0].cubes[2].hosts[5].nodeName", "'two words' is not accepted");
    has_error("pods[0].cubes[2].hosts[6].address", "'caf?"
                                                   "?' is not accepted");
    has_error("pods[0].cubes[2].chips[1].x", "4 is not accepted; wants 0 to 3");
    has_error("pods[0].cubes[2].chips[3]", "chip 3-0-0 is chips[2] already");
    has_error("pods[0].cubes[2].chips[5].host", "9 is not accepted; wants 0, which drives chip 1-1-0");
    has_error("pods[0].cubes[2].chips[6].serial", "'tab?here' is not accepted; wants 0 to 127 printable");
}

Test(inventory_check, counts_of_hosts_and_chips) {
    Heliostat__V1__Cube *cube = pods[0]->cubes[0];
    inventory_message_free(cube->hosts[--cube->n_hosts]);
    inventory_message_free(cube->chips[--cube->n_chips]);
    check(false, 2, 0);
    has_error("pods[0].cubes[0].hosts", "15 are not accepted; wants 16");
    has_error("pods[0].cubes[0].chips", "63 are not accepted; wants 64");
}

Test(inventory_check, switch_fields) {
    Heliostat__V1__Ocs **ocs = pods[0]->ocses;
    ocs[1]->index = 48;
    ocs[3]->index = 2;
    ocs[4]->ports_a = 321;
    ocs[5]->ports_b = 0;
    change(&ocs[6]->address, "no-port");
    change(&ocs[7]->product, "N VST 16x16");
    change(&ocs[10]->product, "bell\a");
    change(&ocs[10]->serial, "0123456789012345678901234567890123456789012345678901234567890123");
    change(&ocs[8]->serial, "1");
    change(&ocs[9]->power_domain, "0123456789012345678901234567890123456789");
    change(&ocs[47]->name, "a/ocs-z-14");
    check(false, 11 + 2 * 8, 0); /* and the fibers to ocs-z-15 */
    has_error("pods[0].ocses[1].index", "48 is not accepted; wants 0 to 47, each once");
    has_error("pods[0].ocses[3].index", "2 is that of ocses[2] already");
    has_error("pods[0].ocses[4].portsA", "321 is not accepted; wants 1 to 320");
    has_error("pods[0].ocses[5].portsB", "0 is not accepted; wants 1 to 320");
    has_error("pods[0].ocses[6].address", "'no-port' is not accepted; wants HOST:PORT");
    has_error("pods[0].ocses[7].serial", "'' is not accepted; wants product and serial, or neither");
    has_error("pods[0].ocses[10].product", "'bell?' is not accepted; wants at most 63 printable characters");
    has_error("pods[0].ocses[10].serial", "is not accepted; wants at most 63 printable characters");
    has_error("pods[0].ocses[8].product", "'' is not accepted");
    has_error("pods[0].ocses[9].powerDomain", "is not accepted; wants 1 to 39");
    has_error("pods[0].ocses[47].name", "'a/ocs-z-14' is that of ocses[46] already");
}

Test(inventory_check, sizes_beyond_the_limits) {
    size_t n_cubes = pods[0]->n_cubes, n_ocses = pods[0]->n_ocses;
    pods[0]->n_cubes = TOPO_CUBES_MAX + 1;
    pods[1]->n_ocses = TOPO_OCSES_MAX + 1;
    check(false, 2, 0);
    has_error("pods[0].cubes", "257 are not accepted; wants 1 to 256");
    has_error("pods[1].ocses", "65 are not accepted; wants 1 to 64");
    pods[0]->n_cubes = n_cubes;
    pods[1]->n_ocses = n_ocses;
}

Test(inventory_check, fibers) {
    Heliostat__V1__Fiber **fiber = pods[1]->fibers;
    fiber[0]->cube = 8;
    change(&fiber[1]->face, "x+");
    fiber[2]->index = 16;
    change(&fiber[3]->ocs, "ocs-x-16");
    change(&fiber[4]->ocs, "a/ocs-x-04");
    change(&fiber[5]->side, "a");
    fiber[6]->port = 17;
    fiber[7]->port = 0;
    fiber[8]->index = 9;
    fiber[10]->port = fiber[96 + 10]->port;
    check(false, 10, 1);
    has_error("pods[1].fibers[0].cube", "8 is not accepted; wants a cube of pod b, 0 to 7");
    has_error("pods[1].fibers[1].face", "'x+' is not accepted; wants one of +x -x +y -y +z -z");
    has_error("pods[1].fibers[2].index", "16 is not accepted; wants 0 to 15");
    has_error("pods[1].fibers[3].ocs",
              "'ocs-x-16' is not accepted; wants a switch of pod b, such as b/ocs-x-00");
    has_error("pods[1].fibers[4].ocs", "'a/ocs-x-04' is not accepted");
    has_error("pods[1].fibers[5].side", "'a' is not accepted; wants A or B");
    has_error("pods[1].fibers[6].port",
              "17 is not accepted; wants 1 to 16, the ports of side A of b/ocs-x-06");
    has_error("pods[1].fibers[7].port", "0 is not accepted; wants 1 to 16");
    has_error("pods[1].fibers[9].index", "cube-00 +x 9 has the fiber of fibers[8] already");
    has_error("pods[1].fibers[106].port", "A2 of b/ocs-x-10 has the fiber of fibers[10] already");
    has(&findings, true, 0, "pods[1].fibers", "cube-00 +x has no fiber on 0-2, 8");
}

Test(inventory_check, missing_fibers_are_warnings_unless_complete) {
    while (pods[0]->n_fibers > 7 * 96 + 83)
        inventory_message_free(pods[0]->fibers[--pods[0]->n_fibers]);
    check(false, 0, 1);
    has(&findings, true, 0, "pods[0].fibers", "cube-07 -z has no fiber on 3-15");
    inventory_findings_deinit(&findings);
    check(true, 1, 0);
    has_error("pods[0].fibers", "cube-07 -z has no fiber on 3-15; wants one on every face link");
}

Test(inventory_check, a_fiber_list_names_lines) {
    uint32_t lines[8 * 96];
    for (unsigned i = 0; i < 8 * 96; i++)
        lines[i] = i + 2;
    pods[0]->fibers[20]->port = 99;
    pods[0]->fibers[200]->cube = 1;
    cr_assert_eq(inventory_check_fibers(pods[0], pods[0]->fibers, pods[0]->n_fibers, lines, 8 * 96, false, "",
                                        &findings),
                 0);
    has(&findings, false, 22, "port", "99 is not accepted; wants 1 to 16");
    has(&findings, false, 202, "index", "cube-01 +x 8 has the fiber of line 106 already");
    has(&findings, true, 0, "fibers", "cube-02 +x has no fiber on 8");
    inventory_findings_deinit(&findings);
    cr_assert_eq(
        inventory_check_fibers(pods[0], pods[0]->fibers, pods[0]->n_fibers, lines, 5, false, "", &findings),
        0);
    has(&findings, false, 0, "lines", "5 are not accepted; wants none, or one for each of 768 fibers");
}

Test(inventory_check, findings_are_bounded_and_counted) {
    for (size_t i = 0; i < pods[0]->n_fibers; i++) {
        pods[0]->fibers[i]->port = 99;
        pods[1]->fibers[i]->port = 99;
    }
    cr_assert_eq(inventory_check(&inventory, false, &findings), 0);
    cr_expect_eq(findings.errors, 2 * 768);
    cr_expect_eq(findings.n, INVENTORY_FINDINGS_MAX);
    cr_expect_eq(inventory_findings_close(&findings), INVENTORY_REFUSED);
    cr_assert_eq(findings.n, INVENTORY_FINDINGS_MAX + 1);
    cr_expect_str_eq(findings.items[INVENTORY_FINDINGS_MAX].text, "and 536 more errors");
    Heliostat__V1__ImportInventoryResponse *reply =
        inventory_message_new(&heliostat__v1__import_inventory_response__descriptor);
    cr_assert_eq(inventory_findings_messages(&findings, &reply->findings, &reply->n_findings), 0);
    cr_expect_eq(reply->n_findings, INVENTORY_FINDINGS_MAX + 1);
    cr_expect_str_eq(reply->findings[0]->field, "pods[0].fibers[0].port");
    inventory_message_free(reply);
}
