#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "sim/cli/command.h"
#include "sim/experiment/text_table.h"
#include "sim/inspect/inspect.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

Result<Buffer> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path))
    return error(ErrorCode::kIo, "{}: cannot be read", path);
  Buffer bytes(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return error(ErrorCode::kIo, "{}: cannot be read", path);
  return bytes;
}

Result<InspectReport> inspect_directory(const std::string& path) {
  std::error_code failed;
  Directory directory{.path = path, .names = {}, .read = [&path](const std::string& name) {
                        return read_file(path + "/" + name);
                      }};
  for (const auto& entry : std::filesystem::directory_iterator(path, failed))
    directory.names.push_back(entry.path().filename().string());
  if (failed) return error(ErrorCode::kIo, "{}: {}", path, failed.message());
  std::ranges::sort(directory.names);
  return inspect_lsm(directory);
}

Result<InspectReport> inspect(const std::string& kind, const std::string& path) {
  if (kind == "lsm") return inspect_directory(path);
  ASSIGN_OR_RETURN(const Buffer bytes, read_file(path));
  if (kind == "wal") return inspect_wal(path, bytes);
  if (kind == "sstable") return inspect_sstable(path, bytes);
  return inspect_manifest(path, bytes);
}

std::string word(const nlohmann::ordered_json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void print(const InspectReport& report) {
  fmt::print("{} {}: {}\n", report.kind, report.path, report.whole() ? "whole" : "damaged");
  for (const auto& [name, value] : report.facts) fmt::print("  {:<18} {}\n", name, word(value));
  for (const InspectTable& table : report.tables) {
    fmt::print("\n{}\n", table.name);
    TextTable text;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const bool figures = !table.rows.empty() && table.rows.front()[i].is_number();
      std::string title = table.columns[i];
      std::ranges::transform(title, title.begin(), [](char c) {
        return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
      });
      text.column(std::move(title), figures ? Align::kRight : Align::kLeft);
    }
    for (const auto& cells : table.rows) {
      std::vector<std::string> words;
      for (const auto& cell : cells) words.push_back(word(cell));
      text.row(std::move(words));
    }
    fmt::print("{}", text.text(2));
  }
  if (!report.whole()) fmt::print("\ndamage\n");
  for (const FileDamage& damage : report.damage)
    fmt::print("  {}: offset {}: {}\n", damage.file, damage.offset, damage.what);
}

}  // namespace

int inspect_main(const Arguments& arguments) {
  CommandLine line("inspect KIND PATH [options]",
                   "Decodes a file of a database, or (lsm) its directory, as far as it can be "
                   "decoded. Changes nothing.\nExit codes: 0 whole; 1 damaged; 2 it cannot be "
                   "read.");
  line.operand("kind", 1, "wal, sstable, manifest or lsm.");
  line.operand("path", 1, "The file, or lsm's directory.");
  line.options()("json", "Print JSON.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const std::string kind = (*values)["kind"].as<std::string>();
  const std::vector<std::string_view> kinds{"wal", "sstable", "manifest", "lsm"};
  if (std::ranges::find(kinds, kind) == kinds.end()) {
    return fail(2, fmt::format("unknown kind {}{}; see `revenant inspect --help`", kind,
                               did_you_mean(kind, kinds)))
        .error()
        .code;
  }
  const auto report = inspect(kind, (*values)["path"].as<std::string>());
  if (!report.has_value()) return fail(2, report.error().message).error().code;
  if (values->contains("json")) {
    std::cout << report->to_json().dump(2) << '\n';
  } else {
    print(*report);
  }
  return report->whole() ? 0 : 1;
}

}  // namespace revenant::sim
