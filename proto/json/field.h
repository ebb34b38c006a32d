#pragma once
/* What JSON needs to know of a field: its names (node_name in the .proto file, nodeName in JSON) and sizes.
 */
#include <protobuf-c/protobuf-c.h>

#define PROTO_JSON_NAME_MAX 128

/* Writes the JSON name of a field; longer names than fit are cut. */
void proto_json_name(const ProtobufCFieldDescriptor *field, char ret_name[PROTO_JSON_NAME_MAX]);
/* The field of either name, or NULL. */
const ProtobufCFieldDescriptor *proto_json_field(const ProtobufCMessageDescriptor *descriptor,
                                                 const char *name);
/* The field whose name is most like this one, or NULL where none is near. */
const ProtobufCFieldDescriptor *proto_json_near_field(const ProtobufCMessageDescriptor *descriptor,
                                                      const char *name);
/* Bytes of one value of the type in the memory of a message. */
size_t proto_json_value_size(ProtobufCType type);
