#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make-realm.py DIRECTORY SHARE KIND - the domain XML of a Realm that Nova starts

Its host has the capabilities in DIRECTORY; SHARE is that of test-nova.py.  The
instance boots a kernel or a firmware, as KIND says (private: a firmware, with a
memory encryption context); it has a disk and a network card without a bridge.
"""

import os
import re
import sys
import tempfile

import nova_host as host

IMAGE = {"hw_architecture": "aarch64", "hw_machine_type": "virt-10.0",
         "hw_video_model": "none"}
KERNEL = {"os_command_line": "console=ttyAMA0 quiet swiotlb=8192 run=button port=7000"}
FIRMWARE = {"hw_firmware_type": "uefi", "hw_firmware_stateless": "true"}
# What the image has, and the flavor
KINDS = {
    "kernel": (KERNEL, {}),
    "firmware": (FIRMWARE, {}),
    "private": (FIRMWARE, {"cca:mec_policy": "private"}),
}
CONF = """[DEFAULT]
compute_driver = arm_cca.RealmDriver
[libvirt]
virt_type = kvm
images_type = raw
[vnc]
enabled = False
"""

with tempfile.TemporaryDirectory() as directory:
    conf = os.path.join(directory, "nova.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(CONF)
    host.set_up("/var/lib/nova/instances", os.path.join(sys.argv[2], "qemu/firmware"), conf)
    driver = host.load_driver(sys.argv[1])
    realm = {"trait:CUSTOM_ARM_CCA_REALM": "required"}
    of_image, of_flavor = KINDS[sys.argv[3]]
    image = {**IMAGE, **of_image}
    # All may run at once
    instance = host.instance_of({**realm, **of_flavor}, image, vcpus=1,
                                kernel=of_image is KERNEL,
                                number=1 + list(KINDS).index(sys.argv[3]))
    xml = host.guest_xml(driver, instance, image, vif="tap")
    sys.stdout.write(re.sub("(<nova:creationTime>)[^<]*", r"\1then", xml))
