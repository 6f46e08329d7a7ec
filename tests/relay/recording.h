// SPDX-License-Identifier: MIT
// A file of datagrams as the relay received them, before anything was done to them. It begins
// with the eight bytes "relayrec"; then for each datagram, all numbers little-endian:
//
//   u8 kind (Kind below), three zero bytes, u32 client, u32 length, u64 microseconds since the
//   relay's start, then that many bytes
//
// A program that reads along may find the last record incomplete. After datagrams_max nothing is
// added. A full disk ends the recording and is not an error of the relay; complete() tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "proto/wire/time.h"
#include "sys/error.h"

namespace chat::relay {

class Recording {
  public:
    enum class Kind : std::uint8_t {
        up,    // from a client
        down,  // from the server to where a client is now
        stray  // from the server to a socket given up by rebind, or made by "inject new"
    };
    static constexpr std::uint64_t datagrams_max = 4'000'000;

    // Replaces what is there.
    static sys::Result<Recording> create(const std::string& path);

    void add(Kind kind, std::size_t client, Duration since_start, std::span<const std::byte> bytes);
    // Afterwards others can read what was added.
    void flush();
    bool complete() const { return complete_; }

  private:
    struct Closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    explicit Recording(std::FILE* file) : file_(file) {}
    void write(std::span<const std::byte> bytes);

    std::unique_ptr<std::FILE, Closer> file_;
    std::uint64_t datagrams_ = 0;
    bool complete_ = true;
};

}  // namespace chat::relay
