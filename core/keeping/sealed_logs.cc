#include "core/keeping/sealed_logs.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/ledger/log_folder.h"
#include "core/ledger/tiles.h"
#include "core/link/text_config.h"
#include "core/store/sqlite_turn.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
constexpr char kCheckpointEnd[] = ".checkpoint";

absl::StatusOr<absl::Time> TimeOfLast(const LogReader& files, uint64_t size) {
  const uint64_t bundle = (size - 1) / kTileWidth;
  const uint64_t width = size - bundle * kTileWidth;
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes,
                         files.Read(BundlePath(bundle, width)));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<absl::string_view> lines,
                         ReadBundle(bytes, bundle * kTileWidth, width));
  CAIRN_ASSIGN_OR_RETURN(const ParsedEntry last, ParseEntry(lines.back()));
  return absl::FromUnixMillis(last.time_ms);
}

absl::StatusOr<SealedLog> ReadSealed(const std::string& folder,
                                     const std::string& name) {
  const LogFolder files(absl::StrCat(folder, "/", name));
  CAIRN_ASSIGN_OR_RETURN(const std::string note, files.Read("checkpoint"));
  SealedLog log{name, {}, {}};
  CAIRN_ASSIGN_OR_RETURN(log.whole, PeekCheckpoint(note));
  if (log.whole.size > 0) {
    CAIRN_ASSIGN_OR_RETURN(log.ended, TimeOfLast(files, log.whole.size));
  }
  return log;
}

}  // namespace

absl::StatusOr<std::vector<SealedLog>> ListSealed(const KeptNode& node) {
  const std::string folder = SealedFolder(node.state_dir);
  std::vector<SealedLog> logs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    absl::string_view name = file;
    if (absl::ConsumeSuffix(&name, kCheckpointEnd)) {
      CAIRN_ASSIGN_OR_RETURN(const std::string note,
                             ReadFile(entry.path().string()));
      SealedLog log{std::string(name), {}, {}, true};
      CAIRN_ASSIGN_OR_RETURN(log.whole, PeekCheckpoint(note));
      if (!fs::exists(absl::StrCat(folder, "/", name), error)) {
        logs.push_back(std::move(log));
      }
    } else if (!EditionOf(file).empty()) {
      auto log = ReadSealed(folder, file);
      if (!log.ok()) {
        return absl::Status(
            log.status().code(),
            absl::StrCat(entry.path().string(), ": ", log.status().message()));
      }
      logs.push_back(*std::move(log));
    }
  }
  std::sort(logs.begin(), logs.end(),
            [](const SealedLog& a, const SealedLog& b) {
              return IsLaterEdition(b.name, a.name);
            });
  return logs;
}

absl::Status ForgetSealed(const KeptNode& node, const LedgerParts& parts,
                          const std::string& name, absl::Time now) {
  const std::string sealed = SealedFolder(node.state_dir);
  const std::string folder = absl::StrCat(sealed, "/", name);
  const std::string going = absl::StrCat(sealed, "/.forget-", name);
  std::error_code error;
  fs::remove_all(going, error);  // of one that was broken off
  if (EditionOf(name) != name || name.empty() || !fs::exists(folder, error)) {
    return absl::NotFoundError(absl::StrCat("there is no sealed log '",
                                            name.substr(0, 20), "' in ", sealed,
                                            "; see: log list"));
  }
  CAIRN_ASSIGN_OR_RETURN(const SealedLog log, ReadSealed(sealed, name));
  const absl::CivilSecond ended =
      absl::ToCivilSecond(log.ended, absl::UTCTimeZone());
  const absl::Time may = absl::FromCivil(
      absl::CivilSecond(ended.year() + node.ledger_years, ended.month(),
                        ended.day(), ended.hour(), ended.minute(),
                        ended.second()),
      absl::UTCTimeZone());
  if (now < may) {
    return absl::FailedPreconditionError(
        absl::StrCat("the log ", name, " ended on ", FormatUtc(log.ended),
                     " and is kept for ", node.ledger_years, " years, until ",
                     FormatUtc(may), " (ledger_years in the configuration)"));
  }
  Entry act{"operator.action", "", {}};
  act.fields["command"] = std::string("log forget");
  act.fields["log"] = log.whole.origin;
  act.fields["entries"] = static_cast<int64_t>(log.whole.size);
  CAIRN_RETURN_IF_ERROR(parts.ledger
                            ->Append({act},
                                     [&] {
                                       return EraseSealedOpenings(
                                           parts.database, log.whole.origin);
                                     })
                            .status());
  CAIRN_ASSIGN_OR_RETURN(const std::string note,
                         LogFolder(folder).Read("checkpoint"));
  CAIRN_RETURN_IF_ERROR(WriteFile(absl::StrCat(folder, kCheckpointEnd), note));
  CAIRN_RETURN_IF_ERROR(ReplaceFile(folder, going));
  fs::remove_all(going, error);
  if (!error) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(going, ": could not be removed whole: ", error.message()));
}

}  // namespace cairn
