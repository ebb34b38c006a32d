#include "proto/grpc/tls.h"
#include "proto/grpc/server.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAMES_MAX = 64, NAME_MAX_BYTES = 255 };

struct grpcx_tls {
    SSL_CTX *context;
};

static const unsigned char protocols[] = "\x02h2";

/* Refuses a list without h2; a client without ALPN never gets here and is found out after the handshake. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *userdata) {
    for (unsigned at = 0; at < in_len; at += 1u + in[at])
        if (in[at] == 2 && at + 2 < in_len && !memcmp(in + at + 1, "h2", 2)) {
            *out = in + at + 1;
            *out_len = 2;
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int refuse_file(const char *what, const char *path, char *error, size_t error_size) {
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(error, error_size, "%s %.200s cannot be used: %s", what, path,
             reason  ? reason
             : errno ? strerror(errno)
                     : "it is no PEM file");
    ERR_clear_error();
    return GRPCX_TLS_REFUSED;
}

static int load_files(SSL_CTX *context, const struct grpcx_tls_files *files, char *error, size_t error_size) {
    errno = 0;
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
        return refuse_file("certificate", files->certificate, error, error_size);
    if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return refuse_file("key", files->key, error, error_size);
    if (SSL_CTX_load_verify_locations(context, files->authorities, NULL) != 1)
        return refuse_file("certificates of the authorities", files->authorities, error, error_size);
    return 0;
}

int grpcx_tls_new(const struct grpcx_tls_files *files, bool is_server, struct grpcx_tls **ret_tls,
                  char *error, size_t error_size) {
    struct grpcx_tls *tls = calloc(1, sizeof(*tls));
    if (!tls)
        return -ENOMEM;
    SSL_CTX *context = tls->context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1) {
        grpcx_tls_free(tls);
        return -ENOMEM;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (is_server)
        SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    else
        SSL_CTX_set_alpn_protos(context, protocols, sizeof(protocols) - 1);
    int r = load_files(context, files, error, error_size);
    if (r) {
        grpcx_tls_free(tls);
        return r;
    }
    *ret_tls = tls;
    return 0;
}

void grpcx_tls_free(struct grpcx_tls *tls) {
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

static struct bufferevent *wrap(SSL *ssl, struct event_base *base, int fd, enum bufferevent_ssl_state state) {
    struct bufferevent *bev = bufferevent_openssl_socket_new(base, fd, ssl, state, BEV_OPT_CLOSE_ON_FREE);
    if (!bev)
        SSL_free(ssl);
    else
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

struct bufferevent *grpcx_tls_accept(struct grpcx_tls *tls, struct event_base *base, int fd) {
    SSL *ssl = SSL_new(tls->context);
    return ssl ? wrap(ssl, base, fd, BUFFEREVENT_SSL_ACCEPTING) : NULL;
}

struct bufferevent *grpcx_tls_connect(struct grpcx_tls *tls, struct event_base *base, int fd,
                                      const char *name) {
    SSL *ssl = SSL_new(tls->context);
    if (!ssl)
        return NULL;
    bool is_address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (!is_address && (SSL_set1_host(ssl, name) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1)) {
        SSL_free(ssl);
        return NULL;
    }
    return wrap(ssl, base, fd, BUFFEREVENT_SSL_CONNECTING);
}

/* A name that holds a NUL, or is too long to be compared, is no name. */
static int add_name(struct grpcx_peer *peer, const char *kind, const ASN1_IA5STRING *text) {
    const char *bytes = (const char *)ASN1_STRING_get0_data(text);
    int len = ASN1_STRING_length(text);
    if (len <= 0 || len > NAME_MAX_BYTES || memchr(bytes, 0, (size_t)len) || peer->n_names >= NAMES_MAX)
        return 0;
    char *name = malloc(strlen(kind) + (size_t)len + 2);
    if (!name)
        return -ENOMEM;
    sprintf(name, "%s:%.*s", kind, len, bytes);
    peer->names[peer->n_names++] = name;
    return 0;
}

static int read_names(X509 *certificate, struct grpcx_peer *peer) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int r = 0;
    if (!names)
        return 0;
    peer->names = calloc(NAMES_MAX, sizeof(*peer->names));
    if (!peer->names)
        r = -ENOMEM;
    for (int i = 0; r == 0 && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_URI)
            r = add_name(peer, "URI", name->d.uniformResourceIdentifier);
        else if (name->type == GEN_DNS)
            r = add_name(peer, "DNS", name->d.dNSName);
    }
    GENERAL_NAMES_free(names);
    return r;
}

int grpcx_tls_peer(struct bufferevent *bev, struct grpcx_peer *peer) {
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    const unsigned char *protocol;
    unsigned len;
    struct tm expires;
    SSL_get0_alpn_selected(ssl, &protocol, &len);
    if (len != 2 || memcmp(protocol, "h2", 2))
        return -EPROTO;
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK ||
        ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &expires) != 1)
        return -EACCES;
    peer->expires_s = timegm(&expires);
    return read_names(certificate, peer);
}

void grpcx_tls_failure(struct bufferevent *bev, char *text, size_t text_size) {
    unsigned long code = bufferevent_get_openssl_error(bev);
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    long verify = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (verify != X509_V_OK)
        snprintf(text, text_size, "the certificate is not accepted: %s",
                 X509_verify_cert_error_string(verify));
    else
        snprintf(text, text_size, "TLS failed: %s", reason ? reason : "the connection was closed");
}
