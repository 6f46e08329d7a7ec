// SPDX-License-Identifier: MIT
// Keeps SQLite's write-ahead log short: what is in it is carried over into the database (which
// costs two syncs of the disk) when nothing else is to do, in the middle of work only when it has
// become long; and when it cannot be carried over, because another process reads all the time, it
// does not grow without end, but storing stops and says so.
#pragma once

#include "chat-server/store/sqlite.h"

namespace chat::server {

class WriteAheadLog {
  public:
    struct Limits {  // in pages
        int tended;
        int longest_wished;
        int longest;
    };

    // The database stays where it is and outlives this.
    WriteAheadLog(Database& database, const Limits& limits);

    // Whether something may be stored now.
    Result<void> before_commit();
    void after_commit();
    Result<void> tend();

  private:
    Result<void> carry_over(int mode);
    static int on_commit(void* self, sqlite3* handle, const char* schema, int pages);

    Database& database_;
    Limits limits_;
    int pages_ = 0;
    int tried_at_ = 0;  // its length when it could not be carried over as a whole
};

}  // namespace chat::server
