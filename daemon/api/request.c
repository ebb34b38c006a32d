#include "daemon/api/request.h"
#include "daemon/api/refusal.h"

#include <string.h>

bool request_is_printable(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
            return false;
    return true;
}

int request_check_reason(const char *reason, struct fabric_refusal *refusal) {
    size_t length = strlen(reason);
    if (length < 1 || length >= FABRIC_TEXT_MAX || !request_is_printable(reason))
        return refuse_invalid(refusal, "reason", "a reason is one line of 1 to %d bytes; here %zu",
                              FABRIC_TEXT_MAX - 1, length);
    return 0;
}

int mutation_check(const Heliostat__V1__Mutation *mutation, struct fabric_refusal *refusal) {
    const char *field = "mutation.request_id";
    if (!mutation || !*mutation->request_id)
        return refuse_invalid(refusal, field,
                              "every change needs a request id of 1 to %d printable characters",
                              REQUEST_ID_MAX);
    if (strlen(mutation->request_id) > REQUEST_ID_MAX)
        return refuse_invalid(refusal, field, "the request id has %zu bytes; at most %d are taken",
                              strlen(mutation->request_id), REQUEST_ID_MAX);
    for (const char *c = mutation->request_id; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            return refuse_invalid(refusal, field,
                                  "the request id has a character that is not printable ASCII at byte %zu",
                                  (size_t)(c - mutation->request_id));
    if (mutation->if_revision < 0)
        return refuse_invalid(refusal, "mutation.if_revision", "%lld is negative; use 0 for any revision",
                              (long long)mutation->if_revision);
    return 0;
}

struct hash_buffer {
    ProtobufCBuffer base;
    uint64_t hash;
};

/* FNV-1a, 64 bits. */
static void hash_append(ProtobufCBuffer *buffer, size_t len, const uint8_t *data) {
    struct hash_buffer *hash = (struct hash_buffer *)buffer;
    for (size_t i = 0; i < len; i++)
        hash->hash = (hash->hash ^ data[i]) * UINT64_C(0x100000001b3);
}

uint64_t request_hash(const ProtobufCMessage *request, const Heliostat__V1__Mutation *mutation) {
    struct hash_buffer buffer = {.base.append = hash_append, .hash = UINT64_C(0xcbf29ce484222325)};
    /* The request is the caller's own copy; the id is put back at once. */
    Heliostat__V1__Mutation *own = (Heliostat__V1__Mutation *)mutation;
    char *request_id = own ? own->request_id : NULL;
    if (own)
        own->request_id = (char *)protobuf_c_empty_string;
    protobuf_c_message_pack_to_buffer(request, &buffer.base);
    if (own)
        own->request_id = request_id;
    return buffer.hash;
}

const char *request_object(const ProtobufCMessage *request) {
    if (!request)
        return ""; /* a stream of requests */
    const ProtobufCMessageDescriptor *type = request->descriptor;
    const ProtobufCFieldDescriptor *name = protobuf_c_message_descriptor_get_field_by_name(type, "name");
    const ProtobufCFieldDescriptor *spec = protobuf_c_message_descriptor_get_field_by_name(type, "spec");
    const ProtobufCFieldDescriptor *specs = protobuf_c_message_descriptor_get_field_by_name(type, "specs");
    const ProtobufCMessage *inner = NULL;
    if (name && name->type == PROTOBUF_C_TYPE_STRING)
        return *(char *const *)((const char *)request + name->offset);
    if (spec)
        inner = *(ProtobufCMessage *const *)((const char *)request + spec->offset);
    else if (specs && *(const size_t *)((const char *)request + specs->quantifier_offset))
        inner = (*(ProtobufCMessage *const *const *)((const char *)request + specs->offset))[0];
    return inner ? request_object(inner) : "";
}
