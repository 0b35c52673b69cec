#include "agent/epochs.h"

#include <vector>

#include "core/base/status_macros.h"

namespace cairn {

absl::Status HoldAgainstReleased(ReleaseStore* releases,
                                 const SqliteSource& source,
                                 FigureCache* figures,
                                 ProtectRequest* request) {
  const Measure measure = request->measure;
  Timeline& timeline = request->timeline;
  timeline.eras = source.eras();
  timeline.spans.assign(request->tables.size(), source.span());
  std::vector<const std::map<std::string, ReleaseStore::TablePtr>*> released;
  std::vector<EraSet> spans;
  const std::vector<SqliteSource::Epoch> epochs = source.Epochs();
  for (const SqliteSource::Epoch& epoch : epochs) {
    CAIRN_ASSIGN_OR_RETURN(
        const auto* tables,
        releases->Tables(source.meta().data_set(), epoch.id, measure));
    // An epoch without figures ties no others.
    spans.push_back(tables->empty() ? EraSet() : epoch.span);
    released.push_back(tables);
  }
  const std::vector<bool> connected = Connected(source.span(), spans);
  for (size_t e = 0; e < epochs.size(); ++e) {
    if (!connected[e]) continue;
    for (const auto& [key, table] : *released[e]) {
      request->pinned.push_back(table.get());
      timeline.spans.push_back(epochs[e].span);
    }
  }
  request->tabulate_span = [figures, measure](const TableShape& shape,
                                              const EraSet& span) {
    return figures->Tabulate(shape, measure, &span);
  };
  return absl::OkStatus();
}

}  // namespace cairn
