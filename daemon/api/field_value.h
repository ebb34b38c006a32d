#pragma once
/* What a request has in a field that is named by a path, and what such fields take: for the refusal of it.
 * Pure. */
#include <protobuf-c/protobuf-c.h>

#define FIELD_TEXT_MAX 400

/* path: "spec.cubes[1]". text[FIELD_TEXT_MAX]: the value of a string, number, bool or enum, cut at 120 bytes,
 * or of a list of them; "" where the request has no such field, or the field is a message. request may be
 * NULL. */
void field_value(const ProtobufCMessage *request, const char *path, char *text);
/* What the field takes; "" where that is not known. */
void field_accepted(const ProtobufCMessage *request, const char *path, char *text);
