#pragma once
/* grpc.health.v1.Health: Check and Watch, as a ready-made service. */
#include "proto/grpc/server.h"

struct grpcx_health;

/* Registers on the server; free the server first. 0 or -ENOMEM. The empty name is known from the start and
 * serving. */
__attribute__((warn_unused_result)) int grpcx_health_new(struct grpcx_server *server,
                                                         struct grpcx_health **ret_health);
void grpcx_health_free(struct grpcx_health *health);
/* Sets a service's state ("" is the server as a whole) and tells its watchers. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int grpcx_health_set(struct grpcx_health *health, const char *service,
                                                         bool serving);
