#pragma once
/* The one sign for what a person should know of a cube; the letter of its slice stands before it. */
#include "heliostat/v1/pod.pb-c.h"
#include <stdbool.h>

/* The letters for slices in a grid of cubes. */
#define CTL_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define CTL_N_LETTERS 52

enum ctl_tone { CTL_TONE_BAD, CTL_TONE_WARNING, CTL_TONE_STRONG, CTL_TONE_PLAIN };

struct ctl_cube_mark {
    char sign;
    enum ctl_tone tone;
    const char *word;    /* for a line of all signs */
    const char *meaning; /* for a line of its own */
    bool (*applies)(const Heliostat__V1__CubeStatus *cube);
};

extern const struct ctl_cube_mark ctl_cube_marks[];
extern const size_t ctl_n_cube_marks;

/* The first of them that is true of the cube; NULL: there is nothing to say. */
const struct ctl_cube_mark *ctl_cube_mark(const Heliostat__V1__CubeStatus *cube);
