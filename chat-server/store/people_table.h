// SPDX-License-Identifier: MIT
// The table of names that keys own. Transactions are the caller's.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "chat-server/core/log.h"
#include "chat-server/store/sqlite.h"

namespace chat::server {

class PeopleTable {
  public:
    static Result<PeopleTable> prepare(Database& database);

    Result<void> insert(const NewPerson& person);
    Result<std::vector<NewPerson>> all();
    // By any spelling of the name.
    Result<std::optional<NewPerson>> find(std::string_view name);
    Result<std::optional<NewPerson>> find(PersonId id);
    // The id for the next one.
    Result<PersonId> next_id();

  private:
    Statement insert_;
    Statement all_;
    Statement by_name_;
    Statement by_id_;
    Statement last_id_;
};

}  // namespace chat::server
