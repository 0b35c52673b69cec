#include "core/identity/signed_decision.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/identity/plain_json.h"

namespace cairn {
namespace {

constexpr size_t kMaxName = 64;

absl::Status CheckForm(const SignedDecision& decision) {
  for (const std::string* name :
       {&decision.partnership, &decision.agency, &decision.person,
        &decision.decision, &decision.why}) {
    if (IsPersonId(*name)) continue;
    return absl::InvalidArgumentError(
        "this is not a signed decision: one of its names is not a name");
  }
  if (decision.subject.size() != 64 ||
      decision.subject.find_first_not_of("0123456789abcdef") !=
          std::string::npos) {
    return absl::InvalidArgumentError(
        "this is not a signed decision: its subject is not a SHA-256");
  }
  return absl::OkStatus();
}

absl::StatusOr<SignedDecision> ReadDecision(absl::string_view payload) {
  SignedDecision decision;
  int64_t version = 0, at = 0;
  CAIRN_RETURN_IF_ERROR(
      PlainReader(payload, "a signed decision")
          .Integer("v", &version)
          .Text("partnership", kMaxName, &decision.partnership)
          .Text("agency", kMaxName, &decision.agency)
          .Text("person", kMaxName, &decision.person)
          .Text("decision", kMaxName, &decision.decision)
          .Text("why", kMaxName, &decision.why)
          .Text("subject", kMaxName, &decision.subject)
          .Integer("at", &at)
          .Done());
  if (version != 1) {
    return absl::InvalidArgumentError(
        "this is not a signed decision: it is of a version this program does "
        "not know");
  }
  decision.at = absl::FromUnixSeconds(at);
  CAIRN_RETURN_IF_ERROR(CheckForm(decision));
  return decision;
}

}  // namespace

absl::StatusOr<std::string> SignDecision(const SecretKey& key,
                                         const SignedDecision& decision) {
  CAIRN_RETURN_IF_ERROR(CheckForm(decision));
  return WriteDsse(Sign(key, kDecisionType,
                        PlainWriter()
                            .Integer("v", 1)
                            .Text("partnership", decision.partnership)
                            .Text("agency", decision.agency)
                            .Text("person", decision.person)
                            .Text("decision", decision.decision)
                            .Text("why", decision.why)
                            .Text("subject", decision.subject)
                            .Integer("at", ToUnixSeconds(decision.at))
                            .Done()));
}

Verdict<VerifiedDecision> VerifyDecision(absl::string_view envelope,
                                         absl::string_view certificate,
                                         const PeopleTrust& trust,
                                         absl::string_view agency,
                                         absl::Time now) {
  const auto parsed = ParseDsse(envelope);
  if (!parsed.ok()) {
    return Distrusted{Distrust::kMalformed,
                      std::string(parsed.status().message())};
  }
  if (parsed->payload_type != kDecisionType) {
    return Distrusted{Distrust::kOtherKind, "what was signed is no decision"};
  }
  if (parsed->signatures.size() != 1) {
    return Distrusted{Distrust::kMalformed,
                      "a decision is signed by one person"};
  }
  Verdict<Person> person = VerifyPerson(certificate, trust, now);
  if (auto* doubt = std::get_if<Distrusted>(&person)) return *doubt;
  const Person& approver = std::get<Person>(person);
  if (!May(approver.roles, Call::kApproveQuestion)) {
    return Distrusted{
        Distrust::kRole,
        absl::StrCat(approver.id, " is neither a steward nor an approver")};
  }
  if (!IsSignedBy(*parsed, approver.public_key)) {
    return Distrusted{Distrust::kSignature,
                      absl::StrCat("the decision is not signed by ",
                                   approver.id, ", or was altered since")};
  }
  auto decision = ReadDecision(parsed->payload);
  if (!decision.ok()) {
    return Distrusted{Distrust::kMalformed,
                      std::string(decision.status().message())};
  }
  if (decision->partnership != trust.partnership) {
    return Distrusted{Distrust::kPartnership,
                      "the decision was signed for another partnership"};
  }
  if (decision->person != approver.id) {
    return Distrusted{
        Distrust::kSignature,
        absl::StrCat("the decision says that ", decision->person,
                     " decides, but ", approver.id, " signed it")};
  }
  if (decision->agency != agency) {
    return Distrusted{Distrust::kAudience,
                      absl::StrCat("the decision is for ", decision->agency,
                                   ", not for ", agency)};
  }
  if (decision->at > now + kClockSkew) {
    return Distrusted{Distrust::kNotYet,
                      "the decision is from the future; check the clocks"};
  }
  return VerifiedDecision{*std::move(decision), approver};
}

}  // namespace cairn
