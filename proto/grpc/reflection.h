#pragma once
/* grpc.reflection.v1 and v1alpha as a ready-made service over serialized google.protobuf.FileDescriptorSets.
 */
#include "proto/grpc/server.h"

struct grpcx_reflection;

/* The FileDescriptorSet of heliostat.v1, grpc.health.v1 and grpc.reflection, as protoc writes it. */
extern const uint8_t grpcx_descriptor_set[];
extern const size_t grpcx_descriptor_set_len;

/* Registers on the server; free the server first. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int grpcx_reflection_new(struct grpcx_server *server,
                                                             struct grpcx_reflection **ret_reflection);
void grpcx_reflection_free(struct grpcx_reflection *reflection);
/* Adds the files of a set, which must outlive the reflection; a name that is known already is left out. Only
 * services that the server serves are listed. 0, -EBADMSG (nothing was added) or -ENOMEM. */
__attribute__((warn_unused_result)) int grpcx_reflection_add(struct grpcx_reflection *reflection,
                                                             const uint8_t *set, size_t len);
