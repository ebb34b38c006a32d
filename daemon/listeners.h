#pragma once
/* The sockets that clients connect to: the Unix socket, one on which clients only look, and TCP with TLS.
 * Loop thread only. */
#include "daemon/config.h"
#include "proto/grpc/server.h"

struct loop;
struct listeners;
struct grpcx_tls;

/* grpcx_peer.listener */
enum listener { LISTENER_MAIN, LISTENER_READ_ONLY, LISTENER_TLS };

#define LISTENERS_REFUSED 1
/* Takes the sockets; nobody is answered yet. 0, LISTENERS_REFUSED with a sentence in error[CONFIG_ERROR_MAX],
 * or -ENOMEM. */
__attribute__((warn_unused_result)) int listeners_new(const char *socket_path, const struct config *config,
                                                      struct listeners **ret_listeners, char *error);
/* Begins to accept. 0 or negative errno. */
__attribute__((warn_unused_result)) int listeners_start(struct listeners *listeners, struct loop *loop,
                                                        struct grpcx_server *server);
/* For connections from now on. Takes tls over. */
void listeners_set_tls(struct listeners *listeners, struct grpcx_tls *tls);
/* "127.0.0.1:7443", as bound; "" without TLS. */
const char *listeners_tls_address(const struct listeners *listeners);
void listeners_free(struct listeners *listeners); /* NULL is fine */
