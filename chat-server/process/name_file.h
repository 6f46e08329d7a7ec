// SPDX-License-Identifier: MIT
// Which key owns which name, in the data folder: the file `names`, a line `BASE64KEY NAME` each,
// only ever appended to. A line that a crash cut short is dropped at the next start.
#pragma once

#include <span>
#include <vector>

#include "chat-server/core/names.h"
#include "sys/data_folder.h"
#include "sys/error.h"

namespace chat::server {

class NameFile {
  public:
    explicit NameFile(const sys::DataFolder& folder) : folder_(folder) {}

    // EINVAL: a line that is none, and not the last; nothing is guessed then.
    sys::Result<std::vector<NameBinding>> load();
    // Once this returned they are stored.
    sys::Result<void> add(std::span<const NameBinding> bindings);

  private:
    const sys::DataFolder& folder_;
};

}  // namespace chat::server
