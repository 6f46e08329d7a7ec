// SPDX-License-Identifier: MIT
// For the tests of this folder: bytes from hexadecimal text, a seeded source of randomness, and
// whether a call ends the process, which is how our bugs show themselves here.
#pragma once

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <sodium.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "proto/session/keys.h"
#include "proto/session/random_source.h"

namespace chat::session_test {

// What is tested are the functions that a program gets on this machine.
inline const int sodium_ready = sodium_init();

inline std::vector<std::byte> from_hex(std::string_view text) {
    const auto digit = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    };
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text[i + 1])));
    }
    return bytes;
}

inline std::string to_hex(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += digits[std::to_integer<std::size_t>(byte) >> 4];
        text += digits[std::to_integer<std::size_t>(byte) & 15];
    }
    return text;
}

inline Key32 key_from_hex(std::string_view text) {
    Key32 key{};
    const auto bytes = from_hex(text);
    std::copy_n(bytes.begin(), std::min(bytes.size(), key.size()), key.begin());
    return key;
}

inline Key32 key_of(unsigned char byte) {
    Key32 key;
    key.fill(std::byte{byte});
    return key;
}

// Looks at memory as it is, also where an object has ended: not inlined, so that the compiler
// cannot reason about the object's life.
[[gnu::noinline]] inline bool holds(std::span<const std::byte> memory,
                                    std::span<const std::byte> secret) {
    return !std::ranges::search(memory, secret).empty();
}

class SeededRandom final : public RandomSource {
  public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}

    void fill(std::span<std::byte> bytes) override {
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>(engine_() & 0xff);
    }

  private:
    std::mt19937_64 engine_;
};

// Runs it in a child of its own.
template <typename Call>
bool aborts(Call call) {
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        call();
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return false;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace chat::session_test
