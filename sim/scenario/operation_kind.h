// What a client can do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace revenant::sim {

enum class OperationKind : uint8_t { kRead, kInsert, kUpdate, kDelete, kScan };
inline constexpr size_t kOperationKinds = 5;
constexpr std::string_view to_string(OperationKind kind) {
  constexpr std::string_view kNames[] = {"read", "insert", "update", "delete", "scan"};
  return kNames[static_cast<size_t>(kind)];
}
constexpr bool is_write(OperationKind kind) {
  return kind == OperationKind::kInsert || kind == OperationKind::kUpdate ||
         kind == OperationKind::kDelete;
}

}  // namespace revenant::sim
