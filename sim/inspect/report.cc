#include "sim/inspect/report.h"

#include <fmt/format.h>

namespace revenant::sim {

nlohmann::ordered_json InspectReport::to_json() const {
  nlohmann::ordered_json json{{"kind", kind}, {"path", path}, {"whole", whole()}};
  for (const auto& [name, value] : facts) json["facts"][name] = value;
  for (const InspectTable& table : tables) {
    auto& rows = json[table.name] = nlohmann::ordered_json::array();
    for (const auto& cells : table.rows) {
      auto& row = rows.emplace_back(nlohmann::ordered_json::object());
      for (size_t i = 0; i < cells.size(); ++i) row[table.columns[i]] = cells[i];
    }
  }
  json["damage"] = nlohmann::ordered_json::array();
  for (const FileDamage& d : damage) {
    json["damage"].push_back({{"file", d.file}, {"offset", d.offset}, {"what", d.what}});
  }
  return json;
}

std::string printable(Bytes bytes) {
  std::string result;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      result += c;
    } else {
      result += fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
    }
  }
  return result;
}

}  // namespace revenant::sim
