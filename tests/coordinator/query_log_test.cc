#include "coordinator/query_log.h"

#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/clock.h"
#include "core/base/digest.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class QueryLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/query_log_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    Open();
  }
  void TearDown() override {
    log_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Open() {
    log_.reset();
    auto log = QueryLog::Open(Path(), &clock_);
    ASSERT_THAT(log, IsOk());
    log_ = *std::move(log);
  }
  std::string Path() const { return folder_ + "/coordinator.db"; }

  static QueryLog::Question Question(const std::string& id) {
    return {id,        "2026-11-22T10:00:00Z",
            "demo",    "research",
            "events",  "--from",
            "request", "query"};
  }
  static v1::Result Result(const std::string& id) {
    v1::Result result;
    result.set_query_id(id);
    result.add_agency()->set_outcome(v1::ANSWERED);
    return result;
  }
  // As another program sees the disk.
  std::vector<std::string> Rows(const std::string& sql) {
    auto other = *Database::Open(Path(), Database::Mode::kDurable);
    auto select = *other->Prepare(sql);
    std::vector<std::string> rows;
    while (*select.Step()) rows.push_back(select.Blob(0));
    return rows;
  }

  SystemClock clock_;
  std::string folder_;
  std::unique_ptr<QueryLog> log_;
};

TEST_F(QueryLogTest, EntriesCommitToQuestionAndResultWithASaltKeptBeside) {
  const auto logged = log_->Received(Question("q1"));
  ASSERT_THAT(logged, IsOk());
  ASSERT_THAT(log_->Answered("complete", Result("q1")), IsOk());
  const auto lines = Rows("SELECT line FROM entry ORDER BY seq");
  const auto salts = Rows("SELECT salt FROM commitment ORDER BY seq");
  ASSERT_EQ(lines.size(), 2u);
  ASSERT_EQ(salts.size(), 2u);
  EXPECT_EQ(logged->receipt.index, 0u);
  EXPECT_EQ(logged->receipt.entry_hash, LeafHash(lines[0]));
  EXPECT_EQ(logged->salt, salts[0]);
  EXPECT_THAT(lines[0], HasSubstr(absl::StrCat(
                            "\"question_commit\":\"",
                            Sha256Hex(absl::StrCat(salts[0], "query")), "\"")));
  EXPECT_EQ(Rows("SELECT bytes FROM commitment WHERE seq = 0")[0], "query");
  const std::string result = Rows("SELECT result FROM query")[0];
  EXPECT_THAT(lines[1], HasSubstr(absl::StrCat(
                            "\"answer_commit\":\"",
                            Sha256Hex(absl::StrCat(salts[1], result)), "\"")));
  for (const std::string& line : lines) {
    EXPECT_THAT(line, Not(HasSubstr(Sha256Hex("query"))));
    EXPECT_THAT(line, Not(HasSubstr(Sha256Hex("request"))));
    EXPECT_THAT(line, Not(HasSubstr(Sha256Hex(result))));
  }
}

TEST_F(QueryLogTest, ManyAtOnceAreAllThereWithTheirRowsAndReadWhileWritten) {
  constexpr int kThreads = 16, kRounds = 20;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string id = absl::StrCat("q-", t, "-", i);
        const auto logged = log_->Received(Question(id));
        ASSERT_THAT(logged, IsOk());
        EXPECT_THAT(log_->Fetch(id), StatusIs(absl::StatusCode::kNotFound));
        ASSERT_THAT(log_->Answered("complete", Result(id)), IsOk());
        EXPECT_THAT(log_->Fetch(id), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*log_->ledger()->Verify(), 2u * kThreads * kRounds);
  const auto history = log_->List("", 10'000);
  ASSERT_THAT(history, IsOk());
  EXPECT_EQ(history->item_size(), kThreads * kRounds);
}

TEST_F(QueryLogTest, ADiskWithoutRoomTakesNoQuestionAndSaysWhy) {
  ASSERT_EQ(setenv("CAIRN_DISK_RESERVE_MIB", "4000000000000", 1), 0);
  EXPECT_THAT(log_->Received(Question("q1")),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("takes no question now")));
  ASSERT_EQ(unsetenv("CAIRN_DISK_RESERVE_MIB"), 0);
  EXPECT_EQ(log_->ledger()->size(), 0u);
  EXPECT_THAT(log_->ledger()->broken(), IsOk());
  EXPECT_THAT(log_->Received(Question("q1")), IsOk());
}

// A second question under an id takes nobody with it.
TEST_F(QueryLogTest, AnIdIsUsedOnce) {
  ASSERT_THAT(log_->Received(Question("q1")), IsOk());
  EXPECT_THAT(log_->Received(Question("q1")),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(log_->Received(Question("q2")), IsOk());
  EXPECT_EQ(log_->ledger()->size(), 2u);
  EXPECT_EQ(Rows("SELECT salt FROM commitment").size(), 2u);
}

// What a reader of the log finds with nothing but splitting texts: agency ->
// the entry and hash that its receipt named.
std::map<std::string, std::string> PartsIn(
    const std::vector<std::string>& lines) {
  std::map<std::string, std::string> parts;
  const std::string kField = "\"agencies\":\"";
  for (const std::string& line : lines) {
    size_t at = line.find(kField);
    if (at == std::string::npos) continue;
    at += kField.size();
    const std::string text = line.substr(at, line.find('"', at) - at);
    for (const std::string& part :
         std::vector<std::string>(absl::StrSplit(text, ", "))) {
      const std::pair<std::string, std::string> words =
          absl::StrSplit(part, absl::MaxSplits(' ', 1));
      EXPECT_TRUE(parts.insert(words).second) << words.first;
    }
  }
  return parts;
}

v1::Result ResultOf(const std::string& id, int agencies) {
  v1::Result result;
  result.set_query_id(id);
  for (int i = 0; i < agencies; ++i) {
    auto* agency = result.add_agency();
    agency->set_agency(absl::StrCat("agency-", i));
    agency->set_outcome(i % 7 == 3 ? v1::SILENT : v1::ANSWERED);
    if (i % 7 == 3) continue;
    agency->mutable_receipt()->set_index(static_cast<uint64_t>(i) * 31);
    agency->mutable_receipt()->set_entry_hash(
        Sha256(absl::StrCat("entry of ", i)));
  }
  return result;
}

TEST_F(QueryLogTest, ThousandsOfAgenciesAreEachNamedOnceInAsManyEntries) {
  for (const int agencies : {0, 1, 179, 1000, 5000}) {
    const std::string id = absl::StrCat("q-", agencies);
    ASSERT_THAT(log_->Received(Question(id)), IsOk());
    const uint64_t before = log_->ledger()->size();
    const v1::Result result = ResultOf(id, agencies);
    ASSERT_THAT(log_->Answered("complete", result), IsOk());
    const auto lines = Rows(absl::StrCat(
        "SELECT line FROM entry WHERE seq >= ", before, " ORDER BY seq"));
    for (size_t i = 0; i < lines.size(); ++i) {
      EXPECT_LE(lines[i].size(), 16'384u);
      EXPECT_THAT(lines[i], HasSubstr(absl::StrCat("\"qid\":\"", id, "\"")));
      const bool last = i + 1 == lines.size();
      EXPECT_THAT(lines[i], HasSubstr(last ? "answer.merged" : "answer.parts"));
    }
    if (agencies < 180) {
      EXPECT_EQ(lines.size(), 1u);
    } else {
      EXPECT_GT(lines.size(), 1u);
    }
    const auto parts = PartsIn(lines);
    ASSERT_EQ(parts.size() - parts.count(""), static_cast<size_t>(agencies));
    for (int i = 0; i < agencies; ++i) {
      EXPECT_EQ(parts.at(absl::StrCat("agency-", i)),
                i % 7 == 3
                    ? "silent"
                    : absl::StrCat("answered ", i * 31, " ",
                                   Sha256Hex(absl::StrCat("entry of ", i))));
    }
    const auto kept = log_->Fetch(id);
    ASSERT_THAT(kept, IsOk());
    EXPECT_EQ(kept->agency_size(), agencies);
  }
  EXPECT_THAT(log_->ledger()->Verify(), IsOk());
}

// Full entries, as the format allows, and no second one before that.
TEST_F(QueryLogTest, AnAnswerHasASecondEntryOnlyWhenOneIsFull) {
  size_t longest = 0;
  bool split = false;
  for (int agencies = 150; agencies < 220; ++agencies) {
    const std::string id = absl::StrCat("q-", agencies);
    ASSERT_THAT(log_->Received(Question(id)), IsOk());
    const uint64_t before = log_->ledger()->size();
    ASSERT_THAT(log_->Answered("complete", ResultOf(id, agencies)), IsOk());
    const auto lines =
        Rows(absl::StrCat("SELECT line FROM entry WHERE seq >= ", before));
    if (lines.size() == 1) {
      EXPECT_FALSE(split);
      longest = lines[0].size();
    }
    split = split || lines.size() > 1;
  }
  EXPECT_TRUE(split);
  EXPECT_GT(longest, 16'384u - 130);  // one more part, at most 100 bytes
}

TEST_F(QueryLogTest, AnAnswerThatCannotBeKeptLeavesNoneOfItsEntries) {
  ASSERT_THAT(log_->Received(Question("q1")), IsOk());
  {
    auto other = *Database::Open(Path(), Database::Mode::kDurable);
    ASSERT_THAT(other->Execute("CREATE TRIGGER no BEFORE UPDATE ON query BEGIN "
                               "SELECT RAISE(ABORT, 'no'); END"),
                IsOk());
  }
  EXPECT_FALSE(log_->Answered("complete", ResultOf("q1", 1000)).ok());
  EXPECT_EQ(Rows("SELECT line FROM entry").size(), 1u);
  Open();
  ASSERT_THAT(log_->ledger()->Verify(), IsOk());
  EXPECT_EQ(log_->ledger()->size(), 1u);
}

TEST_F(QueryLogTest, WhatWasOpenWhenItStoppedIsClosedOnceAsAbandoned) {
  for (const char* id : {"q1", "q2", "q3"}) {
    ASSERT_THAT(log_->Received(Question(id)), IsOk());
  }
  ASSERT_THAT(log_->Answered("complete", Result("q2")), IsOk());
  for (int start = 0; start < 2; ++start) {
    Open();
    ASSERT_THAT(log_->CloseAbandoned(), IsOk());
    const auto lines = Rows("SELECT line FROM entry ORDER BY seq");
    ASSERT_EQ(lines.size(), 6u);
    EXPECT_THAT(lines[4], HasSubstr("query.abandoned\",\"qid\":\"q1\""));
    EXPECT_THAT(lines[5], HasSubstr("query.abandoned\",\"qid\":\"q3\""));
  }
  EXPECT_THAT(log_->Fetch("q1"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace cairn
