/*
 * /dev/net/tun in contract mode: queues of a tap device
 *
 * They take what Linux 6.17 takes, no packet comes out of them, and what is
 * sent goes nowhere. They are there for vhost-net, which needs a backend.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim-backend.h"
#include "sim-user.h"

typedef struct SimTap {
    SimObject obj;
    int peer;           /* the end where nobody reads */
} SimTap;

int sim_tap_open(void)
{
    SimTap *t;
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0) {
        return -errno;
    }
    t = g_new0(SimTap, 1);
    t->peer = fds[1];
    sim_fd_install(&t->obj, SIM_TAP, fds[0]);
    return fds[0];
}

void sim_tap_destroy(SimObject *tap)
{
    sim_real_close(((SimTap *)tap)->peer);
}

static long set_interface(void *arg)
{
    struct ifreq ifr;
    int ret = sim_copy_from_user(&ifr, arg, sizeof(ifr));

    if (ret) {
        return ret;
    }
    strcpy(ifr.ifr_name, "tap0");
    return sim_copy_to_user(arg, &ifr, sizeof(ifr));
}

long sim_tap_ioctl(SimObject *tap, unsigned long req, void *arg)
{
    const unsigned features = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
                              IFF_MULTI_QUEUE;

    switch (req) {
    case TUNGETFEATURES:
        return sim_copy_to_user(arg, &features, sizeof(features));
    case TUNSETIFF:
    case TUNGETIFF:
        return set_interface(arg);
    case TUNSETSNDBUF:
    case TUNSETVNETHDRSZ:
    case TUNSETOFFLOAD:
    case TUNSETQUEUE:
    case TUNSETSTEERINGEBPF:
    case TUNSETVNETLE:
    case TUNSETVNETBE:
        return 0;
    default:
        return -ENOTTY;
    }
}
