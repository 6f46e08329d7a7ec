// SPDX-License-Identifier: MIT
// Known datagrams were sealed by Python's cryptography package (OpenSSL) from the layout alone.
#include "proto/session/cipher.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <sys/mman.h>
#include <type_traits>
#include <vector>

#include "proto/session/nonce_check.h"
#include "proto/session/primitives.h"
#include "proto/session/test_support.h"
#include "tests/support/catch.h"

namespace chat {

struct CipherTestAccess {
    static void set_next_counter(Sealer& sealer, std::uint64_t counter) {
        sealer.next_counter_ = counter;
    }
    template <std::size_t window>
    static void set_forged(Opener<window>& opener, std::uint64_t forged) {
        opener.key_.forged_ = forged;
    }
};

namespace {

using namespace session_test;
using Datagram = std::vector<std::byte>;

static_assert(!std::is_copy_constructible_v<Sealer> && !std::is_copy_assignable_v<Sealer>);
static_assert(std::is_nothrow_move_constructible_v<Sealer>);
static_assert(!std::is_copy_constructible_v<ServerOpener>);
static_assert(sizeof(Sealer) <= 64 && sizeof(ServerOpener) <= 128);

const Key32 key = key_from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");

Datagram unsealed(std::span<const std::byte> text) {
    Datagram datagram(padded_size(text.size()) + data_overhead_bytes);
    std::ranges::copy(text, datagram.begin() + datagram::data_header_bytes);
    return datagram;
}

// A key seals afresh in each of these tests.
Sealer new_sealer(std::uint64_t first_counter = 0, std::uint32_t receiver_sid = 7) {
    forget_nonces();
    Sealer sealer(key, receiver_sid);
    CipherTestAccess::set_next_counter(sealer, first_counter);
    return sealer;
}

Datagram sealed_at(std::uint64_t counter, std::string_view text = "hello") {
    Sealer sealer = new_sealer(counter);
    Datagram datagram = unsealed(bytes_of(text));
    REQUIRE(sealer.seal(1, datagram) == counter);
    return datagram;
}

template <std::size_t window>
OpenError error_of(Opener<window>& opener, Datagram datagram) {
    const auto opened = opener.open(datagram);
    REQUIRE_FALSE(opened);
    return opened.error();
}

}  // namespace

TEST_CASE("the cipher gives what RFC 8439 says, appendix A.5") {
    const Key32 rfc_key =
        key_from_hex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
    constexpr std::string_view text =
        "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
        "replaced, or obsoleted by other documents at any time. It is inappropriate to use "
        "Internet-Drafts as reference material or to cite them other than as "
        "/\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
    const auto ad = from_hex("f33388860000000000004e91");
    constexpr std::uint64_t number = 0x0807060504030201;
    std::vector<std::byte> sealed(text.size() + aead_tag_bytes);
    aead_seal(rfc_key, number, ad, bytes_of(text), sealed);
    CHECK(to_hex(std::span(sealed).first(16)) == "64a0861575861af460f062c79be643bd");
    CHECK(to_hex(std::span(sealed).last(16)) == "eead9d67890cbb22392336fea1851f38");
    std::vector<std::byte> opened(text.size());
    CHECK(aead_open(rfc_key, number, ad, sealed, opened));
    CHECK(std::ranges::equal(opened, bytes_of(text)));
}

TEST_CASE("a datagram is sealed byte for byte as another implementation seals it") {
    struct Row {
        std::uint16_t ts;
        std::uint32_t sid;
        std::uint64_t counter;
        const char* plaintext;
        const char* datagram;
    };
    const Row rows[] = {
        {0x1234, 0xa1b2c3d4, 0, "000102030405060708090a0b0c0d0e0f",
         "fc003412d4c3b2a1000000000000000018b94032a9e3a0d61b68566aa34e4028c8605d75c2e866fed6346ec0"
         "da32cc9b"},
        {0xffff, 7, 0x0102030405060708,
         "7369787465656e2062797465732e2e2e7369787465656e2062797465732e2e2e",
         "fc00ffff0700000008070605040302018320d590ce5c843806d25ea900564f96936f8ab0ed212bbe354cd338"
         "9a2c89f3ffd7cbe1d8b20a8a5779875ad5f015d9"},
    };
    for (const Row& row : rows) {
        Sealer sealer = new_sealer(row.counter, row.sid);
        Datagram datagram = unsealed(from_hex(row.plaintext));
        CHECK(sealer.seal(row.ts, datagram) == row.counter);
        CHECK(sealer.next_counter() == row.counter + 1);
        CHECK(to_hex(datagram) == row.datagram);

        const auto header = read_data_header(datagram);
        REQUIRE(header);
        CHECK(header->receiver_sid == row.sid);
        ServerOpener opener(key);
        const auto opened = opener.open(datagram);
        REQUIRE(opened);
        CHECK(opened->ts == row.ts);
        CHECK(opened->counter == row.counter);
        CHECK(opened->plaintext.data() == datagram.data() + 16);
        CHECK(to_hex(opened->plaintext) == row.plaintext);
        CHECK(opener.highest_counter() == row.counter);
    }
}

TEST_CASE("every allowed length is opened again") {
    Sealer sealer = new_sealer();
    ClientOpener opener(key);
    for (std::size_t size = 1; size <= datagram::plaintext_bytes_max; ++size) {
        const std::vector<std::byte> text(size, std::byte{0x5a});
        Datagram datagram = unsealed(text);
        REQUIRE(sealer.seal(0, datagram));
        const auto opened = opener.open(datagram);
        REQUIRE(opened);
        REQUIRE(opened->plaintext.size() == padded_size(size));
        REQUIRE(std::ranges::equal(opened->plaintext.first(size), text));
    }
}

TEST_CASE("a plaintext is padded to a multiple of 16 and never empty") {
    struct Row {
        std::size_t plain, padded;
    };
    const Row rows[] = {{0, 16}, {1, 16}, {15, 16}, {16, 16}, {17, 32}, {1167, 1168}, {1168, 1168}};
    for (const Row& row : rows)
        CHECK(padded_size(row.plain) == row.padded);
}

TEST_CASE("a datagram with one bit changed is refused and changes nothing") {
    const Datagram genuine = sealed_at(20);
    for (std::size_t bit = 0; bit < genuine.size() * 8; ++bit) {
        INFO("bit " << bit);
        Datagram changed = genuine;
        changed[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        ServerOpener opener(key);
        // Type, lane, and the counter's four highest bits are judged without the key.
        const bool malformed = bit < 16 || (bit >= 8 * 15 + 4 && bit < 8 * 16);
        const OpenError error = error_of(opener, changed);
        CHECK(error == (malformed ? OpenError::malformed : OpenError::forged));
        CHECK(opener.forged() == (malformed ? 0 : 1));
        CHECK(opener.highest_counter() == 0);
        Datagram datagram = genuine;
        CHECK(opener.open(datagram));
    }
}

TEST_CASE("a datagram of another length is refused") {
    const Datagram genuine = sealed_at(0, std::string(64, 'x'));
    REQUIRE(genuine.size() == 96);
    ServerOpener opener(key);
    for (std::size_t size = 0; size < genuine.size(); ++size) {
        INFO(size);
        const bool possible = size >= datagram::data_bytes_min && size % 16 == 0;
        const Datagram cut(genuine.begin(), genuine.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK(error_of(opener, cut) == (possible ? OpenError::forged : OpenError::malformed));
    }
    for (const std::size_t longer : {97U, 112U, 1200U, 1201U, 1216U}) {
        INFO(longer);
        Datagram padded = genuine;
        padded.resize(longer);
        const bool possible = longer == 112 || longer == 1200;
        CHECK(error_of(opener, padded) == (possible ? OpenError::forged : OpenError::malformed));
    }
    Datagram datagram = genuine;
    CHECK(opener.open(datagram));
}

TEST_CASE("a datagram is opened once, and not when it is too old") {
    ServerOpener opener(key);
    const Datagram late = sealed_at(100), too_old = sealed_at(88), newest = sealed_at(600);
    Datagram datagram = newest;
    CHECK(opener.open(datagram));
    CHECK(error_of(opener, newest) == OpenError::too_old_or_replayed);
    datagram = late;
    CHECK(opener.open(datagram));
    CHECK(error_of(opener, late) == OpenError::too_old_or_replayed);
    CHECK(error_of(opener, too_old) == OpenError::too_old_or_replayed);
    CHECK(opener.highest_counter() == 600);
    CHECK(opener.forged() == 0);
}

TEST_CASE("a forged datagram with a high counter does not push genuine ones out of the window") {
    ServerOpener opener(key);
    Datagram forged = sealed_at(1'000'000);
    forged.back() ^= std::byte{1};
    CHECK(error_of(opener, forged) == OpenError::forged);
    Datagram genuine = sealed_at(3);
    CHECK(opener.open(genuine));
}

TEST_CASE("another key opens nothing") {
    ServerOpener opener(key_of(1));
    CHECK(error_of(opener, sealed_at(0)) == OpenError::forged);
}

TEST_CASE("a key ends at its last counter") {
    Sealer sealer = new_sealer(data_counter_end - 1);
    Datagram datagram = unsealed(bytes_of("last"));
    CHECK(sealer.seal(0, datagram) == data_counter_end - 1);
    ServerOpener opener(key);
    CHECK(opener.open(datagram));
    const Datagram before = datagram;
    CHECK_FALSE(sealer.seal(0, datagram));
    CHECK_FALSE(sealer.seal(0, datagram));
    CHECK(datagram == before);
    CHECK(sealer.next_counter() == data_counter_end);
}

TEST_CASE("a counter that no sealer uses is not opened") {
    Datagram datagram(48);
    datagram[0] = std::byte{0xfc};
    datagram[15] = std::byte{0x10};  // 2^60
    aead_seal(key, data_counter_end, std::span(datagram).first(16),
              std::span(datagram).subspan(16, 16), std::span(datagram).subspan(16));
    ServerOpener opener(key);
    CHECK(error_of(opener, datagram) == OpenError::malformed);
}

TEST_CASE("after too many forgeries a key opens nothing any more") {
    ServerOpener opener(key);
    CipherTestAccess::set_forged(opener, forged_datagrams_max - 1);
    Datagram genuine = sealed_at(0);
    CHECK(opener.open(genuine));
    Datagram forged = sealed_at(1);
    forged.back() ^= std::byte{1};
    CHECK(error_of(opener, forged) == OpenError::forged);
    CHECK(error_of(opener, sealed_at(2)) == OpenError::exhausted);
}

TEST_CASE("a moved sealer goes on, and what it was moved from seals nothing") {
    Sealer first = new_sealer();
    Datagram datagram = unsealed(bytes_of("one"));
    REQUIRE(first.seal(0, datagram) == 0);
    Sealer second(std::move(first));
    datagram = unsealed(bytes_of("two"));
    CHECK(second.seal(0, datagram) == 1);
    CHECK(aborts([&] { (void)first.seal(0, datagram); }));  // NOLINT(bugprone-use-after-move)
    ServerOpener opener(key);
    CHECK(opener.open(datagram));
    ServerOpener moved(std::move(opener));
    CHECK(error_of(moved, datagram) == OpenError::too_old_or_replayed);
}

TEST_CASE("a length that is no DATA datagram's is our bug") {
    Sealer sealer = new_sealer();
    for (const std::size_t size : {0U, 16U, 32U, 47U, 49U, 1199U, 1216U}) {
        INFO(size);
        CHECK(aborts([&] {
            Datagram datagram(size);
            (void)sealer.seal(0, datagram);
        }));
    }
    CHECK_FALSE(aborts([&] {
        Datagram datagram(48);
        (void)sealer.seal(0, datagram);
    }));
}

TEST_CASE("keys in memory that is wiped on fork stay with the parent") {
    struct Keys {
        Sealer sealer;
        ServerOpener opener;
    };
    const std::size_t page = static_cast<std::size_t>(getpagesize());
    void* const memory =
        mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    REQUIRE(madvise(memory, page, MADV_WIPEONFORK) == 0);
    Keys* const keys = new (memory) Keys{new_sealer(), ServerOpener(key)};

    Datagram datagram = unsealed(bytes_of("hello"));
    CHECK(aborts([&] { (void)keys->sealer.seal(0, datagram); }));
    // What anybody could seal with the zero key that the child has.
    Datagram for_zero_key(48);
    for_zero_key[0] = std::byte{0xfc};
    aead_seal(Key32{}, 0, std::span(for_zero_key).first(16),
              std::span(for_zero_key).subspan(16, 16), std::span(for_zero_key).subspan(16));
    CHECK(aborts([&] { (void)keys->opener.open(for_zero_key); }));

    CHECK(keys->sealer.seal(0, datagram) == 0);
    CHECK(keys->opener.open(datagram));
    const std::span bytes(static_cast<const std::byte*>(memory), sizeof(Keys));
    CHECK(holds(bytes, key));
    std::destroy_at(keys);
    CHECK_FALSE(holds(bytes, key));
    munmap(memory, page);
}

}  // namespace chat
