#include "inventory/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *inventory_message_new(const ProtobufCMessageDescriptor *descriptor) {
    void *msg = calloc(1, descriptor->sizeof_message);
    if (msg)
        protobuf_c_message_init(descriptor, msg);
    return msg;
}

void inventory_message_free(void *msg) {
    protobuf_c_message_free_unpacked(msg, NULL);
}

int inventory_set(char **field, const char *format, ...) {
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len < 0)
        return -ENOMEM;
    if (*field != protobuf_c_empty_string)
        free(*field);
    *field = text;
    return 0;
}

int inventory_append(void *array_field, size_t *n, void *msg) {
    void ***array = array_field;
    if ((*n & (*n - 1)) == 0) {
        void **grown = realloc(*array, (*n ? 2 * *n : 1) * sizeof(void *));
        if (!grown)
            return -ENOMEM;
        *array = grown;
    }
    (*array)[(*n)++] = msg;
    return 0;
}
