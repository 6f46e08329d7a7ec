// SPDX-License-Identifier: MIT
// Which protocol this program speaks, from its start to its end: the user's choice, and neither
// ever turns into the other.
#pragma once

#include <cstdint>

namespace chat::client {

enum class Protocol : std::uint8_t { secure, classic };

}  // namespace chat::client
