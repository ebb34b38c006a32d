#pragma once
/* Messages to and from canonical protobuf JSON, by walking protobuf-c descriptors: no code per message type.
 *
 * lowerCamelCase names, 64-bit integers as strings, enums by name, bytes in base64, every field printed, also
 * those that have their default; only a message field that is not set is left out. What is read may also use
 * the names of the .proto file, numbers for enums and null for "not set", as the specification demands.
 * Messages have no oneofs, maps, groups, extensions or proto3 "optional", so neither has this.
 *
 * Pure over memory; any thread. Source: protobuf.dev, ProtoJSON format. */
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#define PROTO_JSON_TEXT_MAX (64u << 20) /* bytes of one text */
#define PROTO_JSON_VALUES_MAX 2000000u  /* values in one text; bounds the memory that reading it takes */
#define PROTO_JSON_DEPTH_MAX 32u        /* objects and arrays within each other */

#define PROTO_JSON_PRETTY 1u /* lines, two spaces deep; without it one line */

#define PROTO_JSON_REFUSED 1

/* *ret_text ends with NUL and is the caller's to free(). NULL strings count as empty. 0, -ENOMEM, or -EILSEQ
 * for a string that is not UTF-8. */
__attribute__((warn_unused_result)) int proto_json_encode(const ProtobufCMessage *msg, unsigned flags,
                                                          char **ret_text);

/* text: len bytes, no NUL needed at the end. *ret_msg is the caller's to free with
 * protobuf_c_message_free_unpacked(msg, NULL). 0, PROTO_JSON_REFUSED with a text in error (line, or path of
 * the field; the value; what would be accepted; error may be NULL with error_size 0), or -ENOMEM. */
__attribute__((warn_unused_result)) int proto_json_decode(const ProtobufCMessageDescriptor *descriptor,
                                                          const char *text, size_t len,
                                                          ProtobufCMessage **ret_msg, char *error,
                                                          size_t error_size);
