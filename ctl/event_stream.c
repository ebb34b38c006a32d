#include "ctl/event_stream.h"
#include "ctl/client.h"
#include <poll.h>
#include <unistd.h>

#define RECONNECT_MS 200

void ctl_event_stream_init(struct ctl_event_stream *stream, struct ctl *ctl, int64_t since_revision,
                           char *slice) {
    *stream = (struct ctl_event_stream){.ctl = ctl, .since_revision = since_revision, .slice = slice};
}

void ctl_event_stream_deinit(struct ctl_event_stream *stream) {
    grpcx_stream_close(stream->reader);
    stream->reader = NULL;
}

/* A pipe whose reader went away; nothing else tells while there is nothing to print. The daemon's PROGRESS
 * makes the question come up every ten seconds. */
static bool is_reader_gone(void) {
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
}

static int open_stream(struct ctl_event_stream *stream, bool quiet) {
    Heliostat__V1__WatchRequest request = HELIOSTAT__V1__WATCH_REQUEST__INIT;
    request.since_revision = stream->since_revision;
    request.store_id = stream->since_revision ? stream->store_id : "";
    request.slice = stream->slice;
    int exit_status = ctl_connect(stream->ctl, quiet);
    if (exit_status)
        return exit_status;
    if (grpcx_stream_open(ctl_grpc(stream->ctl), "/heliostat.v1.EventService/Watch", &request.base,
                          &heliostat__v1__watch_response__descriptor, 0, &stream->reader) == 0)
        return 0;
    stream->reader = NULL;
    return quiet ? CTL_EXIT_UNREACHABLE
                 : ctl_fail(stream->ctl, CTL_EXIT_UNREACHABLE, "heliostatd at %s does not answer",
                            stream->ctl->socket_path);
}

/* A snapshot that was not sent to its end is asked for anew. */
static void note(struct ctl_event_stream *stream, const Heliostat__V1__WatchResponse *item) {
    stream->has_answered = true;
    snprintf(stream->store_id, sizeof(stream->store_id), "%s", item->store_id);
    if (item->type == HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_RESYNC)
        stream->since_revision = 0;
    else if (item->type != HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_SNAPSHOT)
        stream->since_revision = item->revision + 1;
}

static void lose(struct ctl_event_stream *stream) {
    ctl_event_stream_deinit(stream);
    ctl_disconnect(stream->ctl);
    if (!stream->is_lost && !stream->is_silent)
        ctl_fail(stream->ctl, CTL_EXIT_UNREACHABLE, "heliostatd does not answer, trying again");
    stream->is_lost = true;
}

enum ctl_event_result ctl_event_stream_next(struct ctl_event_stream *stream, int64_t wait_ms,
                                            Heliostat__V1__WatchResponse **ret_item, int *ret_exit_status) {
    ProtobufCMessage *message;
    *ret_exit_status = 0;
    while (!stream->reader && !is_reader_gone()) {
        if (stream->is_lost)
            poll(NULL, 0, wait_ms >= 0 && wait_ms < RECONNECT_MS ? (int)wait_ms : RECONNECT_MS);
        int exit_status = open_stream(stream, stream->has_answered);
        if (exit_status && !(stream->has_answered && exit_status == CTL_EXIT_UNREACHABLE)) {
            *ret_exit_status = exit_status;
            return CTL_EVENT_END;
        }
        stream->is_lost = stream->is_lost || exit_status;
        if (exit_status && wait_ms >= 0)
            return CTL_EVENT_NONE;
    }
    if (is_reader_gone())
        return CTL_EVENT_END;
    int r = grpcx_stream_next(stream->reader, wait_ms, &message);
    if (r == 0) {
        *ret_item = (Heliostat__V1__WatchResponse *)message;
        note(stream, *ret_item);
        stream->is_lost = false;
        return CTL_EVENT_ITEM;
    }
    if (r != GRPCX_STREAM_END)
        return CTL_EVENT_NONE;
    const struct grpcx_result *result = grpcx_stream_result(stream->reader);
    bool is_lost = result->status == GRPCX_UNAVAILABLE || result->status == GRPCX_OK;
    if (!stream->has_answered || !is_lost) {
        *ret_exit_status = ctl_report_failure(stream->ctl, result);
        return CTL_EVENT_END;
    }
    lose(stream);
    return CTL_EVENT_BACK;
}
