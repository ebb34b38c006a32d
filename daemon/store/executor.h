#pragma once
/* How changes get committed. The daemon gives the fabric a thread (store_thread.h); a test gives it a virtual
 * disk. */
#include "daemon/store/store.h"

struct store_executor {
    /* Queues a change; takes it over, also when the store does not work. Results come back later, in order,
     * through on_result, never from inside this call. */
    void (*submit)(void *userdata, struct store_change *change);
    void *userdata;
};

struct store_executor_callbacks {
    /* The n oldest outstanding changes are durable (result 0), or every outstanding change failed (negative
     * errno; n is then all that was submitted and not yet answered). */
    void (*on_result)(void *userdata, int result, size_t n);
    /* false right after a failure; true when a probe was durable again. */
    void (*on_works)(void *userdata, bool works);
    void *userdata;
};
