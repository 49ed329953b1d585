# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The run mode of the simulator without QEMU; then the same with an access to
# private memory, which the simulator has to see.
progress "realm-prober"
sim_conf probe "cap = 244"
on_cca_host probe /files/realm-prober 244 > /results/probe.log 2>&1
echo $? > /results/probe.status
sim_conf violate "cap = 244"
on_cca_host violate /files/realm-prober 244 violate > /results/violate.log 2>&1
echo $? > /results/violate.status
for version in B1 B2 B3 B4 B5; do
    progress "realm-prober $version"
    # It asks for what is so already, too, to see that it may
    sim_conf "$version" "abi = $version" "attribute-waste = yes"
    on_cca_host "$version" /files/realm-prober "$version" > "/results/$version.log" 2>&1
    echo $? > "/results/$version.status"
done
