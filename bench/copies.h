#ifndef BENCH_COPIES_H
#define BENCH_COPIES_H

/*
 * copies - how many bytes of file bodies a program copies in user space.
 *
 *     LD_PRELOAD=libcopies.so KNARR_COPIES=FILE knarrd ...
 *
 * The library stands in for memcpy, memmove, mempcpy and their checked twins,
 * for the program and for every library it uses (libzmq's encoders, SQLite, the
 * C++ library), whoever calls them.  The files written meanwhile hold nothing
 * but one byte, COPIES_MARK, and each copied run of at least COPIES_RUN of them
 * is counted as body.  So it does not matter who copies, how large the pieces
 * are, or what else is copied.  The count is in FILE when the program has ended.
 *
 * Not seen: what the kernel copies (read, write, pwritev), which is not user
 * space, and bodies shorter than COPIES_RUN, which libzmq keeps inside its
 * handle of a message and which so move whenever that does.
 */

enum { COPIES_MARK = 0xb7, COPIES_RUN = 64 };

#endif
