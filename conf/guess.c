#include "conf/guess.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { WORD_BYTES_MAX = 48 };

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int
same(char a, char b)
{
    return tolower((unsigned char) a) == tolower((unsigned char) b);
}

static size_t
distance(const char *a, const char *b)
{
    size_t rows[WORD_BYTES_MAX + 1][WORD_BYTES_MAX + 1];
    size_t a_length = strlen(a), b_length = strlen(b);

    for (size_t i = 0; i <= a_length; i++)
        rows[i][0] = i;
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++)
        for (size_t j = 1; j <= b_length; j++) {
            size_t cost = !same(a[i - 1], b[j - 1]);

            rows[i][j] =
                least(least(rows[i - 1][j], rows[i][j - 1]) + 1, rows[i - 1][j - 1] + cost);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    return rows[a_length][b_length];
}

struct guess
guess_begin(const char *given)
{
    return (struct guess){ .given = given, .distance = SIZE_MAX };
}

void
guess_try(struct guess *self, const char *word)
{
    size_t length = strlen(word), far, allowed = length < 6 ? 2 : length / 3;

    if (length > WORD_BYTES_MAX || strnlen(self->given, WORD_BYTES_MAX + 1) > WORD_BYTES_MAX)
        return;
    far = distance(self->given, word);
    if (far > allowed || far >= length || far >= self->distance)
        return;
    self->best = word;
    self->distance = far;
}

const char *
guess_phrase(struct guess *self)
{
    if (self->best)
        snprintf(self->phrase, sizeof self->phrase, "; did you mean '%s'?", self->best);
    return self->phrase;
}
