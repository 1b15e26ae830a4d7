#include "sim/experiment/sqlite.h"

#include <cmath>
#include <limits>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

// How long to wait for another process that reads or writes the file.
constexpr int kBusyMilliseconds = 10'000;

std::unexpected<Error> sqlite_error(sqlite3* database) {
  const int code = sqlite3_errcode(database) & 0xff;
  const char* path = sqlite3_db_filename(database, "main");
  const ErrorCode kind = code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ErrorCode::kCorruption
                         : code == SQLITE_FULL                           ? ErrorCode::kNoSpace
                         : code == SQLITE_CANTOPEN                       ? ErrorCode::kNotFound
                                                                         : ErrorCode::kIo;
  return error(kind, "{}: {}", path == nullptr ? "" : path, sqlite3_errmsg(database));
}

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (char c : text) {
    if (c == quote) result += quote;
    result += c;
  }
  return result + quote;
}

}  // namespace

SqlStatement& SqlStatement::bind(int64_t value) {
  if (bind_status_ == SQLITE_OK)
    bind_status_ = sqlite3_bind_int64(statement_.get(), ++bound_, value);
  return *this;
}

SqlStatement& SqlStatement::bind(double value) {
  if (bind_status_ == SQLITE_OK)
    bind_status_ = sqlite3_bind_double(statement_.get(), ++bound_, value);
  return *this;
}

SqlStatement& SqlStatement::bind(std::string_view text) {
  if (bind_status_ == SQLITE_OK) {
    bind_status_ = sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return *this;
}

Result<bool> SqlStatement::step() {
  if (bind_status_ != SQLITE_OK) return failure();
  const int status = sqlite3_step(statement_.get());
  if (status == SQLITE_ROW) return true;
  bound_ = 0;
  if (status != SQLITE_DONE) {
    auto result = failure();
    sqlite3_reset(statement_.get());
    return result;
  }
  sqlite3_reset(statement_.get());
  return false;
}

Result<void> SqlStatement::run() {
  ASSIGN_OR_RETURN(const bool row, step());
  CHECK(!row);
  return {};
}

int64_t SqlStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double SqlStatement::real(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN()
                         : sqlite3_column_double(statement_.get(), column);
}

std::string SqlStatement::text(int column) const {
  // The text first, its size second: the first may convert the value.
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? std::string() : std::string(data, static_cast<size_t>(size));
}

bool SqlStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::unexpected<Error> SqlStatement::failure() const { return sqlite_error(database_); }

Result<SqlDatabase> SqlDatabase::open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int status = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr);
  SqlDatabase database(handle);  // SQLite gives a handle even on failure, for its message
  if (status != SQLITE_OK)
    return error(ErrorCode::kNotFound, "{}: {}", path, sqlite3_errmsg(handle));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return database;
}

Result<void> SqlDatabase::run(const std::string& statements) {
  if (sqlite3_exec(handle_.get(), statements.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sqlite_error(handle_.get());
  }
  return {};
}

Result<SqlStatement> SqlDatabase::prepare(std::string_view statement) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), statement.data(), static_cast<int>(statement.size()),
                         &prepared, nullptr) != SQLITE_OK) {
    return sqlite_error(handle_.get());
  }
  return SqlStatement(handle_.get(), prepared);
}

std::string sql_identifier(std::string_view name) { return quoted(name, '"'); }
std::string sql_text(std::string_view text) { return quoted(text, '\''); }

}  // namespace revenant::sim
