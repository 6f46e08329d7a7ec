// SPDX-License-Identifier: MIT
// What the server must keep to itself, in its data folder, mode 0600: server.key and reset.key (32
// bytes each, made at the first start) and start_count (how often it was started, 8 bytes,
// little-endian). The key names the server to its clients; the other two let a restarted server
// prove to them that their sessions are gone (docs/PROTOCOL.md, section 8).
#pragma once

#include <optional>
#include <string>

#include "chat-server/core/server.h"
#include "proto/session/random_source.h"
#include "sys/data_folder.h"
#include "sys/error.h"

namespace chat::server {

// With nothing on disk: a new key at every start, so no client takes it for the one before.
ServerSecrets make_secrets(RandomSource& random);
// Whether a server has been started with this folder before.
bool has_secrets(const sys::DataFolder& folder);
// Reads what is there, makes what is missing, and counts this start.
sys::Result<ServerSecrets> load_secrets(const sys::DataFolder& folder, RandomSource& random);

}  // namespace chat::server
