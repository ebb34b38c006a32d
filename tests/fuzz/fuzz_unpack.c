/* Hostile bytes as each message of the contract: unpacked within its budget or refused with a text; what was
 * unpacked can be packed and unpacked again. */
#include "proto/grpc/unpack.h"
#include "tests/tools/descriptors.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct grpcx_unpack_limits limits = {
    .max_bytes_allocated = 1 << 20, .max_count = 10000, .max_depth = 8};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t n = 0, allocated = 0;
    ProtobufCMessage *msg, *again;
    char error[200] = "";
    while (test_descriptors[n])
        n++;
    if (size < 1)
        return 0;
    const ProtobufCMessageDescriptor *descriptor = test_descriptors[data[0] % n];
    int r =
        grpcx_unpack_counted(descriptor, data + 1, size - 1, &limits, &msg, &allocated, error, sizeof(error));
    if (r < 0 || (r > 0 && !*error) || (r == 0 && allocated > limits.max_bytes_allocated))
        abort();
    if (r)
        return 0;
    size_t len = protobuf_c_message_get_packed_size(msg);
    uint8_t *bytes = malloc(len + 1);
    if (!bytes || protobuf_c_message_pack(msg, bytes) != len)
        abort();
    if (grpcx_unpack(descriptor, bytes, len, NULL, &again, error, sizeof(error)) != 0)
        abort();
    grpcx_unpack_free(again);
    grpcx_unpack_free(msg);
    free(bytes);
    return 0;
}
