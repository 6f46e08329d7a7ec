// SPDX-License-Identifier: MIT
// Signals as something to poll. There are no handlers: signals are blocked and read from a
// signalfd in the loop, so no code of ours ever runs at an arbitrary instant. Several instances
// of one signal may arrive as one.
#pragma once

#include <initializer_list>
#include <optional>
#include <utility>

#include "sys/descriptor.h"
#include "sys/error.h"

namespace chat::sys {

class SignalQueue {
  public:
    // Blocks the signals in this thread's mask, which children inherit until reset_for_child(),
    // and which stays as it is when the queue is destroyed.
    static Result<SignalQueue> open(std::initializer_list<int> signals);

    int fd() const { return descriptor_.get(); }
    // The next signal that has arrived, if any; never blocks.
    std::optional<int> take();

  private:
    explicit SignalQueue(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

    Descriptor descriptor_;
};

void ignore(int signal);

// Every signal gets its default action and is unblocked: for a child right after fork, before it
// opens a queue of its own. A signal sent to the child before that acts now.
void reset_for_child();

}  // namespace chat::sys
