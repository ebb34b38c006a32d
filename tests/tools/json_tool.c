/* Turns messages into JSON and back for the differential test.
 *
 * Requests on stdin, until it ends: one byte, 'e' (binary to JSON), 'p' (the same, pretty) or 'd' (JSON to
 * binary); the length of the full name of the message type, the name; the length of the payload, the payload.
 * Answers on stdout: one byte, '0' done or '1' refused; a length; the payload or the error. Lengths are four
 * bytes, little-endian. */
#include "proto/json/json.h"
#include "tests/tools/descriptors.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_counted(size_t *ret_len) {
    uint8_t head[4];
    if (fread(head, 1, 4, stdin) != 4)
        exit(2);
    size_t len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    char *bytes = calloc(1, len + 1);
    if (!bytes || fread(bytes, 1, len, stdin) != len)
        exit(2);
    *ret_len = len;
    return bytes;
}

static void answer(bool done, const void *bytes, size_t len) {
    uint8_t head[4] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16), (uint8_t)(len >> 24)};
    putchar(done ? '0' : '1');
    fwrite(head, 1, 4, stdout);
    fwrite(bytes, 1, len, stdout);
    fflush(stdout);
}

static void encode(const ProtobufCMessageDescriptor *descriptor, unsigned flags, const char *bytes,
                   size_t len) {
    char *text = NULL;
    ProtobufCMessage *msg = protobuf_c_message_unpack(descriptor, NULL, len, (const uint8_t *)bytes);
    int r = msg ? proto_json_encode(msg, flags, &text) : 1;
    if (r == 0)
        answer(true, text, strlen(text));
    else
        answer(false, msg ? strerror(-r) : "does not unpack", 15);
    free(text);
    protobuf_c_message_free_unpacked(msg, NULL);
}

static void decode(const ProtobufCMessageDescriptor *descriptor, const char *text, size_t len) {
    ProtobufCMessage *msg = NULL;
    char error[1024] = "no memory";
    if (proto_json_decode(descriptor, text, len, &msg, error, sizeof(error)) != 0) {
        answer(false, error, strlen(error));
        return;
    }
    size_t packed = protobuf_c_message_get_packed_size(msg);
    uint8_t *bytes = malloc(packed + 1);
    if (!bytes)
        exit(2);
    protobuf_c_message_pack(msg, bytes);
    answer(true, bytes, packed);
    free(bytes);
    protobuf_c_message_free_unpacked(msg, NULL);
}

int main(void) {
    int what;
    while ((what = getchar()) != EOF) {
        size_t name_len, len;
        char *name = read_counted(&name_len), *payload = read_counted(&len);
        const ProtobufCMessageDescriptor *const *at = test_descriptors;
        while (*at && strcmp((*at)->name, name) != 0)
            at++;
        if (!*at)
            answer(false, "no such type", strlen("no such type"));
        else if (what == 'd')
            decode(*at, payload, len);
        else
            encode(*at, what == 'p' ? PROTO_JSON_PRETTY : 0, payload, len);
        free(name);
        free(payload);
    }
    return 0;
}
