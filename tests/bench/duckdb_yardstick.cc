#include "tests/bench/duckdb_yardstick.h"

#include <dlfcn.h>
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// duckdb_result of duckdb.h.
struct Result {
  uint64_t column_count, row_count, rows_changed;
  void* columns;
  char* error;
  void* internal;
};
constexpr int kSuccess = 0;
constexpr int kColumns = 9;

absl::Status WriteCsv(const std::string& extract, const std::string& csv) {
  sqlite3* db = nullptr;
  sqlite3_stmt* row = nullptr;
  std::ofstream out(csv);
  out << "person,d0,d1,d2,d3,d4,d5,d6,q0\n";
  int code =
      sqlite3_open_v2(extract.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
  if (code == SQLITE_OK) {
    code = sqlite3_prepare_v2(
        db, "SELECT person,d0,d1,d2,d3,d4,d5,d6,q0 FROM record", -1, &row,
        nullptr);
  }
  while (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
    for (int c = 0; c < kColumns; ++c) {
      out << sqlite3_column_int64(row, c) << (c + 1 < kColumns ? ',' : '\n');
    }
  }
  sqlite3_finalize(row);
  sqlite3_close_v2(db);
  out.close();
  if (code == SQLITE_OK && out) return absl::OkStatus();
  return absl::InternalError(csv + " cannot be written");
}

}  // namespace

struct DuckDb::Functions {
  const char* (*version)();
  int (*open)(const char*, void**);
  int (*connect)(void*, void**);
  int (*query)(void*, const char*, Result*);
  const char* (*error)(Result*);
  uint64_t (*columns)(Result*);
  uint64_t (*rows)(Result*);
  int64_t (*whole)(Result*, uint64_t, uint64_t);
  void (*free_result)(Result*);
  void (*disconnect)(void**);
  void (*close)(void**);
};

DuckDb::DuckDb() : call_(std::make_unique<Functions>()) {}

DuckDb::~DuckDb() {
  if (connection_ != nullptr) call_->disconnect(&connection_);
  if (database_ != nullptr) call_->close(&database_);
}

absl::Status DuckDb::Load(const std::string& library) {
  library_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) return absl::InternalError(dlerror());
  const char* missing = nullptr;
  const auto find = [&](const char* name, auto* function) {
    void* const symbol = dlsym(library_, name);
    if (symbol == nullptr) missing = name;
    *reinterpret_cast<void**>(function) = symbol;
  };
  find("duckdb_library_version", &call_->version);
  find("duckdb_open", &call_->open);
  find("duckdb_connect", &call_->connect);
  find("duckdb_query", &call_->query);
  find("duckdb_result_error", &call_->error);
  find("duckdb_column_count", &call_->columns);
  find("duckdb_row_count", &call_->rows);
  find("duckdb_value_int64", &call_->whole);
  find("duckdb_destroy_result", &call_->free_result);
  find("duckdb_disconnect", &call_->disconnect);
  find("duckdb_close", &call_->close);
  if (missing == nullptr) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(library, " has no ", missing));
}

absl::StatusOr<std::unique_ptr<DuckDb>> DuckDb::Open(
    const std::string& library, const std::string& extract) {
  std::unique_ptr<DuckDb> duck(new DuckDb());
  CAIRN_RETURN_IF_ERROR(duck->Load(library));
  if (duck->call_->open(nullptr, &duck->database_) != kSuccess ||
      duck->call_->connect(duck->database_, &duck->connection_) != kSuccess) {
    return absl::InternalError(library + " opens no database in memory");
  }
  duck->version_ = duck->call_->version();
  const std::string csv = extract + ".csv";
  CAIRN_RETURN_IF_ERROR(WriteCsv(extract, csv));
  // As narrow as DuckDB has them, as the snapshot does.
  for (const std::string& sql :
       {std::string("SET threads = 2"),
        absl::StrCat(
            "CREATE TABLE record AS SELECT person::BIGINT person, d0::UTINYINT "
            "d0, d1::USMALLINT d1, d2::UTINYINT d2, d3::UTINYINT d3, "
            "d4::UTINYINT d4, d5::UTINYINT d5, d6::UTINYINT d6, q0::INTEGER q0 "
            "FROM read_csv('",
            csv, "')"),
        std::string("SELECT count(*) FROM record")}) {
    CAIRN_RETURN_IF_ERROR(duck->SumOfLast(sql).status());
  }
  std::remove(csv.c_str());
  return duck;
}

absl::StatusOr<std::unique_ptr<DuckDb>> DuckDb::FromEnvironment(
    const std::string& extract) {
  const char* const library = std::getenv("CAIRN_DUCKDB");
  if (library == nullptr) {
    std::printf("DuckDB left out: CAIRN_DUCKDB names no libduckdb.so\n");
    return std::unique_ptr<DuckDb>();
  }
  CAIRN_ASSIGN_OR_RETURN(auto duck, Open(library, extract));
  std::printf("DuckDB %s\n", duck->version().c_str());
  return duck;
}

absl::StatusOr<int64_t> DuckDb::SumOfLast(const std::string& sql) {
  const std::string own = absl::StrReplaceAll(sql, {{"/", "//"}});
  // Paths hold slashes; only questions are divided in.
  const std::string& asked =
      sql.find("read_csv") == std::string::npos ? own : sql;
  Result result = {};
  int64_t sum = 0;
  absl::Status status;
  if (call_->query(connection_, asked.c_str(), &result) != kSuccess) {
    const char* words = call_->error(&result);
    status = absl::InternalError(words == nullptr ? "no reason" : words);
  } else {
    const uint64_t last = call_->columns(&result) - 1;
    for (uint64_t row = 0; row < call_->rows(&result); ++row) {
      sum += call_->whole(&result, last, row);
    }
  }
  call_->free_result(&result);
  if (!status.ok()) return status;
  return sum;
}

}  // namespace cairn
