/* Must be reported by AddressSanitizer: reads one byte past its memory. */
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    char *text = strdup(argv[0]);
    volatile size_t past = strlen(text) + 1;
    int status = text[past] == 'x' ? 3 : 0;
    free(text);
    return status;
}
