#ifndef CONF_GUESS_H
#define CONF_GUESS_H

/*
 * guess - what somebody meant who wrote something slightly different.
 *
 *     struct guess guess = guess_begin("asynch");
 *     guess_try(&guess, "sync");
 *     guess_try(&guess, "async");
 *     guess_phrase(&guess)        "; did you mean 'async'?", or ""
 *
 * By the number of letters to add, drop, change or swap with their neighbour
 * (optimal string alignment), whatever their case; a third of the word at most.
 */

#include <stddef.h>

struct guess {
    const char *given;
    const char *best;
    size_t distance;
    char phrase[96];
};

struct guess guess_begin(const char *given);
void guess_try(struct guess *, const char *word);
const char *guess_phrase(struct guess *);

#endif
