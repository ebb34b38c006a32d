#pragma once
/* Every message type of the schema and of the test's own types; ends with NULL. Written at build time. */
#include <protobuf-c/protobuf-c.h>

extern const ProtobufCMessageDescriptor *const test_descriptors[];
