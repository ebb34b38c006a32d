#include <criterion/criterion.h>
#include <string.h>

#include "topology/shape.h"

static struct topo_shape parse(const char *text) {
    struct topo_shape shape;
    char error[300];
    cr_assert_eq(topo_shape_parse(text, &shape, error, sizeof(error)), 0, "%s: %s", text, error);
    cr_assert(topo_shape_is_valid(&shape), "%s", text);
    return shape;
}

Test(topology_shape, reads_every_slice_of_the_published_mix) {
    static const struct {
        const char *text;
        unsigned chips, cubes;
        enum topo_twist twist;
    } rows[] = {
        {"1x1x1", 1, 1, 0},
        {"1x1x2", 2, 1, 0},
        {"1x2x2", 4, 1, 0},
        {"2x2x2", 8, 1, 0},
        {"2x2x4", 16, 1, 0},
        {"2x4x4", 32, 1, 0},
        {"4x4x4", 64, 1, 0},
        {"4x4x8_twisted", 128, 2, TOPO_TWIST_K_K_2K},
        {"4x4x8_untwisted", 128, 2, 0},
        {"4x4x12", 192, 3, 0},
        {"4x8x8_twisted", 256, 4, TOPO_TWIST_K_2K_2K},
        {"4x8x8_untwisted", 256, 4, 0},
        {"4x4x16", 256, 4, 0},
        {"4x8x12", 384, 6, 0},
        {"8x8x8", 512, 8, 0},
        {"4x8x16", 512, 8, 0},
        {"4x4x32", 512, 8, 0},
        {"8x8x12", 768, 12, 0},
        {"8x8x16_twisted", 1024, 16, TOPO_TWIST_K_K_2K},
        {"8x8x16_untwisted", 1024, 16, 0},
        {"4x16x16", 1024, 16, 0},
        {"4x4x64", 1024, 16, 0},
        {"4x8x32", 1024, 16, 0},
        {"8x12x16", 1536, 24, 0},
        {"4x4x96", 1536, 24, 0},
        {"8x8x24", 1536, 24, 0},
        {"8x16x16_twisted", 2048, 32, TOPO_TWIST_K_2K_2K},
        {"8x16x16_untwisted", 2048, 32, 0},
        {"12x16x16", 3072, 48, 0},
        {"4x4x192", 3072, 48, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct topo_shape shape = parse(rows[i].text);
        char text[40];
        topo_shape_format(&shape, text, sizeof(text));
        cr_expect_str_eq(text, rows[i].text);
        cr_expect_eq(shape.n_chips, rows[i].chips, "%s", rows[i].text);
        cr_expect_eq(shape.n_cubes, rows[i].cubes, "%s", rows[i].text);
        cr_expect_eq(shape.twist, rows[i].twist, "%s", rows[i].text);
    }
}

Test(topology_shape, twists_by_default_and_takes_2x2x1_for_1x2x2) {
    cr_expect_eq(parse("4x4x8").twist, TOPO_TWIST_K_K_2K);
    cr_expect_eq(parse("4x8x8").twist, TOPO_TWIST_K_2K_2K);
    cr_expect_eq(parse("8x8x8").twist, TOPO_TWIST_NONE);
    cr_expect_eq(parse("2x2x1").chips[2], 2);
}

Test(topology_shape, refuses_with_the_nearest_shape) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"8x4x8", "nearest shape is 4x8x8"},
        {"5x5x5", "nearest shape is 8x8x8"},
        {"3x3x3", "4x4x4"},
        {"1x1x4", "2x2x4"},
        {"0x4x4", "each size is 1 to"},
        {"8x8x8_twisted", "only KxKx2K"},
        {"8x8", "three sizes"},
        {"", "three sizes"},
        {"8x8x8x8", "may follow"},
        {"8x8x08", "three sizes"},
        {"-8x8x8", "three sizes"},
        {"8x8x8_TWISTED", "may follow"},
        {"4x4x4096", "each size is 1 to 1024"},
        {"2x2x2_twisted", "only KxKx2K"},
        {"99999999999x1x1", "three sizes"},
        {"64x64x64", "at most 256"},
        {"1x2x4", "2x2x4"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct topo_shape shape = {.n_cubes = 77};
        char error[300] = "";
        bool is_too_large = !strcmp(rows[i].text, "4x4x4096") || !strcmp(rows[i].text, "64x64x64");
        cr_expect_eq(topo_shape_parse(rows[i].text, &shape, error, sizeof(error)),
                     is_too_large ? TOPO_SHAPE_TOO_LARGE : TOPO_SHAPE_INVALID, "%s", rows[i].text);
        cr_expect(strstr(error, rows[i].says), "%s: %s", rows[i].text, error);
        cr_expect_eq(shape.n_cubes, 77, "untouched on failure");
    }
    struct topo_shape shape;
    char error[300];
    cr_expect_eq(topo_shape_parse(NULL, &shape, error, sizeof(error)), TOPO_SHAPE_INVALID);
}

Test(topology_shape, counts_all_sorted_shapes) {
    cr_expect_eq(topo_shape_enumerate(64, NULL, NULL), 182);
    cr_expect_eq(topo_shape_enumerate(144, NULL, NULL), 516);
    cr_expect_eq(topo_shape_enumerate(0, NULL, NULL), 0);
    cr_expect_eq(topo_shape_enumerate(UINT32_MAX, NULL, NULL), topo_shape_enumerate(256, NULL, NULL));
}

static void check_neighbours(const struct topo_shape *shape, void *unused) {
    (void)unused;
    cr_expect(topo_shape_is_valid(shape));
    for (unsigned p = 0; p < shape->n_cubes; p++)
        for (unsigned d = 0; d < 3; d++)
            cr_expect_eq(topo_shape_previous(shape, topo_shape_next(shape, p, d), d), p);
}

Test(topology_shape, next_and_previous_undo_each_other) {
    topo_shape_enumerate(64, check_neighbours, NULL);
    static const char *const twisted[] = {"4x4x8", "8x8x16", "12x12x24", "4x8x8", "8x16x16"};
    for (size_t i = 0; i < sizeof(twisted) / sizeof(twisted[0]); i++) {
        struct topo_shape shape = parse(twisted[i]);
        check_neighbours(&shape, NULL);
    }
}

Test(topology_shape, closes_twisted_rings_with_the_offset) {
    struct topo_shape shape = parse("8x8x16"); /* 2 x 2 x 4 cubes, offset 2 */
    cr_expect_eq(topo_shape_next(&shape, 1, 0), 0 + 2 * (0 + 2 * 2));
    cr_expect_eq(topo_shape_next(&shape, 2, 1), 0 + 2 * (0 + 2 * 2));
    cr_expect_eq(topo_shape_next(&shape, 12, 2), 0);
    shape = parse("8x16x16"); /* 2 x 4 x 4, offset 2 and 2 */
    cr_expect_eq(topo_shape_next(&shape, 1, 0), 0 + 2 * (2 + 4 * 2));
    cr_expect_eq(topo_shape_next(&shape, 6, 1), 0);
}

Test(topology_shape, answers_bad_arguments) {
    struct topo_shape shape = parse("8x8x8");
    cr_expect_eq(topo_shape_next(&shape, 8, 0), TOPO_NO_POSITION);
    cr_expect_eq(topo_shape_next(&shape, 0, 3), TOPO_NO_POSITION);
    cr_expect_eq(topo_shape_previous(&shape, 99, 0), TOPO_NO_POSITION);
    shape.cubes[0] = 0;
    cr_expect_not(topo_shape_is_valid(&shape));
    uint16_t cubes[3] = {4, 1, 2};
    cr_expect_eq(topo_shape_of_cubes(cubes, false, &shape), 0);
    cr_expect_eq(shape.chips[2], 16);
    cr_expect_eq(topo_shape_of_cubes(cubes, true, &shape), TOPO_SHAPE_INVALID);
    cubes[0] = 300;
    cr_expect_eq(topo_shape_of_cubes(cubes, false, &shape), TOPO_SHAPE_INVALID);
}
