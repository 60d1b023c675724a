#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

/*
 * check - a test is a list of sentences and the functions that make them true.
 *
 * The first condition that is not so ends the program with its place.  An
 * argument on the command line runs only the sentences that contain it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define check(condition)                                                                          \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #condition); \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

struct test {
    const char *sentence;
    void (*run)(void);
};

#define TEST_MAIN(tests)                                               \
    int main(int argc, char **argv)                                    \
    {                                                                  \
        for (size_t i = 0; i < sizeof(tests) / sizeof *(tests); i++) { \
            if (argc > 1 && !strstr((tests)[i].sentence, argv[1]))     \
                continue;                                              \
            (tests)[i].run();                                          \
            printf("ok %s\n", (tests)[i].sentence);                    \
            fflush(stdout);                                            \
        }                                                              \
        return 0;                                                      \
    }

#endif
