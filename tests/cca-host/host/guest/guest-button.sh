# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Stays up until the power button is pressed.  It is line 3 of the PL061; the
# kernel has no driver for keys at GPIOs, but counts the interrupts of a line
# that is exported.
label=$(grep -l pl061 /sys/class/gpio/gpiochip*/label)
line=$(($(cat "${label%label}base") + 3))
echo $line > /sys/class/gpio/export
echo rising > /sys/class/gpio/gpio$line/edge
dmesg | grep 'RME:'
echo "guest: waits for the power button"
while [ "$(awk '/gpiolib/ { print $2 }' /proc/interrupts)" = 0 ]; do
    sleep 1
done
echo "guest: the power button was pressed"
