/* Must be reported by UndefinedBehaviorSanitizer: a sum that does not fit. */
#include <limits.h>

int main(int argc, char **argv) {
    volatile int sum = INT_MAX;
    sum = sum + argc;
    return 0;
}
