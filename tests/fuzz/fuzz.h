// SPDX-License-Identifier: MIT
// What all fuzz targets share. Each target defines LLVMFuzzerTestOneInput and nothing else, and is
// built in two ways: with libFuzzer (CHAT_FUZZ), which searches, and with replay_main.cpp, which
// replays the corpus and some thousands of seeded inputs as an ordinary test.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace chat::fuzz {

// Not assert: it must hold in every kind of build.
inline void require(bool kept, std::string_view what) {
    if (kept) return;
    std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

// The fuzzer's bytes as a source of decisions; zeros after their end.
class Script {
  public:
    Script(const std::uint8_t* data, std::size_t size)
        : rest_(std::as_bytes(std::span(data, size))) {}

    bool empty() const { return rest_.empty(); }
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto b = std::to_integer<std::uint8_t>(rest_.front());
        rest_ = rest_.subspan(1);
        return b;
    }
    std::uint16_t u16() {
        const unsigned low = byte();
        return static_cast<std::uint16_t>(low | byte() * 256U);
    }
    std::span<const std::byte> bytes(std::size_t count) {
        const auto taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    std::span<const std::byte> rest() const { return rest_; }

  private:
    std::span<const std::byte> rest_;
};

inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace chat::fuzz
