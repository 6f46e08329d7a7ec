// SPDX-License-Identifier: MIT
// When a child of the terminal process that died is started again: after 50 ms, then twice as long
// each time, at most 1.6 s. One that lived for 10 s counts as healthy, and the row begins anew.
#pragma once

#include "proto/link/backoff.h"
#include "proto/wire/time.h"

namespace chat::client {

inline constexpr BackoffRule child_revival_rule{milliseconds(50), 200, milliseconds(1600)};
inline constexpr Duration child_healthy_after = seconds(10);

}  // namespace chat::client
