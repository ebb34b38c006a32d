#include "ctl/cube_mark.h"

static bool is_unhealthy(const Heliostat__V1__CubeStatus *cube) {
    return cube->health == HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY;
}
static bool is_in_maintenance(const Heliostat__V1__CubeStatus *cube) {
    return cube->scheduling == HELIOSTAT__V1__SCHEDULING__SCHEDULING_MAINTENANCE;
}
static bool is_unknown(const Heliostat__V1__CubeStatus *cube) {
    return cube->health == HELIOSTAT__V1__HEALTH__HEALTH_UNKNOWN ||
           cube->health == HELIOSTAT__V1__HEALTH__HEALTH_UNSPECIFIED;
}
static bool is_degraded(const Heliostat__V1__CubeStatus *cube) {
    return cube->health == HELIOSTAT__V1__HEALTH__HEALTH_DEGRADED;
}
static bool is_unschedulable(const Heliostat__V1__CubeStatus *cube) {
    return cube->scheduling > HELIOSTAT__V1__SCHEDULING__SCHEDULING_SCHEDULABLE;
}
static bool is_unaccounted(const Heliostat__V1__CubeStatus *cube) {
    return cube->unaccounted_circuit;
}
static bool is_cut(const Heliostat__V1__CubeStatus *cube) {
    return cube->part_hosts > 0;
}
static bool is_held(const Heliostat__V1__CubeStatus *cube) {
    return *cube->held_for;
}
static bool is_spare(const Heliostat__V1__CubeStatus *cube) {
    return cube->spare;
}

const struct ctl_cube_mark ctl_cube_marks[] = {
    {'#', CTL_TONE_WARNING, "maintenance", "in maintenance", is_in_maintenance},
    {'x', CTL_TONE_BAD, "unhealthy", "down (UNHEALTHY)", is_unhealthy},
    {'?', CTL_TONE_WARNING, "unknown", "health not known", is_unknown},
    {'!', CTL_TONE_WARNING, "unaccounted", "carries a circuit that nobody can explain", is_unaccounted},
    {'~', CTL_TONE_WARNING, "degraded", "DEGRADED, usable", is_degraded},
    {'-', CTL_TONE_WARNING, "no new slices", "no new slices here (cordoned, drained or quarantined)",
     is_unschedulable},
    {'%', CTL_TONE_STRONG, "cut", "cut into parts", is_cut},
    {'=', CTL_TONE_PLAIN, "held", "held for the repair of a slice", is_held},
    {'s', CTL_TONE_PLAIN, "spare", "spare", is_spare},
};
const size_t ctl_n_cube_marks = sizeof(ctl_cube_marks) / sizeof(*ctl_cube_marks);

const struct ctl_cube_mark *ctl_cube_mark(const Heliostat__V1__CubeStatus *cube) {
    for (size_t i = 0; i < ctl_n_cube_marks; i++)
        if (ctl_cube_marks[i].applies(cube))
            return &ctl_cube_marks[i];
    return NULL;
}
