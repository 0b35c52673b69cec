#include "core/identity/person.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/identity/plain_json.h"
#include "core/ledger/ed25519.h"

namespace cairn {
namespace {

constexpr Role kAllRoles[] = {Role::kAnalyst, Role::kSteward, Role::kApprover,
                              Role::kAuditor, Role::kOperator};
constexpr size_t kMaxId = 64;

std::vector<std::string> NamesOf(const std::vector<Role>& roles) {
  std::vector<std::string> names;
  for (const Role role : roles) names.emplace_back(NameOf(role));
  return names;
}

absl::Status Bad(absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("this person cannot be certified: ", why));
}

absl::Status CheckPerson(const Person& person) {
  if (!IsPersonId(person.partnership) || !IsPersonId(person.id) ||
      !IsPersonId(person.organisation)) {
    return Bad(
        "partnership, id and organisation are of lower-case letters, digits, "
        "'-', '_' and '.', at most 64");
  }
  if (person.roles.empty()) return Bad("it has no role");
  for (size_t i = 1; i < person.roles.size(); ++i) {
    if (person.roles[i - 1] < person.roles[i]) continue;
    return Bad(
        "the roles stand once each, in the order analyst, steward, approver, "
        "auditor, operator");
  }
  if (person.public_key.size() != kEd25519KeyBytes) {
    return Bad("an Ed25519 key has 32 bytes");
  }
  const absl::Duration life = person.not_after - person.not_before;
  if (life < absl::Minutes(1) || life > kLongestPerson) {
    return Bad("it must be valid for a minute to 400 days");
  }
  return absl::OkStatus();
}

absl::StatusOr<Person> ReadPerson(absl::string_view payload) {
  Person person;
  int64_t version = 0, from = 0, until = 0;
  std::string key;
  std::vector<std::string> roles;
  CAIRN_RETURN_IF_ERROR(PlainReader(payload, "a person's certificate")
                            .Integer("v", &version)
                            .Text("partnership", kMaxId, &person.partnership)
                            .Text("person", kMaxId, &person.id)
                            .Text("organisation", kMaxId, &person.organisation)
                            .Texts("roles", std::size(kAllRoles), 20, &roles)
                            .Text("key", 64, &key)
                            .Integer("from", &from)
                            .Integer("until", &until)
                            .Done());
  if (version != 1) return Bad("it is of a version this program does not know");
  for (const std::string& name : roles) {
    CAIRN_ASSIGN_OR_RETURN(const Role role, ParseRole(name));
    person.roles.push_back(role);
  }
  person.public_key = absl::HexStringToBytes(key);
  if (Hex(person.public_key) != key) return Bad("its key is not in hex");
  person.not_before = absl::FromUnixSeconds(from);
  person.not_after = absl::FromUnixSeconds(until);
  CAIRN_RETURN_IF_ERROR(CheckPerson(person));
  return person;
}

Distrusted OutOfDate(const Person& person, absl::Time now) {
  const bool over = now > person.not_after;
  return {Distrust::kOutOfDate,
          absl::StrCat("the certificate of ", person.id,
                       over ? " ended on " : " is not valid before ",
                       FormatUtc(over ? person.not_after : person.not_before),
                       over ? "; ask for a new one" : "; check the clocks")};
}

}  // namespace

const char* NameOf(Role role) {
  switch (role) {
    case Role::kAnalyst:
      return "analyst";
    case Role::kSteward:
      return "steward";
    case Role::kApprover:
      return "approver";
    case Role::kAuditor:
      return "auditor";
    case Role::kOperator:
      return "operator";
  }
  return "";
}

absl::StatusOr<Role> ParseRole(absl::string_view name) {
  for (const Role role : kAllRoles) {
    if (name == NameOf(role)) return role;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no role '", name.substr(0, 20),
                   "'; there are: analyst, steward, approver, auditor, "
                   "operator"));
}

std::vector<Role> RolesFor(Call call) {
  switch (call) {
    case Call::kAskQuestion:
    case Call::kReadOwnHistory:
      return {Role::kAnalyst};
    case Call::kDescribe:
      return {std::begin(kAllRoles), std::end(kAllRoles)};
    case Call::kReadAllHistory:
    case Call::kReadLedger:
      return {Role::kAuditor};
    case Call::kApproveQuestion:
      return {Role::kSteward, Role::kApprover};
    case Call::kSignAgreement:
      return {Role::kSteward};
    case Call::kPauseAgent:
    case Call::kRecoverLedger:
      return {Role::kSteward, Role::kOperator};
    case Call::kInviteAgency:
    case Call::kRevoke:
      return {Role::kOperator};
  }
  return {};
}

bool May(const std::vector<Role>& roles, Call call) {
  const std::vector<Role> wanted = RolesFor(call);
  return std::any_of(roles.begin(), roles.end(), [&](Role role) {
    return std::find(wanted.begin(), wanted.end(), role) != wanted.end();
  });
}

bool IsPersonId(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxId &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             absl::string_view::npos;
}

absl::StatusOr<std::string> CertifyPerson(const SecretKey& authority,
                                          const Person& person) {
  CAIRN_RETURN_IF_ERROR(CheckPerson(person));
  return WriteDsse(Sign(authority, kPersonType,
                        PlainWriter()
                            .Integer("v", 1)
                            .Text("partnership", person.partnership)
                            .Text("person", person.id)
                            .Text("organisation", person.organisation)
                            .Texts("roles", NamesOf(person.roles))
                            .Text("key", Hex(person.public_key))
                            .Integer("from", ToUnixSeconds(person.not_before))
                            .Integer("until", ToUnixSeconds(person.not_after))
                            .Done()));
}

absl::StatusOr<Person> PeekPerson(absl::string_view certificate) {
  CAIRN_ASSIGN_OR_RETURN(const Dsse envelope, ParseDsse(certificate));
  if (envelope.payload_type != kPersonType) {
    return absl::InvalidArgumentError("this is not a person's certificate");
  }
  return ReadPerson(envelope.payload);
}

Verdict<Person> VerifyPerson(absl::string_view certificate,
                             const PeopleTrust& trust, absl::Time now) {
  const auto envelope = ParseDsse(certificate);
  if (!envelope.ok()) {
    return Distrusted{Distrust::kMalformed,
                      absl::StrCat("the person's certificate cannot be read: ",
                                   envelope.status().message())};
  }
  if (envelope->payload_type != kPersonType) {
    return Distrusted{Distrust::kOtherKind,
                      "what was shown as a person's certificate is something "
                      "else"};
  }
  if (!IsSignedBy(*envelope, trust.authority)) {
    return Distrusted{Distrust::kUnknownPerson,
                      "the person's certificate is not by the partnership's "
                      "people authority"};
  }
  const auto person = ReadPerson(envelope->payload);
  if (!person.ok()) {
    return Distrusted{Distrust::kMalformed,
                      std::string(person.status().message())};
  }
  if (person->partnership != trust.partnership) {
    return Distrusted{
        Distrust::kPartnership,
        absl::StrCat("the person is certified for ", person->partnership,
                     ", not for ", trust.partnership)};
  }
  if (now < person->not_before - kClockSkew ||
      now > person->not_after + kClockSkew) {
    return OutOfDate(*person, now);
  }
  if (trust.denied != nullptr &&
      (trust.denied->HasPerson(person->id) ||
       trust.denied->HasKey(KeyIdOf(person->public_key)))) {
    return Distrusted{
        Distrust::kRevoked,
        absl::StrCat("the certificate of ", person->id, " was revoked")};
  }
  return *person;
}

}  // namespace cairn
