#include "coordinator/invite_command.h"

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "coordinator/config.h"
#include "coordinator/enrolment_desk.h"
#include "core/base/clock.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/identity/invitation.h"
#include "core/link/text_config.h"
#include "core/link/x509.h"
#include "core/store/schema.h"
#include "core/store/sqlite.h"

namespace cairn {
namespace {

absl::Status MakeCode(const std::string& config_path,
                      const CoordinatorSettings& settings,
                      const InviteFlags& flags, InvitationBook* book) {
  CAIRN_ASSIGN_OR_RETURN(const std::string root,
                         ReadFile(settings.config.credentials().authority()));
  CAIRN_ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(root));
  CAIRN_ASSIGN_OR_RETURN(const NewInvitation made,
                         Invite(flags.agency, facts.key_pin,
                                absl::Hours(flags.hours), SystemClock().Now()));
  CAIRN_RETURN_IF_ERROR(book->Put(made.invitation));
  std::printf("%s\n", WriteCode(made.code).c_str());
  std::fflush(stdout);
  std::fprintf(
      stderr,
      "The code above is for %s, for one use, until %s. It is not kept: give "
      "it to the\nnamed person there, by telephone or secure mail. They run\n"
      "  cairn-agent enrol --config agent.textproto CODE\n"
      "and read you six words. Let the agency in with\n"
      "  cairn-coordinator invite %s --config %s --words \"SIX WORDS\"\n",
      flags.agency.c_str(), FormatUtc(made.invitation.expires).c_str(),
      flags.agency.c_str(), config_path.c_str());
  return absl::OkStatus();
}

}  // namespace

absl::Status InviteAgency(const std::string& config_path,
                          const InviteFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const CoordinatorSettings settings,
                         ReadCoordinatorConfig(config_path));
  if (!settings.config.has_enrolment()) {
    return absl::InvalidArgumentError(absl::StrCat(
        config_path,
        ": nobody can enrol; write enrolment { listen: .. authority: .. key: "
        ".. }"));
  }
  if (settings.FindAgency(flags.agency) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(config_path, ": there is no agency '", flags.agency,
                     "'; write agency { id: .. } first"));
  }
  CAIRN_RETURN_IF_ERROR(MakeDir(settings.config.state_dir()));
  CAIRN_ASSIGN_OR_RETURN(
      const std::unique_ptr<Database> database,
      Database::Open(settings.DatabasePath(), Database::Mode::kDurable));
  CAIRN_RETURN_IF_ERROR(BringToForm(database.get(), {}));
  CAIRN_ASSIGN_OR_RETURN(InvitationBook book,
                         InvitationBook::Open(database.get()));
  if (flags.words.empty()) {
    return MakeCode(config_path, settings, flags, &book);
  }
  CAIRN_RETURN_IF_ERROR(book.Confirm(flags.agency, flags.words));
  std::fprintf(stderr, "ok    %s may attach with the key of these words\n",
               flags.agency.c_str());
  return absl::OkStatus();
}

}  // namespace cairn
