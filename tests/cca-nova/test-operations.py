#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-operations.py SHARE - Nova's operations with a Realm that refuses or cannot have them

Those of the driver are Nova's and contrib/arm-cca/nova; libvirt is a stand-in that
knows which domains are defined and running.  What is refused has to end in one
line, with no domain half made and none lost.  SHARE is that of test-nova.py.
"""

import logging
import os
import sys
import tempfile
from unittest import mock

import nova_host as host
from checks import HERE, check, raises, result
from nova import exception
from nova.compute import manager, power_state, vm_states
from nova.virt.libvirt import driver as libvirt_driver
import libvirt

TRAIT = "trait:CUSTOM_ARM_CCA_REALM"
REALM = {TRAIT: "required"}
WRONG = {**REALM, "cca:mec_policy": "none"}
WHY = "mec_policy=none is none of default, private, shared"
IMAGE = {"hw_architecture": "aarch64", "hw_machine_type": "virt-10.0",
         "hw_firmware_type": "uefi", "hw_video_model": "none"}
# What libvirt makes of QEMU's line
NO_RMM = ("internal error: process exited while connecting to monitor: "
          "qemu-system-aarch64: this kernel has Realms but found no RMM to run them")


def error(code, message):
    err = libvirt.libvirtError(message)
    err.err = (code, 0, message, 0, "", None, None, 0, 0)
    return err


class Domain:
    """Of libvirt's, what Nova asks of one"""

    def __init__(self, connection, xml):
        self.connection, self.xml, self.running = connection, xml, False

    def ID(self):
        return 1 if self.running else -1

    def UUIDString(self):
        return host.uuid(1)

    def name(self):
        return "instance-00000001"

    def XMLDesc(self, flags):
        return self.xml

    def info(self):
        return [libvirt.VIR_DOMAIN_RUNNING if self.running else libvirt.VIR_DOMAIN_SHUTOFF,
                1, 1, 1, 1]

    def createWithFlags(self, _flags):
        if self.connection.refusal:
            raise error(libvirt.VIR_ERR_INTERNAL_ERROR, self.connection.refusal)
        self.running = True

    def undefineFlags(self, _flags):
        self.connection.domains.remove(self)


class Libvirt(host.Connection):
    def __init__(self, refusal=None):
        super().__init__(HERE)
        self.domains, self.refusal = [], refusal

    def defineXML(self, xml):
        self.domains.append(Domain(self, xml))
        return self.domains[-1]

    def lookupByUUIDString(self, uuid):
        if not self.domains:
            raise error(libvirt.VIR_ERR_NO_DOMAIN, f"no domain {uuid}")
        return self.domains[0]

    def states(self):
        return [domain.running for domain in self.domains]


def spawn(driver, extra_specs):
    """Nova's, without disks, network and database"""
    instance = host.instance_of(extra_specs, IMAGE)
    with mock.patch.object(driver, "_create_image", return_value=(False, False)), \
         mock.patch.object(driver, "_create_configdrive"), \
         mock.patch.object(driver, "_ensure_console_log_for_instance"), \
         mock.patch.object(driver, "_register_undefined_instance_details"):
        driver.spawn(None, instance, host.image_meta(IMAGE), [], None, {},
                     network_info=host.model.NetworkInfo([]))


def test_spawn():
    connection = Libvirt()
    driver = host.load_driver(HERE, connection=connection)
    spawn(driver, REALM)
    check("spawn: a Realm's domain is defined and runs", connection.states(), [True])
    connection.domains.clear()
    raises("spawn: what the driver refuses ends the build", exception.InvalidInput, WHY,
           spawn, driver, WRONG)
    check("spawn: before there is a domain", connection.states(), [])
    connection.refusal = NO_RMM
    raises("spawn: what QEMU refuses is the error", libvirt.libvirtError, NO_RMM,
           spawn, driver, REALM)
    check("spawn: and its domain is undefined", connection.states(), [])


class Manager:
    """Nova's compute manager, as far as the state of an instance is its business"""

    run = manager.ComputeManager._error_out_instance_on_exception

    def _instance_update(self, _context, _instance, vm_state, **_more):
        self.state = vm_state

    def _set_instance_obj_error_state(self, _instance, **_more):
        self.state = vm_states.ERROR


def under_manager(operation, *args):
    """The state of the instance after it, and what was raised"""
    nova = Manager()
    nova.state = "unchanged"
    said = ""
    try:
        with nova.run(None, mock.Mock(uuid=host.uuid(1)), vm_states.ACTIVE):
            operation(*args)
    except exception.NovaException as err:
        said = f"{type(err).__name__}: {err}"
    return nova.state, said


def test_suspend(driver):
    realm, plain = (host.instance_of(specs, IMAGE) for specs in (REALM, {}))
    why = "a Realm cannot be saved, its memory is out of the host's reach: pause or stop it"
    check("suspend: refused, and the instance goes on",
          under_manager(driver.suspend, None, realm),
          (vm_states.ACTIVE, f"InstanceSuspendFailure: Failed to suspend instance: {why}"))
    check("suspend: the domain still runs", driver._host.get_connection().states(), [True])
    with mock.patch.object(libvirt_driver.LibvirtDriver, "suspend",
                           side_effect=exception.InstanceSuspendFailure(reason="x")):
        check("suspend: that of an ordinary guest is Nova's, with what can go wrong",
              under_manager(driver.suspend, None, plain)[0], vm_states.ERROR)
    raises("snapshot: refused where Nova would suspend for it",
           exception.InstanceFaultRollback, why, driver._suspend_guest_for_snapshot,
           None, False, power_state.RUNNING, realm)
    check("snapshot: not if it is live, or the instance stopped", [
        driver._suspend_guest_for_snapshot(None, live, state, realm)
        for live, state in ((True, power_state.RUNNING), (False, power_state.SHUTDOWN))],
        [None, None])


def test_live_migration(driver):
    realm, plain = (host.instance_of(specs, IMAGE) for specs in (REALM, {}))
    raises("live migration: refused", exception.MigrationPreCheckError,
           "use a cold migration", driver.check_can_live_migrate_source, None, realm, None)
    raises("live migration: that of an ordinary guest is looked at", AttributeError,
           "'filename'", driver.check_can_live_migrate_source, None, plain, None)


def test_resize(driver):
    for what, before, after, refused in (
            ("to a flavor that is refused", REALM, WRONG, WHY),
            ("of an ordinary guest to that", {}, WRONG, WHY),
            ("to properties of a Realm that is none", REALM, {"cca:mec_policy": "private"},
             "does not require a Realm"),
            ("to another Realm", REALM, {**REALM, "cca:mec_policy": "private"}, "")):
        instance = host.instance_of(before, IMAGE)
        flavor = host.instance_of(after, IMAGE).flavor
        with mock.patch.object(libvirt_driver.LibvirtDriver,
                               "migrate_disk_and_power_off") as nova:
            state, said = under_manager(driver.migrate_disk_and_power_off, None, instance,
                                        "dest", flavor, None)
        if refused:
            result(f"resize {what}: refused in one line, and the instance goes on",
                   state == vm_states.ACTIVE and not nova.called and "\n" not in said and
                   said.startswith("ResizeError: Resize error: ") and refused in said,
                   state, said)
        else:
            check(f"resize {what}: Nova does it", (nova.call_count, said), (1, ""))


def rescue(driver, instance, image):
    """The XML that Nova starts for a rescue, and was the instance stopped?"""
    with mock.patch.object(driver, "_create_image"), \
         mock.patch.object(driver, "_get_all_assigned_mediated_devices", return_value={}), \
         mock.patch.object(driver, "_destroy") as destroy, \
         mock.patch.object(driver, "_create_guest") as create:
        try:
            driver.rescue(None, instance, host.network_info("ovs", 1), host.image_meta(image),
                          "password", None, None)
            return create.call_args.args[1], destroy.called
        except exception.InvalidInput as err:
            return str(err), destroy.called


def test_rescue(driver):
    os.makedirs(f"/var/lib/nova/instances/{host.uuid(1)}", exist_ok=True)
    for what, extra_specs, image in (
            ("the flavor's trait", REALM, IMAGE),
            ("the trait of its image", {}, {**IMAGE, TRAIT: "required"})):
        xml, stopped = rescue(driver, host.instance_of(extra_specs, image), IMAGE)
        check(f"rescue: a Realm by {what} stays one, whatever the image of the rescue",
              (stopped, "rme-guest" in xml, "disk.rescue" in xml), (True, True, True))
    xml, _ = rescue(driver, host.instance_of({}, IMAGE), IMAGE)
    check("rescue: an ordinary guest does not become one", "rme-guest" in xml, False)
    said, stopped = rescue(driver, host.instance_of(WRONG, IMAGE), IMAGE)
    check("rescue: what is refused leaves the Realm running",
          (stopped, WHY in said and "\n" not in said), (False, True))


def main():
    # The checks look at what is raised; Nova's log would only repeat it
    logging.disable()
    with tempfile.TemporaryDirectory() as directory:
        conf = os.path.join(directory, "nova.conf")
        with open(conf, "w", encoding="utf-8") as file:
            file.write("[DEFAULT]\ncompute_driver = arm_cca.RealmDriver\n"
                       "[libvirt]\nvirt_type = kvm\n")
        host.set_up("/var/lib/nova/instances", os.path.join(sys.argv[1], "qemu/firmware"), conf)
        test_spawn()
        connection = Libvirt()
        driver = host.load_driver(HERE, connection=connection)
        spawn(driver, REALM)
        test_suspend(driver)
        test_live_migration(driver)
        test_resize(driver)
        test_rescue(driver)


main()
