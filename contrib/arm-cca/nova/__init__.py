# SPDX-License-Identifier: GPL-2.0-or-later
"""A compute driver for Nova that starts instances as Arm CCA Realms

It is Nova's libvirt driver. What it adds is for instances whose flavor or
image requires the trait CUSTOM_ARM_CCA_REALM, which this driver gives to its
host as long as its QEMU says that it can start Realms: so such an instance comes
to no other host, and is a Realm on this one.

To be installed as nova.virt.arm_cca; docs/system/arm/cca-nova.rst in QEMU's
source tells more.
"""

import re
from time import monotonic

from nova import exception
from nova.virt.libvirt import driver
from oslo_log import log as logging

from . import capabilities, realm

LOG = logging.getLogger(__name__)

TRAIT = "CUSTOM_ARM_CCA_REALM"
# Nova wants the traits every minute; QEMU makes Realms on trial for its answer
ASK_AGAIN = 600
# Extra specs with this prefix are properties of the Realm
PREFIX = "cca:"


def is_realm(flavor, *images):
    """Does one of them require the trait?  Numbered groups count as well"""
    required = {key.partition(":")[2] for key, value in flavor.extra_specs.items()
                if re.fullmatch(r"trait[^:]*:.*", key) and value == "required"}
    for image in images:
        required.update(image.properties.get("traits_required", []))
    return TRAIT in required


def properties_of(flavor, *images):
    """The properties of the Realm that they ask for, None for an ordinary guest"""
    pairs = [(key[len(PREFIX):], value) for key, value in flavor.extra_specs.items()
             if key.startswith(PREFIX)]
    if is_realm(flavor, *images):
        return realm.read_properties(pairs)
    # Not an ordinary guest for somebody who wants a Realm
    if pairs:
        raise realm.Bad(f"the flavor has extra specs {PREFIX}* and does not require "
                        f"a Realm: set trait:{TRAIT}=required")
    return None


def to_realm(xml, flavor, *images):
    """The XML that @flavor and @images ask for"""
    properties = properties_of(flavor, *images)
    return xml if properties is None else realm.realm_xml(xml, properties)


class RealmDriver(driver.LibvirtDriver):

    # All ways to start an instance lead here: spawn, start, hard reboot,
    # rescue, resize, evacuation
    def _get_guest_xml(self, context, instance, network_info, disk_info,
                       image_meta, *args, **kwargs):
        xml = super()._get_guest_xml(context, instance, network_info, disk_info,
                                     image_meta, *args, **kwargs)
        try:
            # An image for rescue need not have the trait of the instance's own
            return to_realm(xml, instance.flavor, image_meta, instance.image_meta)
        except realm.Bad as err:
            # Another host would not help: this one is not tried again
            raise exception.InvalidInput(reason=str(err)) from err

    # When QEMU was asked, by the monotonic clock, and why there are no Realms
    _asked, _no_realms = None, None

    def _why_no_realms(self):
        """None if this host can start Realms"""
        now = monotonic()
        if self._asked is None or now - self._asked >= ASK_AGAIN:
            before, first = self._no_realms, self._asked is None
            try:
                connection = self._host.get_connection()
                capabilities.ask(capabilities.emulator_of(connection))
                self._no_realms = None
            except capabilities.NoRealms as err:
                self._no_realms = str(err)
            self._asked = now
            if self._no_realms and (first or self._no_realms != before):
                LOG.warning("this host has no trait %s: %s", TRAIT, self._no_realms)
            elif not self._no_realms and (first or before):
                LOG.info("this host has the trait %s", TRAIT)
        return self._no_realms

    def update_provider_tree(self, provider_tree, nodename, allocations=None):
        super().update_provider_tree(provider_tree, nodename, allocations)
        # As in the method above, for those who look at the second one
        for tree in (provider_tree, self.provider_tree):
            if self._why_no_realms():
                # Nova keeps what it once had
                tree.remove_traits(nodename, TRAIT)
            else:
                tree.add_traits(nodename, TRAIT)

    def suspend(self, context, instance):
        # QEMU refuses as well, but libvirt's message does not say why
        if is_realm(instance.flavor, instance.image_meta):
            # The compute manager takes other exceptions for an instance in error
            raise exception.InstanceFaultRollback(exception.InstanceSuspendFailure(
                reason="a Realm cannot be saved, its memory is out of the host's reach: "
                       "pause or stop it"))
        super().suspend(context, instance)

    def migrate_disk_and_power_off(self, context, instance, dest, flavor, *args, **kwargs):
        # Before it is stopped and its disks are on another host
        try:
            properties_of(flavor, instance.image_meta)
        except realm.Bad as err:
            raise exception.InstanceFaultRollback(
                exception.ResizeError(reason=str(err))) from err
        return super().migrate_disk_and_power_off(context, instance, dest, flavor,
                                                  *args, **kwargs)

    def check_can_live_migrate_source(self, context, instance, *args, **kwargs):
        if is_realm(instance.flavor, instance.image_meta):
            raise exception.MigrationPreCheckError(
                reason="a Realm cannot be migrated while it runs: use a cold migration")
        return super().check_can_live_migrate_source(context, instance, *args, **kwargs)
