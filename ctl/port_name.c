#include "ctl/port_name.h"
#include "ctl/arguments.h"
#include <ctype.h>

bool ctl_parse_port(const char *text, char side, uint32_t *ret_port) {
    int64_t number;
    if (toupper((unsigned char)text[0]) != side || !ctl_parse_number(text + 1, &number) || number < 1 ||
        number > UINT32_MAX)
        return false;
    *ret_port = (uint32_t)number;
    return true;
}
