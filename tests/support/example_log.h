#ifndef CAIRN_TESTS_SUPPORT_EXAMPLE_LOG_H_
#define CAIRN_TESTS_SUPPORT_EXAMPLE_LOG_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/entry.h"
#include "core/ledger/tiles.h"
#include "core/ledger/verify_log.h"

namespace cairn {

// A log as an auditor gets it, in memory, and the same log in the hands of its
// owner: with the keys to sign whatever it is made into.
class ExampleLog : public LogReader {
 public:
  explicit ExampleLog(uint64_t entries) {
    for (uint64_t i = 0; i < entries; ++i) lines.push_back(Line(i));
    Publish();
  }

  // A question and its answer in turn, with some fields of both kinds.
  static std::string Line(uint64_t i) {
    const std::string query = absl::StrCat("q", i / 2);
    const int64_t time = 1'795'298'400'000 + static_cast<int64_t>(i) * 250;
    if (i % 2 == 0) {
      return EntryLine({"query.received", query, {{"purpose", "P3"}}}, i, time);
    }
    return EntryLine({"answer.released",
                      query,
                      {{"cells", static_cast<int64_t>(i % 19)},
                       {"commit", absl::StrCat("c", i * 7919)}}},
                     i, time);
  }

  // Makes tiles and bundles of the lines as they are and signs them.
  void Publish() {
    files.clear();
    TileWriter writer([this](const std::string& path, std::string bytes) {
      files[path] = std::move(bytes);
      return absl::OkStatus();
    });
    for (const std::string& line : lines) {
      const absl::Status appended = writer.Append(line);
      if (!appended.ok()) std::abort();
    }
    if (!writer.Finish().ok()) std::abort();
    SignedCheckpoint checkpoint =
        *SignCheckpoint({kOrigin, writer.size(), writer.Root()}, log_key);
    checkpoint.Put(*Cosign(checkpoint.note().text, witness_key,
                           absl::FromUnixSeconds(1'795'298'500)));
    files["checkpoint"] = checkpoint.Text();
  }

  absl::StatusOr<std::string> Read(const std::string& path) const override {
    const auto file = files.find(path);
    if (file == files.end()) return absl::NotFoundError(path);
    return file->second;
  }

  LogExpectation Expectation() const {
    return {log_key.verifier(), {witness_key.verifier()}, {}};
  }

  static constexpr char kOrigin[] = "cairn.example.org/vru/agent/police/2026";
  SigningKey log_key = *SigningKey::Generate(kOrigin, KeyRole::kLog);
  SigningKey witness_key =
      *SigningKey::Generate("cairn.example.org/vru/council", KeyRole::kWitness);
  std::vector<std::string> lines;
  std::map<std::string, std::string> files;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_EXAMPLE_LOG_H_
