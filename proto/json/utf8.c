#include "proto/json/utf8.h"

bool proto_json_is_utf8(const char *text, size_t len) {
    const unsigned char *at = (const unsigned char *)text, *end = at + len;
    while (at < end) {
        if (*at < 0x80) {
            at++;
            continue;
        }
        unsigned more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : 1;
        if (*at < 0xc2 || *at > 0xf4 || (size_t)(end - at) <= more)
            return false;
        unsigned char low = *at == 0xe0 ? 0xa0 : *at == 0xf0 ? 0x90 : 0x80;
        unsigned char high = *at == 0xed ? 0x9f : *at == 0xf4 ? 0x8f : 0xbf;
        if (at[1] < low || at[1] > high)
            return false;
        for (unsigned i = 2; i <= more; i++)
            if (at[i] < 0x80 || at[i] > 0xbf)
                return false;
        at += more + 1;
    }
    return true;
}
