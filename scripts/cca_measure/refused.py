# SPDX-License-Identifier: GPL-2.0-or-later
"""What a domain has that QEMU refuses to a Realm, as options that it refuses

None of it is measured, so that the rest of the XML reader skips it. QEMU says in the
dry run what it would say at the launch.
"""

TRANSITIONAL = "virtio-transitional"


def memory(backing, size):
    """Of <memoryBacking>; @size as for QEMU"""
    if backing.find("locked") is not None:
        yield from ("-overcommit", "mem-lock=on")
    allocation = backing.find("allocation")
    if allocation is not None and allocation.get("mode") == "immediate":
        yield "-mem-prealloc"
    source, access = backing.find("source"), backing.find("access")
    is_file = source is not None and source.get("type") == "file"
    if backing.find("hugepages") is not None:
        yield from ("-object", f"memory-backend-memfd,id=hugepages,size={size},hugetlb=on",
                    "-machine", "memory-backend=hugepages")
    elif is_file and (access is None or access.get("mode") != "shared"):
        yield from ("-mem-path", "/dev/null")


def device(element):
    """Of one in <devices>"""
    kind, driver = element.get("type"), element.find("driver")
    if element.name == "memballoon" and element.get("model") != "none":
        yield from ("-device", "virtio-balloon-pci")
    elif element.name == "interface" and kind == "vhostuser":
        yield from ("-netdev", "vhost-user,id=refused,chardev=refused")
    elif element.name == "interface" and kind == "vdpa":
        yield from ("-netdev", "vhost-vdpa,id=refused")
    elif element.name == "disk" and kind == "vhostuser":
        yield from ("-device", "vhost-user-blk-pci")
    elif element.name == "filesystem" and driver is not None and \
            driver.get("type") == "virtiofs":
        yield from ("-device", "vhost-user-fs-pci")
    model = element.find("model")
    if TRANSITIONAL in (element.get("model"), model.get("type") if model is not None else None):
        yield from ("-device", "virtio-rng-pci-transitional")
    if driver is not None and driver.get("iommu") == "off":
        yield from ("-device", "virtio-rng-pci,iommu_platform=off")


def options(root, size):
    """Of the <domain> @root with memory of @size"""
    words = []
    backing, devices = root.find("memoryBacking"), root.find("devices")
    if backing is not None:
        words += memory(backing, size)
    for element in devices.children if devices is not None else ():
        words += device(element)
    return words
