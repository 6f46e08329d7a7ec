// SPDX-License-Identifier: MIT
#include "sys/secret_memory.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory_resource>
#include <random>
#include <span>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>

#include "sys/child_process.h"
#include "sys/sandbox.h"
#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

namespace {

// AddressSanitizer makes mlock do nothing, successfully.
const bool mlock_works = !sandbox_is_lax;

struct Piece {
    std::byte* start;
    std::size_t bytes;
    std::size_t alignment;
    std::byte mark;

    bool whole() const {
        return std::ranges::all_of(std::span(start, bytes),
                                   [this](std::byte b) { return b == mark; });
    }
};

Piece take(SecretMemory& memory, std::size_t bytes, std::size_t alignment = 16,
           std::byte mark = std::byte{0xab}) {
    auto* const start = static_cast<std::byte*>(memory.allocate(bytes, alignment));
    std::fill_n(start, bytes, mark);
    return {start, bytes, alignment, mark};
}

void give_back(SecretMemory& memory, const Piece& piece) {
    memory.deallocate(piece.start, piece.bytes, piece.alignment);
}

bool all_zero(const std::byte* start, std::size_t bytes) {
    return std::all_of(start, start + bytes, [](std::byte b) { return b == std::byte{0}; });
}

// The flags of the mapping that `address` lies in, from /proc/self/smaps.
std::string flags_of(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    std::string line;
    bool found = false;
    while (std::getline(maps, line)) {
        unsigned long first = 0;
        unsigned long end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &first, &end) == 2) {
            const auto at = reinterpret_cast<unsigned long>(address);
            found = first <= at && at < end;
        } else if (found && line.starts_with("VmFlags:")) {
            return line + " ";
        }
    }
    return "";
}

}  // namespace

TEST_CASE("a forked child finds zeros, and can go on with the memory") {
    SecretMemory memory;
    const Piece small = take(memory, 32);
    const Piece large = take(memory, 200'000);
    auto child = ChildProcess::fork(nullptr, [&] {
        if (!all_zero(small.start, small.bytes) || !all_zero(large.start, large.bytes)) return 1;
        give_back(memory, small);
        const Piece own = take(memory, 32);
        if (own.start != small.start || !own.whole()) return 2;
        give_back(memory, large);
        return 0;
    });
    REQUIRE(child);
    wait_until_ended(child->pid());
    CHECK(child->reap()->sentence() == "exited with status 0");
    CHECK(small.whole());
    CHECK(large.whole());
    give_back(memory, small);
    give_back(memory, large);
}

TEST_CASE("what is given back is wiped") {
    SecretMemory memory;
    const Piece neighbour = take(memory, 64);
    for (const std::size_t bytes : {1UZ, 32UZ, 64UZ, 100UZ, 20'000UZ}) {
        CAPTURE(bytes);
        const Piece piece = take(memory, bytes);
        give_back(memory, piece);
        // The chunk is still there because of the neighbour.
        CHECK(all_zero(piece.start, piece.bytes));
        CHECK(neighbour.whole());
    }
    give_back(memory, neighbour);
}

TEST_CASE("pages are locked, not dumped, wiped on fork") {
    SecretMemory memory;
    for (const std::size_t bytes : {32UZ, 200'000UZ}) {
        const Piece piece = take(memory, bytes);
        const std::string flags = flags_of(piece.start);
        CAPTURE(flags);
        CHECK(flags.find(" wf ") != std::string::npos);
        CHECK(flags.find(" dd ") != std::string::npos);
        const bool locked = memory.bytes_locked() == memory.bytes_mapped();
        if (mlock_works) CHECK((flags.find(" lo ") != std::string::npos) == locked);
        give_back(memory, piece);
    }
}

TEST_CASE("without the right to lock pages it works all the same") {
    auto child = ChildProcess::fork(nullptr, [] {
        const rlimit none{0, 0};
        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) return 1;
        // Root may lock without limit.
        if (::geteuid() == 0 && ::seteuid(65534) != 0) return 2;
        SecretMemory memory;
        const Piece piece = take(memory, 32);
        if ((mlock_works && memory.bytes_locked() != 0) || memory.bytes_mapped() == 0) return 3;
        return piece.whole() ? 0 : 4;
    });
    REQUIRE(child);
    wait_until_ended(child->pid());
    CHECK(child->reap()->sentence() == "exited with status 0");
}

TEST_CASE("thousands of pieces of all sizes keep apart and leave nothing behind") {
    std::mt19937 random(1);
    SecretMemory memory;
    std::vector<Piece> pieces;
    const auto check_and_give_back = [&](std::size_t index) {
        REQUIRE(pieces[index].whole());
        give_back(memory, pieces[index]);
        pieces[index] = pieces.back();
        pieces.pop_back();
    };
    for (int i = 0; i < 5000; ++i) {
        if (!pieces.empty() && random() % 5 < 2) check_and_give_back(random() % pieces.size());
        const std::size_t bytes = random() % 50 == 0 ? random() % 100'000 : random() % 600;
        const std::size_t alignment = std::size_t{1} << random() % 13;
        const auto mark = static_cast<std::byte>(random() % 255 + 1);
        pieces.push_back(take(memory, bytes, alignment, mark));
        REQUIRE(reinterpret_cast<std::uintptr_t>(pieces.back().start) % alignment == 0);
    }
    while (!pieces.empty())
        check_and_give_back(random() % pieces.size());
    CHECK(memory.bytes_mapped() == SecretMemory::chunk_bytes);
    CHECK(memory.bytes_locked() <= memory.bytes_mapped());
}

TEST_CASE("pieces share pages, and what was given back is used again") {
    SecretMemory memory;
    constexpr std::size_t per_chunk = SecretMemory::chunk_bytes / SecretMemory::unit_bytes;
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < per_chunk; ++i)
        pieces.push_back(take(memory, SecretMemory::unit_bytes));
    CHECK(memory.bytes_mapped() == SecretMemory::chunk_bytes);
    pieces.push_back(take(memory, 1));
    CHECK(memory.bytes_mapped() == 2 * SecretMemory::chunk_bytes);
    give_back(memory, pieces.back());
    pieces.pop_back();
    CHECK(memory.bytes_mapped() == SecretMemory::chunk_bytes);
    std::byte* const place = pieces[per_chunk / 2].start;
    give_back(memory, pieces[per_chunk / 2]);
    pieces[per_chunk / 2] = take(memory, 5);
    CHECK(pieces[per_chunk / 2].start == place);
    for (const Piece& piece : pieces)
        give_back(memory, piece);
}

TEST_CASE("containers can live there, and an impossible wish throws") {
    SecretMemory memory;
    {
        std::pmr::vector<std::byte> key(1000, std::byte{7}, &memory);
        key.resize(100'000, std::byte{7});
        CHECK(memory.bytes_mapped() >= 100'000);
    }
    const auto throws = [&memory](std::size_t bytes, std::size_t alignment) {
        try {
            (void)memory.allocate(bytes, alignment);
        } catch (const std::bad_alloc&) {
            return true;
        }
        return false;
    };
    CHECK(throws(SIZE_MAX - 10, 16));
    CHECK(throws(SIZE_MAX / 2, 16));
    CHECK(throws(16, 1UZ << 20));
    SecretMemory other;
    CHECK(memory.is_equal(memory));
    CHECK_FALSE(memory.is_equal(other));
}
