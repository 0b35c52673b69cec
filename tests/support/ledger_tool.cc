// A log as the product makes it, and the product's own verdict on one, for
// tests that hold both against other implementations.
//
//   ledger_tool make FOLDER ENTRIES    FOLDER/log (the export), FOLDER/kept (a
//       checkpoint at half the size), FOLDER/receipts/N and FOLDER/entries/N;
//       prints the two vkeys, the log's and the witness's, a line each
//   ledger_tool forge FOLDER LINES KEY_FILE
//       the export of a log of just these lines, signed with this secret key:
//       what its owner could make of it
//   ledger_tool verify FOLDER LOG_VKEY WITNESS_VKEY [KEPT ..]
//       exits 0, or 1 with what is wrong on stderr
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/ledger/ledger.h"
#include "core/ledger/verify_log.h"
#include "core/ledger/witness.h"

namespace cairn {
namespace {

constexpr char kOrigin[] = "cairn.example.org/vru/agent/police/2026";

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status().message() << "\n";
  std::exit(1);
}
void Must(const absl::Status& status) {
  if (!status.ok()) Must(absl::StatusOr<int>(status));
}

class MemoryStore : public LedgerStore {
 public:
  absl::StatusOr<uint64_t> Size() override { return lines_.size(); }
  absl::Status Commit(absl::FunctionRef<absl::Status()> body) override {
    return body();
  }
  absl::Status Append(const std::vector<Line>& lines,
                      absl::FunctionRef<absl::Status()> same_commit) override {
    lines_.insert(lines_.end(), lines.begin(), lines.end());
    return same_commit();
  }
  absl::Status Read(
      uint64_t from, uint64_t to,
      absl::FunctionRef<absl::Status(const Line&)> each) override {
    for (uint64_t i = from; i < to && i < lines_.size(); ++i) {
      const absl::Status seen = each(lines_[i]);
      if (!seen.ok()) return seen;
    }
    return absl::OkStatus();
  }

 private:
  std::vector<Line> lines_;
};

class MemoryWitnessStore : public WitnessStore {
 public:
  absl::StatusOr<std::optional<WitnessedState>> Load(
      const std::string&) override {
    return state_;
  }
  absl::StatusOr<bool> CompareAndSwap(const std::string&,
                                      const std::optional<WitnessedState>&,
                                      const WitnessedState& next) override {
    state_ = next;
    return true;
  }

 private:
  std::optional<WitnessedState> state_;
};

void WriteFile(const std::string& path, const std::string& bytes) {
  std::filesystem::create_directories(
      std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

Entry Question(uint64_t i) {
  static const char* const kTypes[] = {"query.received", "query.admitted",
                                       "answer.released"};
  Entry entry{kTypes[i % 3], absl::StrCat("q", i / 3), {}};
  entry.fields["cells"] = static_cast<int64_t>(i % 23) - 3;
  entry.fields["purpose"] = i % 3 == 0 ? "P3 \"\\\n tŷ" : "P1";
  return entry;
}

void Make(const std::string& folder, uint64_t entries) {
  const SystemClock clock;
  MemoryStore store;
  MemoryWitnessStore witness_store;
  const auto ledger = Must(Ledger::Open(&store, &clock));
  const SigningKey log = Must(SigningKey::Generate(kOrigin, KeyRole::kLog));
  const SigningKey key =
      Must(SigningKey::Generate("council.example.org/w", KeyRole::kWitness));
  const auto witness =
      Must(Witness::Create(key, {log.verifier()}, &witness_store, &clock));
  uint64_t cosigned = 0;
  const auto signed_now = [&] {
    SignedCheckpoint checkpoint = Must(ledger->Sign(log));
    const WitnessAnswer answer = Must(witness->Add(
        {cosigned, Must(ledger->ProveConsistency(cosigned, ledger->size())),
         checkpoint.Text()}));
    checkpoint.Put(Must(ParseSignatureLine(answer.signature_line)));
    cosigned = ledger->size();
    return checkpoint;
  };
  while (ledger->size() < entries / 2) {
    Must(ledger->Append(Question(ledger->size())));
  }
  WriteFile(folder + "/kept", signed_now().Text());
  while (ledger->size() < entries) {
    Must(ledger->Append(Question(ledger->size())));
  }
  const SignedCheckpoint checkpoint = signed_now();
  Must(ledger->Export(checkpoint,
                      Must(LogFolderWriter::Create(folder + "/log"))));
  for (uint64_t i = 0; i < entries; i += 1 + entries / 50) {
    WriteFile(absl::StrCat(folder, "/receipts/", i),
              Must(ledger->ProveEntry(i, checkpoint)).Text());
    Must(store.Read(i, i + 1, [&](const LedgerStore::Line& line) {
      WriteFile(absl::StrCat(folder, "/entries/", i), line.text);
      return absl::OkStatus();
    }));
  }
  std::cout << log.verifier().Text() << "\n" << key.verifier().Text() << "\n";
}

void Verify(int argc, char** argv) {
  LogExpectation expected{Must(VerifierKey::Parse(argv[3])),
                          {Must(VerifierKey::Parse(argv[4]))},
                          {}};
  for (int i = 5; i < argc; ++i) expected.kept.push_back(ReadFile(argv[i]));
  const VerifiedLog log = Must(VerifyLog(LogFolder(argv[2]), expected));
  std::cout << log.checkpoint.checkpoint().size << " entries verified\n";
}

void Forge(const std::string& folder, const std::string& lines,
           const std::string& key_file) {
  const LogFolderWriter writer = Must(LogFolderWriter::Create(folder));
  TileWriter tiles([&](const std::string& path, const std::string& bytes) {
    return writer.Write(path, bytes);
  });
  std::istringstream text(ReadFile(lines));
  for (std::string line; std::getline(text, line);) Must(tiles.Append(line));
  Must(tiles.Finish());
  std::string secret = ReadFile(key_file);
  while (!secret.empty() && secret.back() == '\n') secret.pop_back();
  const SigningKey key = Must(SigningKey::Parse(secret));
  Must(writer.Finish(
      Must(SignCheckpoint({key.verifier().name(), tiles.size(), tiles.Root()},
                          key))
          .Text()));
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  const std::string command = argc > 3 ? argv[1] : "";
  if (command == "make") {
    cairn::Make(argv[2], std::stoull(argv[3]));
  } else if (command == "forge" && argc == 5) {
    cairn::Forge(argv[2], argv[3], argv[4]);
  } else if (command == "verify" && argc > 4) {
    cairn::Verify(argc, argv);
  } else {
    return 2;
  }
}
