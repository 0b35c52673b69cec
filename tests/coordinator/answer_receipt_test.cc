#include "coordinator/answer_receipt.h"

#include <functional>
#include <string>
#include <vector>

#include "core/ledger/commitment.h"
#include "core/ledger/merkle.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/watched_log.h"

namespace cairn {
namespace {

// An agency that has answered two questions, in whose place a fake one speaks.
class AnswerReceiptTest : public ::testing::Test {
 protected:
  AnswerReceiptTest()
      : signer_(*LogSigner::Create(key_, log_.ledger(), &store_)) {
    log_.Append(4);
    answer_ = Answer("q1", "count");
    other_ = Answer("q2", "events");
  }

  v1::Answer Answer(const std::string& query_id, const std::string& data_set) {
    v1::Answer answer;
    answer.set_query_id(query_id);
    answer.mutable_tables()->add_table()->set_data_set(data_set);
    const Commitment commitment =
        Commitment::To(answer.tables().SerializeAsString());
    answer.mutable_receipt()->set_salt(commitment.salt);
    log_.Append(
        {"answer.released", query_id, {{"answer_commit", commitment.hash}}});
    Prove(&answer);
    return answer;
  }
  void Prove(v1::Answer* answer) {
    v1::Receipt* receipt = answer->mutable_receipt();
    receipt->set_index(log_.size() - 1);
    receipt->set_entry(log_.Line(receipt->index()));
    receipt->set_entry_hash(LeafHash(receipt->entry()));
    receipt->set_proof(signer_->Receipt(receipt->index())->Text());
  }
  absl::Status Check(const v1::Answer& answer) {
    return CheckAnswerReceipt(answer, {{key_.verifier()}, key_.verifier(), {}});
  }

  const SigningKey key_ = *SigningKey::Generate(
      "cairn.example.org/vru/agent/police/2026", KeyRole::kLog);
  LedgerInMemory log_;
  CheckpointsInMemory store_;
  std::unique_ptr<LogSigner> signer_;
  v1::Answer answer_, other_;
};

TEST_F(AnswerReceiptTest, HoldsForTheAnswerThatWasLogged) {
  EXPECT_THAT(Check(answer_), IsOk());
  EXPECT_THAT(Check(other_), IsOk());
  // Also as it comes over the wire.
  v1::Answer read;
  ASSERT_TRUE(read.ParseFromString(answer_.SerializeAsString()));
  EXPECT_THAT(Check(read), IsOk());
}

TEST_F(AnswerReceiptTest, IsRefusedForAnythingElse) {
  struct Flaw {
    const char* what;
    std::function<void(v1::Answer*)> make;
  };
  const std::vector<Flaw> flaws = {
      {"none", [](v1::Answer* a) { a->clear_receipt(); }},
      {"no proof", [](v1::Answer* a) { a->mutable_receipt()->clear_proof(); }},
      {"no entry", [](v1::Answer* a) { a->mutable_receipt()->clear_entry(); }},
      {"no salt", [](v1::Answer* a) { a->mutable_receipt()->clear_salt(); }},
      {"another table",
       [](v1::Answer* a) {
         a->mutable_tables()->mutable_table(0)->set_data_set("x");
       }},
      {"one table more",
       [](v1::Answer* a) { a->mutable_tables()->add_table(); }},
      {"another's tables",
       [this](v1::Answer* a) { *a->mutable_tables() = other_.tables(); }},
      {"another's receipt",
       [this](v1::Answer* a) { *a->mutable_receipt() = other_.receipt(); }},
      {"another's query id", [](v1::Answer* a) { a->set_query_id("q2"); }},
      {"another index",
       [](v1::Answer* a) { a->mutable_receipt()->set_index(3); }},
      {"another hash",
       [](v1::Answer* a) {
         (*a->mutable_receipt()->mutable_entry_hash())[0] ^= 1;
       }},
      {"another's proof",
       [this](v1::Answer* a) {
         a->mutable_receipt()->set_proof(other_.receipt().proof());
       }},
      {"an entry that is in no log",
       [](v1::Answer* a) {
         std::string* entry = a->mutable_receipt()->mutable_entry();
         entry->replace(entry->find("\"t\":1"), 5, "\"t\":2");
         a->mutable_receipt()->set_entry_hash(LeafHash(*entry));
       }},
      {"tables with a refusal's receipt",
       [this](v1::Answer* a) {
         log_.Append({"query.refused", "q1", {{"reason", "INVALID"}}});
         Prove(a);
       }},
      {"a refusal with an answer's receipt",
       [](v1::Answer* a) { a->mutable_refusal()->set_sentence("no"); }},
  };
  for (const Flaw& flaw : flaws) {
    v1::Answer bad = answer_;
    flaw.make(&bad);
    EXPECT_FALSE(Check(bad).ok()) << flaw.what;
  }
}

TEST_F(AnswerReceiptTest, IsRefusedUnderAnotherKey) {
  const SigningKey another =
      *SigningKey::Generate(key_.verifier().name(), KeyRole::kLog);
  EXPECT_FALSE(CheckAnswerReceipt(
                   answer_, {{another.verifier()}, another.verifier(), {}})
                   .ok());
}

TEST_F(AnswerReceiptTest, HoldsForARefusalThatWasLogged) {
  v1::Answer refusal;
  refusal.set_query_id("q3");
  refusal.mutable_refusal()->set_sentence("does not hold it");
  log_.Append({"query.refused", "q3", {{"reason", "NOT_HELD"}}});
  Prove(&refusal);
  EXPECT_THAT(Check(refusal), IsOk());
  refusal.set_query_id("q4");
  EXPECT_FALSE(Check(refusal).ok());
}

}  // namespace
}  // namespace cairn
