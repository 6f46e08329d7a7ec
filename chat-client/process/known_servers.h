// SPDX-License-Identifier: MIT
// The keys of the servers this user trusts, in the data folder: the text file known_servers, made
// for reading and editing by hand. A line each:
//
//   host:port base64(key) first-seen        [v6]:port for IPv6; the time as of RFC 3339
//
// The host is what the user called it, in lower case. Empty lines and lines that begin with `#`
// mean nothing. Several clients may add lines at once: nothing is ever rewritten.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/session/keys.h"
#include "proto/wire/time.h"
#include "sys/data_folder.h"
#include "sys/error.h"

namespace chat::client {

class KnownServers {
  public:
    static constexpr std::string_view file = "known_servers";

    struct Answer {
        std::optional<PublicKey> key;
        std::size_t line = 0;  // where the key is, the first being 1
        // Lines that are none. They say nothing, but one that names this server might have said
        // that its key is another one; so nothing may be trusted then.
        std::vector<std::size_t> damaged;
        std::optional<std::size_t> damaged_here;
        // Further lines for this server with another key. The first counts.
        std::vector<std::size_t> contradicting;
    };

    // The folder is borrowed.
    explicit KnownServers(const sys::DataFolder& folder) : folder_(folder) {}

    // `address`: see server_address(). A file that is not there knows no server.
    sys::Result<Answer> find(std::string_view address) const;
    // Once this returned it is stored. What is known already is not stored again.
    sys::Result<void> add(std::string_view address, const PublicKey& key, WallTime now) const;

    std::string path() const { return folder_.path() + "/" + std::string(file); }

  private:
    sys::Result<std::string> read() const;

    const sys::DataFolder& folder_;
};

}  // namespace chat::client
