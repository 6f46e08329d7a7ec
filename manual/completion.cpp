// SPDX-License-Identifier: MIT
#include "manual/completion.h"

#include <algorithm>

namespace chat::manual {

Found found_as(std::string_view value_name) {
    if (value_name == "FILE") return Found::file;
    if (value_name == "DIR") return Found::folder;
    if (value_name == "HOST") return Found::host;
    return Found::nothing;
}

std::string identifier(std::string name) {
    std::ranges::replace(name, '-', '_');
    return name;
}

}  // namespace chat::manual
