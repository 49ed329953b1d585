/*
 * QOM object "rme-guest": the configuration and the state of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/base64.h"
#include "qemu/error-report.h"
#include "qom/object_interfaces.h"
#include "hw/arm/cca/access.h"
#include "hw/arm/cca/machine.h"
#include "hw/arm/cca/report.h"
#include "hw/arm/rme-guest.h"
#include "hw/arm/rme-shared.h"
#include "hw/boards.h"
#include "hw/qdev-core.h"
#include "system/system.h"
#ifdef CONFIG_KVM
#include "hw/arm/cca/background.h"
#include "hw/arm/cca/lifecycle.h"
#include "kvm-rme.h"
#endif

/* The launch has read the properties: a change could only mislead. */
static bool check_not_frozen(const RmeGuest *guest, const char *name,
                             Error **errp)
{
    if (guest->state == RME_STATE_NEW) {
        return true;
    }
    error_setg(errp, "'%s' of rme-guest '%s' cannot be changed any more: "
               "set it with -object", name, rme_guest_id(guest));
    return false;
}

static char *get_rpv(Object *obj, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    return g_base64_encode(guest->config.rpv, RME_RPV_SIZE);
}

/* What to do with a value of another size. Other trees take hexadecimal */
static const char *rpv_advice(const char *value, size_t size)
{
    if (strspn(value, "0123456789abcdefABCDEF") == strlen(value)) {
        return "convert one in hexadecimal with 'xxd -r -p | base64 -w 0', and "
               "pad a shorter value with zero bytes at its end";
    }
    return size < RME_RPV_SIZE ?
           "pad a shorter value with zero bytes at its end" :
           "use a digest of a longer value, such as its SHA-512";
}

static void set_rpv(Object *obj, const char *value, Error **errp)
{
    ERRP_GUARD();
    RmeGuest *guest = RME_GUEST(obj);
    g_autofree uint8_t *rpv = NULL;
    g_autofree char *canonical = NULL;
    size_t size;

    if (!check_not_frozen(guest, "personalization-value", errp)) {
        return;
    }
    rpv = qbase64_decode(value, -1, &size, errp);
    if (!rpv) {
        error_prepend(errp, "personalization-value: ");
        return;
    }
    if (size != RME_RPV_SIZE) {
        error_setg(errp, "personalization-value has %zu bytes, it must be the "
                   "base64 encoding of exactly %d bytes: %s", size,
                   RME_RPV_SIZE, rpv_advice(value, size));
        return;
    }
    /* glib drops an incomplete last group: that must not go unnoticed */
    canonical = g_base64_encode(rpv, size);
    if (!g_str_equal(value, canonical)) {
        error_setg(errp, "personalization-value must be one line of base64, "
                   "%zu characters with the padding", strlen(canonical));
        return;
    }
    memcpy(guest->config.rpv, rpv, RME_RPV_SIZE);
    guest->config.has_rpv = true;
}

static int get_algorithm(Object *obj, Error **errp)
{
    return RME_GUEST(obj)->config.algorithm;
}

static void set_algorithm(Object *obj, int value, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    if (!check_not_frozen(guest, "measurement-algorithm", errp)) {
        return;
    }
    guest->config.algorithm = value;
    guest->config.has_algorithm = true;
}

/* Two names for one setting: with both there is no telling which one counts. */
static bool check_one_mec_property(bool has_other, Error **errp)
{
    if (has_other) {
        error_setg(errp, "mec-policy and shared-mec cannot be used together: "
                   "use mec-policy only");
    }
    return !has_other;
}

static int get_mec_policy(Object *obj, Error **errp)
{
    return RME_GUEST(obj)->config.mec_policy;
}

static void set_mec_policy(Object *obj, int value, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    if (!check_not_frozen(guest, "mec-policy", errp) ||
        !check_one_mec_property(guest->config.has_shared_mec, errp)) {
        return;
    }
    guest->config.mec_policy = value;
    guest->config.has_mec_policy = true;
}

static bool get_shared_mec(Object *obj, Error **errp)
{
    return RME_GUEST(obj)->config.mec_policy == RME_MEC_POLICY_SHARED;
}

static void set_shared_mec(Object *obj, bool value, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    if (!check_not_frozen(guest, "shared-mec", errp) ||
        !check_one_mec_property(guest->config.has_mec_policy, errp)) {
        return;
    }
    /*
     * Who does not care leaves it out: "off" is a demand for a MECID that
     * nobody else has.
     */
    guest->config.mec_policy = value ? RME_MEC_POLICY_SHARED :
                                       RME_MEC_POLICY_PRIVATE;
    guest->config.has_shared_mec = true;
}

static void get_ipa_bits(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &RME_GUEST(obj)->config.ipa_bits, errp);
}

static void set_ipa_bits(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);
    uint32_t value;

    if (!check_not_frozen(guest, name, errp) ||
        !visit_type_uint32(v, name, &value, errp)) {
        return;
    }
    if (value && (value < RME_IPA_BITS_MIN || value > RME_IPA_BITS_MAX)) {
        error_setg(errp, "ipa-bits=%" PRIu32 " is out of range: it must be 0 "
                   "(automatic) or from %d to %d, the shared bit included",
                   value, RME_IPA_BITS_MIN, RME_IPA_BITS_MAX);
        return;
    }
    guest->config.ipa_bits = value;
    guest->config.has_ipa_bits = true;
}

static bool get_measurement_log(Object *obj, Error **errp)
{
    return RME_GUEST(obj)->config.measurement_log;
}

static void set_measurement_log(Object *obj, bool value, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    if (check_not_frozen(guest, "measurement-log", errp)) {
        guest->config.measurement_log = value;
    }
}

static char *get_measurement_inputs(Object *obj, Error **errp)
{
    return g_strdup(RME_GUEST(obj)->config.measurement_inputs ?: "");
}

static void set_measurement_inputs(Object *obj, const char *value,
                                   Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    if (!check_not_frozen(guest, "measurement-inputs", errp)) {
        return;
    }
    g_free(guest->config.measurement_inputs);
    guest->config.measurement_inputs = *value ? g_strdup(value) : NULL;
}

static bool get_measurement_report(Object *obj, Error **errp)
{
    return RME_GUEST(obj)->config.measurement_report;
}

/* Nothing but the launch reads it, so it can be set as long as QEMU waits */
static void set_measurement_report(Object *obj, bool value, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    if (guest->state > RME_STATE_PROBED || guest->launching) {
        error_setg(errp, "'measurement-report' of rme-guest '%s' cannot be "
                   "changed after the start: set it with -object, or before "
                   "cont with -S", rme_guest_id(guest));
        return;
    }
    guest->config.measurement_report = value;
}

static bool get_dry_run(Object *obj, Error **errp)
{
    return RME_GUEST(obj)->config.dry_run;
}

static void set_dry_run(Object *obj, bool value, Error **errp)
{
    RME_GUEST(obj)->config.dry_run = value;
}

static int get_kernel_abi(Object *obj, Error **errp)
{
    return RME_GUEST(obj)->config.kernel_abi;
}

static void set_kernel_abi(Object *obj, int value, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    guest->config.kernel_abi = value;
    guest->config.has_kernel_abi = true;
}

static bool get_lpa2(Object *obj, Error **errp)
{
    return RME_GUEST(obj)->config.lpa2;
}

static void set_lpa2(Object *obj, bool value, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    guest->config.lpa2 = value;
    guest->config.has_lpa2 = true;
}

static int get_reboot(Object *obj, Error **errp)
{
    return RME_GUEST(obj)->config.reboot;
}

static void set_reboot(Object *obj, int value, Error **errp)
{
    RmeGuest *guest = RME_GUEST(obj);

    if (check_not_frozen(guest, "reboot", errp)) {
        guest->config.reboot = value;
    }
}

/*
 * Is this object what the machine runs?  QEMU takes no notice of one that the
 * machine does not refer to and would start a VM without any protection.
 */
static bool check_in_use(const RmeGuest *guest, const MachineState *ms,
                         Error **errp)
{
    const char *id = rme_guest_id(guest);

    if (rme_guest_from_machine(ms) != guest) {
        error_setg(errp, "the machine does not use the rme-guest '%s': add "
                   "confidential-guest-support=%s to -machine, or remove the "
                   "object", id, id);
        return false;
    }
    return rme_guest_check_machine(guest, ms, errp) &&
        rme_guest_check_accel(guest, errp);
}

static void rme_guest_machine_done(Notifier *notifier, void *data)
{
    RmeGuest *guest = container_of(notifier, RmeGuest, machine_done);
    Error *err = NULL;

    if (!check_in_use(guest, current_machine, &err)) {
        error_report_err(err);
        exit(EXIT_FAILURE);
    }
#ifdef CONFIG_KVM
    rme_background_start(guest);
#endif
}

static int find_other_guest(Object *child, void *opaque)
{
    Object **guest = opaque;

    if (child != *guest && object_dynamic_cast(child, TYPE_RME_GUEST)) {
        *guest = child;
        return 1;
    }
    return 0;
}

/* What a dry run has to be told, and a launch sees for itself */
static bool check_no_dry_run_property(const RmeGuest *guest, Error **errp)
{
    const RmeGuestConfig *config = &guest->config;
    const char *name = config->has_kernel_abi ? "kernel-abi" :
                       config->has_lpa2 ? "lpa2" : NULL;

    if (!name || config->dry_run) {
        return true;
    }
    error_setg(errp, "'%s' of rme-guest '%s' is for a dry run, a launch asks "
               "the kernel: remove it or add dry-run=on", name,
               rme_guest_id(guest));
    return false;
}

static void rme_guest_complete(UserCreatable *uc, Error **errp)
{
    RmeGuest *guest = RME_GUEST(uc);
    Object *other = OBJECT(uc);

    /*
     * The accelerator decides what kind of VM it makes when it starts, and
     * that is before any monitor can add an object.
     */
    if (phase_check(PHASE_MACHINE_CREATED)) {
        error_setg(errp, "rme-guest '%s' comes too late, a machine cannot "
                   "become a Realm later: use -object on the command line",
                   rme_guest_id(guest));
        return;
    }
    if (!check_no_dry_run_property(guest, errp)) {
        return;
    }
    if (object_child_foreach(object_get_objects_root(), find_other_guest,
                             &other)) {
        error_setg(errp, "a machine runs one Realm only: rme-guest '%s' and "
                   "rme-guest '%s' cannot be used together",
                   object_get_canonical_path_component(other),
                   rme_guest_id(guest));
        return;
    }
    guest->machine_done.notify = rme_guest_machine_done;
    qemu_add_machine_init_done_notifier(&guest->machine_done);
}

static bool rme_guest_can_be_deleted(UserCreatable *uc)
{
    return rme_guest_from_machine(current_machine) != RME_GUEST(uc);
}

OBJECT_DEFINE_SIMPLE_TYPE_WITH_INTERFACES(RmeGuest, rme_guest, RME_GUEST,
                                          CONFIDENTIAL_GUEST_SUPPORT,
                                          { TYPE_USER_CREATABLE }, { NULL })

/* Only KVM runs Realms; what a machine asks before is the same in a dry run */
static void set_methods(ConfidentialGuestSupportClass *klass)
{
#ifdef CONFIG_KVM
    klass->kvm_init = rme_kvm_init;
    klass->kvm_reset = rme_kvm_reset;
    klass->kvm_handle_exit = kvm_rme_handle_exit;
#endif
    klass->check_host_access = rme_check_host_access;
    klass->check_memory_backend = virt_cca_check_memory;
    klass->check_device = virt_cca_check_regions;
    klass->other_spellings = virt_cca_other_spellings;
}

static void rme_guest_class_init(ObjectClass *oc, const void *data)
{
    UserCreatableClass *ucc = USER_CREATABLE_CLASS(oc);

    ucc->complete = rme_guest_complete;
    ucc->can_be_deleted = rme_guest_can_be_deleted;
    set_methods(CONFIDENTIAL_GUEST_SUPPORT_CLASS(oc));

    object_class_property_add_str(oc, "personalization-value",
                                  get_rpv, set_rpv);
    object_class_property_set_description(oc, "personalization-value",
        "64 bytes in base64, reported by attestation (default: all zero)");

    object_class_property_add_enum(oc, "measurement-algorithm",
                                   "RmeGuestMeasurementAlgorithm",
                                   &RmeGuestMeasurementAlgorithm_lookup,
                                   get_algorithm, set_algorithm);
    object_class_property_set_description(oc, "measurement-algorithm",
        "sha256 or sha512 (default: sha512)");

    object_class_property_add_bool(oc, "measurement-log",
                                   get_measurement_log, set_measurement_log);
    object_class_property_set_description(oc, "measurement-log",
        "put a log of what is measured into the guest's memory (default: off)");

    object_class_property_add_enum(oc, "mec-policy", "RmeMecPolicy",
                                   &RmeMecPolicy_lookup,
                                   get_mec_policy, set_mec_policy);
    object_class_property_set_description(oc, "mec-policy",
        "memory encryption context: default, private or shared");

    object_class_property_add_bool(oc, "shared-mec",
                                   get_shared_mec, set_shared_mec);
    object_class_property_set_description(oc, "shared-mec",
        "on for mec-policy=shared, off for mec-policy=private");

    object_class_property_add(oc, "ipa-bits", "uint32",
                              get_ipa_bits, set_ipa_bits, NULL, NULL);
    object_class_property_set_description(oc, "ipa-bits",
        "guest address width with the shared bit, 33 to 52, or 0 = automatic");

    object_class_property_add_str(oc, "measurement-inputs",
                                  get_measurement_inputs,
                                  set_measurement_inputs);
    object_class_property_set_description(oc, "measurement-inputs",
        "file that is written with all inputs of the measurement, as JSON");

    object_class_property_add_bool(oc, "measurement-report",
                                   get_measurement_report,
                                   set_measurement_report);
    object_class_property_set_description(oc, "measurement-report",
        "compute the measurement at the launch for query-cca (default: on)");

    object_class_property_add_bool(oc, "dry-run", get_dry_run, set_dry_run);
    object_class_property_set_description(oc, "dry-run",
        "print what a launch would measure and exit, on any machine");

    object_class_property_add_enum(oc, "kernel-abi", "RmeKernelAbi",
                                   &RmeKernelAbi_lookup,
                                   get_kernel_abi, set_kernel_abi);
    object_class_property_set_description(oc, "kernel-abi",
        "kernel generation that a dry run is for: a, b1 to b5, or b for the "
        "newest (default: a)");

    object_class_property_add_bool(oc, "lpa2", get_lpa2, set_lpa2);
    object_class_property_set_description(oc, "lpa2",
        "does KVM on the host that a dry run is for use 52-bit addresses?");

    object_class_property_add_enum(oc, "reboot", "RmeReboot",
                                   &RmeReboot_lookup, get_reboot, set_reboot);
    object_class_property_set_description(oc, "reboot",
        "what a reset does: recreate the Realm, or exit (default: recreate)");
}

static void rme_guest_init(Object *obj)
{
    RmeGuest *guest = RME_GUEST(obj);

    guest->config.algorithm = RME_GUEST_MEASUREMENT_ALGORITHM_SHA512;
    guest->config.mec_policy = RME_MEC_POLICY_DEFAULT;
    guest->config.measurement_report = true;
    guest->config.reboot = RME_REBOOT_RECREATE;
}

static void rme_guest_finalize(Object *obj)
{
    RmeGuest *guest = RME_GUEST(obj);

    if (guest->machine_done.notify) {
        qemu_remove_machine_init_done_notifier(&guest->machine_done);
    }
#ifdef CONFIG_KVM
    rme_background_free(guest);
    kvm_rme_free(guest->kvm);
#endif
    rme_shared_unref(guest->shared);
    rme_report_cancel(guest);
    rme_plan_free(guest->plan);
    g_free(guest->log);
    if (guest->digests) {
        g_ptr_array_unref(guest->digests);
    }
    g_free(guest->rim);
    g_free(guest->last_rim);
    g_free(guest->config.measurement_inputs);
}
