// SPDX-License-Identifier: MIT
// How a life in the secure world ends: all trouble stops, and then everything that was promised
// must come true, whatever had happened before.
#pragma once

#include <optional>
#include <string>

#include "tests/simulation/secure_world.h"

namespace chat::simulation {

// Good weather, a server and a disk that work, and everybody awake and reading.
void calm_down(SecureWorld& world);

// Calms down and waits. Nothing: everybody who runs is in, has everything of all his rooms and the
// true figures of his messages, and whatever he said is answered. Else what is not so.
std::optional<std::string> comes_to_rest(SecureWorld& world);

}  // namespace chat::simulation
