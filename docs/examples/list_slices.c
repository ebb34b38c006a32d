/* Lists the slices of a pod through libheliostat, then tells of every change until it is interrupted:
 *
 *     cc list_slices.c $(pkg-config --cflags --libs heliostat) -o list_slices
 *     ./list_slices /run/heliostat/heliostatd.sock [watch] */
#include <heliostat.h>

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int fail(const struct grpcx_result *result) {
    fprintf(stderr, "%s: %s\n", grpcx_status_name((int)result->status),
            result->message ? result->message : "");
    return 1;
}

static int list(struct grpcx_client *client) {
    Heliostat__V1__ListSlicesRequest request = HELIOSTAT__V1__LIST_SLICES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grpcx_result result;
    int r = grpcx_client_unary_blocking(client, "/heliostat.v1.SliceService/ListSlices", &request.base,
                                        &heliostat__v1__list_slices_response__descriptor, 10000, &message,
                                        &result);
    if (r < 0) {
        fprintf(stderr, "%s\n", strerror(-r));
        return 1;
    }
    if (!message)
        return fail(&result);
    const Heliostat__V1__ListSlicesResponse *reply = (const void *)message;
    for (size_t i = 0; i < reply->n_slices; i++)
        printf("%s %s on %zu cubes\n", reply->slices[i]->name, reply->slices[i]->topology,
               reply->slices[i]->n_positions);
    grpcx_unpack_free(message);
    grpcx_result_deinit(&result);
    return 0;
}

static int watch(struct grpcx_client *client) {
    Heliostat__V1__WatchRequest request = HELIOSTAT__V1__WATCH_REQUEST__INIT;
    struct grpcx_stream_reader *reader;
    ProtobufCMessage *message;
    if (grpcx_stream_open(client, "/heliostat.v1.EventService/Watch", &request.base,
                          &heliostat__v1__watch_response__descriptor, 0, &reader) < 0)
        return 1;
    while (grpcx_stream_next(reader, -1, &message) == 0) {
        const Heliostat__V1__WatchResponse *news = (const void *)message;
        if (news->event)
            printf("%s %s: %s\n", news->event->kind, news->event->object, news->event->after);
        else if (news->type == HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_SYNCED)
            printf("synced\n");
        fflush(stdout);
        grpcx_unpack_free(message);
    }
    int status = fail(grpcx_stream_result(reader));
    grpcx_stream_close(reader);
    return status;
}

int main(int argc, char **argv) {
    struct grpcx_client *client;
    if (argc < 2) {
        fprintf(stderr, "usage: list_slices SOCKET [watch]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct event_base *base = event_base_new();
    int r = grpcx_client_connect_unix(base, argv[1], NULL, &client);
    if (r < 0) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
        return 1;
    }
    int status = list(client);
    if (status == 0 && argc > 2 && !strcmp(argv[2], "watch"))
        status = watch(client);
    grpcx_client_free(client);
    event_base_free(base);
    return status;
}
