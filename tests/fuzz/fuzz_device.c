/* A switch that answers anything at any time, and an owner that asks for changes meanwhile. Whatever comes,
 * the session sends no forbidden command, no empty list, nothing but queries to a switch that is not the
 * pinned one, and every map it reports joins a port at most once. Input: records of an operation, a length
 * and bytes. */
#include "daemon/device/device.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct device *device;
    bool connecting, connected;
    unsigned changes_started, changes_done;
} f;

static void demand(bool holds) {
    if (!holds)
        abort();
}

static void on_connect(void *userdata, const char *address) {
    f.connecting = true;
}

static bool holds_text(const char *bytes, size_t len, const char *text) {
    return memmem(bytes, len, text, strlen(text)) != NULL;
}

static void on_send(void *userdata, const char *bytes, size_t len) {
    static const char *const forbidden[] = {"only", "disc", "rst", "@)"};
    demand(f.connected && len > 0 && bytes[len - 1] == '\n');
    for (size_t i = 0; i < 4; i++)
        demand(!holds_text(bytes, len, forbidden[i]));
    if (holds_text(bytes, len, ":sub") || holds_text(bytes, len, ":add"))
        demand(device_state(f.device) == DEVICE_READY);
}

static void on_close(void *userdata) {
    f.connecting = f.connected = false;
}

static void on_state(struct device *device, int64_t now_us, void *userdata) {
    demand(device_cause(device) != NULL);
}

static void on_map(struct device *device, const uint16_t *b_of_a, int64_t now_us, void *userdata) {
    bool used[17] = {false};
    demand(device_state(device) == DEVICE_READY);
    for (unsigned a = 1; a <= 16; a++) {
        demand(b_of_a[a] <= 16 && !(b_of_a[a] && used[b_of_a[a]]));
        used[b_of_a[a]] = true;
    }
}

static void on_change_done(struct device *device, enum device_result result, int64_t now_us, void *userdata) {
    f.changes_done++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct device_config config = {
        .address = "127.0.0.1:1", .ports_a = 16, .ports_b = 16, .product = "P", .serial = "S"};
    struct device_callbacks callbacks = {
        .on_state = on_state, .on_map = on_map, .on_change_done = on_change_done};
    struct device_transport transport = {on_connect, on_send, on_close, NULL};
    int64_t now_us = 1;
    memset(&f, 0, sizeof(f));
    demand(device_new(&config, &callbacks, &f.device) == 0);
    device_set_transport(f.device, &transport);
    while (size >= 2) {
        uint8_t operation = data[0] % 8;
        size_t len = data[1] < size - 2 ? data[1] : size - 2;
        const uint8_t *bytes = data + 2;
        data += 2 + len;
        size -= 2 + len;
        struct device_pair pairs[8];
        size_t n_pairs = 0;
        for (; n_pairs < 8 && 2 * n_pairs + 1 < len; n_pairs++)
            pairs[n_pairs] = (struct device_pair){bytes[2 * n_pairs] % 18, bytes[2 * n_pairs + 1] % 18};
        switch (operation) {
        case 0: /* long enough for whatever is due */
            now_us = device_next_wakeup_us(f.device) == INT64_MAX ? now_us : device_next_wakeup_us(f.device);
            device_advance(f.device, now_us);
            if (f.connecting) {
                f.connecting = false;
                f.connected = true;
                device_on_connected(f.device, now_us);
            }
            break;
        case 1:
            now_us += (int64_t)len * 1000;
            device_advance(f.device, now_us);
            break;
        case 2:
            if (f.connected || f.connecting) {
                f.connected = f.connecting = false;
                device_on_closed(f.device, "gone", now_us);
            }
            break;
        case 3:
            f.changes_started += device_apply(f.device, pairs, n_pairs / 2, pairs + n_pairs / 2,
                                              n_pairs - n_pairs / 2, now_us) == DEVICE_APPLY_STARTED;
            break;
        case 4:
            device_read_map(f.device, now_us);
            break;
        case 5:
            device_set_pin(f.device, "P", len % 2 ? "S" : "T", now_us);
            break;
        default:
            if (f.connected)
                device_on_bytes(f.device, (const char *)bytes, len, now_us);
        }
        demand(f.changes_started - f.changes_done == device_is_changing(f.device));
    }
    device_free(f.device);
    return 0;
}
