// cairn-bench-ledger FOLDER [ENTRIES]: the speed of a ledger in SQLite on the
// disk of FOLDER, which is made and must not be there. Prints a line a figure.
#include "core/ledger/ledger.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/agent.h"
#include "core/ledger/verify_log.h"
#include "core/store/sqlite_ledger_store.h"
#include "tests/bench/figures.h"

namespace cairn {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << "cairn-bench-ledger: " << value.status().message() << "\n";
  std::exit(1);
}
void Must(const absl::Status& status) {
  if (!status.ok()) Must(absl::StatusOr<int>(status));
}

void Print(const std::string& what, double figure, const std::string& unit) {
  std::cout << what << ": " << figure << " " << unit << "\n" << std::flush;
}

constexpr char kEpoch[] = "0123456789abcdef";
constexpr char kTable[] = "lad,month";

// Seconds of a core that this program has had: on a busy machine the clock on
// the wall says more about the others.
double CoreSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// What `work` takes on the wall and of a core.
template <typename Work>
void Time(const std::string& what, Work work) {
  const double core = CoreSeconds();
  const Stopwatch watch;
  work();
  const double seconds = watch.Ms() / 1000;
  Print(absl::StrCat(what, ", of one core"), CoreSeconds() - core, "s");
  Print(absl::StrCat(what, ", on the wall"), seconds, "s");
}

// Three entries a question, as an agent writes them.
Entry EntryOf(uint64_t i) {
  const std::string id = absl::StrCat("q-20261122-", i / 3);
  if (i % 3 == 0) {
    Entry entry{"query.received", id, {}};
    entry.fields["actor"] = "demo";
    entry.fields["purpose"] = "needs_assessment";
    entry.fields["data_set"] = "police_incidents";
    entry.fields["question_commit"] = std::string(64, 'a');
    return entry;
  }
  if (i % 3 == 1) {
    Entry entry{"query.admitted", id, {}};
    entry.fields["policy"] = std::string(64, 'b');
    return entry;
  }
  Entry entry{"answer.released", id, {}};
  entry.fields["answer_commit"] = std::string(64, 'c');
  entry.fields["cells_released"] = static_cast<int64_t>(i % 1000);
  entry.fields["cells_suppressed"] = static_cast<int64_t>(i % 7);
  entry.fields["epoch"] = kEpoch;
  entry.fields["table"] = kTable;
  entry.fields["receipts"] = std::string(64, 'd');
  entry.fields["measure"] = "count";
  return entry;
}

absl::Status Nothing() { return absl::OkStatus(); }

void AppendLeaves() {
  std::vector<std::string> lines;
  for (uint64_t i = 0; i < 1000; ++i) {
    lines.push_back(EntryLine(EntryOf(i), i, 1'795'298'400'000));
  }
  constexpr int kLeaves = 1'000'000;
  TreeFrontier tree;
  const double before = CoreSeconds();
  for (int i = 0; i < kLeaves; ++i) tree.Append(LeafHash(lines[i % 1000]));
  Print("leaves appended to a tree in memory",
        kLeaves / (CoreSeconds() - before), "a second of one core");
}

// Entries a second, `group` of them to a commit.
double Append(Ledger* ledger, uint64_t entries, uint64_t group) {
  const Stopwatch watch;
  for (uint64_t done = 0; done < entries; done += group) {
    std::vector<Entry> batch;
    for (uint64_t i = 0; i < group; ++i) batch.push_back(EntryOf(done + i));
    Must(ledger->Append(batch, Nothing));
  }
  return static_cast<double>(entries) / watch.Ms() * 1000;
}

// Entries a second of `callers` that each append one, and wait for it, at a
// time: they share commits.
double AppendAtOnce(Ledger* ledger, uint64_t callers, uint64_t each) {
  const Stopwatch watch;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < callers; ++t) {
    threads.emplace_back([=] {
      for (uint64_t i = 0; i < each; ++i) {
        Must(ledger->Append(EntryOf(t * each + i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(callers * each) / watch.Ms() * 1000;
}

// What an agent does before it answers: opens, hashes every entry anew, and
// holds what was released against what the ledger names.
void Start(const std::string& folder) {
  AgentSettings settings;
  settings.config.set_state_dir(folder);
  Time("an agent's start", [&] { Must(OpenAgentState(settings)); });
}

void Run(const std::string& folder, uint64_t entries) {
  AppendLeaves();
  std::filesystem::create_directory(folder);
  const SystemClock clock;
  const auto database = Must(Database::Open(absl::StrCat(folder, "/agent.db"),
                                            Database::Mode::kDurable));
  const auto store = Must(SqliteLedgerStore::Create(database.get()));
  auto ledger = Must(Ledger::Open(store.get(), &clock));
  // Alone before and after, for a disk is not the same from second to second.
  double alone = Append(ledger.get(), 300, 1);
  const double grouped = Append(ledger.get(), 64 * 100, 64);
  const double at_once = AppendAtOnce(ledger.get(), 256, 100);
  alone = (alone + Append(ledger.get(), 300, 1)) / 2;
  Print("durable entries, one to a commit", alone, "a second");
  Print("durable entries, 64 to a commit", grouped, "a second");
  Print("  against one to a commit", grouped / alone, "x");
  Print("durable entries, 256 callers at once", at_once, "a second");
  Print("  against one to a commit", at_once / alone, "x");
  Append(ledger.get(), entries - ledger->size() - entries % 1000, 1000);

  const Stopwatch opening;
  ledger = Must(Ledger::Open(store.get(), &clock));
  Print(absl::StrCat("opening, ", ledger->size(), " entries"), opening.Ms(),
        "ms");
  Time("verifying the database", [&] { Must(ledger->Verify()); });
  {
    const auto releases = Must(ReleaseStore::Create(database.get()));
    auto insert = Must(database->Prepare(
        "INSERT INTO release(data_set, epoch, measure, table_key, bytes) "
        "VALUES('police_incidents', ?1, 'count', ?2, x'')"));
    insert.BindText(1, kEpoch);
    insert.BindText(2, kTable);
    Must(insert.Run());
  }
  Start(folder);
  const SigningKey key = Must(SigningKey::Generate("bench", KeyRole::kLog));
  const SignedCheckpoint checkpoint = Must(ledger->Sign(key));
  std::vector<double> proofs;
  for (uint64_t i = 0; i < 1000; ++i) {
    const Stopwatch watch;
    Must(ledger->ProveEntry(i * 7919 % ledger->size(), checkpoint));
    proofs.push_back(watch.Ms());
  }
  Print("a receipt, median", Median(proofs), "ms");
  Print("a receipt, 99 of 100", Quantile(proofs, 0.99), "ms");
  Time("exporting", [&] {
    Must(ledger->Export(checkpoint,
                        Must(LogFolderWriter::Create(folder + "/export"))));
  });
  Time("verifying the export", [&] {
    Must(VerifyLog(LogFolder(folder + "/export"), {key.verifier(), {}, {}}));
  });
  std::cout << "key of the export: " << key.verifier().Text() << "\n";
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: cairn-bench-ledger FOLDER [ENTRIES]\n";
    return 2;
  }
  cairn::Run(argv[1], argc > 2 ? std::stoull(argv[2]) : 1'000'000);
}
