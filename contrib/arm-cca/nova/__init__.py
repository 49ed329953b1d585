# SPDX-License-Identifier: GPL-2.0-or-later
"""A compute driver for Nova that starts instances as Arm CCA Realms

It is Nova's libvirt driver. What it adds is for instances whose flavor or
image requires the trait CUSTOM_ARM_CCA_REALM, which this driver gives to its
host: so such an instance comes to no other host, and is a Realm on this one.

To be installed as nova.virt.arm_cca; docs/system/arm/cca-nova.rst in QEMU's
source tells more.
"""

import re

from nova import exception
from nova.virt.libvirt import driver

from . import realm

TRAIT = "CUSTOM_ARM_CCA_REALM"
# Extra specs with this prefix are properties of the Realm
PREFIX = "cca:"


def is_realm(flavor, image_meta):
    """Does one of them require the trait?  Numbered groups count as well"""
    required = {key.partition(":")[2] for key, value in flavor.extra_specs.items()
                if re.fullmatch(r"trait[^:]*:.*", key) and value == "required"}
    return TRAIT in required or TRAIT in image_meta.properties.get("traits_required", [])


def to_realm(xml, flavor, image_meta):
    """The XML that @flavor and @image_meta ask for"""
    pairs = [(key[len(PREFIX):], value) for key, value in flavor.extra_specs.items()
             if key.startswith(PREFIX)]
    if not is_realm(flavor, image_meta):
        # Not an ordinary guest for somebody who wants a Realm
        if pairs:
            raise realm.Bad(f"the flavor has extra specs {PREFIX}* and does not require "
                            f"a Realm: set trait:{TRAIT}=required")
        return xml
    return realm.realm_xml(xml, realm.read_properties(pairs))


class RealmDriver(driver.LibvirtDriver):

    # All ways to start an instance lead here: spawn, start, hard reboot,
    # rescue, resize, evacuation
    def _get_guest_xml(self, context, instance, network_info, disk_info,
                       image_meta, *args, **kwargs):
        xml = super()._get_guest_xml(context, instance, network_info, disk_info,
                                     image_meta, *args, **kwargs)
        try:
            return to_realm(xml, instance.flavor, image_meta)
        except realm.Bad as err:
            # Another host would not help: this one is not tried again
            raise exception.InvalidInput(reason=str(err)) from err

    def update_provider_tree(self, provider_tree, nodename, allocations=None):
        super().update_provider_tree(provider_tree, nodename, allocations)
        provider_tree.add_traits(nodename, TRAIT)
        # As in the method above, for those who look there
        self.provider_tree.add_traits(nodename, TRAIT)

    def suspend(self, context, instance):
        # QEMU refuses as well, but libvirt's message does not say why
        if is_realm(instance.flavor, instance.image_meta):
            raise exception.InstanceSuspendFailure(
                reason="a Realm cannot be saved, its memory is out of the host's reach")
        super().suspend(context, instance)

    def check_can_live_migrate_source(self, context, instance, *args, **kwargs):
        if is_realm(instance.flavor, instance.image_meta):
            raise exception.MigrationPreCheckError(
                reason="a Realm cannot be migrated while it runs: use a cold migration")
        return super().check_can_live_migrate_source(context, instance, *args, **kwargs)
