#include "conf/endpoint.h"

#include "base/memory.h"
#include "conf/places.h"

#include <arpa/inet.h>
#include <sys/un.h>

enum { SOCKET_PATH_MAX = sizeof(((struct sockaddr_un *) 0)->sun_path) - 1 };

static char *
settle_ipc(struct reader *reader, const struct spot *spot, char *take_path)
{
    char *endpoint = NULL;

    if (strlen(take_path) > SOCKET_PATH_MAX)
        complain(reader, spot,
            "the socket's path %s is %zu bytes long, and a socket's path has at most %d; set a "
            "shorter one, for instance 'ipc:///run/knarr.sock'",
            take_path, strlen(take_path), (int) SOCKET_PATH_MAX);
    else
        endpoint = memory_print("ipc://%s", take_path);
    free(take_path);
    return endpoint;
}

static char *
given_ipc(struct reader *reader, const struct spot *spot, const char *given)
{
    const char *path = given + strlen("ipc://");
    struct shown shown;
    char *absolute;

    if (*path == '@' || *path == '\0') {
        complain(reader, spot, "%s: a socket needs a path; an abstract one has no owner",
            show_text(given, &shown));
        return NULL;
    }
    absolute = places_absolute(path);
    if (absolute)
        return settle_ipc(reader, spot, absolute);
    complain(reader, spot, "%s: nobody of that name has a home here", show_text(given, &shown));
    return NULL;
}

static bool
is_port(const char *text)
{
    size_t length = strspn(text, "0123456789");
    unsigned long port = strtoul(text, NULL, 10);

    return length > 0 && length <= 5 && text[length] == '\0' && port >= 1 && port <= 65535;
}

static bool
is_loopback(const char *host)
{
    struct in_addr address;

    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static char *
given_tcp(struct reader *reader, const struct spot *spot, const char *given)
{
    char *host = memory_print("%s", given + strlen("tcp://"));
    char *colon = strrchr(host, ':'), *endpoint = NULL;
    struct shown shown;

    if (colon)
        *colon = '\0';
    if (!colon || !is_port(colon + 1))
        complain(reader, spot, "%s has no port; for instance 'tcp://127.0.0.1:1934'",
            show_text(given, &shown));
    else if (!is_loopback(host))
        complain(reader, spot,
            "%s: only the loopback is served (tcp://127.0.0.1:%s) until encrypted connections "
            "(CURVE) are there",
            show_text(given, &shown), colon + 1);
    else /* a name cannot be bound to, an address can */
        endpoint = memory_print("tcp://%s:%s", strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
            colon + 1);
    free(host);
    return endpoint;
}

char *
endpoint_settle(struct reader *reader, const struct spot *spot, const char *given,
    const char *workspace)
{
    struct shown shown;

    if (!given)
        return settle_ipc(reader, spot, places_below(workspace, ".knarr/knarr.sock"));
    if (strncmp(given, "ipc://", 6) == 0)
        return given_ipc(reader, spot, given);
    if (strncmp(given, "tcp://", 6) == 0)
        return given_tcp(reader, spot, given);
    complain(reader, spot, "%s is not an endpoint; 'ipc:///path' or 'tcp://127.0.0.1:port'",
        show_text(given, &shown));
    return NULL;
}
