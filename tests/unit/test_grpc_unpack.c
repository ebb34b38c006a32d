#include "proto/grpc/unpack.h"
#include "test_grpc_unpack_types.pb-c.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Heliostat__Test__Unpack__Node Node;

static char error[200];

static int unpack(const void *bytes, size_t len, const struct grpcx_unpack_limits *limits, Node **ret_node) {
    error[0] = '\0';
    ProtobufCMessage *msg = NULL;
    int r = grpcx_unpack(&heliostat__test__unpack__node__descriptor, bytes, len, limits, &msg, error,
                         sizeof(error));
    cr_assert((r == 0) == (msg != NULL));
    cr_assert(r == 0 || error[0], "a refusal says why");
    *ret_node = (Node *)msg;
    return r;
}

static void refused(const void *bytes, size_t len, const struct grpcx_unpack_limits *limits,
                    const char *text) {
    Node *node;
    cr_assert_eq(unpack(bytes, len, limits, &node), GRPCX_UNPACK_REFUSED);
    cr_assert(strstr(error, text), "\"%s\" does not say \"%s\"", error, text);
}

static Node *taken(const void *bytes, size_t len) {
    Node *node;
    cr_assert_eq(unpack(bytes, len, NULL, &node), 0, "%s", error);
    return node;
}

Test(grpc_unpack, empty_message) {
    Node *node = taken(NULL, 0);
    cr_assert_str_eq(node->text, "");
    grpcx_unpack_free(&node->base);
    grpcx_unpack_free(NULL);
}

Test(grpc_unpack, strings_are_utf_8_without_nul) {
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {{"\0", 1},
               {"a\0b", 3},
               {"\x80", 1},
               {"\xbf", 1},
               {"\xc0\x80", 2},
               {"\xc1\xbf", 2},
               {"\xc2", 1},
               {"\xc2\x41", 2},
               {"\xe0\x9f\xbf", 3},
               {"\xed\xa0\x80", 3},
               {"\xed\xbf\xbf", 3},
               {"\xe1\x80", 2},
               {"\xf0\x8f\xbf\xbf", 4},
               {"\xf4\x90\x80\x80", 4},
               {"\xf5\x80\x80\x80", 4},
               {"\xff", 1}};
    char bytes[16];
    for (unsigned tag = 3; tag <= 4; tag++) { /* single and repeated */
        for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
            size_t len = strlen(good[i]);
            bytes[0] = (char)(tag << 3 | 2);
            bytes[1] = (char)len;
            memcpy(bytes + 2, good[i], len);
            Node *node = taken(bytes, len + 2);
            cr_assert_str_eq(tag == 3 ? node->text : node->texts[0], good[i]);
            grpcx_unpack_free(&node->base);
        }
        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
            bytes[0] = (char)(tag << 3 | 2);
            bytes[1] = (char)bad[i].len;
            memcpy(bytes + 2, bad[i].bytes, bad[i].len);
            refused(bytes, bad[i].len + 2, NULL, tag == 3 ? "Node.text: not UTF-8" : "Node.texts: not UTF-8");
        }
    }
    Node *node = taken("\x2a\x03\xff\0\xfe", 5);
    cr_assert_eq(node->raw.len, 3, "bytes are bytes");
    grpcx_unpack_free(&node->base);
}

/* depth messages inside each other, outermost included. */
static size_t nest(uint8_t *out, size_t size, unsigned depth) {
    size_t len = 0;
    for (unsigned i = 1; i < depth; i++) {
        uint8_t head[12] = {0x0a};
        size_t n = 1;
        for (size_t v = len; n == 1 || v; v >>= 7)
            head[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        cr_assert_leq(len + n, size);
        memmove(out + n, out, len);
        memcpy(out, head, n);
        len += n;
    }
    return len;
}

Test(grpc_unpack, depth_is_bounded) {
    static uint8_t bytes[300000];
    size_t len = nest(bytes, sizeof(bytes), 32);
    Node *node = taken(bytes, len);
    grpcx_unpack_free(&node->base);
    len = nest(bytes, sizeof(bytes), 33);
    refused(bytes, len, NULL, "nested deeper than 32");
    refused(bytes, nest(bytes, sizeof(bytes), 3), &(struct grpcx_unpack_limits){.max_depth = 2},
            "nested deeper than 2");
    len = nest(bytes, sizeof(bytes), 20000);
    refused(bytes, len, NULL, "nested deeper than 32");
}

Test(grpc_unpack, many_small_messages_do_not_swell) {
    /* Two bytes each; a Node takes over a hundred. */
    size_t len = 2 << 20;
    uint8_t *bytes = malloc(len);
    for (size_t i = 0; i < len; i += 2) {
        bytes[i] = 0x12;
        bytes[i + 1] = 0;
    }
    refused(bytes, len, NULL, "too many fields");
    refused(bytes, len, &(struct grpcx_unpack_limits){.max_count = 10000000}, "takes too much memory");
    refused(bytes, 200, &(struct grpcx_unpack_limits){.max_count = 99}, "too many fields");
    Node *node;
    cr_assert_eq(unpack(bytes, 198, &(struct grpcx_unpack_limits){.max_count = 99}, &node), 0);
    cr_assert_eq(node->n_children, 99);
    grpcx_unpack_free(&node->base);
    free(bytes);
}

Test(grpc_unpack, packed_elements_count_each) {
    static uint8_t bytes[2000] = {0x32, 0xe8, 0x07}; /* field 6, 1000 elements of one byte */
    struct grpcx_unpack_limits limits = {.max_count = 1000};
    refused(bytes, 1003, &limits, "Node.numbers: too many elements");
    limits.max_count = 1001;
    Node *node;
    cr_assert_eq(unpack(bytes, 1003, &limits, &node), 0);
    cr_assert_eq(node->n_numbers, 1000);
    grpcx_unpack_free(&node->base);
    bytes[0] = 0x3a; /* field 7, 125 elements of eight bytes */
    limits.max_count = 125;
    refused(bytes, 1003, &limits, "Node.wide: too many elements");
    limits.max_count = 126;
    cr_assert_eq(unpack(bytes, 1003, &limits, &node), 0);
    cr_assert_eq(node->n_wide, 125);
    grpcx_unpack_free(&node->base);
    bytes[0] = 0x42; /* field 8, 250 elements of four bytes */
    limits.max_count = 250;
    refused(bytes, 1003, &limits, "Node.narrow: too many elements");
}

Test(grpc_unpack, memory_is_counted) {
    static uint8_t bytes[1003] = {0x2a, 0xe8, 0x07};
    ProtobufCMessage *msg;
    size_t allocated = 0;
    cr_assert_eq(grpcx_unpack_counted(&heliostat__test__unpack__node__descriptor, bytes, sizeof(bytes), NULL,
                                      &msg, &allocated, NULL, 0),
                 0);
    cr_assert_geq(allocated, 1000 + sizeof(Node));
    cr_assert_lt(allocated, 1500 + sizeof(Node));
    grpcx_unpack_free(msg);
    refused(bytes, sizeof(bytes), &(struct grpcx_unpack_limits){.max_bytes_allocated = 1000},
            "takes too much memory");
}

Test(grpc_unpack, broken_wire) {
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } table[] = {
        {"\x80", 1, "bad tag"},
        {"\x00", 1, "bad tag"},
        {"\x02\x00", 2, "bad tag"},
        {"\xf8\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 11, "bad tag"},
        {"\x1a", 1, "Node.text: length past the end"},
        {"\x1a\x05"
         "a",
         3, "Node.text: length past the end"},
        {"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "Node.text: length past the end"},
        {"\x1a\x02"
         "a",
         3, "Node.text: length past the end"},
        {"\x48", 1, "Node.flag: cut short"},
        {"\x48\x80", 2, "Node.flag: cut short"},
        {"\x59"
         "1234567",
         8, "Node.real: cut short"},
        {"\x18\x01", 2, "Node.text: bad wire type 0"},
        {"\x4a\x00", 2, "Node.flag: bad wire type 2"},
        {"\x08\x01", 2, "Node.child: bad wire type 0"},
        {"\x1b", 1, "Node.text: bad wire type 3"},
        {"\x1c", 1, "Node.text: bad wire type 4"},
        {"\x1f", 1, "Node.text: bad wire type 7"},
        {"\x0a\x02\x1a\x05", 4, "Node.text: length past the end"},
        {"\x9a\x06\x05"
         "a",
         4, "unknown field: length past the end"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        refused(table[i].bytes, table[i].len, NULL, table[i].text);
}

Test(grpc_unpack, every_cut_of_a_message_is_refused_or_whole) {
    static const uint8_t bytes[] = "\x0a\x05\x1a\x03"
                                   "abc\x22\x01x\x2a\x02yz\x32\x03\x01\x02\x03\x48\x01\x50\x07";
    for (size_t len = 0; len < sizeof(bytes); len++) {
        uint8_t *copy = malloc(len + 1); /* so that a sanitizer sees a read past it */
        memcpy(copy, bytes, len);
        Node *node;
        if (unpack(copy, len, NULL, &node) == 0)
            grpcx_unpack_free(&node->base);
        free(copy);
    }
}
