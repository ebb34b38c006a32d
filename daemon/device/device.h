#pragma once
/* One optical circuit switch: a session that knows ports and circuits, never slices. Speaks SCPI over TCP
 * (southbound notes in docs/switches.md). Loop thread only. Sends nothing but queries until the switch is the
 * one that was pinned, and never conn:only, disc:all, *rst or an empty list. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_PORTS_MAX 320
#define DEVICE_PAIRS_MAX DEVICE_PORTS_MAX
#define DEVICE_WORD_MAX 64
#define DEVICE_METERED_MAX 256 /* ports of one reading of power */

struct device;

enum device_state {
    DEVICE_DISCONNECTED,
    DEVICE_SYNCING,  /* connected; identity or map not yet known */
    DEVICE_MISMATCH, /* another unit than pinned, or not pinned: queries only */
    DEVICE_READY,    /* the map was read in this session */
};

struct device_pair {
    uint16_t a, b; /* from 1 */
};

enum device_result {
    DEVICE_DONE,    /* read back as asked */
    DEVICE_PARTIAL, /* answered, but read back otherwise, or with an error: device_change_error() */
    DEVICE_LOST,    /* no answer or no session: unknown what happened */
};

struct device_config {
    char name[DEVICE_WORD_MAX];
    char address[DEVICE_WORD_MAX]; /* "127.0.0.1:5025"; empty: not connected */
    uint16_t ports_a, ports_b;
    char product[DEVICE_WORD_MAX]; /* pinned; empty: not confirmed */
    char serial[DEVICE_WORD_MAX];
    int64_t answer_timeout_us; /* of any request; 0: 5 s */
    int64_t guard_us;          /* between "settled" and the read-back; 0: 30 ms */
    int64_t late_guard_us;     /* between the two reads after an unanswered change; 0: 500 ms */
    uint64_t seed;             /* of the back-off's jitter */
    /* An earlier run of the owner may have left a change unanswered: the first map is believed after two
     * equal reads late_guard_us apart, as after a change that this session lost. */
    bool late_change_possible;
};

struct device_identity {
    char product[DEVICE_WORD_MAX], serial[DEVICE_WORD_MAX];
    uint16_t ports_a, ports_b;
};

/* How bytes get out. The owner feeds device_on_connected(), device_on_bytes() and device_on_closed() in turn,
 * never from inside one of these. */
struct device_transport {
    void (*connect)(void *userdata, const char *address);
    void (*send)(void *userdata, const char *bytes, size_t len);
    void (*close)(void *userdata); /* device_on_closed() does not follow */
    void *userdata;
};

struct device_callbacks {
    void (*on_state)(struct device *device, int64_t now_us, void *userdata);
    /* After every complete read: b_of_a[1..ports_a], 0 for none. */
    void (*on_map)(struct device *device, const uint16_t *b_of_a, int64_t now_us, void *userdata);
    /* After on_map for DONE and PARTIAL. */
    void (*on_change_done)(struct device *device, enum device_result result, int64_t now_us, void *userdata);
    /* After device_set_ports(): DONE as asked, PARTIAL: the switch cannot, or did not. May be NULL. */
    void (*on_ports)(struct device *device, enum device_result result, int64_t now_us, void *userdata);
    /* After device_read_power(): what leaves at these B ports. count 0: the switch has no meters there. May
     * be NULL. */
    void (*on_power)(struct device *device, const uint16_t *b_ports, const int32_t *power_mdbm, size_t count,
                     int64_t now_us, void *userdata);
    /* Last of all after the transport fed something in: device_next_wakeup_us() may have moved. May be NULL.
     */
    void (*on_fed)(struct device *device, void *userdata);
    void *userdata;
};

/* config is copied. 0, -EINVAL (more ports than DEVICE_PORTS_MAX) or -ENOMEM. */
__attribute__((warn_unused_result)) int device_new(const struct device_config *config,
                                                   const struct device_callbacks *callbacks,
                                                   struct device **ret_device);
void device_set_transport(struct device *device, const struct device_transport *transport);
void device_free(struct device *device);
/* From now on the callbacks get this. Not from inside one. */
void device_set_userdata(struct device *device, void *userdata);

int64_t device_next_wakeup_us(const struct device *device);
void device_advance(struct device *device, int64_t now_us);
void device_on_connected(struct device *device, int64_t now_us);
void device_on_bytes(struct device *device, const char *bytes, size_t len, int64_t now_us);
void device_on_closed(struct device *device, const char *cause, int64_t now_us);

const char *device_name(const struct device *device);
enum device_state device_state(const struct device *device);
const char *device_cause(const struct device *device); /* of the state; never NULL */
const struct device_identity *
device_identity(const struct device *device); /* as last reported; empty before */
/* Ends the session; the next one uses the new values. */
void device_set_address(struct device *device, const char *address, int64_t now_us);
/* A change under way is lost; otherwise the session goes on, and is judged anew. */
void device_set_pin(struct device *device, const char *product, const char *serial, int64_t now_us);

/* Ends the session with this cause, and begins no other before device_retry_at(). */
void device_hold(struct device *device, const char *cause, int64_t now_us);
/* The next attempt to connect is due at that time; the back-off starts anew. */
void device_retry_at(struct device *device, int64_t at_us);

/* Asks for a full read; on_map follows unless the session ends first. Joined with one under way. */
void device_read_map(struct device *device, int64_t now_us);

enum device_apply_outcome {
    DEVICE_APPLY_STARTED = 0,
    DEVICE_APPLY_NOT_READY,
    DEVICE_APPLY_BUSY,
    DEVICE_APPLY_BAD_PORT,  /* out of range */
    DEVICE_APPLY_DUPLICATE, /* a port twice among the removals or twice among the additions */
    DEVICE_APPLY_EMPTY,
};
/* Removes, then adds, waits for the mirrors, reads back. One change at a time; not from on_map. Whatever is
 * not STARTED sent nothing. */
__attribute__((warn_unused_result)) enum device_apply_outcome
device_apply(struct device *device, const struct device_pair *remove, size_t n_remove,
             const struct device_pair *add, size_t n_add, int64_t now_us);
/* Has the switch itself disable or enable ports of one side, at most DEVICE_PAIRS_MAX; on_ports follows
 * unless the session ends first. NOT_READY where the switch said in this session that it cannot. */
__attribute__((warn_unused_result)) enum device_apply_outcome
device_set_ports(struct device *device, bool is_side_b, const uint16_t *ports, size_t n_ports, bool enabled,
                 int64_t now_us);
/* False once the switch did not understand it; asked anew in every session. */
bool device_can_disable_ports(const struct device *device);
/* Asks the power meters of B ports, at most DEVICE_METERED_MAX; on_power follows unless the session ends
 * first. NOT_READY where device_has_meters() is false. */
__attribute__((warn_unused_result)) enum device_apply_outcome
device_read_power(struct device *device, const uint16_t *b_ports, size_t n_ports, int64_t now_us);
/* False once the switch had no answer for a meter, in this session; once it did not answer at all
 * in two sessions, until it gets another address or is another unit. */
bool device_has_meters(const struct device *device);
/* The first entry that the last change left in the switch's error queue (printable ASCII); "" for none. */
const char *device_change_error(const struct device *device);
bool device_is_changing(const struct device *device);
/* Of the last change: first byte sent, last answer received. */
void device_last_change_us(const struct device *device, int64_t *ret_first_us, int64_t *ret_last_us);
