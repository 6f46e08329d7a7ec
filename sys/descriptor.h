// SPDX-License-Identifier: MIT
// Owns one file descriptor and closes it. It does not know what the descriptor is; errors of
// close() are not reported, because nothing could be done about them (data that must be on disk
// is fsynced before).
#pragma once

namespace chat::sys {

class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    // -1 when there is none; poll() and PollSet skip such a descriptor.
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

    // Closes what is held, leaves errno as it was, and takes `fd` over.
    void reset(int fd = -1);
    // Gives the descriptor away without closing it.
    int release();

  private:
    int fd_ = -1;
};

// Opens /dev/null for each of 0, 1 and 2 that is closed, so that no socket of ours gets a number
// that the rest of the program reads as the user's input. First thing in main.
void fill_standard_descriptors();

}  // namespace chat::sys
