/* Runs each piece of work again and again; in run n the n-th allocation fails. Every run must say -ENOMEM,
 * leak nothing and leave its outputs alone, until one succeeds. Linked with --wrap for each allocating
 * function; what shared libraries allocate does not fail. */
#include "test_inventory_support.h"

#include "inventory/diff.h"
#include "inventory/fiber_csv.h"
#include "inventory/pieces.h"
#include "proto/json/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

static long fails_at; /* counts down; 0: none fails */

static bool fails(void) {
    return fails_at > 0 && --fails_at == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
int __real_vasprintf(char **ret_text, const char *format, va_list arguments);
int __real___vasprintf_chk(char **ret_text, int flag, const char *format, va_list arguments);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
int __wrap_vasprintf(char **ret_text, const char *format, va_list arguments);
int __wrap___vasprintf_chk(char **ret_text, int flag, const char *format, va_list arguments);

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : __real_calloc(n, size);
}
void *__wrap_realloc(void *old, size_t size) {
    return fails() ? NULL : __real_realloc(old, size);
}
char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}
char *__wrap_strndup(const char *text, size_t len) {
    return fails() ? NULL : __real_strndup(text, len);
}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
int __wrap_vasprintf(char **ret_text, const char *format, va_list arguments) {
    return fails() ? -1 : __real_vasprintf(ret_text, format, arguments);
}
int __wrap___vasprintf_chk(char **ret_text, int flag, const char *format, va_list arguments) {
    return fails() ? -1 : __real___vasprintf_chk(ret_text, flag, format, arguments);
}
#pragma GCC diagnostic pop

/* A small pod by hand, so that there are some hundred allocations and not ten thousand. */
static Heliostat__V1__Pod *small_pod(void) {
    Heliostat__V1__Pod *pod = filled("pod", "lab", "");
    while (pod->n_fibers > 5)
        inventory_message_free(pod->fibers[--pod->n_fibers]);
    while (pod->n_cubes > 1)
        inventory_message_free(pod->cubes[--pod->n_cubes]);
    while (pod->n_ocses > 3)
        inventory_message_free(pod->ocses[--pod->n_ocses]);
    pod->fibers[1]->port = 99;
    pod->cubes[0]->row = 5000;
    return pod;
}

struct inputs {
    Heliostat__V1__Pod *pod, *other;
    char *json, *csv;
};

static int work_fill(struct inputs *in) {
    Heliostat__V1__Pod *pod = NULL;
    const char *field;
    char error[INVENTORY_ERROR_MAX];
    int r = inventory_fill("pod", "lab", "h:1", &pod, &field, error);
    cr_assert_eq(!pod, r != 0);
    inventory_message_free(pod);
    return r;
}

static int work_check(struct inputs *in) {
    Heliostat__V1__Inventory inventory = HELIOSTAT__V1__INVENTORY__INIT;
    struct inventory_findings findings = {0};
    inventory.n_pods = 1;
    inventory.pods = &in->pod;
    int r = inventory_check(&inventory, false, &findings);
    int closed = inventory_findings_close(&findings);
    if (r == 0)
        cr_assert(closed == INVENTORY_REFUSED || closed == -ENOMEM);
    Heliostat__V1__ImportInventoryResponse reply = HELIOSTAT__V1__IMPORT_INVENTORY_RESPONSE__INIT;
    if (r == 0)
        r = inventory_findings_messages(&findings, &reply.findings, &reply.n_findings);
    for (size_t i = 0; i < reply.n_findings; i++)
        inventory_message_free(reply.findings[i]);
    free(reply.findings);
    inventory_findings_deinit(&findings);
    return r;
}

static int work_csv(struct inputs *in) {
    struct inventory_findings findings = {0};
    struct inventory_fiber_list list = {0};
    char *text = NULL;
    int r = inventory_csv_read(in->csv, strlen(in->csv), "", &list, &findings);
    if (r == 0 && inventory_findings_close(&findings) == -ENOMEM)
        r = -ENOMEM;
    inventory_fiber_list_deinit(&list);
    inventory_findings_deinit(&findings);
    if (r == 0)
        r = inventory_csv_write(in->pod, &text);
    free(text);
    return r;
}

static int work_diff(struct inputs *in) {
    struct inventory_lines lines = {0};
    int r = inventory_diff(in->pod, in->other, &lines);
    inventory_lines_deinit(&lines);
    return r;
}

static int work_pieces(struct inputs *in) {
    struct inventory_pieces pieces = {0};
    Heliostat__V1__Inventory *inventory = inventory_message_new(&heliostat__v1__inventory__descriptor);
    int r = inventory ? inventory_split(in->pod, 300, &pieces) : -ENOMEM;
    for (size_t i = 0; i < pieces.n && r == 0; i++) {
        long saved = fails_at;
        uint8_t bytes[20000];
        char error[INVENTORY_ERROR_MAX];
        fails_at = 0; /* protobuf-c is not what is tested here */
        cr_assert_lt(protobuf_c_message_get_packed_size(&pieces.pods[i]->base), sizeof(bytes));
        size_t len = protobuf_c_message_pack(&pieces.pods[i]->base, bytes);
        Heliostat__V1__Pod *piece = heliostat__v1__pod__unpack(NULL, len, bytes);
        fails_at = saved;
        r = inventory_join(inventory, piece, error);
    }
    inventory_pieces_free(&pieces);
    inventory_message_free(inventory);
    return r;
}

static int work_json(struct inputs *in) {
    ProtobufCMessage *msg = NULL;
    char *text = NULL, error[200];
    int r = proto_json_decode(&heliostat__v1__pod__descriptor, in->json, strlen(in->json), &msg, error,
                              sizeof(error));
    cr_assert_eq(!msg, r != 0);
    if (r == 0)
        r = proto_json_encode(msg, 0, &text);
    free(text);
    inventory_message_free(msg);
    return r;
}

static void fail_each(int (*work)(struct inputs *), struct inputs *in, long stride_after, const char *name) {
    long n = 1, runs = 0;
    int r;
    do {
        fails_at = n;
        r = work(in);
        bool failed = fails_at == 0;
        fails_at = 0;
        cr_assert_eq(r, failed ? -ENOMEM : 0, "%s: allocation %ld: %d", name, n, r);
        n += n > stride_after ? 61 : 1;
        runs++;
    } while (r != 0);
    fprintf(stderr, "count: %s: %ld failing allocations\n", name, runs - 1);
    cr_expect_gt(runs, 5);
}

Test(inventory_memory, every_allocation_may_fail) {
    struct inputs in = {.pod = small_pod(), .other = small_pod()};
    change(&in.other->cubes[0]->power_domain, "other");
    in.other->fibers[0]->port = 7;
    cr_assert_eq(proto_json_encode(&in.pod->base, PROTO_JSON_PRETTY, &in.json), 0);
    in.csv = "pod,cube,face,index,ocs,side,port\np,cube-01,+x,1,ocs-x-01,A,1\np,cube-1,+x,1,ocs-x-01,A,0\n";
    fail_each(work_fill, &in, 300, "fill");
    fail_each(work_check, &in, 1000, "check");
    fail_each(work_csv, &in, 1000, "csv");
    fail_each(work_diff, &in, 1000, "diff");
    fail_each(work_pieces, &in, 1000, "pieces");
    fail_each(work_json, &in, 300, "json");
    free(in.json);
    inventory_message_free(in.pod);
    inventory_message_free(in.other);
}
