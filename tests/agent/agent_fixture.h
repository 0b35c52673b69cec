#ifndef CAIRN_TESTS_AGENT_AGENT_FIXTURE_H_
#define CAIRN_TESTS_AGENT_AGENT_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/answerer.h"
#include "agent/ask_book.h"
#include "core/base/clock.h"
#include "core/store/sqlite_ledger_store.h"
#include "tests/agent/load_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {

// The real store, that fails when a line with this word in it comes.
class FailingStore : public LedgerStore {
 public:
  explicit FailingStore(LedgerStore* inner) : inner_(inner) {}

  absl::StatusOr<uint64_t> Size() override { return inner_->Size(); }
  absl::Status Commit(absl::FunctionRef<absl::Status()> body) override {
    return inner_->Commit(body);
  }
  // Fails as late as it can: with everything written but the commit.
  absl::Status Append(const std::vector<Line>& lines,
                      absl::FunctionRef<absl::Status()> same_commit) override {
    bool fail = false;
    for (const Line& line : lines) {
      fail = fail ||
             (!fail_at.empty() && line.text.find(fail_at) != std::string::npos);
    }
    return inner_->Append(lines, [&]() -> absl::Status {
      const absl::Status written = same_commit();
      return fail ? absl::ResourceExhaustedError("disk full") : written;
    });
  }
  absl::Status Read(
      uint64_t from, uint64_t to,
      absl::FunctionRef<absl::Status(const Line&)> each) override {
    return inner_->Read(from, to, each);
  }

  std::string fail_at;

 private:
  LedgerStore* const inner_;
};

// An agency with the events of LoadTest, its ledger on the disk, and an
// answerer that can be stopped and started as its program would be.
class AgentTest : public LoadTest {
 protected:
  void SetUp() override {
    LoadTest::SetUp();
    settings_.config.set_agency("police");
    settings_.config.set_state_dir(folder_ + "/state");
    settings_.catalogue = catalogue_;
    settings_.config.add_source()->set_data_set("events");
  }
  void TearDown() override {
    Stop();
    LoadTest::TearDown();
  }

  void Start() {
    auto database =
        Database::Open(settings_.DatabasePath(), Database::Mode::kDurable);
    ASSERT_THAT(database, IsOk());
    database_ = *std::move(database);
    sqlite_ = *SqliteLedgerStore::Create(database_.get());
    store_ = std::make_unique<FailingStore>(sqlite_.get());
    ledger_ = *Ledger::Open(store_.get(), &clock_);
    releases_ = *ReleaseStore::Create(database_.get());
    asks_ =
        *AskBook::Create(database_.get(), releases_->commitments(), &clock_);
    answerer_ = std::make_unique<Answerer>(&settings_, ledger_.get(),
                                           releases_.get(), asks_.get());
  }
  void Stop() {
    answerer_.reset();
    asks_.reset();
    releases_.reset();
    ledger_.reset();
    store_.reset();
    sqlite_.reset();
    database_.reset();
  }
  std::string NewId() { return absl::StrCat("q", ++asked_); }
  void Restart() {
    Stop();
    Start();
  }

  AgentSettings settings_;
  // The machine's, and what a test adds to it.
  class ShiftedClock : public Clock {
   public:
    absl::Time Now() const override { return absl::Now() + shift; }
    absl::Duration shift = absl::ZeroDuration();
  };
  ShiftedClock clock_;
  int asked_ = 0;
  std::unique_ptr<Database> database_;
  std::unique_ptr<SqliteLedgerStore> sqlite_;
  std::unique_ptr<FailingStore> store_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<ReleaseStore> releases_;
  std::unique_ptr<AskBook> asks_;
  std::unique_ptr<Answerer> answerer_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_AGENT_AGENT_FIXTURE_H_
