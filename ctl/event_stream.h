#pragma once
/* EventService.Watch that goes on where it was: after a restart of the daemon, and through RESYNC. */
#include "ctl/ctl.h"
#include "heliostat/v1/event.pb-c.h"

struct grpcx_stream_reader;

struct ctl_event_stream {
    struct ctl *ctl; /* a connection of its own while the stream is used */
    struct grpcx_stream_reader *reader;
    char *slice;
    int64_t since_revision; /* the first one that is not known yet; 0: all begins with a snapshot */
    char store_id[80];
    bool is_lost, has_answered;
    bool is_silent; /* a daemon that went away is not told on stderr: the caller shows it */
};

enum ctl_event_result {
    CTL_EVENT_ITEM,
    CTL_EVENT_NONE, /* not within the time */
    CTL_EVENT_BACK, /* connected again: what was missed follows */
    CTL_EVENT_END,  /* for good: *ret_exit_status, the reason is printed; or the reader of stdout is gone */
};

/* since_revision 0: what is there now, then what happens. slice "": all. Nothing is connected yet. */
void ctl_event_stream_init(struct ctl_event_stream *stream, struct ctl *ctl, int64_t since_revision,
                           char *slice);
void ctl_event_stream_deinit(struct ctl_event_stream *stream);
/* wait_ms negative: no limit; otherwise it limits the wait for a daemon that is away too. *ret_item is the
 * caller's: grpcx_unpack_free(). A daemon that was never there ends the stream; one that went away is asked
 * again until it is back. */
__attribute__((warn_unused_result)) enum ctl_event_result
ctl_event_stream_next(struct ctl_event_stream *stream, int64_t wait_ms,
                      Heliostat__V1__WatchResponse **ret_item, int *ret_exit_status);
