/*
 * pass-fds - start a program with descriptors that are open already
 *
 *   pass-fds FD=WHAT... -- COMMAND...
 *
 * as programs that manage VMs do. WHAT is open:PATH, tap:NAME (one queue of a
 * tap device, which can be named several times), or listen:PORT on 127.0.0.1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Those that are asked for are below */
#define FIRST 100

static int open_file(const char *path)
{
    return open(path, O_RDWR);
}

static int open_tap(const char *name)
{
    struct ifreq ifr = {
        .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE,
    };
    int fd = open("/dev/net/tun", O_RDWR);

    strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
    return fd >= 0 && ioctl(fd, TUNSETIFF, &ifr) < 0 ? -1 : fd;
}

static int listen_on(const char *port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET,
        .sin_port = htons(atoi(port)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd >= 0 && (bind(fd, (void *)&addr, sizeof(addr)) < 0 ||
                       listen(fd, 1) < 0) ? -1 : fd;
}

static void pass(const char *spec)
{
    static const struct {
        const char *prefix;
        int (*func)(const char *arg);
    } kinds[] = {
        { "open:", open_file }, { "tap:", open_tap }, { "listen:", listen_on },
    };
    const char *what = strchr(spec, '=');
    int to = atoi(spec);

    for (unsigned i = 0; what && i < sizeof(kinds) / sizeof(*kinds); i++) {
        size_t size = strlen(kinds[i].prefix);

        if (!strncmp(what + 1, kinds[i].prefix, size)) {
            int fd = kinds[i].func(what + 1 + size);
            int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST);

            if (to < 3 || to >= FIRST || high < 0) {
                err(1, "%s", spec);
            }
            close(fd);
            if (dup2(high, to) < 0) {
                err(1, "%s", spec);
            }
            return;
        }
    }
    errx(1, "%s: not FD=open:PATH, FD=tap:NAME or FD=listen:PORT", spec);
}

int main(int argc, char **argv)
{
    int i = 1;

    for (; i < argc && strcmp(argv[i], "--"); i++) {
        pass(argv[i]);
    }
    if (i + 1 >= argc) {
        errx(1, "no command after --");
    }
    execvp(argv[i + 1], &argv[i + 1]);
    err(1, "%s", argv[i + 1]);
}
