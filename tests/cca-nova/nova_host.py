# SPDX-License-Identifier: GPL-2.0-or-later
"""Nova's libvirt driver without a cloud: what it makes of a flavor and an image

The driver, its objects and its configuration are those of Nova. What stands in
is the connection to libvirt, which only tells what a host is like: in
capabilities.xml and domcapabilities.xml of a directory.
"""

import os

# Nova replaces parts of Python's library, first of all
import nova.monkey_patch  # noqa: F401, isort: skip
import nova.conf
import os_vif
from nova import config, context, objects
from nova.network import model
from nova.virt import driver as virt_driver
from nova.virt import fake
from nova.virt.libvirt import blockinfo, host

CONF = nova.conf.CONF
IMAGE = "c0ffee00-0000-4000-8000-000000000001"
NETWORK = "00000000-0000-4000-8000-000000000003"


class Connection:
    """Just what the driver asks; the values are those of the emulated host"""

    def __init__(self, directory):
        self.directory = directory

    def read(self, name):
        with open(os.path.join(self.directory, name), encoding="utf-8") as file:
            return file.read()

    def getCapabilities(self):
        return self.read("capabilities.xml")

    def getDomainCapabilities(self, *_args):
        return self.read("domcapabilities.xml")

    def getCPUMap(self):
        return 2, [True, True], 2

    def getInfo(self):
        return ["aarch64", 2968, 2, 0, 1, 1, 2, 1]

    def getHostname(self):
        return "host"

    def getLibVersion(self):
        return 11003000

    def getVersion(self):
        return 10000013

    def getType(self):
        return "QEMU"


def set_up(instances, descriptors, conf):
    """@instances: directory of their disks; @descriptors: that of firmware
    descriptors; @conf: path of a nova.conf
    """
    config.parse_args(["nova-compute"], default_config_files=[conf])
    CONF.set_override("instances_path", instances)
    nova.conf.neutron.register_dynamic_opts(CONF)
    objects.register_all()
    os_vif.initialize()
    host.QEMU_FIRMWARE_DESCRIPTOR_PATHS = [descriptors]


def load_driver(directory, name=None, connection=None):
    """The compute driver that nova.conf, or @name, says, as nova-compute loads
    it, on a host with the capabilities in @directory, or with @connection
    """
    connection = connection or Connection(directory)
    host.Host.get_connection = lambda self: connection
    return virt_driver.load_compute_driver(fake.FakeVirtAPI(), name)


def image_meta(properties):
    return objects.ImageMeta.from_dict(
        {"id": IMAGE, "name": "image", "disk_format": "qcow2", "container_format": "bare",
         "status": "active", "size": 1 << 20, "min_disk": 0, "min_ram": 0,
         "properties": properties})


def uuid(number):
    """That of an instance; its name is instance-0000000NUMBER"""
    return f"0c5a8b0e-3b5d-4f5c-9d1e-{0xcca000000001 + number:012x}"


def instance_of(extra_specs, properties, vcpus=2, memory=1024, kernel=False, number=1):
    admin = context.RequestContext("user", "project", user_name="user",
                                   project_name="project", is_admin=True)
    flavor = objects.Flavor(
        id=1, flavorid="1", name="realm", memory_mb=memory, vcpus=vcpus, root_gb=1,
        ephemeral_gb=0, swap=0, extra_specs=extra_specs, rxtx_factor=1.0,
        vcpu_weight=0, is_public=True, disabled=False, description=None)
    # What a booted instance remembers of its image
    remembered = {f"image_{key}": value for key, value in properties.items()}
    return objects.Instance(
        admin, id=number, uuid=uuid(number), display_name="realm", flavor=flavor,
        vcpus=vcpus, memory_mb=memory, root_gb=1, ephemeral_gb=0, image_ref=IMAGE,
        kernel_id="kernel" if kernel else "", ramdisk_id="ramdisk" if kernel else "",
        root_device_name=None, os_type=None, vm_mode=None, architecture=None,
        project_id="project", user_id="user", host="host", node="host",
        system_metadata=remembered, metadata={}, config_drive="",
        numa_topology=None, vcpu_model=None, resources=None, device_metadata=None,
        default_ephemeral_device=None, default_swap_device=None,
        pci_devices=objects.PciDeviceList(objects=[]),
        pci_requests=objects.InstancePCIRequests(requests=[]),
        launched_at=None, created_at=None, tags=objects.TagList(objects=[]))


def network_info(kind, number):
    port = f"00000000-0000-4000-8000-{3 + number:012x}"
    network = model.Network(id=NETWORK, bridge="br-int", label="net", subnets=[],
                            injected=False, tenant_id="project", mtu=1500)
    details = {"port_filter": True} if kind == "ovs" else {}
    return model.NetworkInfo([model.VIF(
        id=port, address=f"fa:16:3e:00:00:{number:02x}", type=kind,
        devname=f"tap{number:08x}-00", ovs_interfaceid=port, network=network, details=details, active=True)])


def guest_xml(driver, instance, properties, vif="ovs"):
    """The domain XML as spawn() would have it"""
    image = image_meta(properties)
    disks = blockinfo.get_disk_info(CONF.libvirt.virt_type, instance, image)
    return driver._get_guest_xml(instance._context, instance, network_info(vif, instance.id),
                                 disks, image, block_device_info=None)
