// SPDX-License-Identifier: MIT
// The key that is this user, to every server: made at the first start, kept in the data folder as
// identity.key (the 32 bytes of the X25519 secret, mode 0600). Whoever has the file has the names
// that its owner uses. Several clients of one user share it, also when they start for the first
// time at the same moment.
#pragma once

#include <string_view>

#include "proto/session/keys.h"
#include "proto/session/random_source.h"
#include "sys/data_folder.h"
#include "sys/error.h"

namespace chat::client {

inline constexpr std::string_view identity_file = "identity.key";

// EINVAL: the file is there and holds no key; it is left as it is.
sys::Result<KeyPair> load_identity(const sys::DataFolder& folder, RandomSource& random);

}  // namespace chat::client
