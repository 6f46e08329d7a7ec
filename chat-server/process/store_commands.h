// SPDX-License-Identifier: MIT
// chat-server check, export, import, reindex and backup: a data folder's rooms from the command
// line. All but import and reindex also work while a server runs on the folder.
#pragma once

#include <string>

#include "chat-server/process/options.h"

namespace chat::server {

// The file that has the rooms.
std::string rooms_database(const Options& options);

// What it did, or could not do, is told on standard output and error. The exit status.
int run_store_command(const Options& options);

}  // namespace chat::server
