#pragma once
/* heliostatd over TCP and TLS: --address, --cert, --key, --ca. */
#include "ctl/client.h"

struct event_base;

/* An address was given, and no --socket. */
bool ctl_is_remote(const struct ctl *ctl);
/* 0; an exit status with the error printed unless quiet; or -ENOMEM. */
__attribute__((warn_unused_result)) int ctl_connect_remote(struct ctl *ctl, bool quiet,
                                                           struct event_base *base,
                                                           const struct grpcx_client_options *options,
                                                           struct grpcx_client **ret_client);
