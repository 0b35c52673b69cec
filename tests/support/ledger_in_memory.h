#ifndef CAIRN_TESTS_SUPPORT_LEDGER_IN_MEMORY_H_
#define CAIRN_TESTS_SUPPORT_LEDGER_IN_MEMORY_H_

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/clock.h"
#include "core/ledger/ledger.h"

namespace cairn {

// A real ledger over lines in memory, filled with questions. Two of one name
// begin with the same entries.
class LedgerInMemory {
 public:
  class StandingClock : public Clock {
   public:
    absl::Time Now() const override { return now; }
    absl::Time now = absl::FromUnixSeconds(1'795'298'500);
  };

  explicit LedgerInMemory(std::string name = "q") : name_(std::move(name)) {
    auto ledger = Ledger::Open(&store_, &clock);
    if (!ledger.ok()) std::abort();
    ledger_ = *std::move(ledger);
  }

  void Append(int entries) {
    for (int i = 0; i < entries; ++i) {
      Append({"query.received", absl::StrCat(name_, store_.lines.size()), {}});
    }
  }
  void Append(const Entry& entry) {
    if (!ledger_->Append(entry).ok()) std::abort();
  }

  Ledger* ledger() { return ledger_.get(); }
  const std::string& Line(uint64_t index) const {
    return store_.lines[index].text;
  }
  uint64_t size() const { return store_.lines.size(); }

  StandingClock clock;

 private:
  struct Store : LedgerStore {
    absl::StatusOr<uint64_t> Size() override { return lines.size(); }
    absl::Status Commit(absl::FunctionRef<absl::Status()> body) override {
      return body();
    }
    absl::Status Append(
        const std::vector<LedgerStore::Line>& added,
        absl::FunctionRef<absl::Status()> same_commit) override {
      const absl::Status inner = same_commit();
      if (inner.ok()) lines.insert(lines.end(), added.begin(), added.end());
      return inner;
    }
    absl::Status Read(uint64_t from, uint64_t to,
                      absl::FunctionRef<absl::Status(const LedgerStore::Line&)>
                          each) override {
      for (uint64_t i = from; i < to && i < lines.size(); ++i) {
        const absl::Status seen = each(lines[i]);
        if (!seen.ok()) return seen;
      }
      return absl::OkStatus();
    }
    std::vector<LedgerStore::Line> lines;
  };

  const std::string name_;
  Store store_;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_LEDGER_IN_MEMORY_H_
