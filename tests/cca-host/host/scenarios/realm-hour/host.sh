# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A newcomer's hour: the commands of the manual's page, as they are, but for the
# last part, which checks.sh runs on this machine, since the host has no Python.
sim_conf hour
cp /tmp/hour.conf /etc/cca-sim.conf
echo /files/libccasim.so > /etc/ld.so.preload

RUN=run=hour
export RUN
mkdir /tmp/hour
sed '/^#: why/,$d' /files/cca-hour.sh > /tmp/cca-hour.sh
progress "hour: starts"
(cd /tmp/hour && sh -x /tmp/cca-hour.sh > /results/hour.out 2> /results/hour.err)
echo $? > /results/hour.status
progress "hour: ended with status $(cat /results/hour.status):" \
    "$(tail -n 1 /results/hour.out)"
cp /tmp/hour/*.json /tmp/hour/token /tmp/hour/challenge /tmp/hour/console.log /results
