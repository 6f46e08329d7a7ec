// SPDX-License-Identifier: MIT
// A disk that fails when it is told to: SQLite's own layer over the system's files, with a fault
// in front of its writes and syncs. While one lives it is what every database opened uses. One
// thread. For tests only.
#pragma once

#include <cstddef>

namespace chat::server::test {

enum class Fault {
    write_fails,  // with an I/O error, nothing written
    torn_write,   // half of it is written, then an I/O error
    disk_full,    // half of it is written, then no space
    sync_fails,
};

class FaultyDisk {
  public:
    FaultyDisk();
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;
    ~FaultyDisk();

    // The nth operation of the fault's kind from now on fails (1: the next), and so do all that
    // follow, until heal().
    void fail(Fault fault, std::size_t nth);
    void heal();
    // How often something failed since fail().
    std::size_t failures() const;
};

}  // namespace chat::server::test
