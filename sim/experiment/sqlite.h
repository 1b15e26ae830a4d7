// SQLite's C interface with owners and Results. Errors carry SQLite's message and the file's name.
#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace revenant::sim {

// One prepared statement: bind in order, then step through its rows. Its Database must outlive it.
class SqlStatement {
 public:
  SqlStatement& bind(int64_t value);
  SqlStatement& bind(int value) { return bind(int64_t{value}); }
  SqlStatement& bind(double value);  // NaN becomes NULL
  SqlStatement& bind(std::string_view text);

  // True: a row is there. False: the end; the statement can be bound and run again.
  Result<bool> step();
  // For statements without rows.
  Result<void> run();

  int64_t integer(int column) const;
  double real(int column) const;  // NULL is NaN
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  friend class SqlDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  SqlStatement(sqlite3* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}
  std::unexpected<Error> failure() const;

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
  int bind_status_ = SQLITE_OK;
};

class SqlDatabase {
 public:
  // The file must exist; it may be empty. Opened for writing where the file allows it, even if only
  // to be read: a journal left by a killed writer must be rolled back first.
  static Result<SqlDatabase> open(const std::string& path);

  Result<void> run(const std::string& statements);  // one or more, without rows
  Result<SqlStatement> prepare(std::string_view statement);

 private:
  struct Close {
    void operator()(sqlite3* d) const { sqlite3_close_v2(d); }
  };
  explicit SqlDatabase(sqlite3* handle) : handle_(handle) {}

  std::unique_ptr<sqlite3, Close> handle_;
};

// A name or text as SQL spells it, quotes included.
std::string sql_identifier(std::string_view name);
std::string sql_text(std::string_view text);

}  // namespace revenant::sim
