#include "proto/grpc/status.h"
#include "proto/grpc/wire.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Test(grpc_wire, varints) {
    static const struct {
        const char *bytes;
        size_t len;
        uint64_t value;
        int r;
    } table[] = {{"\0", 1, 0, 0},
                 {"\x7f", 1, 127, 0},
                 {"\x80\x01", 2, 128, 0},
                 {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, 0},
                 {"", 0, 0, -EBADMSG},
                 {"\x80", 1, 0, -EBADMSG},
                 {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, 0, -EBADMSG}};
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const uint8_t *p = (const uint8_t *)table[i].bytes;
        uint64_t value = 0;
        cr_assert_eq(grpcx_varint(&p, p + table[i].len, &value), table[i].r, "row %zu", i);
        cr_assert_eq(value, table[i].value, "row %zu", i);
        cr_assert(table[i].r || p == (const uint8_t *)table[i].bytes + table[i].len);
    }
}

Test(grpc_wire, fields) {
    static const uint8_t good[] = "\x08\x05\x12\x02hi\x19"
                                  "12345678\x25"
                                  "1234";
    const uint8_t *p = good, *end = good + sizeof(good) - 1;
    struct grpcx_field field;
    cr_assert_eq(grpcx_field_next(&p, end, &field), 0);
    cr_assert(field.number == 1 && field.wire == 0 && field.value == 5);
    cr_assert_eq(grpcx_field_next(&p, end, &field), 0);
    cr_assert(field.number == 2 && field.wire == 2 && field.len == 2 && !memcmp(field.data, "hi", 2));
    cr_assert_eq(grpcx_field_next(&p, end, &field), 0);
    cr_assert(field.number == 3 && field.wire == 1);
    cr_assert_eq(grpcx_field_next(&p, end, &field), 0);
    cr_assert(field.number == 4 && field.wire == 5);
    cr_assert_eq(p, end);
    static const char *const bad[] = {"\x08",
                                      "\x12\x05hi",
                                      "\x19"
                                      "1234567",
                                      "\x25"
                                      "123",
                                      "\x0b",
                                      "\x0c",
                                      "\x0e"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        p = (const uint8_t *)bad[i];
        cr_assert_eq(grpcx_field_next(&p, p + strlen(bad[i]), &field), -EBADMSG, "row %zu", i);
    }
}

Test(grpc_wire, base64_there_and_back) {
    static const char *const table[][2] = {{"", ""},        {"f", "Zg"},        {"fo", "Zm8"},
                                           {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xff\xfe", "//4"}};
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        size_t len = 99;
        char *text = grpcx_base64((const uint8_t *)table[i][0], strlen(table[i][0]));
        cr_assert_str_eq(text, table[i][1]);
        uint8_t *bytes = grpcx_unbase64(text, strlen(text), &len);
        cr_assert_eq(len, strlen(table[i][0]));
        cr_assert_eq(memcmp(bytes, table[i][0], len), 0);
        free(text);
        free(bytes);
    }
    size_t len = 0;
    uint8_t *bytes = grpcx_unbase64("Zg==", 4, &len);
    cr_assert(len == 1 && bytes[0] == 'f', "padding is taken");
    free(bytes);
}

Test(grpc_wire, percent_there_and_back_and_cut) {
    char *text = grpcx_percent("50 % gr\xc3\xb6\xc3\x9f"
                               "er\n",
                               1000);
    cr_assert_str_eq(text, "50 %25 gr%C3%B6%C3%9Fer%0A");
    char *back = grpcx_unpercent(text, strlen(text));
    cr_assert_str_eq(back, "50 % gr\xc3\xb6\xc3\x9f"
                           "er\n");
    free(text);
    free(back);
    static const struct {
        size_t max;
        const char *text;
    } cuts[] = {{0, ""}, {1, "a"}, {3, "a"}, {4, "a%25"}, {5, "a%25b"}, {6, "a%25b"}};
    for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
        text = grpcx_percent("a%b", cuts[i].max);
        cr_assert_str_eq(text, cuts[i].text);
        free(text);
    }
    back = grpcx_unpercent("%4", 2);
    cr_assert_str_eq(back, "%4");
    free(back);
    back = grpcx_unpercent("%zz%41", 6);
    cr_assert_str_eq(back, "%zzA");
    free(back);
}

Test(grpc_wire, timeouts) {
    static const struct {
        const char *text;
        int64_t us;
    } table[] = {{"1H", 3600000000},
                 {"2M", 120000000},
                 {"3S", 3000000},
                 {"4m", 4000},
                 {"5u", 5},
                 {"6n", 1},
                 {"1000n", 1},
                 {"1001n", 2},
                 {"99999999H", 99999999 * INT64_C(3600000000)},
                 {"0m", 0},
                 {"", -EINVAL},
                 {"1", -EINVAL},
                 {"m", -EINVAL},
                 {"1x", -EINVAL},
                 {"-1m", -EINVAL},
                 {"1 m", -EINVAL},
                 {"123456789m", -EINVAL}};
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        cr_assert_eq(grpcx_parse_timeout(table[i].text, strlen(table[i].text)), table[i].us, "%s",
                     table[i].text);
}

Test(grpc_wire, frames_in_any_pieces) {
    static const uint8_t bytes[] = {0, 0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'd'};
    static const char *const expected[] = {"abc", "", "d"};
    for (size_t piece = 1; piece <= sizeof(bytes); piece++) {
        struct grpcx_reader reader = {0};
        size_t n = 0;
        for (size_t at = 0; at < sizeof(bytes); at += piece) {
            const uint8_t *p = bytes + at;
            const uint8_t *end = p + (sizeof(bytes) - at < piece ? sizeof(bytes) - at : piece);
            while (p < end) {
                enum grpcx_read r = grpcx_reader_feed(&reader, &p, end, 3);
                cr_assert(r == GRPCX_READ_MORE || r == GRPCX_READ_MESSAGE);
                if (r == GRPCX_READ_MORE)
                    continue;
                cr_assert_eq(reader.len, strlen(expected[n]));
                cr_assert(reader.len == 0 || !memcmp(reader.body, expected[n], reader.len));
                grpcx_reader_next(&reader);
                n++;
            }
        }
        cr_assert_eq(n, 3, "pieces of %zu", piece);
        grpcx_reader_next(&reader);
    }
}

Test(grpc_wire, frames_that_are_refused) {
    struct grpcx_reader reader = {0};
    const uint8_t *p = (const uint8_t *)"\0\0\0\0\4";
    cr_assert_eq(grpcx_reader_feed(&reader, &p, p + 5, 3), GRPCX_READ_TOO_BIG);
    reader = (struct grpcx_reader){0};
    p = (const uint8_t *)"\1\0\0\0\1";
    cr_assert_eq(grpcx_reader_feed(&reader, &p, p + 5, 3), GRPCX_READ_COMPRESSED);
}

Test(grpc_wire, a_promise_takes_no_memory) {
    struct grpcx_reader reader = {0};
    const uint8_t *p = (const uint8_t *)"\0\x7f\xff\xff\xffx";
    cr_assert_eq(grpcx_reader_feed(&reader, &p, p + 6, SIZE_MAX), GRPCX_READ_MORE);
    cr_assert_leq(reader.cap, 256);
    grpcx_reader_next(&reader);
}

/* Every message comes out whole and in order, whatever the pieces in which it is taken. */
Test(grpc_wire, queue) {
    for (size_t piece = 1; piece < 2000; piece = piece * 3 + 1) {
        struct grpcx_queue queue = {0};
        struct grpcx_reader reader = {0};
        static uint8_t message[1000], taken[2000];
        size_t got = 0;
        for (size_t i = 0; i < 1000; i++) {
            memset(message, (int)(i & 255), sizeof(message));
            cr_assert_eq(grpcx_queue_packed(&queue, message, i), 0);
            size_t n = grpcx_queue_take(&queue, taken, i == 999 ? 0 : piece);
            while (n || i == 999) {
                const uint8_t *p = taken, *end = taken + n;
                while (p < end) {
                    if (grpcx_reader_feed(&reader, &p, end, 1000) != GRPCX_READ_MESSAGE)
                        continue;
                    cr_assert_eq(reader.len, got);
                    cr_assert(got == 0 ||
                              (reader.body[0] == (got & 255) && reader.body[got - 1] == (got & 255)));
                    got++;
                    grpcx_reader_next(&reader);
                }
                if (i < 999 || (n = grpcx_queue_take(&queue, taken, piece)) == 0)
                    break;
            }
        }
        cr_assert_eq(got, 1000);
        cr_assert_leq(queue.cap, 65536, "an empty queue gives its memory back");
        grpcx_queue_deinit(&queue);
        grpcx_reader_next(&reader);
    }
}

Test(grpc_wire, status_there_and_back) {
    uint8_t *bytes;
    size_t len;
    struct grpcx_status_view view;
    cr_assert_eq(grpcx_status_encode(9, "message", "type/url", (const uint8_t *)"\0\1\2", 3, &bytes, &len),
                 0);
    cr_assert_eq(grpcx_status_decode(bytes, len, &view), 0);
    cr_assert_eq(view.code, 9);
    cr_assert(view.message_len == 7 && !memcmp(view.message, "message", 7));
    cr_assert(view.type_url_len == 8 && !memcmp(view.type_url, "type/url", 8));
    cr_assert(view.value_len == 3 && !memcmp(view.value, "\0\1\2", 3));
    for (size_t cut = 1; cut < len; cut++)
        if (grpcx_status_decode(bytes, cut, &view) == 0)
            cr_assert(cut == 2 || cut == 11, "cut at %zu of %zu", cut, len);
    free(bytes);
    cr_assert_eq(grpcx_status_encode(5, NULL, NULL, NULL, 0, &bytes, &len), 0);
    cr_assert_eq(grpcx_status_decode(bytes, len, &view), 0);
    cr_assert(view.code == 5 && view.message_len == 0 && view.type_url == NULL);
    free(bytes);
    cr_assert_eq(grpcx_status_decode(NULL, 0, &view), 0);
    cr_assert_str_eq(grpcx_status_name(9), "FAILED_PRECONDITION");
    cr_assert_str_eq(grpcx_status_name(17), "UNKNOWN");
    cr_assert_str_eq(grpcx_status_name(-1), "UNKNOWN");
}
