#include "core/audit/turn_audit.h"

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/ledger/log_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/audited_log.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
constexpr auto kLoss = absl::StatusCode::kDataLoss;
constexpr char kNext[] = "cairn.example.org/vru/agent/police/2027";

// Two logs of one owner: the example log, sealed, and the one that follows.
class TurnAuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/turn_audit_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    for (int i = 0; i < 100; ++i) old_.AddAnswered(absl::StrCat("q", i));
    old_.Add({"log.sealed", "", {{"next", kNext}}});
    old_.Publish();
    WriteOld("2026", old_);
    opening_.after = {ExampleLog::kOrigin, 301, RootOf(old_)};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::string RootOf(const AuditedLog& log) {
    TreeFrontier tree;
    for (const std::string& line : log.lines) tree.Append(LeafHash(line));
    return tree.Root();
  }
  std::string Folder(const std::string& name) { return folder_ + "/" + name; }
  void WriteOld(const std::string& name, const AuditedLog& log) {
    std::filesystem::remove_all(Folder(name));
    const auto writer = *LogFolderWriter::Create(Folder(name));
    for (const auto& [path, bytes] : log.files) {
      if (path == "checkpoint") continue;
      ASSERT_THAT(writer.Write(path, bytes), IsOk());
    }
    ASSERT_THAT(writer.Finish(log.files.at("checkpoint")), IsOk());
  }
  // The new log, with entries after its first.
  AuditedLog New(const std::vector<Entry>& more = {}) {
    AuditedLog log;
    log.Add(opening_.ToEntry());
    for (const Entry& entry : more) log.Add(entry);
    log.AddAnswered("new");
    log.Publish();
    const Checkpoint head{kNext, log.lines.size(), RootOf(log)};
    log.files["checkpoint"] = SignCheckpoint(head, key_)->Text();
    return log;
  }
  LogAudit Audit(const AuditedLog& log, const std::string& sealed,
                 std::vector<std::string> before = {}) {
    LogToAudit to_audit;
    to_audit.files = &log;
    to_audit.where = "memory";
    to_audit.before = std::move(before);
    to_audit.sealed = sealed;
    AuditKeys keys;
    keys.logs = {key_.verifier(), old_.log_key.verifier()};
    return AuditLog(to_audit, keys, [](const ParsedEntry&) {});
  }

  std::string folder_;
  AuditedLog old_;
  SigningKey key_ = *SigningKey::Generate(kNext, KeyRole::kLog);
  LogOpening opening_{key_.verifier(), {}, "", {}};
};

TEST_F(TurnAuditTest, ASealedLogSaysSoAndHasNoEntryAfterIt) {
  AuditKeys keys = old_.Keys();
  EXPECT_THAT(old_.Audit(keys).Text(),
              AllOf(HasSubstr("sealed"), HasSubstr("entry 300"),
                    HasSubstr(kNext), Not(HasSubstr("FAIL"))));
  old_.Add({"node.started", "", {}});
  old_.Publish();
  const LogAudit audit = old_.Audit(keys);
  EXPECT_THAT(audit.flaw,
              StatusIs(kLoss, HasSubstr("entry 301 stands after entry 300")));
  EXPECT_THAT(audit.Text(), HasSubstr("does NOT hold"));
}

TEST_F(TurnAuditTest, SaysWhichLogItFollowsAndThatTheyJoin) {
  EXPECT_THAT(Audit(New(), "").Text(),
              AllOf(HasSubstr(ExampleLog::kOrigin), HasSubstr("--before"),
                    HasSubstr("301 entries"), Not(HasSubstr("FAIL"))));
  for (const LogAudit& audit :
       {Audit(New(), folder_), Audit(New(), "", {Folder("2026")})}) {
    EXPECT_THAT(audit.flaw, IsOk());
    EXPECT_THAT(audit.Text(), AllOf(HasSubstr("ok    follows"),
                                    HasSubstr("signed by its key")));
  }
}

TEST_F(TurnAuditTest, ALogBeforeThatIsAnotherOrShorterOrNotSealedIsAFlaw) {
  const auto fails = [&](const std::string& why) {
    const LogAudit audit = Audit(New(), folder_);
    EXPECT_THAT(audit.flaw, StatusIs(kLoss, HasSubstr(why)));
    EXPECT_THAT(audit.Text(), HasSubstr("FAIL  follows"));
  };
  AuditedLog other = old_;
  other.lines.erase(other.lines.begin(), other.lines.end());
  for (int i = 0; i < 100; ++i) other.AddAnswered(absl::StrCat("r", i));
  other.Add({"log.sealed", "", {{"next", kNext}}});
  other.Publish();
  WriteOld("2026", other);
  fails("another root");

  AuditedLog shorter = old_;
  shorter.lines.pop_back();
  shorter.Publish();
  WriteOld("2026", shorter);
  fails("has 300");

  // The owner opens a new log after one that was not sealed, or for another.
  opening_.after = {ExampleLog::kOrigin, 300, RootOf(shorter)};
  fails("does not end with a log.sealed");
  AuditedLog for_other = shorter;
  for_other.Add({"log.sealed", "", {{"next", "cairn.example.org/x"}}});
  for_other.Publish();
  WriteOld("2026", for_other);
  opening_.after = {ExampleLog::kOrigin, 301, RootOf(for_other)};
  fails("does not end with a log.sealed");

  // The entries are not those of the folder's own checkpoint.
  AuditedLog altered = old_;
  altered.lines[5] = EntryLine({"node.started", "", {}}, 5, 1'795'298'405'000);
  altered.Publish();
  altered.files["checkpoint"] = old_.files["checkpoint"];
  WriteOld("2026", altered);
  opening_.after = {ExampleLog::kOrigin, 301, RootOf(old_)};
  fails("");

  // Signed by another key than the auditor has.
  AuditedLog forged = old_;
  forged.log_key = *SigningKey::Generate(ExampleLog::kOrigin, KeyRole::kLog);
  forged.Publish();
  WriteOld("2026", forged);
  fails("not signed by the key");
}

TEST_F(TurnAuditTest, AnOpeningInTheMiddleIsAFlaw) {
  const LogAudit audit = Audit(New({opening_.ToEntry()}), folder_);
  EXPECT_THAT(audit.flaw, StatusIs(kLoss, HasSubstr("entry 1 is log.opened")));
}

TEST_F(TurnAuditTest, ALogThatWasGivenUpIsNamedAsSuch) {
  AuditedLog lost = old_;
  lost.lines.resize(200);
  lost.Publish();
  const Checkpoint whole{ExampleLog::kOrigin, 200, RootOf(lost)};
  Note note{whole.Text(), {}};
  note.Put(
      {key_.verifier().name(), key_.verifier().id(), key_.Sign(note.text)});
  lost.files["checkpoint"] = note.Text();
  WriteOld("2026", lost);
  opening_.after = whole;
  opening_.reason = "restored_backup";
  opening_.witnessed = {ExampleLog::kOrigin, 301, RootOf(old_)};
  const LogAudit audit = Audit(New(), folder_);
  EXPECT_THAT(audit.flaw, IsOk());
  EXPECT_THAT(audit.Text(),
              AllOf(HasSubstr("given up with 200 entries"),
                    HasSubstr("restored_backup"), HasSubstr("301 entries")));
}

// What persons decide in January about a question of December.
TEST_F(TurnAuditTest, ADecisionMayStandInTheNextYear) {
  const std::vector<Entry> later = {{"approval.given", "old", {}},
                                    {"query.abandoned", "old", {}}};
  EXPECT_THAT(Audit(New(later), folder_).flaw, IsOk());
  EXPECT_THAT(Audit(New({{"answer.released", "old", {}}}), folder_).flaw,
              StatusIs(kLoss, HasSubstr("never received before")));
  AuditedLog first;
  first.Add(later[0]);
  first.Publish();
  EXPECT_THAT(first.Audit(first.Keys()).flaw,
              StatusIs(kLoss, HasSubstr("never received before")));
}

}  // namespace
}  // namespace cairn
