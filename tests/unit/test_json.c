#include "heliostat/v1/inventory.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"
#include "heliostat/v1/slice.pb-c.h"
#include "proto/json/json.h"
#include "test_json_types.pb-c.h"
#include "tests/tools/descriptors.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_message(void *msg) {
    if (msg)
        protobuf_c_message_free_unpacked(msg, NULL);
}

static ProtobufCMessage *must_decode(const ProtobufCMessageDescriptor *descriptor, const char *text) {
    ProtobufCMessage *msg = NULL;
    char error[512] = "no memory";
    int r = proto_json_decode(descriptor, text, strlen(text), &msg, error, sizeof(error));
    cr_assert_eq(r, 0, "%s: %s", text, error);
    return msg;
}

static Heliostat__Test__Everything *everything(const char *text) {
    return (Heliostat__Test__Everything *)must_decode(&heliostat__test__everything__descriptor, text);
}

static void refused_len(const ProtobufCMessageDescriptor *descriptor, const char *text, size_t len,
                        const char *wanted) {
    ProtobufCMessage *msg = NULL;
    char error[1024] = "";
    int shown = len < 200 ? (int)len : 200;
    int r = proto_json_decode(descriptor, text, len, &msg, error, sizeof(error));
    cr_expect_eq(r, PROTO_JSON_REFUSED, "%.*s", shown, text);
    cr_expect_null(msg);
    cr_expect(strstr(error, wanted), "%.*s\n  says:  %s\n  wants: %s", shown, text, error, wanted);
    cr_expect_eq(proto_json_decode(descriptor, text, len, &msg, NULL, 0), PROTO_JSON_REFUSED);
    free_message(msg);
}

static void refused(const ProtobufCMessageDescriptor *descriptor, const char *text, const char *wanted) {
    refused_len(descriptor, text, strlen(text), wanted);
}

static void round_trip(const ProtobufCMessageDescriptor *descriptor, const char *text, const char *wanted) {
    char *again = NULL;
    ProtobufCMessage *msg = must_decode(descriptor, text);
    cr_assert_eq(proto_json_encode(msg, 0, &again), 0);
    cr_expect_str_eq(again, wanted);
    free(again);
    free_message(msg);
}

Test(json, prints_every_field_in_order) {
    Heliostat__V1__Fiber fiber = HELIOSTAT__V1__FIBER__INIT;
    char *text = NULL;
    cr_assert_eq(proto_json_encode(&fiber.base, 0, &text), 0);
    cr_expect_str_eq(text, "{\"cube\":0,\"face\":\"\",\"index\":0,\"ocs\":\"\",\"side\":\"\",\"port\":0}");
    free(text);
}

Test(json, leaves_out_only_messages_that_are_not_set) {
    Heliostat__V1__GetSliceResponse reply = HELIOSTAT__V1__GET_SLICE_RESPONSE__INIT;
    Heliostat__V1__ReplyMeta meta = HELIOSTAT__V1__REPLY_META__INIT;
    char *text = NULL;
    meta.revision = -9007199254740993;
    reply.meta = &meta;
    cr_assert_eq(proto_json_encode(&reply.base, 0, &text), 0);
    cr_expect_str_eq(text, "{\"meta\":{\"storeId\":\"\",\"revision\":\"-9007199254740993\",\"replayed\":"
                           "false,\"planHash\":\"\"}}");
    free(text);
}

Test(json, pretty_has_a_line_for_each_field) {
    Heliostat__V1__Inventory inventory = HELIOSTAT__V1__INVENTORY__INIT;
    Heliostat__V1__Pod pod = HELIOSTAT__V1__POD__INIT, *pods[] = {&pod};
    char *text = NULL;
    pod.name = "a";
    inventory.n_pods = 1;
    inventory.pods = pods;
    cr_assert_eq(proto_json_encode(&inventory.base, PROTO_JSON_PRETTY, &text), 0);
    cr_expect_str_eq(text, "{\n  \"pods\": [\n    {\n      \"name\": \"a\",\n      \"model\": \"\",\n"
                           "      \"largestSliceChips\": 0,\n      \"cubes\": [],\n      \"ocses\": [],\n"
                           "      \"fibers\": []\n    }\n  ]\n}");
    free(text);
}

Test(json, escapes_strings) {
    round_trip(&heliostat__test__leaf__descriptor,
               "{\"nodeName\": \"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u00e9\\ud83d\\ude00\x7f\"}",
               "{\"row\":0,\"nodeName\":\"a\\\"\\\\/"
               "\\u0008\\u000c\\n\\u000d\\t\\u0001\xc3\xa9\xf0\x9f\x98\x80\x7f\"}");
}

Test(json, string_that_is_not_utf8_is_not_encoded) {
    static const char *const bad[] = {"\xff",
                                      "a\xc3",
                                      "\xc0\x80",
                                      "\xe0\x80\x80",
                                      "\xf0\x80\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xe2\x82z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        Heliostat__Test__Leaf leaf = HELIOSTAT__TEST__LEAF__INIT;
        char *text = NULL;
        leaf.node_name = (char *)bad[i];
        cr_expect_eq(proto_json_encode(&leaf.base, 0, &text), -EILSEQ);
        cr_expect_null(text);
    }
}

Test(json, null_string_counts_as_empty) {
    Heliostat__Test__Leaf leaf = HELIOSTAT__TEST__LEAF__INIT;
    char *text = NULL;
    leaf.node_name = NULL;
    cr_assert_eq(proto_json_encode(&leaf.base, 0, &text), 0);
    cr_expect_str_eq(text, "{\"row\":0,\"nodeName\":\"\"}");
    free(text);
}

Test(json, takes_both_names_and_null) {
    round_trip(&heliostat__test__leaf__descriptor, "{\"node_name\": \"a\", \"row\": null}",
               "{\"row\":0,\"nodeName\":\"a\"}");
    round_trip(&heliostat__v1__get_slice_response__descriptor, "{\"slice\": null, \"meta\": null}", "{}");
    round_trip(&heliostat__v1__inventory__descriptor, "{\"pods\": null}", "{\"pods\":[]}");
}

Test(json, integers_up_to_their_limits) {
    Heliostat__Test__Everything *m = everything(
        "{\"int32Field\": -2147483648, \"sint32Field\": 2147483647, \"sfixed32Field\": \"-7\", "
        "\"uint32Field\": 4294967295,"
        "\"fixed32Field\": 3.0, \"int64Field\": \"-9223372036854775808\", \"sint64Field\": "
        "9223372036854775807,"
        "\"sfixed64Field\": -1, \"uint64Field\": \"18446744073709551615\", \"fixed64Field\": 1e3}");
    cr_expect_eq(m->int32_field, INT32_MIN);
    cr_expect_eq(m->sint32_field, INT32_MAX);
    cr_expect_eq(m->sfixed32_field, -7);
    cr_expect_eq(m->uint32_field, UINT32_MAX);
    cr_expect_eq(m->fixed32_field, 3);
    cr_expect_eq(m->int64_field, INT64_MIN);
    cr_expect_eq(m->sint64_field, INT64_MAX);
    cr_expect_eq(m->sfixed64_field, -1);
    cr_expect_eq(m->uint64_field, UINT64_MAX);
    cr_expect_eq(m->fixed64_field, 1000);
    free_message(m);
}

Test(json, reals_words_and_bytes) {
    Heliostat__Test__Everything *m = everything(
        "{\"floatField\": \"-Infinity\", \"doubleField\": \"0.1\", \"doubleList\": [1, 2.5, \"NaN\"],"
        "\"bytesField\": \"-_8=\", \"bytesList\": [\"\", \"AA\", \"AAE=\"]}");
    char *text = NULL;
    cr_expect(m->float_field < -1e38f);
    cr_expect_eq(m->double_field, 0.1);
    cr_expect_eq(m->bytes_field.len, 2);
    cr_expect_eq(memcmp(m->bytes_field.data, "\xfb\xff", 2), 0);
    cr_assert_eq(proto_json_encode(&m->base, 0, &text), 0);
    cr_expect(strstr(text, "\"floatField\":\"-Infinity\",\"doubleField\":0.1,"), "%s", text);
    cr_expect(strstr(text, "\"bytesField\":\"+/8=\""), "%s", text);
    cr_expect(strstr(text, "\"doubleList\":[1,2.5,\"NaN\"]"), "%s", text);
    cr_expect(strstr(text, "\"bytesList\":[\"\",\"AA==\",\"AAE=\"]"), "%s", text);
    free(text);
    free_message(m);
}

Test(json, enums_by_name_or_number) {
    Heliostat__Test__Everything *m =
        everything("{\"colour\": \"COLOUR_GREEN\", \"colourList\": [1, \"COLOUR_BELOW\", -3]}");
    char *text = NULL;
    cr_expect_eq(m->colour, HELIOSTAT__TEST__COLOUR__COLOUR_GREEN);
    m->colour_list[0] = 77; /* a newer peer's */
    cr_assert_eq(proto_json_encode(&m->base, 0, &text), 0);
    cr_expect(strstr(text, "\"colour\":\"COLOUR_GREEN\""), "%s", text);
    cr_expect(strstr(text, "\"colourList\":[77,\"COLOUR_BELOW\",\"COLOUR_BELOW\"]"), "%s", text);
    free(text);
    free_message(m);
}

Test(json, unknown_fields_are_refused_with_their_path) {
    refused(&heliostat__v1__inventory__descriptor, "{\"pods\": [{\"cubes\": [{}, {}, {}, {\"rwo\": 1}]}]}",
            "pods[0].cubes[3].rwo: unknown field; did you mean row");
    refused(&heliostat__test__leaf__descriptor, "{\"colour\": 1}",
            "colour: unknown field; Leaf has row, nodeName");
    refused(&heliostat__v1__list_pods_request__descriptor, "{\"a\": 1}",
            "a: unknown field; ListPodsRequest has no fields");
    refused(&heliostat__test__leaf__descriptor, "{\"row\": 1, \"\": 1}", ": unknown field");
}

Test(json, wrong_types_are_refused_with_value_and_what_is_wanted) {
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"{\"int32Field\": \"seven\"}",
         "int32Field: \"seven\" is not accepted; wants an integer from -2147483648 to 2147483647"},
        {"{\"int32Field\": 2147483648}", "int32Field: 2147483648 is not"},
        {"{\"int32Field\": -2147483649}", "int32Field: -2147483649 is not"},
        {"{\"uint32Field\": -1}", "uint32Field: -1 is not accepted; wants an integer from 0 to 4294967295"},
        {"{\"uint32Field\": 4294967296}", "uint32Field: 4294967296 is not"},
        {"{\"uint32Field\": 1.5}", "uint32Field: 1.5 is not"},
        {"{\"uint32Field\": true}", "uint32Field: true is not"},
        {"{\"uint32Field\": \"\"}", "uint32Field: \"\" is not"},
        {"{\"uint32Field\": \" 1\"}", "uint32Field: \" 1\" is not"},
        {"{\"uint32Field\": [1]}", "uint32Field: a list is not"},
        {"{\"int64Field\": \"9223372036854775808\"}",
         "wants an integer from -9223372036854775808 to 9223372036854775807"},
        {"{\"int64Field\": \"-9223372036854775809\"}", "int64Field: \"-9223372036854775809\" is not"},
        {"{\"int64Field\": 1e300}", "int64Field: "},
        {"{\"uint64Field\": \"18446744073709551616\"}", "wants an integer from 0 to 18446744073709551615"},
        {"{\"floatField\": 1e39}", "floatField: "},
        {"{\"doubleField\": \"nan\"}", "doubleField: \"nan\" is not accepted; wants a number, \"NaN\""},
        {"{\"boolField\": 1}", "boolField: 1 is not accepted; wants true or false"},
        {"{\"boolField\": \"true\"}", "boolField: \"true\" is not"},
        {"{\"colour\": \"RED\"}",
         "colour: \"RED\" is not accepted; wants one of COLOUR_BELOW, COLOUR_UNSPECIFIED"},
        {"{\"colour\": 4}", "colour: 4 is not"},
        {"{\"stringField\": 1}", "stringField: 1 is not accepted; wants a string"},
        {"{\"bytesField\": \"A\"}", "bytesField: \"A\" is not accepted; wants a string in base64"},
        {"{\"bytesField\": \"AA=\"}", "bytesField: \"AA=\" is not"},
        {"{\"bytesField\": \"A*==\"}", "bytesField: \"A*==\" is not"},
        {"{\"leaf\": []}", "leaf: a list is not accepted; wants an object"},
        {"{\"leaf\": \"x\"}", "leaf: \"x\" is not accepted; wants an object"},
        {"{\"int32List\": 1}", "int32List: 1 is not accepted; wants a list"},
        {"{\"int32List\": [1, 2, null]}", "int32List[2]: null is not accepted; wants an integer"},
        {"{\"stringList\": [null]}", "stringList[0]: null is not"},
        {"{\"stringList\": [\"a\", \"b\", 3]}", "stringList[2]: 3 is not"},
        {"{\"leafList\": [{}, {\"row\": {}}]}", "leafList[1].row: an object is not"},
        {"{\"leafList\": [1]}", "leafList[0]: 1 is not accepted; wants an object"},
        {"{\"int32Field\": 1, \"int32_field\": 1}", "int32_field: given twice"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(&heliostat__test__everything__descriptor, cases[i].text, cases[i].wanted);
}

Test(json, syntax_errors_name_the_line) {
    const ProtobufCMessageDescriptor *d = &heliostat__test__leaf__descriptor;
    refused(d, "{\n\"row\": 1,\n\"row\": 2}", "line 3, column ");
    refused(d, "{\"row\": 1,\n\n \"row\"}", "line 3, column ");
    refused(d, "", "line 1, column 0: ");
    refused(d, "[]", "a list is not accepted; wants an object");
    refused(d, "3", "line 1");
    refused(d, "{} {}", "end of file expected");
    refused(d, "{\"nodeName\": \"a\\u0000b\"}", "\\u0000 is not allowed");
    refused(d, "{\"nodeName\": \"\xff\"}", "line 1");
    refused(d, "{\"nodeName\": \"\\ud800\"}", "line 1");
    refused(d, "{\"row\": 99999999999999999999}", "too big integer");
    refused_len(d, "{\"row\": 1}\0", 11, "line 1");
    refused_len(d, "{\"nodeName\": \"a\0\"}", 18, "line 1");
}

Test(json, errors_hold_no_control_characters_and_are_bounded) {
    char text[3000], long_name[2000];
    refused(&heliostat__test__leaf__descriptor, "{\"\\u001b[31m\": 1}", "?[31m: unknown field");
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = 0;
    snprintf(text, sizeof(text), "{\"%s\": 1}", long_name);
    refused(&heliostat__test__leaf__descriptor, text, "aaa: unknown field");
    snprintf(text, sizeof(text), "{\"row\": \"%s\"}", long_name);
    refused(&heliostat__test__leaf__descriptor, text, "aaa...\" is not accepted");
    /* Cut between the two bytes of a character. */
    char error[7];
    ProtobufCMessage *msg = NULL;
    const char *accents = "{\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\": 1}";
    cr_expect_eq(
        proto_json_decode(&heliostat__test__leaf__descriptor, accents, strlen(accents), &msg, error, 6),
        PROTO_JSON_REFUSED);
    cr_expect_str_eq(error, "\xc3\xa9\xc3\xa9");
}

Test(json, size_depth_and_count_are_bounded) {
    const ProtobufCMessageDescriptor *d = &heliostat__test__leaf__descriptor;
    size_t len = (size_t)PROTO_JSON_TEXT_MAX + 1;
    char *text = malloc(len);
    cr_assert(text);
    memset(text, ' ', len);
    refused_len(d, text, len, "67108865 bytes; wants at most 67108864");
    memset(text, '[', len);
    refused_len(d, text, 33, "line 1: objects and lists go more than 32 deep");
    refused_len(d, text, 32, "line 1, column 32: ");
    memset(text, ',', len);
    refused_len(d, text, 3000000, "3000001 values; wants at most 2000000");
    free(text);
}

/* A pod of 4,096 chips and 6,144 fibers, there and back. */
Test(json, whole_pod) {
    Heliostat__V1__Pod *pod = calloc(1, sizeof(*pod));
    heliostat__v1__pod__init(pod);
    pod->n_fibers = 6144;
    pod->fibers = calloc(pod->n_fibers, sizeof(pod->fibers[0]));
    for (unsigned i = 0; i < pod->n_fibers; i++) {
        Heliostat__V1__Fiber *fiber = pod->fibers[i] = calloc(1, sizeof(*fiber));
        heliostat__v1__fiber__init(fiber);
        fiber->cube = i / 96;
        fiber->face = strdup("+x");
        fiber->port = i;
    }
    char *text = NULL, *again = NULL;
    cr_assert_eq(proto_json_encode(&pod->base, PROTO_JSON_PRETTY, &text), 0);
    ProtobufCMessage *msg = must_decode(&heliostat__v1__pod__descriptor, text);
    cr_assert_eq(((Heliostat__V1__Pod *)msg)->n_fibers, 6144);
    cr_assert_eq(proto_json_encode(msg, PROTO_JSON_PRETTY, &again), 0);
    cr_expect_str_eq(again, text);
    free(text);
    free(again);
    free_message(msg);
    free_message(pod);
}

/* Broken copies of a good text, and noise: a message or a refusal, never a crash; sanitizers watch. */
Test(json, survives_noise) {
    static const char good[] =
        "{\"int32Field\": -5, \"uint64Field\": \"7\", \"doubleField\": 1.5e3, \"boolField\": true, "
        "\"colour\": \"COLOUR_RED\","
        "\"stringField\": \"\\u00e9x\", \"bytesField\": \"AAE=\", \"leaf\": {\"row\": 3, \"nodeName\": "
        "\"n\"},"
        "\"int32List\": [1, 2], \"stringList\": [\"a\", \"b\"], \"leafList\": [{\"row\": 1}, {}]}";
    static const char letters[] = "{}[]\",:0123456789eE+-.\\utfnl \n\xc3\xa9\xff";
    const char *given = getenv("HELIOSTAT_SEED");
    unsigned seed = given ? (unsigned)atoi(given) : 20241;
    unsigned taken = 0, refusals = 0;
    fprintf(stderr, "count: json noise: seed %u (repeat with HELIOSTAT_SEED)\n", seed);
    for (unsigned round = 0; round < 20000; round++) {
        char text[sizeof(good)], error[200];
        size_t len = sizeof(good) - 1;
        ProtobufCMessage *msg = NULL;
        memcpy(text, good, sizeof(good));
        if (round % 4 == 3) {
            len = (size_t)rand_r(&seed) % 40;
            for (size_t i = 0; i < len; i++)
                text[i] = letters[(size_t)rand_r(&seed) % (sizeof(letters) - 1)];
        } else {
            for (unsigned n = 1 + (unsigned)rand_r(&seed) % 3; n > 0; n--)
                text[(size_t)rand_r(&seed) % len] = letters[(size_t)rand_r(&seed) % (sizeof(letters) - 1)];
            if (round % 4 == 2)
                len = (size_t)rand_r(&seed) % len;
        }
        const ProtobufCMessageDescriptor *d = &heliostat__test__everything__descriptor;
        int r = proto_json_decode(d, text, len, &msg, error, 1 + round % sizeof(error));
        cr_assert(r == 0 || r == PROTO_JSON_REFUSED);
        if (r == 0) {
            char *again = NULL;
            cr_assert_eq(proto_json_encode(msg, 0, &again), 0, "%.*s", (int)len, text);
            free(again);
            free_message(msg);
            taken++;
        } else {
            refusals++;
        }
    }
    fprintf(stderr, "count: json noise: %u taken, %u refused\n", taken, refusals);
    cr_expect_gt(taken, 100);
    cr_expect_gt(refusals, 1000);
}
