/* Must be reported by ThreadSanitizer: two threads write one variable. */
#include <pthread.h>

static int shared;

static void *count(void *userdata) {
    for (int i = 0; i < 1000; i++)
        shared++;
    return NULL;
}

int main(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, count, NULL))
        return 3;
    count(NULL);
    pthread_join(thread, NULL);
    return 0;
}
