// SPDX-License-Identifier: MIT
// The only readers of the clocks. A process reads `now` once per loop turn and hands it down.
#pragma once

#include "proto/wire/time.h"

namespace chat::sys {

// CLOCK_MONOTONIC, rounded down to a microsecond. It stands still while the machine sleeps.
Instant monotonic_now();

// CLOCK_REALTIME, rounded down to a millisecond. It may jump.
WallTime wall_now();

}  // namespace chat::sys
