#pragma once
/* libheliostat: heliostatd's API from C. What helioctl itself uses, and nothing else.
 *
 * A client lives on a libevent event_base and belongs to its thread:
 *
 *     struct event_base *base = event_base_new();
 *     struct grpcx_client *client;
 *     int r = grpcx_client_connect_unix(base, "/run/heliostat/heliostatd.sock", NULL, &client);
 *
 * grpcx_client_unary_blocking() makes one call, grpcx_stream_open() follows a stream such as Watch,
 * grpcx_client_call() does either without blocking. Requests and replies are protobuf-c messages:
 * Heliostat__V1__GetSliceRequest and so on. The program must ignore SIGPIPE. */
#include "heliostat/v1/alarm.pb-c.h"
#include "heliostat/v1/audit.pb-c.h"
#include "heliostat/v1/circuit.pb-c.h"
#include "heliostat/v1/common.pb-c.h"
#include "heliostat/v1/cube.pb-c.h"
#include "heliostat/v1/event.pb-c.h"
#include "heliostat/v1/host.pb-c.h"
#include "heliostat/v1/inventory.pb-c.h"
#include "heliostat/v1/maintenance.pb-c.h"
#include "heliostat/v1/ocs.pb-c.h"
#include "heliostat/v1/operation.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"
#include "heliostat/v1/slice.pb-c.h"
#include "heliostat/v1/snapshot.pb-c.h"
#include "heliostat/v1/store.pb-c.h"
#include "proto/grpc/client.h"
#include "proto/grpc/tls.h"
