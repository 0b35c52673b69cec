#include "core/store/schema.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

absl::StatusOr<int64_t> NumberOf(Database* database, absl::string_view sql) {
  CAIRN_ASSIGN_OR_RETURN(Statement select, database->Prepare(sql));
  CAIRN_RETURN_IF_ERROR(select.Step().status());
  return select.Int(0);
}

}  // namespace

absl::Status BringToForm(Database* database,
                         const std::vector<const char*>& steps) {
  const auto latest = static_cast<int64_t>(steps.size()) + 1;
  CAIRN_ASSIGN_OR_RETURN(int64_t form,
                         NumberOf(database, "PRAGMA user_version"));
  if (form > latest) {
    return absl::FailedPreconditionError(absl::StrCat(
        database->path(), ": was written by a later version of Cairn (form ",
        form, "; this version knows ", latest,
        "); install that version, or restore a backup of before"));
  }
  if (form == latest) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(
      const int64_t tables,
      NumberOf(database, "SELECT count(*) FROM sqlite_master"));
  if (form == 0) form = tables > 0 ? 1 : latest;
  if (form < latest) {
    CAIRN_RETURN_IF_ERROR(
        database->CopyTo(absl::StrCat(database->path(), ".form-", form)));
  }
  return database->Transact([&]() -> absl::Status {
    for (int64_t step = form; step < latest; ++step) {
      CAIRN_RETURN_IF_ERROR(
          database->Execute(steps[static_cast<size_t>(step) - 1]));
    }
    return database->Execute(
        absl::StrCat("PRAGMA user_version=", latest).c_str());
  });
}

}  // namespace cairn
