/*
 * Arm CCA Realms: which pages of guest RAM the guest shared
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_RME_SHARED_H
#define HW_ARM_RME_SHARED_H

#include "qemu/units.h"

/*
 * One RmeSharedState per Realm is the truth for every path on which the host
 * or a device touches guest RAM: PCI and platform DMA, vhost, monitor
 * commands, dumps.  A Realm's private memory cannot be reached through the
 * host mapping of the RAM block: reading there gives zeros and allocates a
 * page that the guest never sees.  So whoever is about to touch RAM asks here
 * first.
 *
 * Addresses are guest physical addresses without the shared bit: bit
 * (ipa_bits - 1) selects a view of a page, it is not part of its name.
 * Sizes are bytes.  Everything starts private, and nothing is shared before
 * rme_shared_seal(), so there is no DMA before the Realm exists.
 *
 * Locking.  Readers take no lock and may run in any thread.  The state is
 * changed under the conversion lock, which has to be held around the *whole*
 * conversion, the KVM calls included; two vCPUs that convert the same page in
 * opposite directions could otherwise leave a private page marked as shared:
 *
 *     rme_shared_lock(s);
 *     rme_shared_begin_private(s, gpa, size);     clear bits, revoke mappings
 *     ... KVM_SET_MEMORY_ATTRIBUTES(private), drop the shared copy ...
 *     rme_shared_unlock(s);
 *
 *     rme_shared_lock(s);
 *     ... KVM_SET_MEMORY_ATTRIBUTES(shared), drop the private copy ...
 *     rme_shared_finish_shared(s, gpa, size);     set bits, last of all
 *     rme_shared_unlock(s);
 *
 * The conversion lock is outside the BQL, because revoking takes the BQL:
 * never call rme_shared_lock() with the BQL held, nor inside an RCU read-side
 * critical section.  vCPU threads handle memory-fault exits without either.
 *
 * RamBlockAttributes, the RamDiscardManager of a guest_memfd RAMBlock, has the
 * same bit per page.  Each conversion tells it, for users of the block that
 * are no devices of the guest.  Where this differs, and why:
 * - it serves populate/discard listeners (VFIO, refused in a Realm), which are
 *   called under a lock; a device access has to look up one page without a
 *   lock from an iothread, and by guest address, hence the sorted ranges;
 * - it is a plain bitmap; the counters here let an IOMMU entry grow to 2 MiB
 *   and let the GiB-sized conversions of a booting guest, on memory that is
 *   private already, cost one comparison for each 2 MiB.
 */
typedef struct RmeSharedState RmeSharedState;

/* Conversions are in pages of 4 KiB: Realms need hosts with that page size */
#define RME_SHARED_PAGE_SIZE    (4 * KiB)
/* The largest granule that rme_shared_granule() returns */
#define RME_SHARED_CHUNK_SIZE   (2 * MiB)

/**
 * RmeSharedRevoke: take back what was handed out for a range
 * @opaque: as given to rme_shared_set_revoke()
 * @gpa: start of the range, a multiple of %RME_SHARED_PAGE_SIZE
 * @size: its size, a multiple of %RME_SHARED_PAGE_SIZE, not 0
 *
 * Called from rme_shared_begin_private() when at least one page of the range
 * was shared; its bits are clear by then.  When it returns, no cached
 * translation of the range may be left and no access that was checked before
 * may still be running.
 */
typedef void RmeSharedRevoke(void *opaque, uint64_t gpa, uint64_t size);

/**
 * rme_shared_new: make a state without any RAM in it
 *
 * Returns: the state, with one reference
 */
RmeSharedState *rme_shared_new(void);

/** rme_shared_ref: take another reference on @s; returns @s */
RmeSharedState *rme_shared_ref(RmeSharedState *s);

/** rme_shared_unref: drop a reference on @s, which may be NULL */
void rme_shared_unref(RmeSharedState *s);

/**
 * rme_shared_add_range: describe a range of guest RAM, all of it private
 * @s: the state, not sealed yet
 * @gpa: where the guest sees the range; a multiple of %RME_SHARED_PAGE_SIZE
 * @size: a multiple of %RME_SHARED_PAGE_SIZE, not 0
 * @block: names the RAM block for rme_shared_test_block(); not dereferenced
 * @offset: where in @block the range starts
 * @errp: set for a sealed state, a misaligned range, one that ends above 2^63,
 *        and one that overlaps an earlier one
 *
 * Returns: true on success
 */
bool rme_shared_add_range(RmeSharedState *s, uint64_t gpa, uint64_t size,
                          const void *block, uint64_t offset, Error **errp);

/**
 * rme_shared_seal: the ranges are complete, let readers see them
 * @s: the state
 *
 * Until then every test answers "not shared".  Sealing twice is harmless.
 */
void rme_shared_seal(RmeSharedState *s);

/**
 * rme_shared_set_revoke: register what rme_shared_begin_private() calls
 * @s: the state; only one function can be registered
 * @revoke: the function, or NULL to unregister it
 * @opaque: passed to it
 */
void rme_shared_set_revoke(RmeSharedState *s, RmeSharedRevoke *revoke,
                           void *opaque);

/** rme_shared_lock: take the conversion lock (no BQL, no RCU, see above) */
void rme_shared_lock(RmeSharedState *s);

/** rme_shared_trylock: take it if nobody has it; returns true if it is taken */
bool rme_shared_trylock(RmeSharedState *s);

/** rme_shared_unlock: drop the conversion lock */
void rme_shared_unlock(RmeSharedState *s);

/**
 * rme_shared_next_run: the next pages that are shared, or that are not
 * @s: the state, conversion lock held
 * @gpa: where to begin, a multiple of %RME_SHARED_PAGE_SIZE; set to the first
 *     of these pages
 * @end: where to stop, in the same range or its end
 * @shared: which pages
 *
 * Returns: their size, up to the first that is otherwise; 0 if there are none
 */
uint64_t rme_shared_next_run(const RmeSharedState *s, uint64_t *gpa,
                             uint64_t end, bool shared);

/**
 * rme_shared_begin_private: the guest takes pages back; call before KVM does
 * @s: the state, conversion lock held
 * @gpa: start of the range, rounded down to a page
 * @size: its size, the end is rounded up to a page; may be 0
 *
 * The range may cover several blocks, holes and pages that are private
 * already; a range without a shared page is cheap and revokes nothing.
 *
 * Returns: the number of pages that were shared until now
 */
uint64_t rme_shared_begin_private(RmeSharedState *s, uint64_t gpa,
                                  uint64_t size);

/**
 * rme_shared_finish_shared: the guest gave pages; call after KVM made them so
 * @s: the state, conversion lock held
 * @gpa: start of the range, rounded up to a page
 * @size: its size, the end is rounded down to a page; may be 0
 *
 * The range may cover several blocks, holes and pages that are shared already.
 *
 * Returns: the number of pages that were private until now
 */
uint64_t rme_shared_finish_shared(RmeSharedState *s, uint64_t gpa,
                                  uint64_t size);

/**
 * RmeSharedDrop: give the host back what is behind pages that are not shared
 * @block: as given to rme_shared_add_range()
 * @offset: of the first page in @block
 * @size: of the pages
 *
 * Called with the conversion lock held, and perhaps the BQL.
 */
typedef void RmeSharedDrop(const void *block, uint64_t offset, uint64_t size);

/**
 * rme_shared_set_drop: register what rme_shared_unmapped() may call
 * @s: the state
 * @drop: the function
 */
void rme_shared_set_drop(RmeSharedState *s, RmeSharedDrop *drop);

/**
 * rme_shared_unmapped: a device gave back a mapping of guest memory
 * @s: the state; no lock needed
 * @block: as given to rme_shared_add_range()
 * @offset: of the mapping in it, any alignment
 * @size: of the mapping
 *
 * The device may have used it after the guest took pages of it back.  Those
 * that are not shared are dropped: at once, or by whoever has the conversion
 * lock, before it is free again.
 */
void rme_shared_unmapped(RmeSharedState *s, const void *block, uint64_t offset,
                         uint64_t size);

/**
 * rme_shared_granule: how much around an address is shared
 * @s: the state; no lock needed
 * @gpa: the address, without the shared bit
 *
 * Returns: 0 if the page of @gpa is not shared or not RAM; otherwise the size
 *          of the largest naturally aligned granule around @gpa that is
 *          completely shared: 4 KiB, 64 KiB or 2 MiB.  A granule never
 *          crosses the end of a range.
 */
uint64_t rme_shared_granule(const RmeSharedState *s, uint64_t gpa);

/**
 * rme_shared_lookup: where in which RAM block is a shared address?
 * @s: the state; no lock needed
 * @gpa: the address, without the shared bit
 * @block: set to what was given to rme_shared_add_range(), unless 0 is returned
 * @offset: set to the offset of @gpa in it, unless 0 is returned
 *
 * Returns: the number of bytes from @gpa to the end of its granule, all shared
 *          and adjacent in @block; 0 if @gpa is not shared or not RAM
 */
uint64_t rme_shared_lookup(const RmeSharedState *s, uint64_t gpa,
                           const void **block, uint64_t *offset);

/**
 * rme_shared_test: is a whole range shared?
 * @s: the state; no lock needed
 * @gpa: start of the range, any alignment
 * @size: its size; for 0 the answer is true
 *
 * Returns: true if every byte of the range is in a shared page
 */
bool rme_shared_test(const RmeSharedState *s, uint64_t gpa, uint64_t size);

/**
 * rme_shared_test_block: rme_shared_test() by RAM block and offset
 * @s: the state; no lock needed
 * @block: as given to rme_shared_add_range()
 * @offset: start of the range in @block, any alignment
 * @size: its size; for 0 the answer is true
 *
 * Returns: true if every byte of the range is in a shared page
 */
bool rme_shared_test_block(const RmeSharedState *s, const void *block,
                           uint64_t offset, uint64_t size);

/**
 * rme_shared_is_ram: does an address belong to one of the ranges?
 * @s: the state; no lock needed
 * @gpa: the address, without the shared bit
 *
 * Returns: true if it does, shared or not
 */
bool rme_shared_is_ram(const RmeSharedState *s, uint64_t gpa);

/** rme_shared_pages: number of pages that are shared now; no lock needed */
uint64_t rme_shared_pages(const RmeSharedState *s);

#endif /* HW_ARM_RME_SHARED_H */
