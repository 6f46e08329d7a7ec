// SPDX-License-Identifier: MIT
// Times as people here read them: in the zone of this machine or of TZ.
#pragma once

#include <string>

#include "proto/wire/time.h"

namespace chat::client {

std::string local_clock(WallTime time);  // "12:34"
std::string local_date(WallTime time);   // "2026-11-21 12:34"

}  // namespace chat::client
