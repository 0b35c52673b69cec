#include "agent/open_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/in_place.h"
#include "agent/loader.h"
#include "agent/record_reader.h"
#include "agent/sqlite_source.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<Places>> ReadPlaces(
    const AgentSettings& settings) {
  if (!settings.config.has_places()) return std::unique_ptr<Places>();
  return Places::Read(settings.config.places(), *settings.catalogue);
}

absl::StatusOr<std::unique_ptr<DataSource>> OpenDataSource(
    const AgentSettings& settings, const DataSet& data_set,
    const std::string& path) {
  const v1::Source* const source = settings.FindSource(data_set.id);
  if (source == nullptr || !source->database().in_place()) {
    return SqliteSource::Open(path, data_set, settings.catalogue->digest);
  }
  CAIRN_ASSIGN_OR_RETURN(const auto places, ReadPlaces(settings));
  CAIRN_ASSIGN_OR_RETURN(const std::string key,
                         ReadOrMakeKey(settings.config.state_dir()));
  return OpenInPlace(path, *source, data_set, *settings.catalogue, places.get(),
                     key);
}

absl::StatusOr<std::string> CheckDatabase(const AgentSettings& settings,
                                          const v1::Source& source,
                                          const Places* places) {
  const v1::OwnDatabase& config = source.database();
  CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                         settings.catalogue->Find(source.data_set()));
  if (!config.in_place()) {
    v1::Mapping mapping;
    CAIRN_RETURN_IF_ERROR(ReadTextProto(source.mapping(), &mapping));
    CAIRN_RETURN_IF_ERROR(RecordReader::Open(source, 0, mapping).status());
    return absl::StrCat(config.table(),
                        ": can be read, cannot be written; load copies it");
  }
  CAIRN_RETURN_IF_ERROR(
      TryInPlace(source, *data_set, *settings.catalogue, places));
  const std::string path = settings.ExtractPath(source.data_set());
  CAIRN_ASSIGN_OR_RETURN(const std::string key,
                         ReadOrMakeKey(settings.config.state_dir()));
  const auto loaded =
      OpenInPlace(path, source, *data_set, *settings.catalogue, places, key);
  if (loaded.ok()) CAIRN_RETURN_IF_ERROR((*loaded)->CheckSeen());
  return absl::StrCat(config.table(),
                      ": can be read, cannot be written; records stay there",
                      loaded.ok() ? ", and are as load saw them" : "");
}

}  // namespace cairn
