// Files that are there whole or not at all, also after a kill.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.h"

namespace revenant::sim {

Result<void> write_whole(const std::filesystem::path& path, const std::string& content);
Result<std::string> read_whole(const std::filesystem::path& path);

}  // namespace revenant::sim
