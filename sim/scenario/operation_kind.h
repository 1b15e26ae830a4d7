// What a client can do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/settings.h"

namespace revenant::sim {

enum class OperationKind : uint8_t { kRead, kInsert, kUpdate, kDelete, kScan };
inline constexpr size_t kOperationKinds = 5;
constexpr auto enum_names(OperationKind) {
  using enum OperationKind;
  return std::array{
      EnumName<OperationKind>{kRead, "read", "reads a key"},
      EnumName<OperationKind>{kInsert, "insert", "writes a key that was not there"},
      EnumName<OperationKind>{kUpdate, "update", "writes a key"},
      EnumName<OperationKind>{kDelete, "delete", "deletes a key"},
      EnumName<OperationKind>{kScan, "scan", "reads some keys in token order"},
  };
}
constexpr std::string_view to_string(OperationKind kind) { return enum_name(kind); }
constexpr bool is_write(OperationKind kind) {
  return kind == OperationKind::kInsert || kind == OperationKind::kUpdate ||
         kind == OperationKind::kDelete;
}

}  // namespace revenant::sim
