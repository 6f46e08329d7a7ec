// SPDX-License-Identifier: MIT
#include "chat-client/process/identity.h"

#include <algorithm>
#include <cerrno>
#include <string>

namespace chat::client {
namespace {

sys::Result<KeyPair> read_identity(const sys::DataFolder& folder) {
    SecretKey secret;
    auto stored = folder.read_file(identity_file, secret.bytes().size());
    const bool too_long = !stored && stored.error().code == EFBIG;
    if (!stored && !too_long) return std::unexpected(stored.error());
    const bool whole = !too_long && stored->size() == secret.bytes().size() &&
                       std::ranges::any_of(*stored, [](std::byte b) { return b != std::byte{}; });
    if (!whole) {
        return sys::os_error(EINVAL, "use " + folder.path() + "/" + std::string(identity_file),
                             "it is damaged (a key has 32 bytes); put it back from a backup, or "
                             "delete it to get a new key, which loses your names at every server");
    }
    std::ranges::copy(*stored, secret.bytes().begin());
    wipe(*stored);
    return KeyPair::from_secret(std::move(secret));
}

}  // namespace

sys::Result<KeyPair> load_identity(const sys::DataFolder& folder, RandomSource& random) {
    auto stored = read_identity(folder);
    if (stored || stored.error().code != ENOENT) return stored;
    KeyPair fresh = KeyPair::generate(random);
    const auto created = folder.create_file(identity_file, fresh.secret.bytes());
    if (created) return fresh;
    // Another client of this user was faster; its key counts.
    if (created.error().code == EEXIST) return read_identity(folder);
    return std::unexpected(created.error());
}

}  // namespace chat::client
