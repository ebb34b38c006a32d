#include "daemon/device/scpi_parse.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(scpi_parse, identity) {
    struct scpi_identity identity;
    cr_assert_eq(scpi_parse_identity("Polatis,N-VST-192x192-LA1-DMHNV-701,001705,6.5.1.7", &identity), 0);
    cr_assert_str_eq(identity.vendor, "Polatis");
    cr_assert_str_eq(identity.product, "N-VST-192x192-LA1-DMHNV-701");
    cr_assert_str_eq(identity.serial, "001705");
    cr_assert_str_eq(identity.version, "6.5.1.7");
}

Test(scpi_parse, identity_that_is_none) {
    static const char *const bad[] = {"",       "a",         "a,b,c",       "a,b,c,",          ",b,c,d",
                                      "a,,c,d", "a,b,c,d,e", "a,b,c\x01,d", "a,b\xc3\xa4,c,d", "a,b,c,d\x7f"};
    struct scpi_identity identity;
    char long_word[200];
    memset(long_word, 'x', sizeof(long_word));
    memcpy(long_word + 190, ",b,c,d", 7);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cr_assert_eq(scpi_parse_identity(bad[i], &identity), -EBADMSG, "%s", bad[i]);
    cr_assert_eq(scpi_parse_identity(long_word, &identity), -EBADMSG);
}

Test(scpi_parse, size) {
    static const char *const bad[] = {"",     "16",   "16,",   ",16",    "16,16,",
                                      "0,16", "16,0", "-1,16", "16, 16", "123456,1"};
    unsigned a, b;
    cr_assert_eq(scpi_parse_size("16,32", &a, &b), 0);
    cr_assert_eq(a, 16);
    cr_assert_eq(b, 32);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cr_assert_eq(scpi_parse_size(bad[i], &a, &b), -EBADMSG, "%s", bad[i]);
}

Test(scpi_parse, map_and_untouched_output) {
    uint16_t map[17];
    cr_assert_eq(scpi_parse_map("(@1,2,16),(@19,18,32)", 16, 16, map), 0);
    cr_assert_eq(map[0], 0);
    cr_assert_eq(map[1], 3);
    cr_assert_eq(map[2], 2);
    cr_assert_eq(map[16], 16);
    static const char *const bad[] = {
        "",           "(@),(@",     "(@1),(@)",        "(@),(@17)",       "(@1,),(@17,)",    "(@,1),(@,17)",
        "(1),(17)",   "(@1);(@17)", "(@1),(@17) ",     "(@1:2),(@17:18)", "(@0),(@17)",      "(@17),(@18)",
        "(@1),(@16)", "(@1),(@33)", "(@1,1),(@17,18)", "(@1,2),(@17,17)", "(@100000),(@17)", "(@1),(@65553)",
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cr_assert_eq(scpi_parse_map(bad[i], 16, 16, map), -EBADMSG, "%s", bad[i]);
    cr_assert_eq(map[1], 3, "a refused map must not touch the output");
    cr_assert_eq(scpi_parse_map("(@),(@)", 16, 16, map), 0);
    cr_assert_eq(map[1], 0);
    cr_assert_eq(scpi_parse_map("(@),(@)", 5000, 16, map), -EBADMSG);
}

Test(scpi_parse, errors) {
    static const char *const bad[] = {
        "",       "0",         "0,",          "0,\"",      "x,\"No\"",   ",\"No\"",        "0,\"No",
        "0,No\"", "- 1,\"a\"", "40000,\"a\"", "--1,\"a\"", "1,\"\x01\"", " 0,\"No error\""};
    int code = 7;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cr_assert_eq(scpi_parse_error(bad[i], &code), -EBADMSG, "%s", bad[i]);
    cr_assert_eq(code, 7);
    cr_assert_eq(scpi_parse_error("0,\"No error\"", &code), 0);
    cr_assert_eq(code, 0);
    cr_assert_eq(scpi_parse_error("+0,\"No error\"", &code), 0);
    cr_assert_eq(code, 0);
    cr_assert_eq(scpi_parse_error("-222,\"Data out of range\"", &code), 0);
    cr_assert_eq(code, -222);
    cr_assert_eq(scpi_parse_error("1,\"\"", &code), 0);
    cr_assert_eq(code, 1);
}

Test(scpi_parse, power) {
    static const char *const bad[] = {"",           "(-29.55",     "(-29.55)",        "(-29.55,-30.05,1)",
                                      "(-29.55,)",  "(,-30.05)",   "(-29.55;-30.05)", "(-29.55,-30.05) ",
                                      "(-29.,-30)", "(.5,-30)",    "(-29.5555,-30)",  "(--29,-30)",
                                      "(-101,-30)", "(51,-30)",    "(1e1,-30)",       "(-29,55,-30.05)",
                                      "(@-29,-30)", "(nan,-30.5)", "-29.55,-30.05",   "(99999999999,1)"};
    int32_t power_mdbm[2] = {7, 7};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cr_assert_eq(scpi_parse_power(bad[i], 2, power_mdbm), -EBADMSG, "%s", bad[i]);
    cr_assert_eq(scpi_parse_power("(-29.55,+0.5)", 2, power_mdbm), 0);
    cr_assert_eq(power_mdbm[0], -29550);
    cr_assert_eq(power_mdbm[1], 500);
    cr_assert_eq(scpi_parse_power("(-0.125)", 1, power_mdbm), 0);
    cr_assert_eq(power_mdbm[0], -125);
    cr_assert_eq(scpi_parse_power("(-50,3)", 2, power_mdbm), 0);
    cr_assert_eq(power_mdbm[1], 3000);
}

Test(scpi_parse, where_an_answer_ends) {
    static const struct {
        const char *text;
        ssize_t length;
    } table[] = {{"", -1}, {"abc", -1},        {"abc\n", 3},  {"abc;d\n", 3}, {"\n", 0},
                 {";", 0}, {"\"a;b\";c\n", 5}, {"\"a;b", -1}, {"\"a\n", 2},   {"1\r\n", 2}};
    for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++)
        cr_assert_eq(scpi_answer_length(table[i].text, strlen(table[i].text)), table[i].length, "%s",
                     table[i].text);
}
