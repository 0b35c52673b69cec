#include "cli/people.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/clock.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/identity/key_file.h"
#include "core/identity/person.h"
#include "core/identity/session.h"
#include "core/link/text_config.h"
#include "core/output/listing.h"

namespace cairn {
namespace {

absl::StatusOr<int> NewKey(const PeopleFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const std::string pin,
                         AskPin(flags.pin_file, "New PIN", /*repeat=*/true));
  const SecretKey key = SecretKey::Generate();
  CAIRN_ASSIGN_OR_RETURN(const std::string sealed, SealKey(key, pin));
  CAIRN_RETURN_IF_ERROR(WriteNewSecret(flags.key, sealed));
  const std::string open = absl::StrCat(flags.key, ".pub");
  CAIRN_RETURN_IF_ERROR(WriteFile(open, PublicKeyPem(key.public_key())));
  CAIRN_RETURN_IF_ERROR(PrintOut(absl::StrCat(
      "Wrote ", flags.key, " and ", open, ".\nKey ",
      KeyIdOf(key.public_key()).substr(0, 16),
      ". Give only the .pub file to the people authority; nobody can restore "
      "a forgotten PIN.\n")));
  return kExitComplete;
}

absl::StatusOr<std::string> ReadCertificateLine(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return std::string(absl::StripTrailingAsciiWhitespace(text));
}

absl::Status At(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

std::string WordsOf(const Person& person) {
  std::vector<std::string> roles;
  for (const Role role : person.roles) roles.emplace_back(NameOf(role));
  return absl::StrCat(
      "person        ", person.id, "\norganisation  ", person.organisation,
      "\npartnership   ", person.partnership, "\nroles         ",
      absl::StrJoin(roles, ", "), "\nkey           ",
      KeyIdOf(person.public_key), "\nvalid         ",
      FormatUtc(person.not_before), " to ", FormatUtc(person.not_after), "\n");
}

}  // namespace

absl::StatusOr<int> Login(const PeopleFlags& flags) {
  if (flags.make_new) return NewKey(flags);
  if (flags.certificate.empty()) {
    return absl::InvalidArgumentError(
        "--certificate: name your certificate, or make a key with --new");
  }
  const absl::Time now = SystemClock().Now();
  CAIRN_ASSIGN_OR_RETURN(const std::string path, SessionPath());
  CAIRN_ASSIGN_OR_RETURN(const std::string certificate,
                         ReadCertificateLine(flags.certificate));
  const auto person = PeekPerson(certificate);
  if (!person.ok()) return At(flags.certificate, person.status());
  if (now > person->not_after) {
    return absl::UnauthenticatedError(
        absl::StrCat(flags.certificate, ": ended on ",
                     FormatUtc(person->not_after), "; ask for a new one"));
  }
  CAIRN_ASSIGN_OR_RETURN(
      const std::string pin,
      AskPin(flags.pin_file, absl::StrCat("PIN of ", person->id), false));
  CAIRN_ASSIGN_OR_RETURN(SecretKey key, ReadKeyFile(flags.key, pin));
  if (key.public_key() != person->public_key) {
    return absl::InvalidArgumentError(absl::StrCat(
        flags.certificate, ": is not about the key in ", flags.key));
  }
  const absl::Time ends = std::min(
      absl::FromUnixSeconds(ToUnixSeconds(now)) + absl::Hours(flags.hours),
      person->not_after);
  CAIRN_RETURN_IF_ERROR(
      WriteSession(path, {std::move(key), certificate, ends}));
  CAIRN_RETURN_IF_ERROR(PrintOut(
      absl::StrCat("Logged in as ", person->id, " until ", FormatUtc(ends),
                   ". To end it before: cairn logout\n")));
  return kExitComplete;
}

absl::StatusOr<int> Logout() {
  CAIRN_ASSIGN_OR_RETURN(const std::string path, SessionPath());
  CAIRN_RETURN_IF_ERROR(PrintOut(
      EndSession(path) ? "Logged out.\n" : "You were not logged in.\n"));
  return kExitComplete;
}

absl::StatusOr<int> CertifyOne(const PeopleFlags& flags) {
  Person person;
  person.partnership = flags.partnership;
  person.id = flags.person;
  person.organisation = flags.organisation;
  for (const std::string& name : flags.roles) {
    CAIRN_ASSIGN_OR_RETURN(const Role role, ParseRole(name));
    person.roles.push_back(role);
  }
  std::sort(person.roles.begin(), person.roles.end());
  CAIRN_ASSIGN_OR_RETURN(const std::string pem, ReadFile(flags.public_key));
  auto key = ParsePublicKeyPem(pem);
  if (!key.ok()) return At(flags.public_key, key.status());
  person.public_key = *std::move(key);
  person.not_before = absl::FromUnixSeconds(ToUnixSeconds(SystemClock().Now()));
  person.not_after = person.not_before + absl::Hours(24 * flags.days);
  CAIRN_ASSIGN_OR_RETURN(
      const std::string pin,
      AskPin(flags.pin_file, "PIN of the people authority", false));
  CAIRN_ASSIGN_OR_RETURN(const SecretKey authority,
                         ReadKeyFile(flags.key, pin));
  CAIRN_ASSIGN_OR_RETURN(const std::string certificate,
                         CertifyPerson(authority, person));
  CAIRN_RETURN_IF_ERROR(WriteFile(flags.out, certificate + "\n"));
  CAIRN_RETURN_IF_ERROR(
      PrintOut(absl::StrCat("Wrote ", flags.out, "\n", WordsOf(person))));
  return kExitComplete;
}

absl::StatusOr<int> ShowPerson(const PeopleFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const std::string certificate,
                         ReadCertificateLine(flags.certificate));
  const auto person = PeekPerson(certificate);
  if (!person.ok()) return At(flags.certificate, person.status());
  std::string text = WordsOf(*person);
  int exit_code = kExitComplete;
  if (flags.public_key.empty()) {
    absl::StrAppend(
        &text, "not checked: name the people authority with --authority\n");
  } else {
    CAIRN_ASSIGN_OR_RETURN(const std::string pem, ReadFile(flags.public_key));
    const auto authority = ParsePublicKeyPem(pem);
    if (!authority.ok()) return At(flags.public_key, authority.status());
    const auto verdict =
        VerifyPerson(certificate, {person->partnership, *authority, nullptr},
                     SystemClock().Now());
    const auto* doubt = std::get_if<Distrusted>(&verdict);
    absl::StrAppend(
        &text,
        doubt == nullptr ? "good" : absl::StrCat("NOT GOOD: ", doubt->sentence),
        "\n");
    if (doubt != nullptr) exit_code = kExitNotAllowed;
  }
  CAIRN_RETURN_IF_ERROR(PrintOut(text));
  return exit_code;
}

}  // namespace cairn
