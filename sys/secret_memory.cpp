// SPDX-License-Identifier: MIT
#include "sys/secret_memory.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <iterator>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

namespace chat::sys {
namespace {

std::size_t page_bytes() {
    static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

constexpr std::size_t round_up(std::size_t bytes, std::size_t multiple) {
    return (bytes + multiple - 1) / multiple * multiple;
}

constexpr std::size_t units_for(std::size_t bytes) {
    return round_up(std::max<std::size_t>(bytes, 1), SecretMemory::unit_bytes) /
           SecretMemory::unit_bytes;
}

// The first place with `count` free units whose number is a multiple of `step`; the size if none.
std::size_t find_free(const std::vector<bool>& used, std::size_t count, std::size_t step) {
    for (std::size_t first = 0; first + count <= used.size(); first += step) {
        const auto begin = used.begin() + static_cast<std::ptrdiff_t>(first);
        if (std::find(begin, begin + static_cast<std::ptrdiff_t>(count), true) ==
            begin + static_cast<std::ptrdiff_t>(count)) {
            return first;
        }
    }
    return used.size();
}

}  // namespace

SecretMemory::~SecretMemory() {
    while (!chunks_.empty())
        unmap_chunk(chunks_.begin());
}

SecretMemory::Chunks::iterator SecretMemory::map_chunk(std::size_t bytes, bool shared) {
    void* const start =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) throw std::bad_alloc();
    Chunks::iterator chunk;
    try {
        Chunk entry{bytes, false, 0, {}};
        if (shared) {
            entry.units_free = bytes / unit_bytes;
            entry.used.resize(entry.units_free);
        }
        chunk = chunks_.emplace(static_cast<std::byte*>(start), std::move(entry)).first;
    } catch (...) {
        munmap(start, bytes);
        throw;
    }
    bytes_mapped_ += bytes;
    shared_chunks_ += shared ? 1 : 0;
    // Without a page that vanishes on fork a child would have the keys: then there are none.
    if (madvise(start, bytes, MADV_WIPEONFORK) != 0 && madvise(start, bytes, MADV_DONTFORK) != 0) {
        unmap_chunk(chunk);
        throw std::bad_alloc();
    }
    madvise(start, bytes, MADV_DONTDUMP);
    chunk->second.locked = mlock(start, bytes) == 0;
    if (chunk->second.locked) bytes_locked_ += bytes;
    return chunk;
}

void SecretMemory::unmap_chunk(Chunks::iterator chunk) {
    const auto& [start, entry] = *chunk;
    explicit_bzero(start, entry.bytes);
    munmap(start, entry.bytes);
    bytes_mapped_ -= entry.bytes;
    if (entry.locked) bytes_locked_ -= entry.bytes;
    shared_chunks_ -= entry.used.empty() ? 0 : 1;
    chunks_.erase(chunk);
}

void* SecretMemory::do_allocate(std::size_t bytes, std::size_t alignment) {
    if (alignment > page_bytes() || bytes > SIZE_MAX - page_bytes()) throw std::bad_alloc();
    if (bytes > chunk_bytes / 2) {
        return map_chunk(round_up(bytes, page_bytes()), false)->first;
    }
    const std::size_t count = units_for(bytes);
    const std::size_t step = units_for(alignment);
    const auto take = [count](Chunks::iterator chunk, std::size_t first) {
        auto& [start, entry] = *chunk;
        std::fill_n(entry.used.begin() + static_cast<std::ptrdiff_t>(first), count, true);
        entry.units_free -= count;
        return start + first * unit_bytes;
    };
    for (auto chunk = chunks_.begin(); chunk != chunks_.end(); ++chunk) {
        if (chunk->second.units_free < count) continue;
        const std::size_t first = find_free(chunk->second.used, count, step);
        if (first < chunk->second.used.size()) return take(chunk, first);
    }
    return take(map_chunk(chunk_bytes, true), 0);
}

void SecretMemory::do_deallocate(void* piece, std::size_t bytes, std::size_t) {
    auto* const start = static_cast<std::byte*>(piece);
    auto chunk = chunks_.upper_bound(start);
    assert(chunk != chunks_.begin());
    --chunk;
    Chunk& entry = chunk->second;
    if (entry.used.empty()) return unmap_chunk(chunk);

    explicit_bzero(piece, bytes);
    const auto first = static_cast<std::size_t>(start - chunk->first) / unit_bytes;
    const std::size_t count = units_for(bytes);
    assert(first + count <= entry.used.size() && entry.used[first]);
    std::fill_n(entry.used.begin() + static_cast<std::ptrdiff_t>(first), count, false);
    entry.units_free += count;
    // One is kept, so that a key that comes and goes does not map and unmap each time.
    if (entry.units_free == entry.used.size() && shared_chunks_ > 1) unmap_chunk(chunk);
}

}  // namespace chat::sys
