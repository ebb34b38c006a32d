#include "daemon/fabric/state.h"

void fabric_set_settings(struct fabric *fabric, const struct fabric_settings *settings) {
    fabric->settings = *settings;
    fabric_mark(fabric);
}
