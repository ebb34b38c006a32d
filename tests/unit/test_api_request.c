#include "daemon/api/refusal.h"
#include "daemon/api/request.h"
#include "daemon/api/address.h"
#include "daemon/api/identity.h"
#include "heliostat/v1/slice.pb-c.h"
#include "proto/grpc/server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Heliostat__V1__Mutation mutation_of(const char *request_id) {
    Heliostat__V1__Mutation mutation = HELIOSTAT__V1__MUTATION__INIT;
    mutation.request_id = (char *)request_id;
    return mutation;
}

static int check(const char *request_id) {
    struct fabric_refusal refusal = {0};
    Heliostat__V1__Mutation mutation = mutation_of(request_id);
    int r = mutation_check(&mutation, &refusal);
    if (r)
        cr_assert_str_eq(refusal.field, "mutation.request_id");
    fabric_refusal_deinit(&refusal);
    return r;
}

Test(api_request, request_ids) {
    char text[70];
    memset(text, 'x', sizeof(text));
    text[64] = 0;
    cr_assert_eq(check("a"), 0);
    cr_assert_eq(check("a b~!"), 0);
    cr_assert_eq(check(text), 0);
    text[64] = 'x', text[65] = 0;
    cr_assert_eq(check(text), FABRIC_REFUSED);
    cr_assert_eq(check(""), FABRIC_REFUSED);
    cr_assert_eq(check("a\n"), FABRIC_REFUSED);
    cr_assert_eq(check("a\x7f"), FABRIC_REFUSED);
    cr_assert_eq(check("\xc3\xa4"), FABRIC_REFUSED);
}

Test(api_request, a_mutation_that_is_left_out_has_no_id) {
    struct fabric_refusal refusal = {0};
    cr_assert_eq(mutation_check(NULL, &refusal), FABRIC_REFUSED);
}

Test(api_request, a_negative_revision) {
    struct fabric_refusal refusal = {0};
    Heliostat__V1__Mutation mutation = mutation_of("a");
    mutation.if_revision = -1;
    cr_assert_eq(mutation_check(&mutation, &refusal), FABRIC_REFUSED);
    cr_assert_str_eq(refusal.field, "mutation.if_revision");
}

Test(api_request, the_hash_is_of_all_but_the_id) {
    Heliostat__V1__DeleteSliceRequest request = HELIOSTAT__V1__DELETE_SLICE_REQUEST__INIT;
    Heliostat__V1__Mutation first = mutation_of("first"), second = mutation_of("second, much longer");
    request.name = (char *)"train";
    request.mutation = &first;
    uint64_t hash = request_hash(&request.base, request.mutation);
    cr_assert_str_eq(first.request_id, "first");
    request.mutation = &second;
    cr_assert_eq(request_hash(&request.base, request.mutation), hash);
    request.uid = 1;
    cr_assert_neq(request_hash(&request.base, request.mutation), hash);
    request.uid = 0;
    second.if_revision = 7;
    cr_assert_neq(request_hash(&request.base, request.mutation), hash);
}

/* It is kept in the database: another version must give the same. */
Test(api_request, the_hash_is_stable) {
    Heliostat__V1__DeleteSliceRequest request = HELIOSTAT__V1__DELETE_SLICE_REQUEST__INIT;
    Heliostat__V1__Mutation mutation = mutation_of("x");
    request.name = (char *)"train";
    request.mutation = &mutation;
    /* FNV-1a of 0a 00 12 05 74 72 61 69 6e */
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = "\x0a\x00\x12\x05train", *end = c + 9; c < end; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    cr_assert_eq(request_hash(&request.base, request.mutation), hash);
}

Test(api_request, printable_text) {
    cr_assert(request_is_printable("rack 7, caf\xc3\xa9"));
    cr_assert_not(request_is_printable("a\nb"));
    cr_assert_not(request_is_printable("a\x1b[31m"));
    cr_assert_not(request_is_printable("a\xc2\x9b"
                                       "31m"));
}

Test(api_refusal, statuses) {
    static const struct {
        enum reason reason;
        enum grpcx_status status;
    } expected[] = {
        {REASON_NOT_ENOUGH_CUBES, GRPCX_FAILED_PRECONDITION},
        {REASON_FROZEN, GRPCX_FAILED_PRECONDITION},
        {REASON_NAME_TAKEN, GRPCX_ALREADY_EXISTS},
        {REASON_INVALID_PIN, GRPCX_INVALID_ARGUMENT},
        {REASON_REVISION_MOVED, GRPCX_ABORTED},
        {REASON_NOT_OWNER, GRPCX_PERMISSION_DENIED},
        {REASON_QUOTA, GRPCX_RESOURCE_EXHAUSTED},
        {REASON_STORE_UNAVAILABLE, GRPCX_UNAVAILABLE},
        {REASON_INVALID_TOPOLOGY, GRPCX_INVALID_ARGUMENT},
        {REASON_REQUEST_ID_REUSED, GRPCX_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct fabric_refusal refusal = {.reason = expected[i].reason};
        cr_assert_eq(refusal_status(&refusal), expected[i].status, "reason %d", (int)expected[i].reason);
    }
    struct fabric_refusal not_found = {.kind = FABRIC_REFUSAL_NOT_FOUND};
    cr_assert_eq(refusal_status(&not_found), GRPCX_NOT_FOUND);
}

/* The enum of the fabric, its numbers on the wire and in the database, must be those of the contract. */
Test(api_refusal, reasons_are_those_of_the_contract) {
    cr_assert_eq((int)REASONS, (int)heliostat__v1__reason__descriptor.n_values);
    for (int reason = 1; reason < REASONS; reason++) {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value(&heliostat__v1__reason__descriptor, reason);
        cr_assert_not_null(value);
        cr_assert_str_eq(value->name + strlen("REASON_"), reason_name((enum reason)reason));
        cr_assert_neq(reason_retry((enum reason)reason), RETRY_NONE, "%s", value->name);
    }
}

static Heliostat__V1__Refusal *decode(const uint8_t *bytes, size_t len) {
    struct grpcx_status_view view;
    cr_assert_eq(grpcx_status_decode(bytes, len, &view), 0);
    cr_assert_eq(view.type_url_len, strlen("type.googleapis.com/heliostat.v1.Refusal"));
    return heliostat__v1__refusal__unpack(NULL, view.value_len, view.value);
}

Test(api_refusal, few_items_all_go_out) {
    struct fabric_refusal refusal = {0};
    uint8_t *bytes;
    size_t len;
    refuse(&refusal, REASON_PIN_USED, "spec.cubes[1]", "cube-03 is used");
    refusal_add_item(&refusal, "cube-03: slice a");
    refusal_add_item(&refusal, "cube-04: slice b");
    cr_assert_eq(refusal_encode(&refusal, NULL, &bytes, &len), 0);
    Heliostat__V1__Refusal *message = decode(bytes, len);
    cr_assert_eq(message->reason, HELIOSTAT__V1__REASON__REASON_PIN_USED);
    cr_assert_eq(message->retry, HELIOSTAT__V1__RETRY__RETRY_WHEN_FREED);
    cr_assert_str_eq(message->field, "spec.cubes[1]");
    cr_assert_eq(message->n_items, 2);
    cr_assert_str_eq(message->items[1], "cube-04: slice b");
    heliostat__v1__refusal__free_unpacked(message, NULL);
    free(bytes);
    fabric_refusal_deinit(&refusal);
}

Test(api_refusal, what_does_not_fit_is_counted) {
    struct fabric_refusal refusal = {0};
    uint8_t *bytes;
    size_t len;
    char text[600];
    memset(text, 't', sizeof(text) - 1);
    text[599] = 0;
    refuse_invalid(&refusal, "fibers", "%s", text);
    memset(refusal.would_fit_if, 'w', sizeof(refusal.would_fit_if) - 1);
    for (unsigned i = 0; i < 1000; i++)
        refusal_add_item(&refusal, "line %u: port: A%u is not accepted; wants 1 to 136", i + 2, i + 137);
    cr_assert_eq(refusal_encode(&refusal, NULL, &bytes, &len), 0);
    cr_assert_leq(len, (size_t)GRPCX_STATUS_DETAILS_MAX);
    Heliostat__V1__Refusal *message = decode(bytes, len);
    cr_assert_gt(message->n_items, 20);
    unsigned more = 0;
    cr_assert_eq(sscanf(message->items[message->n_items - 1], "and %u more", &more), 1);
    cr_assert_eq(more + message->n_items - 1, 1000);
    heliostat__v1__refusal__free_unpacked(message, NULL);
    free(bytes);
    fabric_refusal_deinit(&refusal);
}

Test(api_address, numeric_only) {
    cr_assert(address_is_numeric("127.0.0.1:5025"));
    cr_assert(address_is_numeric("[fd00::7]:5025"));
    cr_assert_not(address_is_numeric("localhost:5025"));
    cr_assert_not(address_is_numeric("127.0.0.1"));
    cr_assert_not(address_is_numeric("127.0.0.1:0"));
    cr_assert_not(address_is_numeric("127.0.0.1:65536"));
    cr_assert_not(address_is_numeric("[127.0.0.1]:5025"));
    cr_assert_not(address_is_numeric("[]:5025"));
    cr_assert_not(address_is_numeric(""));
}

Test(api_identity, principals) {
    char text[32];
    identity_principal(0, text, sizeof(text));
    cr_assert_str_eq(text, "root");
    identity_principal(1001, text, sizeof(text));
    cr_assert_str_eq(text, "uid:1001");
}
