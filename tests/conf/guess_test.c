#include "conf/guess.h"
#include "tests/check.h"

static void
a_near_word_is_guessed(void)
{
    static const struct {
        const char *why, *given, *meant;
    } rows[] = {
        { "one letter more", "asynch", "async" },
        { "one letter less", "snc", "sync" },
        { "another letter", "synk", "sync" },
        { "two swapped", "snyc", "sync" },
        { "another case", "SYNC", "sync" },
        { "in front", "backups", "backups" },
        { "without its end", "backup", "backups" },
        { "too far", "parallel", NULL },
        { "nothing in common", "x", NULL },
        { "nothing", "", NULL },
        { "far too long", "syncsyncsyncsyncsyncsyncsyncsyncsyncsyncsyncsyncsyncsync", NULL },
    };
    static const char *const words[] = { "sync", "async", "backups", "s3" };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guess guess = guess_begin(rows[i].given);

        for (size_t j = 0; j < sizeof words / sizeof *words; j++)
            guess_try(&guess, words[j]);
        check((guess.best != NULL) == (rows[i].meant != NULL));
        check(!guess.best || strcmp(guess.best, rows[i].meant) == 0);
        check(!guess.best == !*guess_phrase(&guess));
    }
}

static void
the_phrase_is_a_question(void)
{
    struct guess guess = guess_begin("asynch");

    guess_try(&guess, "async");
    check(strcmp(guess_phrase(&guess), "; did you mean 'async'?") == 0);
}

static const struct test tests[] = {
    { "a near word is guessed", a_near_word_is_guessed },
    { "the phrase is a question", the_phrase_is_a_question },
};

TEST_MAIN(tests)
