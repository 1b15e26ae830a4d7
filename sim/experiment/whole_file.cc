#include "sim/experiment/whole_file.h"

#include <fstream>
#include <sstream>
#include <utility>

namespace revenant::sim {

Result<void> write_whole(const std::filesystem::path& path, const std::string& content) {
  const std::filesystem::path temporary = path.string() + ".partial";
  std::ofstream out(temporary, std::ios::binary);
  out << content;
  out.close();
  std::error_code failed;
  if (!out.fail()) std::filesystem::rename(temporary, path, failed);
  if (out.fail() || failed) return error(ErrorCode::kIo, "{}: cannot be written", path.string());
  return {};
}

Result<std::string> read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  if (in.peek() != std::ifstream::traits_type::eof()) content << in.rdbuf();
  if (!in.is_open() || in.bad() || content.fail()) {
    return error(ErrorCode::kIo, "{}: cannot be read", path.string());
  }
  return std::move(content).str();
}

}  // namespace revenant::sim
