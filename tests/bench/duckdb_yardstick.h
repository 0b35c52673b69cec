#ifndef CAIRN_TESTS_BENCH_DUCKDB_YARDSTICK_H_
#define CAIRN_TESTS_BENCH_DUCKDB_YARDSTICK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// DuckDB in memory with the records of an extract, on two threads. Its shared
// library is opened when it is there and is no part of Cairn: Debian has none.
// The few functions used are of its C interface, which is stable.
class DuckDb {
 public:
  // `library`: libduckdb.so. `extract`: what incident_extract.h writes; a CSV
  // file beside it takes the records over, and goes. INTERNAL: what could not
  // be opened, or the library's own words.
  // Of the library that CAIRN_DUCKDB names; null, and why is printed, if none
  // is.
  static absl::StatusOr<std::unique_ptr<DuckDb>> FromEnvironment(
      const std::string& extract);
  static absl::StatusOr<std::unique_ptr<DuckDb>> Open(
      const std::string& library, const std::string& extract);
  ~DuckDb();
  DuckDb(const DuckDb&) = delete;
  DuckDb& operator=(const DuckDb&) = delete;

  // Asks, and adds up the last column of all rows, which holds whole numbers.
  // SQL as for SQLite, whose division of whole numbers is `//` here.
  absl::StatusOr<int64_t> SumOfLast(const std::string& sql);
  const std::string& version() const { return version_; }

 private:
  struct Functions;
  DuckDb();
  absl::Status Load(const std::string& library);

  std::unique_ptr<Functions> call_;
  void* library_ = nullptr;
  void* database_ = nullptr;
  void* connection_ = nullptr;
  std::string version_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_BENCH_DUCKDB_YARDSTICK_H_
