// SPDX-License-Identifier: MIT
#include "sys/system_random.h"

#include <sodium.h>

namespace chat::sys {

void SystemRandom::fill(std::span<std::byte> bytes) {
    randombytes_buf(bytes.data(), bytes.size());
}

}  // namespace chat::sys
