#include "core/ledger/turn.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/ledger/merkle.h"
#include "core/ledger/origin.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

constexpr char kOld[] = "cairn.example.org/vru/agent/police/2026";
constexpr char kNew[] = "cairn.example.org/vru/agent/police/2027";

SigningKey KeyOf(const char* name) {
  return *SigningKey::Generate(name, KeyRole::kLog);
}

// The files of a log in memory.
class Files : public LogReader {
 public:
  explicit Files(const std::vector<std::string>& entries)
      : writer_([this](const std::string& path, std::string bytes) {
          files_[path] = std::move(bytes);
          return absl::OkStatus();
        }) {
    for (const std::string& entry : entries) {
      EXPECT_THAT(writer_.Append(entry), IsOk());
    }
    EXPECT_THAT(writer_.Finish(), IsOk());
  }
  void Sign(const SigningKey& key) {
    files_["checkpoint"] =
        SignCheckpoint({key.verifier().name(), writer_.size(), writer_.Root()},
                       key)
            ->Text();
  }
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    const auto found = files_.find(path);
    if (found != files_.end()) return found->second;
    return absl::NotFoundError(path);
  }
  std::string Root() const { return writer_.Root(); }

 private:
  std::map<std::string, std::string> files_;
  TileWriter writer_;
};

std::vector<std::string> Entries(size_t count) {
  std::vector<std::string> entries;
  for (size_t i = 0; i < count; ++i) {
    entries.push_back(absl::StrCat("entry ", i));
  }
  return entries;
}

// RFC 6962, section 2.1, word for word.
std::string RootOf(const std::vector<std::string>& entries, size_t from,
                   size_t to) {
  if (from == to) return EmptyRoot();
  if (to - from == 1) return LeafHash(entries[from]);
  size_t left = 1;
  while (left * 2 < to - from) left *= 2;
  return NodeHash(RootOf(entries, from, from + left),
                  RootOf(entries, from + left, to));
}

TEST(Turn, TheNextKeyIsVouchedForByTheOneBeforeAndByNoOther) {
  const SigningKey old = KeyOf(kOld), next = KeyOf(kNew), other = KeyOf(kOld);
  const std::string signature = SignRotation(old, next.verifier());
  EXPECT_THAT(CheckRotation(old.verifier(), next.verifier(), signature),
              IsOk());
  EXPECT_FALSE(
      CheckRotation(other.verifier(), next.verifier(), signature).ok());
  EXPECT_FALSE(
      CheckRotation(old.verifier(), KeyOf(kNew).verifier(), signature).ok());
  EXPECT_FALSE(CheckRotation(old.verifier(), next.verifier(), "").ok());
  // What is signed for a turn is no checkpoint, whatever is put before it.
  const std::string text = RotationText(old.verifier(), next.verifier());
  EXPECT_FALSE(ParseCheckpointText(text).ok());
}

TEST(Turn, TheFirstEntrySaysWhatCameBefore) {
  LogOpening opening{
      KeyOf(kNew).verifier(), {kOld, 300, LeafHash("root")}, "", {}};
  for (const char* reason : {"", "restored_backup"}) {
    opening.reason = reason;
    if (*reason != 0) opening.witnessed = {kOld, 400, LeafHash("seen")};
    const Entry entry = opening.ToEntry();
    ASSERT_THAT(CheckEntry(entry), IsOk());
    const auto read = ReadOpeningLine(EntryLine(entry, 0, 1));
    ASSERT_THAT(read, IsOk());
    ASSERT_TRUE(read->has_value());
    EXPECT_EQ((*read)->log.Text(), opening.log.Text());
    EXPECT_EQ((*read)->after.Text(), opening.after.Text());
    EXPECT_EQ((*read)->reason, reason);
    EXPECT_EQ((*read)->witnessed.has_value(), *reason != 0);
  }
  EXPECT_FALSE(ReadOpening({"node.started", "", {}})->has_value());
  for (const char* field : {"log", "after", "after_size", "after_root"}) {
    Entry entry = opening.ToEntry();
    entry.fields.erase(field);
    EXPECT_FALSE(ReadOpening(entry).ok()) << field;
    entry.fields[field] = std::string("x");
    if (std::string(field) != "after") {
      EXPECT_FALSE(ReadOpening(entry).ok()) << field;
    }
  }
}

TEST(Turn, JoinsOnlyTheWholeOfTheLogBefore) {
  const SigningKey old = KeyOf(kOld);
  Files files(Entries(300));
  files.Sign(old);
  const LogOpening opening{
      KeyOf(kNew).verifier(), {kOld, 300, files.Root()}, "", {}};
  EXPECT_THAT(CheckJoin(opening, files), IsOk());
  Files shorter(Entries(299));
  shorter.Sign(old);
  EXPECT_THAT(CheckJoin(opening, shorter).message(), HasSubstr("299"));
  std::vector<std::string> entries = Entries(300);
  entries[7] = "other";
  Files other(entries);
  other.Sign(old);
  EXPECT_THAT(CheckJoin(opening, other).message(), HasSubstr("another root"));
  Files of_other_log(Entries(300));
  of_other_log.Sign(KeyOf(kNew));
  EXPECT_EQ(CheckJoin(opening, of_other_log).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(CheckJoin(opening, Files({})).code(), absl::StatusCode::kNotFound);
}

TEST(Turn, TheRootOfAnyBeginningIsThatOfTheRfc) {
  const std::vector<std::string> entries = Entries(600);
  const Files files(entries);
  for (const size_t size : {1u, 2u, 255u, 256u, 257u, 511u, 512u, 599u, 600u}) {
    const auto root = RootOfFirst(files, size, 600);
    ASSERT_THAT(root, IsOk());
    EXPECT_EQ(absl::BytesToHexString(*root),
              absl::BytesToHexString(RootOf(entries, 0, size)));
  }
  EXPECT_FALSE(RootOfFirst(files, 601, 600).ok());
}

TEST(Turn, EditionsAreInTheOrderOfTheirYearsAndRestarts) {
  const LogOwner police{"example.org", "vru", "police"};
  const std::vector<std::string> order = {
      police.Origin(2025), police.Origin(2026), police.Origin(2026, 2),
      police.Origin(2026, 10), police.Origin(2027)};
  for (size_t i = 0; i < order.size(); ++i) {
    for (size_t j = 0; j < order.size(); ++j) {
      EXPECT_EQ(IsLaterEdition(order[i], order[j]), i > j);
    }
  }
  EXPECT_EQ(*NextRestart(police, order[1]), order[2]);
  EXPECT_EQ(*NextRestart(police, order[2]), police.Origin(2026, 3));
  EXPECT_EQ(YearOf(order[3]), 2026);
}

}  // namespace
}  // namespace cairn
