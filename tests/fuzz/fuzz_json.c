/* Hostile text as the JSON of each message of the contract: read, or refused with a text; what was read can
 * be written, read and written again to the same. The first byte chooses the message. */
#include "proto/json/json.h"
#include "tests/tools/descriptors.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_text(const ProtobufCMessage *message) {
    char *text;
    if (proto_json_encode(message, 0, &text) != 0)
        abort();
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ProtobufCMessage *message, *again;
    char error[300] = "";
    size_t n = 0;
    while (test_descriptors[n])
        n++;
    if (size < 1)
        return 0;
    const ProtobufCMessageDescriptor *descriptor = test_descriptors[data[0] % n];
    int r = proto_json_decode(descriptor, (const char *)data + 1, size - 1, &message, error, sizeof(error));
    if (r > 0 && !*error)
        abort();
    if (r)
        return 0;
    char *text = write_text(message);
    if (proto_json_decode(descriptor, text, strlen(text), &again, error, sizeof(error)) != 0)
        abort();
    char *other = write_text(again);
    if (strcmp(text, other) != 0)
        abort();
    free(text);
    free(other);
    protobuf_c_message_free_unpacked(message, NULL);
    protobuf_c_message_free_unpacked(again, NULL);
    return 0;
}
