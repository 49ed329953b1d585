# Names that QEMU 10.0 spells otherwise, in patches/ and in the new files
# Headers that 10.1 moved
s~include/system/memory\.h~include/exec/memory.h~g
s~include/system/ramblock\.h~include/exec/ramblock.h~g
s~#include "system/(memory|ramblock|ram_addr|address-spaces)\.h"~#include "exec/\1.h"~
# AccelClass, and AccelOpsClass, which has another neighbour there
s~#include "accel/accel-ops\.h"~#include "qemu/accel.h"~
s~include/accel/accel-cpu-ops\.h~include/system/accel-ops.h~g
s~#include "accel/accel-cpu-ops\.h"~#include "system/accel-ops.h"~
# The data of a class is const since 10.1
s~(class_init\(ObjectClass \*[a-z]+, )const void \*data\)~\1void *data)~
# AccelClass::init_machine got the accelerator in 10.1
s~(dry_run_init_machine\()AccelState \*as, ~\1~
# A type of its own for device trees is new in 10.1
s~QEMU_FILE_TYPE_DTB~QEMU_FILE_TYPE_BIOS~
# and so are accelerators besides KVM with irqfds
s~accel_irqchip_commit_routes\(\)~kvm_irqchip_commit_routes(kvm_state)~
s~accel_irqchip_(add_irqfd_notifier_gsi|remove_irqfd_notifier_gsi)\(~kvm_irqchip_\1(kvm_state, ~
s~accel_msi_via_irqfd_enabled~kvm_msi_via_irqfd_enabled~
# ID registers are members of a struct, each with its name
s~SET_IDREG\(&cpu->isar, (ID_\w+), (.*)\);~cpu->isar.\L\1\E = \2;~
s~GET_IDREG\(&cpu->isar, (ID_\w+)\)~cpu->isar.\L\1\E~
s~FIELD_DP64_IDREG\(&cpu->isar, (ID_\w+), (.*)\);~cpu->isar.\L\1\E = FIELD_DP64(cpu->isar.\L\1\E, \1, \2);~
s~FIELD_EX64_IDREG\(&cpu->isar, (ID_\w+), ~FIELD_EX64(cpu->isar.\L\1\E, \1, ~
s~arm_cpu_register\(&host_cpu~aarch64_cpu_register(\&host_cpu~
# It has no Error yet
s~(get_image_size\([a-z_>-]+), NULL\)~\1)~
# It had no list of capabilities
s~qtest_init_ext\(("\w+", \w+), NULL, ~qtest_init_with_env(\1, ~
# and set no accelerator's interrupts, which it can do without
/ops->handle_interrupt = generic_handle_interrupt;/d
