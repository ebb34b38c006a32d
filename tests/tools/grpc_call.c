/* grpc_call SOCKET unary|stream TEXT COUNT STATUS TIMEOUT_MS: one call through the C client, printed as
 * lines. unary: asks for a payload of COUNT bytes. stream: asks for COUNT replies. */
#include "proto/grpc/client.h"
#include "tests/tools/echo.pb-c.h"
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_result(const struct grpcx_result *result) {
    struct grpcx_status_view view;
    printf("status %s message %s\n", grpcx_status_name((int)result->status),
           result->message ? result->message : "");
    if (result->details && grpcx_status_decode(result->details, result->details_len, &view) == 0)
        printf("detail code %d type %.*s value %.*s\n", view.code, (int)view.type_url_len, view.type_url,
               (int)view.value_len, (const char *)view.value);
}

int main(int argc, char **argv) {
    struct grpcx_client *client;
    struct grpcx_result result;
    ProtobufCMessage *msg;
    Heliostat__Test__EchoRequest request = HELIOSTAT__TEST__ECHO_REQUEST__INIT;
    if (argc != 7) {
        fprintf(stderr, "usage: grpc_call SOCKET unary|stream TEXT COUNT STATUS TIMEOUT_MS\n");
        return 2;
    }
    struct event_base *base = event_base_new();
    int r = grpcx_client_connect_unix(base, argv[1], NULL, &client);
    if (r < 0) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
        event_base_free(base);
        return 1;
    }
    bool unary = !strcmp(argv[2], "unary");
    unsigned count = (unsigned)strtoul(argv[4], NULL, 10);
    request.text = argv[3];
    *(unary ? &request.size : &request.count) = count;
    request.status = (uint32_t)strtoul(argv[5], NULL, 10);
    request.message = argv[3];
    request.detail = argv[3];
    long timeout_ms = strtol(argv[6], NULL, 10);
    if (unary) {
        r = grpcx_client_unary_blocking(client, "/heliostat.test.EchoService/Unary", &request.base,
                                        &heliostat__test__echo_reply__descriptor, timeout_ms, &msg, &result);
        if (r == 0) {
            const Heliostat__Test__EchoReply *reply = (const void *)msg;
            if (reply)
                printf("reply %s payload %zu\n", reply->text, reply->payload.len);
            grpcx_unpack_free(msg);
            print_result(&result);
            grpcx_result_deinit(&result);
        }
    } else {
        struct grpcx_stream_reader *reader;
        r = grpcx_stream_open(client, "/heliostat.test.EchoService/ServerStream", &request.base,
                              &heliostat__test__echo_reply__descriptor, timeout_ms, &reader);
        unsigned n = 0;
        int next = 0;
        while (r == 0 && (next = grpcx_stream_next(reader, -1, &msg)) == 0) {
            const Heliostat__Test__EchoReply *reply = (const void *)msg;
            if (reply->index != n++)
                printf("out of order: %u\n", reply->index);
            grpcx_unpack_free(msg);
        }
        if (r == 0) {
            printf("replies %u\n", n);
            print_result(grpcx_stream_result(reader));
            grpcx_stream_close(reader);
        }
    }
    if (r < 0)
        fprintf(stderr, "call: %s\n", strerror(-r));
    grpcx_client_free(client);
    event_base_free(base);
    return r < 0;
}
