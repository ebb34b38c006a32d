/* The cable plan as comma-separated values. */
#include "test_inventory_support.h"

#include "inventory/csv_record.h"
#include "inventory/fiber_csv.h"

#include <stdlib.h>

#define HEADER "pod,cube,face,index,ocs,side,port\n"

static struct inventory_fiber_list list;
static struct inventory_findings findings;

static void tear_down(void) {
    inventory_fiber_list_deinit(&list);
    inventory_findings_deinit(&findings);
}

TestSuite(inventory_csv, .fini = tear_down);

static void read_text(const char *text, const char *pod, size_t fibers, size_t errors) {
    tear_down();
    cr_assert_eq(inventory_csv_read(text, strlen(text), pod, &list, &findings), 0);
    if (list.n != fibers || findings.errors != errors)
        print_findings(&findings);
    cr_expect_eq(list.n, fibers, "%s: %zu fibers", text, list.n);
    cr_expect_eq(list.n_lines, fibers);
    cr_expect_eq(findings.errors, errors, "%s", text);
}

static void has_error(uint32_t line, const char *field, const char *text) {
    has(&findings, false, line, field, text);
}

Test(inventory_csv, whole_pod_there_and_back) {
    Heliostat__V1__Pod *pod = filled("pod", "tpu-v4", "");
    char *text = NULL, *again = NULL;
    cr_assert_eq(inventory_csv_write(pod, &text), 0);
    cr_expect(strncmp(text, HEADER "pod,cube-00,+x,0,ocs-x-00,A,1\npod,cube-00,+x,1,ocs-x-01,A,1\n", 94) ==
              0);
    cr_assert_eq(inventory_csv_read(text, strlen(text), "", &list, &findings), 0);
    cr_expect_eq(findings.n, 0);
    cr_assert_eq(list.n, 6144);
    cr_expect_eq(list.lines[6143], 6145);
    cr_expect_str_eq(list.pod, "pod");
    for (size_t i = 0; i < pod->n_fibers; i++)
        inventory_message_free(pod->fibers[i]);
    free(pod->fibers);
    pod->n_fibers = list.n;
    pod->fibers = list.fibers;
    /* Back to front: what is written is sorted. */
    for (size_t i = 0; i < list.n / 2; i++) {
        Heliostat__V1__Fiber *fiber = pod->fibers[i];
        pod->fibers[i] = pod->fibers[list.n - 1 - i];
        pod->fibers[list.n - 1 - i] = fiber;
    }
    cr_assert_eq(inventory_csv_write(pod, &again), 0);
    cr_expect_str_eq(again, text);
    list.n = 0;
    list.fibers = NULL;
    free(text);
    free(again);
    inventory_message_free(pod);
}

Test(inventory_csv, forms_that_spreadsheets_write) {
    read_text("\xef\xbb\xbf\r\npod,cube,face,index,ocs,side,port\r\n\r\npod,cube-07,+x,5,ocs-x-05,A,8\r\n",
              "", 1, 0);
    cr_expect_eq(list.lines[0], 4);
    cr_expect_eq(list.fibers[0]->cube, 7);
    cr_expect_eq(list.fibers[0]->port, 8);
    read_text("\"port\",side,ocs,index,face,cube,pod\n8,A,\"pod/ocs-x-05\",\"5\",+x,pod/cube-07,", "", 1, 0);
    cr_expect_str_eq(list.fibers[0]->ocs, "ocs-x-05");
    cr_expect_str_eq(list.fibers[0]->side, "A");
    cr_expect_str_eq(list.pod, "pod");
    read_text(HEADER ",cube-7,-z,15,ocs-z-15,B,320\n", "mine", 1, 0);
    cr_expect_str_eq(list.pod, "mine");
    read_text(HEADER ",cube-7,-z,15,ocs-z-15,B,320\n", "", 1, 0);
    cr_expect_str_eq(list.pod, "");
    read_text(HEADER, "", 0, 0);
}

Test(inventory_csv, bad_headers) {
    read_text("", "", 0, 1);
    has_error(1, "header", "an empty file; wants pod,cube,face,index,ocs,side,port");
    read_text("\n\n", "", 0, 1);
    read_text("pod;cube;face;index;ocs;side;port\n", "", 0, 1);
    has_error(1, "header", "column 'pod;cube;face;index;ocs;side;port' is not accepted; wants pod,cube");
    read_text("pod,cube,face,index,ocs,side\n", "", 0, 1);
    has_error(1, "header", "a column is missing");
    read_text("pod,cube,face,index,ocs,side,side\n", "", 0, 1);
    has_error(1, "header", "column 'side' is not accepted");
    read_text("\npod,cube,face,index,ocs,side,port,note\n", "", 0, 1);
    has_error(2, "header", "column 'note' is not accepted");
}

Test(inventory_csv, every_bad_value_of_every_line_is_named) {
    read_text(HEADER "pod,cube-256,+w,16,ocs-w-1,C,0\n"
                     "pod,cube-01,+x,-1,ocs-x-01,A,321\n"
                     "pod,cube-01,+x,,ocs-x-01,,1\n"
                     "other,cube-01,+x,1,ocs-x-01,A,1\n"
                     "pod,other/cube-01,+x,1,other/ocs-x-01,A,1\n"
                     "Pod!,cube-01,+x,1,ocs-x-01,A,1\n"
                     "pod,cube-01,+x,1,ocs-x-01,A,1\n"
                     "pod,cube-01,+x,1,ocs-x-01,A,4294967297\n",
              "", 1, 15);
    has_error(2, "cube", "'cube-256' is not accepted; wants a cube such as cube-07");
    has_error(2, "face", "'+w' is not accepted; wants one of +x -x +y -y +z -z");
    has_error(2, "index", "'16' is not accepted; wants 0 to 15");
    has_error(2, "ocs", "'ocs-w-1' is not accepted; wants a switch such as ocs-x-05");
    has_error(2, "side", "'C' is not accepted; wants A or B");
    has_error(2, "port", "'0' is not accepted; wants 1 to 320");
    has_error(3, "index", "'-1' is not accepted");
    has_error(3, "port", "'321' is not accepted");
    has_error(4, "index", "'' is not accepted");
    has_error(4, "side", "'' is not accepted");
    has_error(5, "pod", "pod 'other' is not accepted; wants 'pod': a file is of one pod");
    has_error(6, "cube", "pod 'other' is not accepted");
    has_error(6, "ocs", "pod 'other' is not accepted");
    has_error(7, "pod", "'Pod!' is not accepted");
    has_error(9, "port", "is not accepted; wants 1 to 320");
    cr_expect_eq(list.lines[0], 8);
}

Test(inventory_csv, bad_syntax_is_named_and_the_next_line_is_read) {
    const char *good = "pod,cube-01,+x,1,ocs-x-01,A,1\n";
    char text[600], long_value[140];
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"pod,cube-01,+x\n", "3 values are not accepted; wants 7: pod,cube"},
        {"pod,cube-01,+x,1,ocs-x-01,A,1,\n", "8 values are not accepted"},
        {"pod,cube-01,+x,1,ocs-x-01,A,\"1\"2\n", "text after a closing quote"},
        {"pod,cu\"be-01,+x,1,ocs-x-01,A,1\n", "a quote within a value"},
        {",,,,,,,,,,,,,,,,,,\n", "more than 16 values"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), HEADER "%s%s", cases[i].line, good);
        read_text(text, "", 1, 1);
        has_error(2, "", cases[i].error);
        cr_expect_eq(list.lines[0], 3);
    }
    memset(long_value, 'a', sizeof(long_value) - 1);
    long_value[sizeof(long_value) - 1] = 0;
    snprintf(text, sizeof(text), HEADER "%s,\n%s", long_value, good);
    read_text(text, "", 1, 1);
    has_error(2, "", "a value of more than 128 bytes");
    snprintf(text, sizeof(text), HEADER "%s\"pod,cube", good);
    read_text(text, "", 1, 1);
    has_error(3, "", "a quote that is never closed");
    /* A line end within quotes belongs to the value; later lines keep their numbers. */
    snprintf(text, sizeof(text), HEADER "\"p\nd\",cube-01,+x,1,ocs-x-01,A,1\n%s", good);
    read_text(text, "", 1, 1);
    has_error(2, "pod", "'p?d' is not accepted");
    cr_expect_eq(list.lines[0], 4);
    tear_down();
    cr_assert_eq(inventory_csv_read(HEADER "po\0d,", sizeof(HEADER) + 4, "", &list, &findings), 0);
    has_error(2, "", "a NUL byte");
}

Test(inventory_csv, size_is_bounded) {
    size_t len = (size_t)INVENTORY_CSV_BYTES_MAX + 1;
    char *text = malloc(len);
    cr_assert(text);
    memset(text, '\n', len);
    cr_assert_eq(inventory_csv_read(text, len, "", &list, &findings), 0);
    has_error(0, "", "16777217 bytes are not accepted; wants at most 16777216");
    tear_down();
    static const char row[] = ",cube-01,+x,1,ocs-x-01,A,1\n";
    size_t at = (size_t)sprintf(text, HEADER);
    for (unsigned i = 0; i <= INVENTORY_CSV_FIBERS_MAX + 5; i++)
        at += (size_t)sprintf(text + at, "%s", row);
    cr_assert_eq(inventory_csv_read(text, at, "", &list, &findings), 0);
    cr_expect_eq(list.n, INVENTORY_CSV_FIBERS_MAX);
    cr_expect_eq(findings.errors, 1);
    has_error(INVENTORY_CSV_FIBERS_MAX + 2, "",
              "more than 24576 fibers are not accepted; the rest was not read");
    free(text);
}

Test(inventory_csv, quotes_what_must_be_quoted) {
    Heliostat__V1__Pod pod = HELIOSTAT__V1__POD__INIT;
    Heliostat__V1__Fiber fiber = HELIOSTAT__V1__FIBER__INIT, *fibers[] = {&fiber};
    char *text = NULL;
    pod.name = "a,\"b\"";
    pod.n_fibers = 1;
    pod.fibers = fibers;
    fiber.face = "+x";
    fiber.ocs = "a/ocs-x-00";
    fiber.side = "A";
    fiber.port = 1;
    cr_assert_eq(inventory_csv_write(&pod, &text), 0);
    cr_expect_str_eq(text, HEADER "\"a,\"\"b\"\"\",cube-00,+x,0,ocs-x-00,A,1\n");
    free(text);
}

/* Noise and broken copies: findings or fibers, never a crash; sanitizers watch. */
Test(inventory_csv, survives_noise) {
    static const char good[] =
        HEADER "pod,cube-00,+x,0,ocs-x-00,A,1\n\"pod\",pod/cube-07,-z,15,\"ocs-z-15\",B,8\r\n";
    static const char letters[] = ",\"\r\n-+xyzAB0123cubeos/\0\xff";
    const char *given = getenv("HELIOSTAT_SEED");
    unsigned seed = given ? (unsigned)atoi(given) : 77;
    size_t fibers = 0, errors = 0;
    fprintf(stderr, "count: csv noise: seed %u (repeat with HELIOSTAT_SEED)\n", seed);
    for (unsigned round = 0; round < 20000; round++) {
        char text[sizeof(good) + 60];
        size_t len = sizeof(good) - 1;
        memcpy(text, good, len);
        if (round % 4 == 0)
            len = sizeof(HEADER) - 1;
        for (unsigned n = (unsigned)rand_r(&seed) % 50; round % 4 == 0 && n > 0; n--)
            text[len++] = letters[(size_t)rand_r(&seed) % (sizeof(letters) - 1)];
        for (unsigned n = 1 + (unsigned)rand_r(&seed) % 3; round % 4 != 0 && n > 0; n--)
            text[(size_t)rand_r(&seed) % len] = letters[(size_t)rand_r(&seed) % (sizeof(letters) - 1)];
        tear_down();
        cr_assert_eq(inventory_csv_read(text, len, "", &list, &findings), 0);
        for (size_t i = 0; i < list.n; i++)
            cr_assert(list.fibers[i]->cube < 256 && list.fibers[i]->index < 16 && list.lines[i] > 1);
        fibers += list.n;
        errors += findings.errors;
    }
    fprintf(stderr, "count: csv noise: %zu fibers, %zu errors\n", fibers, errors);
    cr_expect_gt(fibers, 1000);
    cr_expect_gt(errors, 1000);
}
