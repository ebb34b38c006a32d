#pragma once
/* Which letter each slice has. It keeps it as long as it lives, whatever comes and goes beside it. */
#include "ctl/cube_mark.h"
#include "heliostat/v1/slice.pb-c.h"

struct top_letters {
    int64_t uid[CTL_N_LETTERS]; /* 0: the letter is free */
};

/* ret_letters[n]; '@': no letter was left. */
void top_letters_give(struct top_letters *letters, Heliostat__V1__Slice *const *slices, size_t n,
                      char *ret_letters);
