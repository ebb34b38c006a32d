#pragma once
/* Mutual TLS 1.3 for gRPC: both sides show a certificate, ALPN is h2, no tickets, no early data. */
#include <stdbool.h>
#include <stddef.h>

struct bufferevent;
struct event_base;
struct grpcx_peer;
struct grpcx_tls;

/* PEM files: the certificate chain and key of this side, and the authorities that the other side's
 * certificate must come from. */
struct grpcx_tls_files {
    const char *certificate, *key, *authorities;
};

#define GRPCX_TLS_REFUSED 1
/* 0, GRPCX_TLS_REFUSED with a sentence that names the file in error, or -ENOMEM. */
__attribute__((warn_unused_result)) int grpcx_tls_new(const struct grpcx_tls_files *files, bool is_server,
                                                      struct grpcx_tls **ret_tls, char *error,
                                                      size_t error_size);
void grpcx_tls_free(struct grpcx_tls *tls); /* NULL is fine; connections go on */

/* A bufferevent that owns fd and begins the handshake; NULL without memory (fd stays the caller's). */
struct bufferevent *grpcx_tls_accept(struct grpcx_tls *tls, struct event_base *base, int fd);
/* name: what the server's certificate must be for, a DNS name or an address. */
struct bufferevent *grpcx_tls_connect(struct grpcx_tls *tls, struct event_base *base, int fd,
                                      const char *name);
/* After the handshake: 0 when h2 was agreed, with the names and the expiry of the peer's certificate in *peer
 * (grpcx_peer_deinit()); -EPROTO, -EACCES without a certificate, -ENOMEM. */
__attribute__((warn_unused_result)) int grpcx_tls_peer(struct bufferevent *bev, struct grpcx_peer *peer);
/* Why the handshake failed, in words. */
void grpcx_tls_failure(struct bufferevent *bev, char *text, size_t text_size);
