# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# More bus masters as in realm-masters: those that take their time.
# shellcheck disable=SC2046
masters devices -device edu,dma_mask=0xffffffffffffffff \
    $(frames n0 7100) -device e1000,netdev=n0,romfile= \
    $(frames n1 7101) -device e1000e,netdev=n1,romfile= \
    $(frames n2 7102) -device igb,netdev=n2,romfile=
