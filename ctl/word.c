#include "ctl/word.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define UNSPECIFIED "UNSPECIFIED"

/* The length of "SLICE_STATE_", as the zero value SLICE_STATE_UNSPECIFIED shows it. */
static size_t prefix_length(const ProtobufCEnumDescriptor *descriptor) {
    const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(descriptor, 0);
    size_t length = zero ? strlen(zero->name) : 0;
    return length > strlen(UNSPECIFIED) ? length - strlen(UNSPECIFIED) : 0;
}

const char *ctl_enum_word(const ProtobufCEnumDescriptor *descriptor, int value) {
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
    if (!found)
        return "?";
    return value == 0 ? "" : found->name + prefix_length(descriptor);
}

int ctl_enum_value(const ProtobufCEnumDescriptor *descriptor, const char *word, int *ret_value) {
    size_t prefix = prefix_length(descriptor);
    for (unsigned i = 0; i < descriptor->n_values; i++)
        if (descriptor->values[i].value != 0 && strcasecmp(descriptor->values[i].name + prefix, word) == 0) {
            *ret_value = descriptor->values[i].value;
            return 0;
        }
    return -1;
}
