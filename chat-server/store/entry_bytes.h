// SPDX-License-Identifier: MIT
// What an entry weighs where history is limited by size: what people wrote, without the table
// around it, so that a limit means the same in every log.
#pragma once

#include <cstddef>

#include "chat-server/core/entry.h"

namespace chat::server {

inline std::size_t bytes_of(const Entry& entry) {
    return entry.name.size() + entry.text.size();
}

}  // namespace chat::server
