// cairn-bench-ledger FOLDER [ENTRIES]: the speed of a ledger in SQLite on the
// disk of FOLDER, which is made and must not be there. Prints a line a figure.
#include "core/ledger/ledger.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
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

Entry Released(uint64_t i) {
  Entry entry{"answer.released", absl::StrCat("query-", i), {}};
  entry.fields["answer"] = std::string(64, 'a');
  entry.fields["cells"] = static_cast<int64_t>(i % 1000);
  entry.fields["cells_hidden"] = static_cast<int64_t>(i % 7);
  return entry;
}

absl::Status Nothing() { return absl::OkStatus(); }

void AppendLeaves() {
  std::vector<std::string> lines;
  for (uint64_t i = 0; i < 1000; ++i) {
    lines.push_back(EntryLine(Released(i), i, 1'795'298'400'000));
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
    for (uint64_t i = 0; i < group; ++i) batch.push_back(Released(done + i));
    Must(ledger->Append(batch, Nothing));
  }
  return static_cast<double>(entries) / watch.Ms() * 1000;
}

void Run(const std::string& folder, uint64_t entries) {
  AppendLeaves();
  std::filesystem::create_directory(folder);
  const SystemClock clock;
  const auto database = Must(Database::Open(absl::StrCat(folder, "/ledger.db"),
                                            Database::Mode::kDurable));
  const auto store = Must(SqliteLedgerStore::Create(database.get()));
  auto ledger = Must(Ledger::Open(store.get(), &clock));
  const double alone = Append(ledger.get(), 200, 1);
  const double grouped = Append(ledger.get(), 64 * 100, 64);
  Print("durable entries, one to a commit", alone, "a second");
  Print("durable entries, 64 to a commit", grouped, "a second");
  Print("  against one to a commit", grouped / alone, "x");
  Append(ledger.get(), entries - ledger->size() - entries % 1000, 1000);

  const Stopwatch opening;
  ledger = Must(Ledger::Open(store.get(), &clock));
  Print(absl::StrCat("opening, ", ledger->size(), " entries"), opening.Ms(),
        "ms");
  Time("verifying the database", [&] { Must(ledger->Verify()); });
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
