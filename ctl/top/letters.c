#include "ctl/top/letters.h"

static const Heliostat__V1__Slice *find(Heliostat__V1__Slice *const *slices, size_t n, int64_t uid) {
    for (size_t i = 0; i < n; i++)
        if (slices[i]->uid == uid)
            return slices[i];
    return NULL;
}

/* CTL_N_LETTERS: none. */
static size_t letter_of(const struct top_letters *letters, int64_t uid) {
    size_t letter = 0;
    while (letter < CTL_N_LETTERS && letters->uid[letter] != uid)
        letter++;
    return letter;
}

void top_letters_give(struct top_letters *letters, Heliostat__V1__Slice *const *slices, size_t n,
                      char *ret_letters) {
    for (size_t i = 0; i < CTL_N_LETTERS; i++)
        if (letters->uid[i] && !find(slices, n, letters->uid[i]))
            letters->uid[i] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t letter = letter_of(letters, slices[i]->uid);
        if (letter == CTL_N_LETTERS && (letter = letter_of(letters, 0)) < CTL_N_LETTERS)
            letters->uid[letter] = slices[i]->uid;
        ret_letters[i] = letter < CTL_N_LETTERS ? CTL_LETTERS[letter] : '@';
    }
}
