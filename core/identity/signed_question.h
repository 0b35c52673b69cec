#ifndef CAIRN_CORE_IDENTITY_SIGNED_QUESTION_H_
#define CAIRN_CORE_IDENTITY_SIGNED_QUESTION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/identity/distrust.h"
#include "core/identity/dsse.h"
#include "core/identity/person.h"

namespace cairn {

// A question as its asker signed it. A coordinator carries it; what an agency
// runs are these bytes and no others, so that a coordinator can neither forge a
// question, nor alter, repeat or widen one.
//
//   cairn          signs the statement (DSSE, core/identity/dsse.h)
//   coordinator    passes envelope and certificate on as they came
//   agent          VerifyQuestion -> runs `query`; spends the nonce in the
//                  commit that logs query.received
//
//   {"v":1,"partnership":"riverside","asker":"p-4821",
//    "audience":["riverside-police","st-marys-ed"],"nonce":"<32 hex>",
//    "issued":1795298400,"expires":1795299300,"purpose":"needs_assessment",
//    "agreements":["<64 hex>"],"query":"<base64 of the query's bytes>"}
struct SignedQuestion {
  std::string partnership;
  std::string asker;                  // a person's id
  std::vector<std::string> audience;  // agencies, ascending, each once
  std::string nonce;                  // 16 bytes
  absl::Time issued;                  // whole seconds
  absl::Time expires;
  std::string purpose;
  std::vector<std::string> agreements;  // SHA-256, hex: those the asker saw
  std::string query;                    // v1.Query, exactly as it is run
};

inline constexpr char kQuestionType[] =
    "application/vnd.cairn.question.v1+json";
inline constexpr size_t kNonceBytes = 16;
inline constexpr size_t kMaxAudience = 200;
// A question that is asked now. One that is kept for later is signed when it is
// sent.
inline constexpr absl::Duration kLongestQuestion = absl::Minutes(15);

// The statement of a question, signed. INVALID_ARGUMENT: a name that is not of
// lower-case letters, digits, '-', '_' and '.'; no audience, or one that is not
// ascending; a nonce of another length; a time longer than kLongestQuestion; or
// more than fits into an envelope.
absl::StatusOr<std::string> SignQuestion(const SecretKey& key,
                                         const SignedQuestion& question);

// Which questions were asked before. Kept in the agent's database, so that it
// survives a restart.
class NonceMemory {
 public:
  virtual ~NonceMemory() = default;
  // True if the nonce was spent, or if so much was forgotten that nobody can
  // say: a question that expires no later than the latest one forgotten.
  virtual absl::StatusOr<bool> Spent(absl::string_view asker,
                                     absl::string_view nonce,
                                     absl::Time expires) const = 0;
};

// What a question is held against.
struct QuestionTrust {
  PeopleTrust people;
  std::string agency;     // who is asked here
  std::string agreement;  // SHA-256 of the one in force, hex; empty: none is
  const NonceMemory* nonces = nullptr;
};

struct VerifiedQuestion {
  SignedQuestion question;
  Person asker;
  std::string digest;  // SHA-256 of the statement's bytes: names the question
};

// Checks, in this order: form, the person's certificate, role, signature,
// partnership, asker, audience, time, agreement, nonce. Writes nothing: the
// caller spends the nonce. A nonce memory that fails is an error of the status,
// and the question is not to be run.
absl::StatusOr<Verdict<VerifiedQuestion>> VerifyQuestion(
    absl::string_view envelope, absl::string_view certificate,
    const QuestionTrust& trust, absl::Time now);

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_SIGNED_QUESTION_H_
