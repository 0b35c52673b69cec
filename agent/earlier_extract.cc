#include "agent/earlier_extract.h"

#include <algorithm>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/translate.h"

namespace cairn {

std::unique_ptr<EarlierExtract> EarlierExtract::Open(const std::string& path) {
  auto database = Database::Open(path, Database::Mode::kReadOnly);
  if (!database.ok()) return nullptr;
  v1::ExtractMeta meta;
  {
    auto select =
        (*database)->Prepare("SELECT value FROM meta WHERE key = 'extract'");
    if (!select.ok()) return nullptr;
    const auto found = select->Step();
    if (!found.ok() || !*found ||
        !ParseMessage(select->Blob(0), 16 << 20, &meta).ok() ||
        meta.sequence() == 0) {
      return nullptr;
    }
  }
  return absl::WrapUnique(
      new EarlierExtract(*std::move(database), std::move(meta)));
}

absl::Status EarlierExtract::ForEach(
    absl::FunctionRef<absl::Status(const MonthVersions::Record& record,
                                   uint64_t key)>
        each) {
  CAIRN_ASSIGN_OR_RETURN(Statement select,
                         database_->Prepare("SELECT * FROM record"));
  const int values = meta_.dimension_size() + meta_.quantity_size();
  std::vector<int64_t> row(static_cast<size_t>(values));
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return absl::OkStatus();
    MonthVersions::Record record;
    if (!select.IsNull(0)) record.person = select.Int(0);
    for (int i = 0; i < values; ++i) row[i] = select.Int(1 + i);
    record.values = row;
    const auto key = static_cast<uint64_t>(select.Int(1 + values));
    const int64_t era = select.Int(2 + values);
    if (era < 0 || era >= meta_.era_size()) {
      return absl::DataLossError(
          absl::StrCat(database_->path(), ": a record is damaged"));
    }
    record.era = static_cast<int>(era);
    CAIRN_RETURN_IF_ERROR(each(record, key));
  }
}

absl::Status CheckVouched(const v1::ExtractMeta& extract,
                          const std::vector<std::string>& released) {
  for (const std::string& epoch : released) {
    const bool known = extract.epoch() == epoch ||
                       std::any_of(extract.past().begin(), extract.past().end(),
                                   [&epoch](const auto& past) {
                                     return past.epoch() == epoch;
                                   });
    if (known) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "figures of epoch ", epoch,
        " were released, which these records know nothing of: they are older "
        "than that, as when only part of a backup is put back. Put back the "
        "extract of the same time"));
  }
  return absl::OkStatus();
}

}  // namespace cairn
