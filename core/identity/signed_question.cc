#include "core/identity/signed_question.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/identity/plain_json.h"
#include "core/ledger/strict_text.h"

namespace cairn {
namespace {

constexpr size_t kMaxName = 64;

absl::Status Bad(absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("this is not a signed question: ", why));
}

bool IsAscending(const std::vector<std::string>& names) {
  return std::adjacent_find(names.begin(), names.end(),
                            std::greater_equal<>()) == names.end();
}

bool IsDigest(absl::string_view text) {
  return text.size() == 64 &&
         text.find_first_not_of("0123456789abcdef") == absl::string_view::npos;
}

absl::Status CheckForm(const SignedQuestion& question) {
  for (const auto& [name, text] :
       {std::pair{"its partnership", &question.partnership},
        std::pair{"its asker", &question.asker},
        std::pair{"its purpose", &question.purpose}}) {
    if (!IsPersonId(*text)) return Bad(absl::StrCat(name, " is not a name"));
  }
  if (question.audience.empty() || question.audience.size() > kMaxAudience) {
    return Bad(absl::StrCat("it is for none or more than ", kMaxAudience,
                            " agencies"));
  }
  if (!std::all_of(question.audience.begin(), question.audience.end(),
                   [](const std::string& id) { return IsPersonId(id); }) ||
      !IsAscending(question.audience)) {
    return Bad("its audience is not a list of names in ascending order");
  }
  if (question.agreements.size() > kMaxAudience ||
      !std::all_of(question.agreements.begin(), question.agreements.end(),
                   IsDigest) ||
      !IsAscending(question.agreements)) {
    return Bad("its agreements are not a list of SHA-256 in ascending order");
  }
  if (question.nonce.size() != kNonceBytes) {
    return Bad("its nonce has not 16 bytes");
  }
  if (question.query.empty()) return Bad("it asks nothing");
  return absl::OkStatus();
}

absl::StatusOr<SignedQuestion> ReadQuestion(absl::string_view payload) {
  SignedQuestion question;
  int64_t version = 0, issued = 0, expires = 0;
  std::string nonce, query;
  CAIRN_RETURN_IF_ERROR(
      PlainReader(payload, "a signed question")
          .Integer("v", &version)
          .Text("partnership", kMaxName, &question.partnership)
          .Text("asker", kMaxName, &question.asker)
          .Texts("audience", kMaxAudience, kMaxName, &question.audience)
          .Text("nonce", 2 * kNonceBytes, &nonce)
          .Integer("issued", &issued)
          .Integer("expires", &expires)
          .Text("purpose", kMaxName, &question.purpose)
          .Texts("agreements", kMaxAudience, 64, &question.agreements)
          .Text("query", kMaxDsseBytes, &query)
          .Done());
  if (version != 1) return Bad("it is of a version this program does not know");
  question.nonce = absl::HexStringToBytes(nonce);
  if (Hex(question.nonce) != nonce) return Bad("its nonce is not in hex");
  std::optional<std::string> bytes = ReadBase64(query);
  if (!bytes.has_value()) return Bad("its query is not base64");
  question.query = *std::move(bytes);
  question.issued = absl::FromUnixSeconds(issued);
  question.expires = absl::FromUnixSeconds(expires);
  CAIRN_RETURN_IF_ERROR(CheckForm(question));
  return question;
}

using Doubt = std::optional<Distrusted>;

Doubt CheckPlace(const SignedQuestion& question, const Person& asker,
                 const QuestionTrust& trust) {
  if (question.partnership != trust.people.partnership) {
    return Distrusted{
        Distrust::kPartnership,
        absl::StrCat("the question was signed for ", question.partnership,
                     ", not for ", trust.people.partnership)};
  }
  if (question.asker != asker.id) {
    return Distrusted{Distrust::kSignature,
                      absl::StrCat("the question says that ", question.asker,
                                   " asks, but ", asker.id, " signed it")};
  }
  if (!std::binary_search(question.audience.begin(), question.audience.end(),
                          trust.agency)) {
    return Distrusted{
        Distrust::kAudience,
        absl::StrCat("the question was not signed for ", trust.agency)};
  }
  return std::nullopt;
}

Doubt CheckTime(const SignedQuestion& question, absl::Time now) {
  if (question.expires <= question.issued ||
      question.expires - question.issued > kLongestQuestion) {
    return Distrusted{Distrust::kTooLong,
                      "a question must be signed for at most 15 minutes"};
  }
  if (question.issued > now + kClockSkew) {
    return Distrusted{
        Distrust::kNotYet,
        absl::StrCat("the question was signed at ", FormatUtc(question.issued),
                     ", which is still to come; check the "
                     "clocks")};
  }
  if (question.expires < now - kClockSkew) {
    return Distrusted{
        Distrust::kExpired,
        absl::StrCat("the question was good until ",
                     FormatUtc(question.expires), "; ask it again")};
  }
  return std::nullopt;
}

Doubt CheckAgreement(const SignedQuestion& question,
                     const QuestionTrust& trust) {
  if (trust.agreement.empty() ||
      std::binary_search(question.agreements.begin(), question.agreements.end(),
                         trust.agreement)) {
    return std::nullopt;
  }
  return Distrusted{Distrust::kAgreement,
                    absl::StrCat("the question was signed without having seen "
                                 "the agreement that is in force at ",
                                 trust.agency, "; look at it and ask again")};
}

}  // namespace

absl::StatusOr<std::string> SignQuestion(const SecretKey& key,
                                         const SignedQuestion& question) {
  CAIRN_RETURN_IF_ERROR(CheckForm(question));
  if (question.expires <= question.issued ||
      question.expires - question.issued > kLongestQuestion) {
    return Bad("it must be good for at most 15 minutes");
  }
  std::string envelope =
      WriteDsse(Sign(key, kQuestionType,
                     PlainWriter()
                         .Integer("v", 1)
                         .Text("partnership", question.partnership)
                         .Text("asker", question.asker)
                         .Texts("audience", question.audience)
                         .Text("nonce", Hex(question.nonce))
                         .Integer("issued", ToUnixSeconds(question.issued))
                         .Integer("expires", ToUnixSeconds(question.expires))
                         .Text("purpose", question.purpose)
                         .Texts("agreements", question.agreements)
                         .Text("query", absl::Base64Escape(question.query))
                         .Done()));
  if (envelope.size() > kMaxDsseBytes) return Bad("it is larger than 256 KiB");
  return envelope;
}

absl::StatusOr<Verdict<VerifiedQuestion>> VerifyQuestion(
    absl::string_view envelope, absl::string_view certificate,
    const QuestionTrust& trust, absl::Time now) {
  using Result = Verdict<VerifiedQuestion>;
  const auto parsed = ParseDsse(envelope);
  if (!parsed.ok()) {
    return Result(Distrusted{Distrust::kMalformed,
                             std::string(parsed.status().message())});
  }
  if (parsed->payload_type != kQuestionType) {
    return Result(
        Distrusted{Distrust::kOtherKind, "what was signed is not a question"});
  }
  if (parsed->signatures.size() != 1) {
    return Result(
        Distrusted{Distrust::kMalformed, "a question is signed by one person"});
  }
  Verdict<Person> person = VerifyPerson(certificate, trust.people, now);
  if (auto* doubt = std::get_if<Distrusted>(&person)) return Result(*doubt);
  const Person& asker = std::get<Person>(person);
  if (!May(asker.roles, Call::kAskQuestion)) {
    return Result(Distrusted{
        Distrust::kRole,
        absl::StrCat(asker.id, " is not an analyst and may not ask")});
  }
  if (!IsSignedBy(*parsed, asker.public_key)) {
    return Result(Distrusted{Distrust::kSignature,
                             absl::StrCat("the question is not signed by ",
                                          asker.id, ", or was altered since")});
  }
  auto question = ReadQuestion(parsed->payload);
  if (!question.ok()) {
    return Result(Distrusted{Distrust::kMalformed,
                             std::string(question.status().message())});
  }
  for (const Doubt& doubt :
       {CheckPlace(*question, asker, trust), CheckTime(*question, now),
        CheckAgreement(*question, trust)}) {
    if (doubt.has_value()) return Result(*doubt);
  }
  if (trust.nonces == nullptr) {
    return absl::InternalError("questions are verified without a memory");
  }
  CAIRN_ASSIGN_OR_RETURN(
      const bool spent,
      trust.nonces->Spent(asker.id, question->nonce, question->expires));
  if (spent) {
    return Result(Distrusted{Distrust::kReplayed,
                             "this very question was sent before; ask it "
                             "again"});
  }
  return Result(VerifiedQuestion{*std::move(question), asker,
                                 Sha256Hex(parsed->payload)});
}

}  // namespace cairn
