/* Must be reported by LeakSanitizer: forgets its memory. */
#include <stdlib.h>
#include <string.h>

static char *volatile kept;

int main(int argc, char **argv) {
    kept = strdup(argv[0]);
    kept = NULL;
    return 0;
}
