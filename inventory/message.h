#pragma once
/* Building messages that protobuf_c_message_free_unpacked(msg, NULL) can free at any moment. */
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/* An empty message, or NULL without memory. */
void *inventory_message_new(const ProtobufCMessageDescriptor *descriptor);
/* NULL is fine; msg may be of any type. */
void inventory_message_free(void *msg);
/* Replaces a string field. 0 or -ENOMEM. */
__attribute__((format(printf, 2, 3), warn_unused_result)) int inventory_set(char **field, const char *format,
                                                                            ...);
/* Puts a message at the end of a repeated field that was filled by this function only; the field owns it
 * then. 0 or -ENOMEM (the message is still the caller's). */
__attribute__((warn_unused_result)) int inventory_append(void *array_field, size_t *n, void *msg);
