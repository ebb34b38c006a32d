/* bare_h2 SOCKET FILE: answers every HTTP/2 request with the bytes of FILE and gRPC's trailers, over nghttp2
 * and libevent and nothing else. What a read costs at least; bench_reads compares with it. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <nghttp2/nghttp2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static uint8_t body[65536];
static size_t body_len;

struct conn {
    nghttp2_session *session;
    struct bufferevent *bev;
};

#define NV(n, v)                                                                                             \
    { (uint8_t *)(n), (uint8_t *)(v), sizeof(n) - 1, sizeof(v) - 1, NGHTTP2_NV_FLAG_NO_COPY_NAME }

/* The state of a stream is how far it was sent: an offset in its user data. */
static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
                         nghttp2_data_source *source, void *userdata) {
    size_t at = (size_t)(uintptr_t)nghttp2_session_get_stream_user_data(session, id);
    size_t n = body_len - at < len ? body_len - at : len;
    memcpy(buf, body + at, n);
    nghttp2_session_set_stream_user_data(session, id, (void *)(uintptr_t)(at + n));
    if (at + n == body_len) {
        nghttp2_nv trailers[] = {NV("grpc-status", "0")};
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session, id, trailers, 1);
    }
    return (ssize_t)n;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *userdata) {
    nghttp2_nv head[] = {NV(":status", "200"), NV("content-type", "application/grpc")};
    nghttp2_data_provider provider = {.read_callback = read_body};
    bool is_request = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (is_request && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        nghttp2_submit_response(session, frame->hd.stream_id, head, 2, &provider);
    return 0;
}

static void flush(struct conn *conn) {
    const uint8_t *bytes;
    for (ssize_t n; (n = nghttp2_session_mem_send(conn->session, &bytes)) > 0;)
        bufferevent_write(conn->bev, bytes, (size_t)n);
}

static void on_readable(struct bufferevent *bev, void *userdata) {
    struct conn *conn = userdata;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(in);
    nghttp2_session_mem_recv(conn->session, evbuffer_pullup(in, -1), len);
    evbuffer_drain(in, len);
    flush(conn);
}

static void on_event(struct bufferevent *bev, short what, void *userdata) {
    struct conn *conn = userdata;
    nghttp2_session_del(conn->session);
    bufferevent_free(bev);
    free(conn);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
                      void *userdata) {
    nghttp2_session_callbacks *callbacks;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 256}};
    struct conn *conn = calloc(1, sizeof(*conn));
    if (!conn || nghttp2_session_callbacks_new(&callbacks) < 0)
        abort();
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_server_new(&conn->session, callbacks, conn);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(conn->session, 0, settings, 1);
    nghttp2_session_set_local_window_size(conn->session, 0, 0, 4 << 20);
    conn->bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(conn->bev, on_readable, NULL, on_event, conn);
    bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
    flush(conn);
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FILE *file = argc == 3 ? fopen(argv[2], "re") : NULL;
    if (!file || strlen(argv[1]) >= sizeof(address.sun_path)) {
        fprintf(stderr, "usage: bare_h2 SOCKET FILE\n");
        return 2;
    }
    body_len = fread(body, 1, sizeof(body), file);
    fclose(file);
    signal(SIGPIPE, SIG_IGN);
    strcpy(address.sun_path, argv[1]);
    struct event_base *base = event_base_new();
    struct evconnlistener *listener = evconnlistener_new_bind(
        base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 128, (struct sockaddr *)&address, sizeof(address));
    if (!listener) {
        perror(argv[1]);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    return event_base_dispatch(base) < 0;
}
