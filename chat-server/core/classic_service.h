// SPDX-License-Identifier: MIT
// The plain-text protocol in front of Chat: who may say what. The original trusts anybody; here a
// classic member is his address and port, so C and Q count only from the address that logged in
// under that name. Strangers and malformed datagrams are counted and get no answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "chat-server/core/chat.h"

namespace chat::server {

// From where the plain-text protocol is served. Anyone can forge a UDP source address, and a
// forged L makes the room's traffic flow to a stranger: so not from everywhere, unless the
// operator knows that the network is his own.
enum class ClassicAccess : std::uint8_t { off, loopback, any };

class ClassicService {
  public:
    explicit ClassicService(ClassicAccess access) : access_(access) {}

    void set_access(ClassicAccess access) { access_ = access; }
    void on_datagram(const Now& now, const Path& path, std::span<const std::byte> datagram,
                     Chat& chat) const;

  private:
    bool serves(const Path& path) const;

    ClassicAccess access_;
};

}  // namespace chat::server
