// SPDX-License-Identifier: MIT
// What the secure protocol needs from the user's files: who he is (identity.key), whom he trusts
// (known_servers), and the password of the server if it has one. Read after the children were
// forked, so that they never see any of it.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "chat-client/core/secure_session.h"
#include "chat-client/process/options.h"
#include "proto/session/keys.h"
#include "proto/session/random_source.h"
#include "sys/data_folder.h"

namespace chat::client {

struct Credentials {
    sys::DataFolder folder;
    std::shared_ptr<const KeyPair> identity;  // in the secret memory
    Trust trust;
    std::size_t known_line = 0;  // of known_servers, with the pinned key
    std::optional<std::string> password;
    std::vector<std::string> remarks;  // sentences for the user, once he can be told
};

// Why it can't go on: a sentence for the user without its full stop, and the exit status.
struct Refusal {
    std::string sentence;
    int exit_status = 0;
};

// `may_ask`: a person can answer a question. What comes out must not outlive `secrets`.
std::expected<Credentials, Refusal> load_credentials(const Options& options, bool may_ask,
                                                     RandomSource& random,
                                                     std::pmr::memory_resource& secrets);

}  // namespace chat::client
