// SPDX-License-Identifier: MIT
// Memory for keys. Its pages are not part of core dumps, not swapped out (as far as the limit on
// locked memory allows), and a forked child finds zeros in them, or, where the kernel can't wipe,
// nothing at all. What is given back is wiped first. Books are kept outside of these pages, so
// they stay true in a child. Allocation throws bad_alloc, as a memory resource must. Not for
// several threads. The resource must outlive what it lends, and wipes whatever is left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <vector>

namespace chat::sys {

class SecretMemory final : public std::pmr::memory_resource {
  public:
    // Small pieces share chunks of this size; a larger piece gets pages of its own.
    static constexpr std::size_t chunk_bytes = 64 * 1024;
    // Each piece takes a multiple of this, and starts at one.
    static constexpr std::size_t unit_bytes = 64;

    SecretMemory() = default;
    SecretMemory(const SecretMemory&) = delete;
    SecretMemory& operator=(const SecretMemory&) = delete;
    ~SecretMemory() override;

    std::size_t bytes_mapped() const { return bytes_mapped_; }
    // Less than bytes_mapped() when RLIMIT_MEMLOCK is too low: such pages may be swapped out.
    std::size_t bytes_locked() const { return bytes_locked_; }

  private:
    struct Chunk {
        std::size_t bytes = 0;
        bool locked = false;
        std::size_t units_free = 0;
        std::vector<bool> used;  // by unit; empty when the chunk is one large piece
    };
    using Chunks = std::map<std::byte*, Chunk>;

    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* piece, std::size_t bytes, std::size_t alignment) override;
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }
    Chunks::iterator map_chunk(std::size_t bytes, bool shared);
    void unmap_chunk(Chunks::iterator chunk);

    Chunks chunks_;
    std::size_t shared_chunks_ = 0;
    std::size_t bytes_mapped_ = 0;
    std::size_t bytes_locked_ = 0;
};

}  // namespace chat::sys
