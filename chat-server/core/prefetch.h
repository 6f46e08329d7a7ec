// SPDX-License-Identifier: MIT
// Asks the processor to bring an object nearer, while something else is done: with thousands of
// members, what is kept of the next one lies in memory and not in a cache. Changes nothing and
// cannot fail.
#pragma once

#include <cstddef>

namespace chat::server {

template <class T>
void prefetch(const T& object) {
    constexpr std::size_t line_bytes = 64;
    const auto* const bytes = reinterpret_cast<const char*>(&object);
    for (std::size_t at = 0; at < sizeof(T); at += line_bytes)
        __builtin_prefetch(bytes + at);
}

}  // namespace chat::server
