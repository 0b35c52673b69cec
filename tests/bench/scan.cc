// cairn-bench-scan: how fast tables are cut from a snapshot, against SQLite's
// GROUP BY over the extract it was made of, in the same process and in turn.
//
// The six questions, on the table of incident_extract.h, each as an agent works
// it out: with every margin and, where the name says persons, with the distinct
// persons of every cell (which the disclosure rule needs, whatever was asked).
//   Q1 district                       Q4 offence x weapon x sex, sum of cost
//   Q2 ward x month x young_knife     Q5 district x band x sex x offence
//   Q3 district x band                Q6 lsoa x month
// SQLite gives the finest cells without margins; Q2 only of the population, Q6
// one cell by a covering index. Times are of the processor, so that a busy
// machine matters less; `ratio` is ours to SQLite's, medians; `limit` is ours
// to the time it takes to read the bytes concerned at the speed that was
// measured at the start. With CAIRN_DUCKDB=libduckdb.so in the environment,
// `duckdb` is ours to DuckDB's on two threads: half of its processor time, as
// if they shared the work without loss.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/extract_codes.h"
#include "agent/snapshot_tabulator.h"
#include "agent/sqlite_source.h"
#include "core/base/status_macros.h"
#include "tests/bench/duckdb_yardstick.h"
#include "tests/bench/figures.h"
#include "tests/bench/incident_extract.h"

namespace cairn {
namespace {

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "cairn-bench-scan: %s\n",
               std::string(status.message()).c_str());
  std::exit(1);
}
template <typename T>
T OrDie(absl::StatusOr<T> result) {
  if (!result.ok()) Die(result.status());
  return *std::move(result);
}

struct Question {
  const char* name;
  std::vector<std::string> by;
  bool persons;
  bool sum;
  double bytes;  // a row, that must be read
  const char* sql;
};

const std::vector<Question>& Questions() {
  static const auto* const kQuestions = new std::vector<Question>{
      {"Q1",
       {"district"},
       false,
       false,
       2,
       "SELECT d1/150, count(*) FROM record GROUP BY 1"},
      {"Q2",
       {"ward", "month", "young_knife"},
       false,
       false,
       5,
       "SELECT d1/8, d0, count(*) FROM record WHERE d3=0 AND d5<25 "
       "GROUP BY 1, 2"},
      {"Q3_persons",
       {"district", "band"},
       true,
       false,
       3.125,
       "SELECT d1/150, d5/10, count(DISTINCT person) FROM record "
       "GROUP BY 1, 2"},
      {"Q4",
       {"offence", "weapon", "sex"},
       false,
       true,
       5,
       "SELECT d2, d3, d4, sum(q0), avg(q0) FROM record GROUP BY 1, 2, 3"},
      {"Q4_persons",
       {"offence", "weapon", "sex"},
       true,
       true,
       5.125,
       "SELECT d2, d3, d4, sum(q0), avg(q0) FROM record GROUP BY 1, 2, 3"},
      {"Q5",
       {"district", "band", "sex", "offence"},
       false,
       false,
       5,
       "SELECT d1/150, d5/10, d4, d2, count(*) FROM record "
       "GROUP BY 1, 2, 3, 4"},
      {"Q5_persons",
       {"district", "band", "sex", "offence"},
       true,
       false,
       5.125,
       "SELECT d1/150, d5/10, d4, d2, count(*) FROM record "
       "GROUP BY 1, 2, 3, 4"},
      {"Q3_count",
       {"district", "band"},
       false,
       false,
       3,
       "SELECT d1/150, d5/10, count(*) FROM record GROUP BY 1, 2"},
      {"Q6",
       {"lsoa", "month"},
       false,
       false,
       3,
       "SELECT count(*) FROM record WHERE d1=77 AND d0=31"}};
  return *kQuestions;
}

class World {
 public:
  World(const std::string& folder, uint64_t rows) : rows_(rows) {
    catalogue_ = OrDie(IncidentCatalogue());
    path_ = folder + "/extract/incidents.db";
    if (!std::filesystem::exists(path_)) {
      const Stopwatch watch;
      const absl::Status written = WriteIncidents(folder, rows, *catalogue_);
      if (!written.ok()) Die(written);
      std::printf("extract of %llu rows written in %.1f s\n",
                  static_cast<unsigned long long>(rows), watch.Ms() / 1e3);
    }
    source_ = OrDie(SqliteSource::Open(path_, data_set(), catalogue_->digest));
    if (sqlite3_open_v2(path_.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr) !=
        SQLITE_OK) {
      Die(absl::InternalError(path_));
    }
  }
  ~World() { sqlite3_close_v2(db_); }

  const DataSet& data_set() const { return catalogue_->data_sets[0]; }
  const SqliteSource& source() const { return *source_; }
  uint64_t rows() const { return rows_; }
  const std::string& path() const { return path_; }
  void OpenDuckDb() { duckdb_ = OrDie(DuckDb::FromEnvironment(path_)); }
  DuckDb* duckdb() const { return duckdb_.get(); }

  std::string SnapshotPath() const {
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(path_).parent_path())) {
      if (absl::EndsWith(entry.path().string(), ".snapshot")) {
        return entry.path();
      }
    }
    return "";
  }
  Snapshot* snapshot() {
    if (snapshot_ == nullptr) {
      const absl::Status made = source_->MakeSnapshot();
      if (!made.ok()) Die(made);
      snapshot_ = OpenSnapshot();
    }
    return snapshot_.get();
  }
  std::unique_ptr<Snapshot> OpenSnapshot() const {
    const std::string path = SnapshotPath();
    SnapshotHead head;
    std::ifstream(path, std::ios::binary)
        .read(reinterpret_cast<char*>(&head), sizeof(head));
    return OrDie(Snapshot::Open(
        path,
        {reinterpret_cast<const char*>(head.extract), sizeof(head.extract)}));
  }

  void Rows(const std::string& sql,
            const std::function<void(sqlite3_stmt*)>& row) const {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) !=
        SQLITE_OK) {
      Die(absl::InternalError(sqlite3_errmsg(db_)));
    }
    while (sqlite3_step(statement) == SQLITE_ROW) row(statement);
    sqlite3_finalize(statement);
  }

 private:
  const uint64_t rows_;
  std::string path_;
  std::shared_ptr<const Catalogue> catalogue_;
  std::unique_ptr<SqliteSource> source_;
  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<DuckDb> duckdb_;
  sqlite3* db_ = nullptr;
};

// A question made ready to be worked out.
struct Ready {
  Plan plan;
  TableShape shape;
  ScanPlan scan;
};

Ready MakeReady(const World& world, const Question& question) {
  Query query;
  query.data_set = "incidents";
  query.purpose = "research";
  query.by = question.by;
  query.measures = {{Measure::Kind::kCount, ""}};
  if (question.sum) query.measures.push_back({Measure::Kind::kSum, "cost"});
  Ready ready;
  ready.plan = OrDie(MakePlan(world.data_set(), query));
  Refusal refusal;
  ready.shape = OrDie(world.source().Shape(ready.plan, &refusal));
  const v1::ExtractMeta& meta = world.source().meta();
  ready.scan = OrDie(MakeScanPlan(ready.plan, ready.shape, meta,
                                  [&meta](int at, const std::string& name) {
                                    return CodesAt(meta.dimension(at), name);
                                  }));
  ready.scan.time = 0;
  ready.scan.chosen.assign(kIncidentMonths, true);
  ready.scan.options.persons = question.persons;
  return ready;
}

// The number in the last column of each row, whatever it is of, summed up: a
// fast wrong answer is no answer. (Every cell is compared in the tests.)
int64_t CheckSum(const World& world, const std::string& sql) {
  int64_t sum = 0;
  world.Rows(sql, [&sum](sqlite3_stmt* row) {
    sum += sqlite3_column_int64(row, sqlite3_column_count(row) - 1);
  });
  return sum;
}

int64_t CheckSum(const Question& question, const FrequencyTable& table) {
  int64_t sum = 0;
  const TableShape& shape = table.shape;
  for (size_t c = 0; c < table.counts.size(); ++c) {
    bool finest = true;
    for (size_t a = 0; a < shape.axes.size(); ++a) {
      finest = finest && shape.at(c, a) != shape.axes[a].margin();
      finest = finest &&
               (shape.axes[a].variable != "young_knife" || shape.at(c, a) == 0);
    }
    if (!finest) continue;
    sum += question.name == std::string("Q3_persons") ? table.keyed_persons[c]
                                                      : table.counts[c];
  }
  return sum;
}

double ReadSpeed() {  // bytes a millisecond
  static const std::vector<uint64_t> kNumbers(size_t{1} << 26, 1);
  std::vector<double> speeds;
  for (int pass = 0; pass < 5; ++pass) {
    const CpuWatch watch;
    uint64_t sum[8] = {};
    for (size_t i = 0; i < kNumbers.size(); i += 8) {
      for (size_t k = 0; k < 8; ++k) sum[k] += kNumbers[i + k];
    }
    benchmark::DoNotOptimize(sum);
    speeds.push_back(static_cast<double>(kNumbers.size() * 8) / watch.Ms());
  }
  return Median(speeds);
}

double read_speed = 0;

void Ask(benchmark::State& state, World* world, const Question& question,
         int threads, bool yardstick) {
  Snapshot* const snapshot = world->snapshot();
  const Ready ready = MakeReady(*world, question);
  std::vector<double> ours, theirs, ducks;
  (void)TabulateSnapshot(snapshot, ready.scan, ready.shape, threads);
  for (auto _ : state) {
    const Stopwatch watch;
    const CpuWatch cpu;
    auto table = TabulateSnapshot(snapshot, ready.scan, ready.shape, threads);
    ours.push_back(cpu.Ms());
    state.SetIterationTime(watch.Ms() / 1e3);
    if (!table.ok()) Die(table.status());
    if (!yardstick) continue;
    const CpuWatch other;
    const int64_t want = CheckSum(*world, question.sql);
    theirs.push_back(other.Ms());
    const CpuWatch duck;
    if (world->duckdb() != nullptr) {
      const int64_t said = OrDie(world->duckdb()->SumOfLast(question.sql));
      ducks.push_back(duck.Ms() / 2);
      if (!question.sum && said != want) {
        Die(absl::InternalError(
            absl::StrCat(question.name, ": DuckDB answers otherwise")));
      }
    }
    const bool comparable = !question.sum && question.by[0] != "lsoa";
    if (comparable && CheckSum(question, *table) != want) {
      Die(absl::InternalError(
          absl::StrCat(question.name, ": another answer than SQLite's")));
    }
  }
  state.counters["cpu_ms"] = Median(ours);
  state.counters["limit"] =
      Median(ours) * read_speed /
      (question.bytes * static_cast<double>(world->rows()));
  if (!yardstick) return;
  state.counters["sqlite_ms"] = Median(theirs);
  state.counters["ratio"] = Median(ours) / Median(theirs);
  if (!ducks.empty()) {
    state.counters["duckdb"] = Median(ours) / Median(ducks);
  }
}

// Fifty crossings of two to four variables as the agent cuts them, one after
// another. SQLite does every tenth.
void ReleasePlan(benchmark::State& state, World* world) {
  const std::vector<std::string> names = {
      "district", "month", "offence", "weapon", "sex", "band", "ethnicity"};
  std::vector<Question> tables;
  for (size_t i = 0; tables.size() < 50; ++i) {
    Question table{"plan", {}, true, false, 0, ""};
    for (size_t k = 0; k < 2 + i % 3; ++k) {
      table.by.push_back(names[(i + k * (1 + i / 7 % 2)) % names.size()]);
    }
    for (std::string& by : table.by) {
      if (by == "district" && table.by.size() < 3) by = "ward";
    }
    tables.push_back(table);
  }
  const auto column = [](const std::string& by) -> std::string {
    if (by == "district") return "d1/150";
    if (by == "ward") return "d1/8";
    if (by == "month") return "d0";
    if (by == "offence") return "d2";
    if (by == "weapon") return "d3";
    if (by == "sex") return "d4";
    return by == "band" ? "d5/10" : "d6";
  };
  for (auto _ : state) {
    double ours = 0, ours_tenth = 0, theirs = 0;
    for (size_t t = 0; t < tables.size(); ++t) {
      const Ready ready = MakeReady(*world, tables[t]);
      const CpuWatch watch;
      const auto table =
          TabulateSnapshot(world->snapshot(), ready.scan, ready.shape, 1);
      const double ms = watch.Ms();
      if (!table.ok()) Die(table.status());
      ours += ms;
      if (t % 10 != 3) continue;
      ours_tenth += ms;
      std::string columns;
      for (const std::string& by : tables[t].by) {
        absl::StrAppend(&columns, column(by), ",");
      }
      const CpuWatch other;
      CheckSum(*world, absl::StrCat("SELECT ", columns,
                                    "count(*) FROM record GROUP BY ",
                                    columns.substr(0, columns.size() - 1)));
      theirs += other.Ms();
    }
    state.SetIterationTime(ours / 1e3);
    state.counters["plan_s"] = ours / 1e3;
    state.counters["ratio"] = ours_tenth / theirs;
  }
}

double Resident(const char* what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (absl::StartsWith(line, what)) {
      return std::atof(line.substr(line.find(':') + 1).c_str()) / 1024;
    }
  }
  return 0;
}

void Build(benchmark::State& state, World* world) {
  for (auto _ : state) {
    const Stopwatch watch;
    const CpuWatch cpu;
    const absl::Status made = world->source().MakeSnapshot();
    state.SetIterationTime(watch.Ms() / 1e3);
    if (!made.ok()) Die(made);
    state.counters["cpu_us_a_row"] =
        cpu.Ms() * 1e3 / static_cast<double>(world->rows());
  }
  state.counters["bytes_a_row"] =
      static_cast<double>(std::filesystem::file_size(world->SnapshotPath())) /
      static_cast<double>(world->rows());
  state.counters["extract_bytes_a_row"] =
      static_cast<double>(std::filesystem::file_size(world->path())) /
      static_cast<double>(world->rows());
}

// Opened and Q1 answered, the file first dropped from the page cache.
void OpenCold(benchmark::State& state, World* world) {
  const Ready ready = MakeReady(*world, Questions()[0]);
  for (auto _ : state) {
    const std::string path = world->SnapshotPath();
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    fdatasync(file);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
    const double before = Resident("RssAnon");
    const Stopwatch watch;
    const auto snapshot = world->OpenSnapshot();
    const auto table =
        TabulateSnapshot(snapshot.get(), ready.scan, ready.shape, 1);
    state.SetIterationTime(watch.Ms() / 1e3);
    if (!table.ok()) Die(table.status());
    state.counters["anonymous_mb"] = Resident("RssAnon") - before;
  }
}

// A trap that was found once: with PRAGMA temp_store=MEMORY a big GROUP BY
// leaves the allocator in a state in which the next scan took sixty times as
// long. The agent does not set it, and this shows whether something else does.
void AfterGroupBy(benchmark::State& state, World* world) {
  const Ready ready = MakeReady(*world, Questions()[0]);
  for (auto _ : state) {
    const auto time = [&] {
      const CpuWatch watch;
      const auto table =
          TabulateSnapshot(world->snapshot(), ready.scan, ready.shape, 1);
      if (!table.ok()) Die(table.status());
      return watch.Ms();
    };
    std::vector<double> before;
    for (int i = 0; i < 5; ++i) before.push_back(time());
    CheckSum(*world, "SELECT d1, d0, count(*) FROM record GROUP BY 1, 2");
    const double after = time();
    state.SetIterationTime(after / 1e3);
    state.counters["after_to_before"] = after / Median(before);
  }
}

void Register(World* world, int passes) {
  const auto add = [passes](const std::string& name, int times, auto body) {
    benchmark::RegisterBenchmark(name.c_str(), body)
        ->UseManualTime()
        ->Iterations(times == 0 ? passes : times)
        ->Unit(benchmark::kMillisecond);
  };
  add("build", 1, [world](benchmark::State& s) { Build(s, world); });
  add("open_cold", 0, [world](benchmark::State& s) { OpenCold(s, world); });
  for (const Question& question : Questions()) {
    if (question.by[0] == "lsoa") {
      // Now that nothing else can profit by it.
      add("index", 1, [world](benchmark::State& s) {
        for (auto _ : s) {
          const Stopwatch watch;
          world->Rows("CREATE INDEX IF NOT EXISTS bench ON record(d1, d0)",
                      [](sqlite3_stmt*) {});
          s.SetIterationTime(watch.Ms() / 1e3);
        }
      });
    }
    add(question.name, 0, [world, &question](benchmark::State& s) {
      Ask(s, world, question, 1, true);
    });
    add(absl::StrCat(question.name, "/threads:2"), 5,
        [world, &question](benchmark::State& s) {
          Ask(s, world, question, 2, false);
        });
  }
  add("plan_of_50", 1, [world](benchmark::State& s) { ReleasePlan(s, world); });
  add("after_group_by", 0,
      [world](benchmark::State& s) { AfterGroupBy(s, world); });
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: cairn-bench-scan FOLDER ROWS [PASSES] [--benchmark_..]"
                 "\nWrites an extract into FOLDER where there is none.\n");
    return 2;
  }
  const auto rows = static_cast<uint64_t>(std::atoll(argv[2]));
  cairn::World world(argv[1], rows);
  cairn::read_speed = cairn::ReadSpeed();
  std::printf("%llu rows; memory is read at %.1f GB/s by one thread\n",
              static_cast<unsigned long long>(rows), cairn::read_speed / 1e6);
  std::fflush(stdout);
  world.OpenDuckDb();
  std::fflush(stdout);
  cairn::Register(&world, argc > 3 ? std::max(1, std::atoi(argv[3])) : 5);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
