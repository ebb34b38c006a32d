#pragma once
/* How values of messages are written for people. */
#include <protobuf-c/protobuf-c.h>

/* SLICE_STATE_READY -> "READY"; "" for the unspecified value, "?" for one that this program does not know. A
 * static string. */
const char *ctl_enum_word(const ProtobufCEnumDescriptor *descriptor, int value);
/* "ready" in any case: 0 and the value. -1 where there is none. */
int ctl_enum_value(const ProtobufCEnumDescriptor *descriptor, const char *word, int *ret_value);
